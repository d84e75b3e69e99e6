/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The objects of a device process in this one, on a domain of the fake Xen:
 * one native vGPU with an SDMA engine, or a virtio-gpu. A thread is the
 * monitor, and acknowledges what the device tells its engine.
 */
#ifndef UNIT_DEVICE_HOST_H
#define UNIT_DEVICE_HOST_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "fakexen.h"
#include "lib/link.h"
#include "lib/log.h"
#include "lib/proto.h"

/* What a device process that died leaves to its successor. */
struct host_left {
    uint8_t state[PROTO_STATE_SIZE], link[LINK_SIZE];
    bool running; /* the engine's process lives */
};

struct host_config {
    uint64_t ram, vram; /* bytes */
    xen_pfn_t parked;   /* where VRAM is made */
    unsigned int devfn;
    unsigned int timeout_ms; /* of the domain's vCPUs; 0: the fake's own */
    enum log_level log_level;
    bool virtio; /* a virtio-gpu, with this renderer: */
    uint32_t features, capsets, scanouts;
    bool pvh;
    const struct host_left *left; /* take over from this one; or NULL */
    /* A thread begins, or goes on, with the device's code or with ours. May
     * be NULL. */
    void (*enters)(bool device);
};

struct host {
    const struct host_config *config;
    domid_t domid;
    int sock, device_sock; /* the monitor's end, the device's */
    int kick, event;
    struct link_page *link;
    int state, link_fd; /* memfds */
    void *scanouts;     /* its memfd */
    int scanout_fd;
    uint32_t kicks; /* that were no command */
    pthread_t device, monitor;
    struct proto_in in;
    struct proto_in reply; /* last PROTO_REPLY */
    volatile bool replied, ended;
    bool running;      /* the monitor has "started" the engine */
    bool refuse_start; /* ... or says that it can't */
    int32_t ack_status;
    bool deaf;   /* the engine acknowledges nothing */
    bool late;   /* old answers come before the one to RUN */
    bool frozen; /* ... since xen-vgpud has stopped it */
    unsigned int runs, kills;
    unsigned int thaws;  /* kills of one that was frozen */
    unsigned int resets; /* that the device has told to be done */
};

/* Start the device on a fresh host; false when the fixture could not. */
bool host_begin(struct host *h, const struct host_config *config);

/* Wait until the device is ready, then answer it; false when it refused. */
bool host_up(struct host *h);

/* Tell the device of its engine: PROTO_ENGINE_STARTED or _DEAD. */
void host_engine_op(struct host *h, uint32_t type, int status, uint32_t tag);

/* Have the device reset the vGPU, and wait until that is done. */
bool host_reset(struct host *h, uint32_t reason, bool quarantine);

/* What the device would leave if it died now. */
bool host_leave(struct host *h, struct host_left *left);

/* The engine has something to say. */
void host_event(struct host *h);

/* Ask; false when the device is gone. `replied` is set later. */
bool host_query(struct host *h, uint32_t query, uint32_t tag);

/* Have the device end if it is up, and wait for that: what it ended with. What
 * is left of the domain is the caller's to look at, and to kill. */
int host_end(struct host *h, bool up);

#endif
