/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An engine in this process, on a domain of the fake Xen; the test plays the
 * guest, the device and the scheduler. Failures to set up end the process.
 */
#ifndef TESTS_UNIT_ENGINE_RIG_H
#define TESTS_UNIT_ENGINE_RIG_H

#include "dm/engine/engine.h"
#include "fakexen.h"

#define RIG_RING 0x10000ull /* default place and size of the ring */
#define RIG_RING_SIZE 0x10000u

struct rig {
    domid_t domid;
    xenforeignmemory_handle *fmem;
    xenevtchn_handle *xce;
    struct engine_config config;
    struct engine *e;
    struct link_page *link; /* the device's view */
    struct grant_s *grant;
    int socks[2];
    uint64_t ring;
    uint32_t size, wptr;
};

void rig_new(struct rig *rig, uint64_t ram, uint32_t max_buckets);
/* The same for another engine than sdma. */
void rig_new_ops(struct rig *rig, const struct engine_ops *ops, uint64_t ram,
                 uint32_t max_buckets);
/* Another engine of the same domain, its ring behind that of `other`. */
void rig_new_beside(struct rig *rig, const struct rig *other,
                    const struct engine_ops *ops, uint32_t max_buckets);
void rig_free(struct rig *rig);
/* Another engine process on the same link page. */
void rig_respawn(struct rig *rig);

/* Send a command and have it obeyed; the acknowledgement's status. */
int rig_command(struct rig *rig, enum link_cmd cmd);
/* START with what link->dev says, RIG_RING unless it was set. */
int rig_start(struct rig *rig);

/* Append dwords to the ring. */
void rig_put(struct rig *rig, const uint32_t *dw, uint32_t n);
#define RIG_PUT(rig, ...)                                                      \
    rig_put(rig, (const uint32_t[]){__VA_ARGS__},                              \
            sizeof((const uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t))
#define LO(x) ((uint32_t)(x))
#define HI(x) ((uint32_t)((uint64_t)(x) >> 32))
#define PKT(type, flags, n) XVGPU_PKT_HEADER(XVGPU_PKT_##type, flags, n)

/* Packets at the end of the ring. */
void rig_copy(struct rig *rig, uint64_t src, uint64_t dst, uint64_t bytes);
void rig_fill(struct rig *rig, uint64_t dst, uint32_t value, uint64_t bytes);
void rig_fence(struct rig *rig, uint64_t addr, uint64_t value, bool signal);

/* Ring the CSR doorbell. */
void rig_doorbell(struct rig *rig);
/* Doorbell, then turn the engine until it is idle or stopped. */
void rig_go(struct rig *rig);
/* Completions and faults kicked over to the device since the last call. */
uint64_t rig_events(struct rig *rig);

/* As the scheduler does: the new epoch. */
uint32_t rig_grant(struct rig *rig, enum grant_kind kind);
/* How often the engine has told the scheduler since the last call. */
uint64_t rig_notified(struct rig *rig);

/* Guest memory; must be populated and contiguous. */
void *rig_ptr(struct rig *rig, uint64_t gpa, size_t len);

#endif
