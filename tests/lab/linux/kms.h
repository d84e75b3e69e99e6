/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A display by the kernel's own interface (linux-libc-dev's <libdrm/drm.h>),
 * for programs of the lab's Linux guests: no library, so that a small static
 * program can do it. */
#ifndef LAB_KMS_H
#define LAB_KMS_H

#include <libdrm/drm.h>
#include <libdrm/drm_mode.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kms {
    int fd;
    uint32_t connector, crtc;
    struct drm_mode_modeinfo mode; /* the preferred one */
    bool blobs; /* make buffers as a virtio-gpu's blobs, not as dumb ones */
    char driver[32];
};

/* A buffer that the processor draws into. */
struct kms_buffer {
    uint32_t handle, pitch, fb, width, height;
    uint64_t size;
    uint32_t *pixels; /* pitch / 4 a row, xRGB */
};

/* All return 0 or a negative errno, and say on standard error what failed. */

/* Opens a card and chooses the nth connected connector. */
int kms_open(struct kms *k, const char *path, unsigned int scanout);
void kms_close(struct kms *k);

/* Sets one of the connector's modes, by its size. */
int kms_choose(struct kms *k, unsigned int width, unsigned int height);

int kms_buffer(struct kms *k, struct kms_buffer *b, uint32_t width,
               uint32_t height);
void kms_buffer_free(struct kms *k, struct kms_buffer *b);

/* A framebuffer of a buffer object that somebody else has made. */
int kms_add_fb(struct kms *k, uint32_t width, uint32_t height, uint32_t pitch,
               uint32_t handle, uint32_t *fb);

int kms_show(struct kms *k, uint32_t fb);
int kms_flip(struct kms *k, uint32_t fb); /* returns when it is done */
int kms_dirty(struct kms *k, uint32_t fb, uint16_t x, uint16_t y,
              uint16_t width, uint16_t height);
int kms_cursor(struct kms *k, const struct kms_buffer *b, int32_t x, int32_t y);

#endif
