/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A virtio-gpu's driver in a test, on a rig's engine: two queues in guest
 * memory, commands with their answers. Failures to set up end the process.
 */
#ifndef TESTS_UNIT_VIRTIO_GUEST_H
#define TESTS_UNIT_VIRTIO_GUEST_H

#include <linux/virtio_ring.h>
#include <string.h>

#include "dm/engine/virtio/vgpu.h"
#include "engine-rig.h"
#include "virtio-requests.h"

#define GUEST_MIB (1ull << 20)
#define GUEST_RAM (16 * GUEST_MIB)
#define GUEST_QUEUE 64u /* descriptors */
/* Where its areas are; from GUEST_DATA on memory is the test's. */
#define GUEST_DESC(q) (0x10000ull + (q)*0x10000)
#define GUEST_AVAIL(q) (GUEST_DESC(q) + 0x4000)
#define GUEST_USED(q) (GUEST_DESC(q) + 0x8000)
#define GUEST_REQUEST 0x100000ull
#define GUEST_INDIRECT 0x200000ull
#define GUEST_RESPONSE 0x300000ull
#define GUEST_DATA (4 * GUEST_MIB)

/* What answers are compared with. */
#define CONTROL LINK_QUEUE_CONTROL
#define HDR ((uint32_t)sizeof(struct virtio_gpu_ctrl_hdr))
#define OK VIRTIO_GPU_RESP_OK_NODATA
#define UNSPEC VIRTIO_GPU_RESP_ERR_UNSPEC
#define NO_MEMORY VIRTIO_GPU_RESP_ERR_OUT_OF_MEMORY
#define BAD_ID VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID
#define BAD_CONTEXT VIRTIO_GPU_RESP_ERR_INVALID_CONTEXT_ID
#define BAD_PARAMETER VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER
#define BGRX VIRTIO_GPU_FORMAT_B8G8R8X8_UNORM

#define GUEST_FEATURES                                                         \
    (1ull << VIRTIO_RING_F_INDIRECT_DESC | 1ull << VIRTIO_RING_F_EVENT_IDX |   \
     1ull << 32 /* VERSION_1 */ | 1ull << VIRTIO_GPU_F_EDID)

struct guest {
    struct rig rig;
    uint16_t avail[LINK_QUEUES], used[LINK_QUEUES];
    bool indirect;  /* put the pieces of commands in a table */
    uint32_t piece; /* bytes a piece of a request; 0: one for all */
};

/* With the renderer if the features have VIRTIO_GPU_F_VIRGL. */
void guest_new(struct guest *g, uint64_t features);
/* START as the device does it. The acknowledgement's status. */
int guest_start(struct guest *g, uint32_t restart);
void guest_free(struct guest *g);

/* Set up and tear down a test: the engine has started, with a renderer if the
 * features have one, and is idle. 0, as cmocka wants it. */
int guest_begin(struct guest *g, uint64_t features);
/* -1 if guest memory is mapped still. */
int guest_end(struct guest *g);
/* Another process goes on. */
void guest_respawn(struct guest *g);
/* The driver forgets what it has put. */
void guest_empty_rings(struct guest *g);
/* It resets the device, and has empty rings. */
void guest_renew(struct guest *g);

void *guest_ptr(struct guest *g, uint64_t gpa, size_t len);
void guest_desc(struct guest *g, uint32_t queue, uint32_t i, uint64_t addr,
                uint32_t len, uint16_t flags, uint16_t next);
/* Add a chain to the available ring; without looking. */
void guest_offer(struct guest *g, uint32_t queue, uint16_t head);
/* Turn the engine until it would sleep. */
void guest_turn(struct guest *g);
/* Run what was put, as if the grant were taken away just then. */
void guest_preempt(struct guest *g);
/* Chains given back that the driver has not seen yet; the last one's element
 * (NULL: don't care). */
uint32_t guest_returned(struct guest *g, uint32_t queue,
                        struct vring_used_elem *last);

/* Lay a command out, offer and run it: the type of the answer, which is
 * copied to `response` (0: nothing came back). */
uint32_t guest_command(struct guest *g, uint32_t queue, const void *request,
                       uint32_t len, void *response, uint32_t response_len);
void guest_put(struct guest *g, uint32_t queue, const void *request,
               uint32_t len, uint32_t response_len);
/* On the control queue, answered by a header: its type. */
uint32_t guest_send(struct guest *g, const void *request, uint32_t len);

/* Commands of a usual driver: the answer's type. */
uint32_t guest_create(struct guest *g, uint32_t id, uint32_t format,
                      uint32_t width, uint32_t height);
/* One entry. */
uint32_t guest_attach(struct guest *g, uint32_t id, uint64_t addr,
                      uint32_t len);
uint32_t guest_on_resource(struct guest *g, uint32_t type, uint32_t id);
uint32_t guest_transfer(struct guest *g, uint32_t id, uint64_t offset,
                        uint32_t x, uint32_t y, uint32_t width,
                        uint32_t height);
uint32_t guest_scanout(struct guest *g, uint32_t scanout, uint32_t id,
                       uint32_t x, uint32_t y, uint32_t width, uint32_t height);
uint32_t guest_flush(struct guest *g, uint32_t id, uint32_t x, uint32_t y,
                     uint32_t width, uint32_t height);

/* A surface in guest memory, each pixel with another value. */
void guest_paint(struct guest *g, uint64_t gpa, uint32_t width, uint32_t height,
                 uint32_t salt);
uint32_t guest_painted(uint32_t width, uint32_t x, uint32_t y, uint32_t salt);
/* A pixel that a scanout shows; ones: there is none. */
uint32_t guest_shown(struct guest *g, uint32_t scanout, uint32_t x, uint32_t y);

#endif
