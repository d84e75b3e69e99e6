/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a guest does with its vGPU, as steps of report.h. */
#ifndef TESTS_FAULTS_GUEST_H
#define TESTS_FAULTS_GUEST_H

#include <stdbool.h>
#include <stdint.h>
#include <xen/xen.h>

#define GUEST_DEVFN 0x80
#define BAR0 0xf0000000ull
#define BAR2 0xe0000000ull
#define BAR4 0xf0010000ull
#define SDMA XVGPU_ENGINE_BASE(XVGPU_ENGINE_SDMA)

/* Of its domain; a device waits up to 5 s for its engine. */
#define GUEST_TIMEOUT_MS 7000u

extern struct guest {
    domid_t domid;
    uint64_t vram_size;
    uint64_t vram; /* where it was seen last */
} guest;

void guest_begin(domid_t domid, uint64_t vram_size);

/* Accesses; one that is never answered ends the life as failed. */
bool guest_wr(uint64_t gpa, unsigned int size, uint64_t v);
uint64_t guest_rd(uint64_t gpa, unsigned int size);
bool guest_cfg(unsigned int off, unsigned int size, uint32_t v);

/* Steps */
const char *guest_bars(void);
const char *guest_strings(void);
const char *guest_move(void);
const char *guest_move_back(void);
const char *guest_flr(void);
const char *guest_ring_off(void);

#endif
