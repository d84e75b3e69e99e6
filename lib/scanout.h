/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a virtio-gpu's guest shows: a memfd of each vGPU, made by xen-vgpu-dm,
 * written by the engine when the guest flushes (virtio 1.2, 5.7.6.8), read by
 * xen-vgpu-device for screenshots and by whoever shows it to people. It stays
 * when the engine's process or its device are reset.
 *
 * Pixels stand in frames: each scanout has one of its own, and some are there
 * for resources, which the guest shows one after the other without a copy.
 *
 * Readers trust nothing in it but that its size is sealed: scanout_look()
 * gives numbers that fit, and what stands in the pixels harms nobody. They may
 * be of two flushes at once.
 */
#ifndef LIB_SCANOUT_H
#define LIB_SCANOUT_H

#include <stdint.h>

#define SCANOUT_MAX 4u
#define SCANOUT_WIDTH_MAX 4096u
#define SCANOUT_HEIGHT_MAX 2304u
#define SCANOUT_CURSOR 64u /* pixels a side */

struct scanout_cursor {
    int32_t x, y; /* of its hot spot on the scanout */
    uint32_t hot_x, hot_y;
    uint32_t visible;
    uint32_t changes; /* of the image */
    /* Bytes B, G, R, A, as VIRTIO_GPU_FORMAT_B8G8R8A8_UNORM. */
    uint32_t pixels[SCANOUT_CURSOR * SCANOUT_CURSOR];
};

struct scanout {
    uint32_t seq; /* odd while one of the fields below is being written */
    uint32_t width, height; /* 0: the guest shows nothing */
    uint32_t flushes;
    uint32_t frame; /* 0: its own, in lines of `width`; or a resource's + 1 */
    uint32_t at, line; /* there: the first pixel, and pixels in a line */
    struct scanout_cursor cursor;
};

#define SCANOUT_HEAD_SIZE 0x8000u
#define SCANOUT_PIXELS (SCANOUT_WIDTH_MAX * SCANOUT_HEIGHT_MAX)
#define SCANOUT_PIXELS_SIZE (4u * SCANOUT_PIXELS)
#define SCANOUT_FRAMES 8u /* for resources */
/* Heads and frames of their own, which are for ever; and all. */
#define SCANOUT_OWN_SIZE                                                       \
    (SCANOUT_MAX * (uint64_t)(SCANOUT_HEAD_SIZE + SCANOUT_PIXELS_SIZE))
#define SCANOUT_SIZE                                                           \
    (SCANOUT_OWN_SIZE + SCANOUT_FRAMES * (uint64_t)SCANOUT_PIXELS_SIZE)

_Static_assert(sizeof(struct scanout) <= SCANOUT_HEAD_SIZE, "fits");

/* Map the memfd, whole: the writer with write set. 0 or a negative errno
 * (-EINVAL: too short, or not sealed against shrinking). */
int scanout_map(int fd, int write, void **base);
void scanout_unmap(void *base);

static inline struct scanout *scanout_head(void *base, unsigned int n)
{
    return (struct scanout *)((uint8_t *)base + n * SCANOUT_HEAD_SIZE);
}

/* Its own frame. Pixels are bytes B, G, R and one without meaning, lines stand
 * one behind the other, from the top. The engine converts other formats. */
static inline uint32_t *scanout_pixels(void *base, unsigned int n)
{
    return (uint32_t *)((uint8_t *)base + SCANOUT_MAX * SCANOUT_HEAD_SIZE +
                        n * (uint64_t)SCANOUT_PIXELS_SIZE);
}

/* A resource's. */
static inline uint32_t *scanout_frame(void *base, unsigned int n)
{
    return scanout_pixels(base, SCANOUT_MAX + n);
}

/* The writer, around changes of a head; pixels of a new size are written
 * after scanout_end(). A writer that dies in between is no harm. */
void scanout_begin(struct scanout *head);
void scanout_end(struct scanout *head);

/* What a reader may know of scanout n, with sizes that fit: 0; -ENODATA when
 * nothing is shown (or what is said makes no sense). */
struct scanout_view {
    uint32_t width, height, flushes;
    const uint32_t *pixels;
    uint32_t line; /* pixels from one line to the next */
};
int scanout_look(void *base, unsigned int n, struct scanout_view *view);

/* The cursor as it is now; the image is any pixels. */
int scanout_look_cursor(void *base, unsigned int n, struct scanout_cursor *to);

#endif
