/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a vGPU is to its guest. Threads and locks: device.h. A model has its
 * files here, and a row in device_models of device.c.
 */
#ifndef DM_DEVICE_MODEL_H
#define DM_DEVICE_MODEL_H

#include "dm/device/device.h"

/* What a query is answered with, besides its status. */
struct answer {
    char *buf; /* text: `len` of `size` bytes so far */
    size_t len, size;
    uint32_t width, height; /* of the picture */
    int fd; /* its memfd: lines of width * 4 bytes, XVGPU_FORMAT_XRGB8888 */
};

struct device_model {
    /* The function as after power-on; `about` is the PROTO_DEVICE_VGPU, of
     * which *vgpu has sizes, numbers and descriptors. */
    int (*init)(struct vgpu *vgpu, const struct proto_msg *about);
    /* Go on where a process that died has left. Before the service starts. */
    int (*takeover)(struct vgpu *vgpu, const struct proto_msg *about);
    /* What must be known before the guest's first access: begun, then waited
     * for. Before the service starts; both may be NULL. */
    int (*prepare)(struct vgpu *vgpu);
    int (*prepared)(struct vgpu *vgpu);
    /* After the server was taken over: claims, what happened meanwhile. */
    void (*catch_up)(struct vgpu *vgpu);
    /* The function's config space. */
    ioreq_handler config;
    /* An engine kicked `event`: the interrupts that it caused. The lock is
     * held. */
    unsigned int (*engine_event)(struct vgpu *vgpu, unsigned int engine);

    /* The worker's; the lock is not held: */
    /* Bring claims in line with config space. */
    void (*remap)(struct vgpu *vgpu);
    /* What a handler has left to do. */
    void (*control)(struct vgpu *vgpu, unsigned int engine, uint32_t value);
    /* Its process ended unasked. */
    void (*engine_died)(struct vgpu *vgpu, unsigned int engine);
    void (*reset_by_guest)(struct vgpu *vgpu, uint32_t reason);
    /* Ends with reset_done(). */
    void (*reset_by_host)(struct vgpu *vgpu, uint32_t reason, bool quarantine);

    /* The main thread's. A "name value" pair a line; the lock is held. */
    void (*show)(struct vgpu *vgpu, struct answer *to);
    /* "offset width name value" a line; the lock is held. */
    void (*regs)(struct vgpu *vgpu, struct answer *to);
    /* Somebody would like a scanout to be so large; NULL: it does not care.
     * Not checked yet. */
    void (*resize)(struct vgpu *vgpu, uint32_t scanout, uint32_t width,
                   uint32_t height);
    /* 0, or a negative errno with a text that says why. */
    int (*screenshot)(struct vgpu *vgpu, uint32_t scanout, struct answer *to);
};

extern const struct device_model native_model, virtio_model;

/* query.c: for the models */
void answer_text(struct answer *to, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void answer_number(struct answer *to, const char *name, uint64_t value);
/* What an engine of either model counts. The lock is held. */
void answer_engine(struct vgpu *vgpu, unsigned int engine, struct answer *to);
void answer_guards(struct vgpu *vgpu, struct answer *to);
void answer_irq(struct vgpu *vgpu, struct answer *to);
/* Make a picture's memfd and map it: 0 or a negative errno. picture_seal()
 * unmaps it, and closes it after an error of its own or another one. */
int picture_new(struct answer *to, uint8_t **pixels);
int picture_seal(struct answer *to, uint8_t *pixels, int rc);

/* function.c: the PCI function, the same for all models */
enum ioreq_verdict function_config(void *opaque, struct ioreq_access *access);
/* The table of MSI-X: false for an access that makes no sense. The lock is
 * held. */
bool function_msix(struct vgpu *vgpu, struct ioreq_access *access);
/* Log what an interrupt came to. The lock is held. */
void function_check_irq(struct vgpu *vgpu);
/* Claim a BAR's range where it is wanted, which `at` notes before: 0, or a
 * negative errno, said in the log, when it can't be had there. The worker's;
 * the lock is not held. */
int function_claim(struct vgpu *vgpu, unsigned int bar, ioreq_handler handler,
                   struct ioreq_range **range, uint64_t *at, uint64_t want);
/* After a takeover: claim it where the predecessor had it. */
void function_claim_again(struct vgpu *vgpu, unsigned int bar,
                          ioreq_handler handler, struct ioreq_range **range,
                          uint64_t at);
void function_refused(struct vgpu *vgpu, unsigned int bar, uint64_t at, int rc);

/* process.c: engines' processes. The lock is held. */
/* Send a command, wait until the engine has acknowledged it: 0, -ETIMEDOUT,
 * -EPIPE when its process ended. */
int process_command(struct vgpu *vgpu, unsigned int engine, enum link_cmd cmd);
void process_kill(struct vgpu *vgpu, unsigned int engine);
/* It is gone, the page is ours alone: keep what it counted, begin with a clean
 * one. */
void process_gone(struct engine *e);
/* Have it run if need be, and take what the link page says: 0, or a fault
 * code. */
uint32_t process_start(struct vgpu *vgpu, unsigned int engine);
/* Have it run before the service does, on the main thread and without the
 * lock: asked for, then waited for. 0 or a negative errno. */
int process_begin_first(struct vgpu *vgpu, unsigned int engine);
int process_wait_first(struct vgpu *vgpu, unsigned int engine);

/* reset.c */
/* Tell the monitor that its PROTO_RESET is done. The lock is not held. */
void reset_done(const struct vgpu *vgpu);

#endif
