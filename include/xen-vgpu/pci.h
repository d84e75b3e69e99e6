/* SPDX-License-Identifier: MIT */
/*
 * PCI identity and BAR layout of the native vGPU.
 *
 * The vendor id is Xen's; the device id is provisional, in the part of Xen's
 * registry (xen-pci-device-reservations(7)) that nobody has reserved.
 */
#ifndef XEN_VGPU_PCI_H
#define XEN_VGPU_PCI_H

#define XVGPU_PCI_VENDOR 0x5853
#define XVGPU_PCI_DEVICE 0xc380
#define XVGPU_PCI_REVISION 0x01
#define XVGPU_PCI_CLASS 0x030200 /* display controller, 3D */

/* The host bridge of a domain that has no other PCI device: its device id. */
#define XVGPU_PCI_BRIDGE 0xc381
#define XVGPU_PCI_BRIDGE_CLASS 0x060000

#define XVGPU_BAR_CSR 0  /* 32-bit MMIO, trapped */
#define XVGPU_BAR_VRAM 2 /* 64-bit prefetchable, RAM pages, not trapped */
#define XVGPU_BAR_MSIX 4 /* 32-bit MMIO, trapped */

#define XVGPU_CSR_BAR_SIZE 0x4000u
#define XVGPU_MSIX_BAR_SIZE 0x1000u
#define XVGPU_MSIX_TABLE 0x000u /* offset of the table in BAR4 */
#define XVGPU_MSIX_PBA 0x800u   /* offset of the pending bits in BAR4 */
#define XVGPU_MSIX_VECTORS 8u

#endif
