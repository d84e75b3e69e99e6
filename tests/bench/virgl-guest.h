/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A domain of the fake Xen with a virtio-gpu of production processes, and the
 * guest's side of it: what Linux' driver does for a program that draws. One
 * thread uses it. What fails ends the program.
 */
#ifndef BENCH_VIRGL_GUEST_H
#define BENCH_VIRGL_GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GUEST_REQUEST_MAX (512u << 10)

void bench_die(const char *what) __attribute__((noreturn));

/* dm: xen-vgpu-dm; libexec: the folder of the other programs. */
void guest_open(const char *dm, const char *libexec, unsigned int threads);
void guest_close(void);

/* Where the next request goes; waits for a free place. */
void *guest_request(void);
/* Offer it. `answer` bytes are wanted. Its place in the order of all. */
void guest_send(size_t len, size_t answer);
/* The device is told of what was offered, if it wants to be. */
void guest_notify(void);
/* The answer of what was sent last. */
const void *guest_answer(void);
/* Something is not answered yet; wait until all is. */
bool guest_busy(void);
void guest_wait(void);

/* So far: commands, and how often the device was told of them, and we of
 * answers that we waited for. */
struct guest_counts {
    unsigned long commands, notified, interrupts;
};
struct guest_counts guest_counts(void);

/* Memory for a resource; and back when what was sent last is answered. */
uint64_t guest_alloc(size_t bytes);
void guest_free(uint64_t gpa, size_t bytes);
void *guest_at(uint64_t gpa, size_t bytes);
/* Whether it is memory of the guest. */
bool guest_has(const void *p);

#endif
