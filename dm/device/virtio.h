/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The virtio-gpu device model: virtio 1.2 over PCI, without legacy interface
 * (4.1), a GPU device (5.7). Here is what a driver finds in BARs and config
 * space; what is in the queues the engine's process reads.
 */
#ifndef DM_DEVICE_VIRTIO_H
#define DM_DEVICE_VIRTIO_H

#include "dm/device/model.h"

#define VIRTIO_ENGINE XVGPU_ENGINE_GFX

#define VIRTIO_BAR_MSIX 1u
#define VIRTIO_BAR 4u
#define VIRTIO_BAR_SIZE 0x4000u
#define VIRTIO_MSIX_BAR_SIZE 0x1000u
#define VIRTIO_MSIX_PBA 0x800u
#define VIRTIO_MSIX_VECTORS 3u /* configuration, two queues */

/* Structures in VIRTIO_BAR. */
#define VIRTIO_COMMON 0x0000u
#define VIRTIO_ISR 0x1000u
#define VIRTIO_DEVICE 0x2000u
#define VIRTIO_NOTIFY 0x3000u
#define VIRTIO_NOTIFY_MULTIPLIER 4u

#define VIRTIO_STATUS_FEATURES_OK 0x08u
#define VIRTIO_STATUS_DRIVER_OK 0x04u
#define VIRTIO_STATUS_NEEDS_RESET 0x40u

/* In config space. */
#define VIRTIO_CAP_COMMON PCI_CAP_MORE
#define VIRTIO_CAP_NOTIFY (VIRTIO_CAP_COMMON + 16u)
#define VIRTIO_CAP_ISR (VIRTIO_CAP_NOTIFY + 20u)
#define VIRTIO_CAP_DEVICE (VIRTIO_CAP_ISR + 16u)
#define VIRTIO_CAP_WINDOW (VIRTIO_CAP_DEVICE + 16u)

#define VIRTIO_NO_VECTOR 0xffffu

struct virtio_queue {
    struct link_queue q;
    uint32_t vector;
    uint32_t done_seen; /* of link eng.queue_done */
};

/* In the state memfd, instead of CSRs; see struct vgpu_state. Enough of it is
 * looked at again by make_sane() when a process takes over. */
struct virtio_state {
    /* What the engine's first process has said of its renderer. */
    uint32_t known, renderer, capsets;
    uint32_t scanouts;
    struct link_display display[SCANOUT_MAX];
    uint32_t display_seq;

    /* As the driver has them. */
    uint32_t feature_select, driver_feature_select;
    uint64_t driver_features;
    uint32_t status; /* as it reads */
    uint32_t config_vector;
    uint32_t generation;
    uint32_t queue_select;
    uint32_t taken; /* a process has been given the queues, and may know them */
    uint32_t events; /* of the display configuration */
    uint32_t isr;
    struct virtio_queue queue[LINK_QUEUES];

    /* Counts. */
    uint32_t bad_access, bar_refused;
    uint32_t resets;        /* by the driver, FLRs, and by the host */
    uint32_t engine_resets; /* its processes that died under the driver */
    uint32_t faults;        /* NEEDS_RESET was set */
    uint32_t fault_code;    /* XVGPU_FAULT_*: why the last time */
    uint64_t fault_addr;
    uint64_t kicks, interrupts[LINK_QUEUES];
};

_Static_assert(sizeof(struct virtio_state) <= XVGPU_CSR_BAR_SIZE,
               "fits where a native vGPU has its CSRs");

static inline struct engine *virtio_engine(const struct vgpu *vgpu)
{
    return (struct engine *)(uintptr_t)&vgpu->engines[VIRTIO_ENGINE];
}

/* virtio.c; the lock is held */
uint64_t virtio_features(const struct vgpu *vgpu); /* that are offered */
/* The driver's registers and interrupts as after power-on. */
void virtio_forget(struct vgpu *vgpu);
/* Tell the driver that only a reset helps. */
void virtio_broken(struct vgpu *vgpu, uint32_t code, uint64_t addr);
/* Deassert INTx if nothing is left. */
void virtio_update_level(struct vgpu *vgpu);
/* May a queue be given to the engine? Sizes and alignment. */
bool virtio_queue_sound(const struct link_queue *q);

/* Signal used buffers of a queue. */
void virtio_queue_interrupt(struct vgpu *vgpu, unsigned int queue);

/* virtio-engine.c; as struct device_model says */
unsigned int virtio_engine_event(struct vgpu *vgpu, unsigned int engine);
void virtio_control(struct vgpu *vgpu, unsigned int engine, uint32_t value);
void virtio_engine_died(struct vgpu *vgpu, unsigned int engine);
/* DRIVER_OK is set, and the engine has not been told; once more, if a device
 * process died while it told it. The lock is held. */
bool virtio_start_is_due(const struct vgpu *vgpu);
/* What the engine has counted so far has been told, or concerns nobody. The
 * lock is held. */
void virtio_seen(struct vgpu *vgpu);
/* The lock is held. */
void virtio_publish_displays(struct vgpu *vgpu);
/* A new process goes on for a driver that knows nothing of it. The worker's;
 * the lock is held. */
void virtio_replace(struct vgpu *vgpu);

/* virtio-regs.c: an access of 1, 2, 4 or 8 bytes to VIRTIO_BAR, as the guest
 * sees it. False: it made no sense. The lock is held. */
bool virtio_read(struct vgpu *vgpu, uint64_t offset, unsigned int size,
                 uint64_t *value);
bool virtio_write(struct vgpu *vgpu, uint64_t offset, unsigned int size,
                  uint64_t value, struct csr_effect *effect);
enum ioreq_verdict virtio_on_bar(void *opaque, struct ioreq_access *access);
enum ioreq_verdict virtio_on_msix(void *opaque, struct ioreq_access *access);
enum ioreq_verdict virtio_on_config(void *opaque, struct ioreq_access *access);
/* A line a field, for both queues. */
void virtio_dump(struct vgpu *vgpu, struct answer *to);

/* Values of JOB_CTRL. */
enum virtio_control {
    VIRTIO_START = 1, /* DRIVER_OK was written */
    VIRTIO_STOP = 2,  /* 0 was written to the status */
};

/* virtio-query.c: as struct device_model says */
void virtio_show(struct vgpu *vgpu, struct answer *to);
int virtio_screenshot(struct vgpu *vgpu, uint32_t scanout, struct answer *to);

#endif
