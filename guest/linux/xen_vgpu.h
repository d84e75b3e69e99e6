/* SPDX-License-Identifier: MIT */
/*
 * /dev/xen-vgpuN, what the module of xen_vgpu.c gives a program: memory that
 * the vGPU reaches, and interrupts. Registers and VRAM are mapped from sysfs
 * (resource0, resource2). One program at a time; when it closes the device
 * the vGPU is reset.
 */
#ifndef XEN_VGPU_UAPI_H
#define XEN_VGPU_UAPI_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define XEN_VGPU_IRQ_NONE 0
#define XEN_VGPU_IRQ_INTX 1
#define XEN_VGPU_IRQ_MSI 2
#define XEN_VGPU_IRQ_MSIX 3 /* one vector for each engine */

/* Make contiguous memory, once: mmap() of the device from offset 0. */
struct xen_vgpu_alloc {
    __u64 size; /* in: bytes, at most 16 MiB */
    __u64 bus;  /* out: its address in packets and registers */
};

/* Completions and faults of an engine count up an eventfd; -1: no more. */
struct xen_vgpu_event {
    __u32 engine;
    __s32 fd;
};

#define XEN_VGPU_ALLOC _IOWR('x', 0x80, struct xen_vgpu_alloc)
#define XEN_VGPU_EVENT _IOW('x', 0x81, struct xen_vgpu_event)
#define XEN_VGPU_IRQ _IO('x', 0x82) /* argument: XEN_VGPU_IRQ_* */

#endif
