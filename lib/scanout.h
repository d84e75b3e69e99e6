/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a virtio-gpu's guest shows: a memfd of each vGPU, made by xen-vgpu-dm,
 * written by the engine when the guest flushes (virtio 1.2, 5.7.6.8), read by
 * xen-vgpu-device for screenshots and by whoever shows it to people. It stays
 * when the engine's process or its device are reset.
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
    struct scanout_cursor cursor;
};

#define SCANOUT_HEAD_SIZE 0x8000u
#define SCANOUT_PIXELS_SIZE (4u * SCANOUT_WIDTH_MAX * SCANOUT_HEIGHT_MAX)
#define SCANOUT_SIZE                                                           \
    (SCANOUT_MAX * (uint64_t)(SCANOUT_HEAD_SIZE + SCANOUT_PIXELS_SIZE))

_Static_assert(sizeof(struct scanout) <= SCANOUT_HEAD_SIZE, "fits");

/* Map the memfd, whole: the writer with write set. 0 or a negative errno
 * (-EINVAL: too short, or not sealed against shrinking). */
int scanout_map(int fd, int write, void **base);
void scanout_unmap(void *base);

static inline struct scanout *scanout_head(void *base, unsigned int n)
{
    return (struct scanout *)((uint8_t *)base + n * SCANOUT_HEAD_SIZE);
}

/* Lines of width * 4 bytes one behind the other, from the top: bytes B, G, R
 * and one without meaning. The engine converts other formats. */
static inline uint32_t *scanout_pixels(void *base, unsigned int n)
{
    return (uint32_t *)((uint8_t *)base + SCANOUT_MAX * SCANOUT_HEAD_SIZE +
                        n * (uint64_t)SCANOUT_PIXELS_SIZE);
}

/* The writer, around changes of a head; pixels of a new size are written
 * after scanout_end(). A writer that dies in between is no harm. */
void scanout_begin(struct scanout *head);
void scanout_end(struct scanout *head);

/* What a reader may know of scanout n, with sizes that fit: 0; -ENODATA when
 * nothing is shown (or what is said makes no sense). */
struct scanout_view {
    uint32_t width, height, flushes;
};
int scanout_look(void *base, unsigned int n, struct scanout_view *view);

/* The cursor as it is now; the image is any pixels. */
int scanout_look_cursor(void *base, unsigned int n, struct scanout_cursor *to);

#endif
