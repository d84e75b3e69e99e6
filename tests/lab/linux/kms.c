/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kms.h"

#include <errno.h>
#include <fcntl.h>
#include <libdrm/virtgpu_drm.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

/* libdrm's header of Debian 12 does not have it. */
#ifndef VIRTGPU_BLOB_MEM_GUEST
#define VIRTGPU_BLOB_MEM_GUEST 1
#define VIRTGPU_BLOB_FLAG_USE_MAPPABLE 1
#define DRM_IOCTL_VIRTGPU_RESOURCE_CREATE_BLOB                                 \
    DRM_IOWR(DRM_COMMAND_BASE + 0x0a, struct drm_virtgpu_resource_create_blob)
struct drm_virtgpu_resource_create_blob {
    uint32_t blob_mem, blob_flags, bo_handle, res_handle;
    uint64_t size;
    uint32_t pad, cmd_size;
    uint64_t cmd, blob_id;
};
#endif

#define MAX_OBJECTS 16
#define MAX_MODES 128

static int call(struct kms *k, unsigned long request, void *data,
                const char *what)
{
    int rc;

    do
        rc = ioctl(k->fd, request, data);
    while (rc < 0 && (errno == EINTR || errno == EAGAIN));
    if (rc < 0) {
        rc = -errno;
        fprintf(stderr, "kms: %s: %s\n", what, strerror(errno));
        return rc;
    }
    return 0;
}

/* Reads a connector with its modes; sets the CRTC that can serve it. */
static int look_at(struct kms *k, uint32_t id, const uint32_t *crtcs,
                   unsigned int nr_crtcs, bool *connected)
{
    static struct drm_mode_modeinfo modes[MAX_MODES];
    uint32_t encoders[MAX_OBJECTS];
    struct drm_mode_get_encoder encoder = {0};
    struct drm_mode_get_connector c = {.connector_id = id};
    unsigned int i;
    int rc;

    *connected = false;
    rc = call(k, DRM_IOCTL_MODE_GETCONNECTOR, &c, "asking for a connector");
    if (rc)
        return rc;
    if (c.connection != 1 || !c.count_modes || !c.count_encoders)
        return 0;
    if (c.count_modes > MAX_MODES || c.count_encoders > MAX_OBJECTS)
        return -E2BIG;
    c.count_props = 0;
    c.modes_ptr = (uintptr_t)modes;
    c.encoders_ptr = (uintptr_t)encoders;
    rc = call(k, DRM_IOCTL_MODE_GETCONNECTOR, &c, "asking for modes");
    if (rc)
        return rc;
    encoder.encoder_id = encoders[0];
    rc = call(k, DRM_IOCTL_MODE_GETENCODER, &encoder, "asking for an encoder");
    if (rc)
        return rc;
    k->connector = id;
    k->crtc = 0;
    for (i = 0; i < nr_crtcs && !k->crtc; i++)
        if (encoder.possible_crtcs & 1u << i)
            k->crtc = crtcs[i];
    k->mode = modes[0];
    for (i = 0; i < c.count_modes; i++)
        if (modes[i].type & DRM_MODE_TYPE_PREFERRED) {
            k->mode = modes[i];
            break;
        }
    *connected = true;
    return 0;
}

static int choose_connector(struct kms *k, unsigned int scanout)
{
    uint32_t crtcs[MAX_OBJECTS], connectors[MAX_OBJECTS];
    struct drm_mode_card_res r = {0};
    bool connected;
    unsigned int i;
    int rc;

    rc = call(k, DRM_IOCTL_MODE_GETRESOURCES, &r, "asking for connectors");
    if (rc)
        return rc;
    if (r.count_crtcs > MAX_OBJECTS || r.count_connectors > MAX_OBJECTS)
        return -E2BIG;
    r.count_fbs = r.count_encoders = 0;
    r.crtc_id_ptr = (uintptr_t)crtcs;
    r.connector_id_ptr = (uintptr_t)connectors;
    rc = call(k, DRM_IOCTL_MODE_GETRESOURCES, &r, "asking for connectors");
    if (rc)
        return rc;
    for (i = 0; i < r.count_connectors; i++) {
        rc = look_at(k, connectors[i], crtcs, r.count_crtcs, &connected);
        if (rc)
            return rc;
        if (connected && !scanout--)
            return 0;
    }
    fprintf(stderr, "kms: no such connector is connected\n");
    return -ENODEV;
}

int kms_open(struct kms *k, const char *path, unsigned int scanout)
{
    struct drm_version version = {0};
    int rc;

    memset(k, 0, sizeof(*k));
    k->fd = open(path, O_RDWR | O_CLOEXEC);
    if (k->fd < 0) {
        rc = -errno;
        fprintf(stderr, "kms: opening %s: %s\n", path, strerror(errno));
        return rc;
    }
    version.name = k->driver;
    version.name_len = sizeof(k->driver) - 1;
    rc = call(k, DRM_IOCTL_VERSION, &version, "asking for the driver");
    if (!rc)
        rc = choose_connector(k, scanout);
    if (rc)
        kms_close(k);
    return rc;
}

void kms_close(struct kms *k)
{
    if (k->fd >= 0)
        close(k->fd);
    k->fd = -1;
}

int kms_choose(struct kms *k, unsigned int width, unsigned int height)
{
    static struct drm_mode_modeinfo modes[MAX_MODES];
    struct drm_mode_get_connector c = {.connector_id = k->connector};
    unsigned int i;
    int rc;

    c.modes_ptr = (uintptr_t)modes;
    c.count_modes = MAX_MODES;
    rc = call(k, DRM_IOCTL_MODE_GETCONNECTOR, &c, "asking for modes");
    if (rc)
        return rc;
    for (i = 0; i < c.count_modes && i < MAX_MODES; i++)
        if (modes[i].hdisplay == width && modes[i].vdisplay == height) {
            k->mode = modes[i];
            return 0;
        }
    fprintf(stderr, "kms: no mode of %ux%u\n", width, height);
    return -ENOENT;
}

int kms_add_fb(struct kms *k, uint32_t width, uint32_t height, uint32_t pitch,
               uint32_t handle, uint32_t *fb)
{
    struct drm_mode_fb_cmd cmd = {.width = width,
                                  .height = height,
                                  .pitch = pitch,
                                  .bpp = 32,
                                  .depth = 24,
                                  .handle = handle};
    int rc = call(k, DRM_IOCTL_MODE_ADDFB, &cmd, "adding a framebuffer");

    *fb = rc ? 0 : cmd.fb_id;
    return rc;
}

static int create_dumb(struct kms *k, struct kms_buffer *b, uint64_t *offset)
{
    struct drm_mode_create_dumb create = {
        .width = b->width, .height = b->height, .bpp = 32};
    struct drm_mode_map_dumb map = {0};
    int rc = call(k, DRM_IOCTL_MODE_CREATE_DUMB, &create, "creating a buffer");

    if (rc)
        return rc;
    b->handle = map.handle = create.handle;
    b->pitch = create.pitch;
    b->size = create.size;
    rc = call(k, DRM_IOCTL_MODE_MAP_DUMB, &map, "mapping a buffer");
    *offset = map.offset;
    return rc;
}

/* With lines that are longer than need be, which no dumb buffer has. */
static int create_blob(struct kms *k, struct kms_buffer *b, uint64_t *offset)
{
    struct drm_virtgpu_resource_create_blob create = {
        .blob_mem = VIRTGPU_BLOB_MEM_GUEST,
        .blob_flags = VIRTGPU_BLOB_FLAG_USE_MAPPABLE,
    };
    struct drm_virtgpu_map map = {0};
    int rc;

    b->pitch = 4 * b->width + 256;
    b->size = create.size =
        ((uint64_t)b->pitch * b->height + 4095) / 4096 * 4096;
    rc = call(k, DRM_IOCTL_VIRTGPU_RESOURCE_CREATE_BLOB, &create,
              "creating a blob");
    if (rc)
        return rc;
    b->handle = map.handle = create.bo_handle;
    rc = call(k, DRM_IOCTL_VIRTGPU_MAP, &map, "mapping a blob");
    *offset = map.offset;
    return rc;
}

int kms_buffer(struct kms *k, struct kms_buffer *b, uint32_t width,
               uint32_t height)
{
    uint64_t offset;
    int rc;

    memset(b, 0, sizeof(*b));
    b->width = width;
    b->height = height;
    rc = k->blobs ? create_blob(k, b, &offset) : create_dumb(k, b, &offset);
    if (!rc)
        rc = kms_add_fb(k, width, height, b->pitch, b->handle, &b->fb);
    if (!rc) {
        b->pixels = mmap(NULL, b->size, PROT_READ | PROT_WRITE, MAP_SHARED,
                         k->fd, (off_t)offset);
        if (b->pixels == MAP_FAILED) {
            rc = -errno;
            b->pixels = NULL;
            fprintf(stderr, "kms: mapping a buffer: %s\n", strerror(errno));
        }
    }
    if (rc)
        kms_buffer_free(k, b);
    return rc;
}

void kms_buffer_free(struct kms *k, struct kms_buffer *b)
{
    struct drm_mode_destroy_dumb destroy = {.handle = b->handle};

    if (b->pixels)
        munmap(b->pixels, b->size);
    if (b->fb)
        call(k, DRM_IOCTL_MODE_RMFB, &b->fb, "removing a framebuffer");
    if (b->handle)
        call(k, DRM_IOCTL_MODE_DESTROY_DUMB, &destroy, "freeing a buffer");
    memset(b, 0, sizeof(*b));
}

int kms_show(struct kms *k, uint32_t fb)
{
    struct drm_mode_crtc crtc = {.set_connectors_ptr = (uintptr_t)&k->connector,
                                 .count_connectors = 1,
                                 .crtc_id = k->crtc,
                                 .fb_id = fb,
                                 .mode_valid = 1,
                                 .mode = k->mode};

    return call(k, DRM_IOCTL_MODE_SETCRTC, &crtc, "setting the mode");
}

int kms_flip(struct kms *k, uint32_t fb)
{
    struct drm_mode_crtc_page_flip flip = {
        .crtc_id = k->crtc, .fb_id = fb, .flags = DRM_MODE_PAGE_FLIP_EVENT};
    char events[256];
    ssize_t n;
    int rc;

    rc = call(k, DRM_IOCTL_MODE_PAGE_FLIP, &flip, "flipping");
    if (rc)
        return rc;
    do
        n = read(k->fd, events, sizeof(events));
    while (n < 0 && (errno == EINTR || errno == EAGAIN));
    return n > 0 ? 0 : -EIO;
}

int kms_dirty(struct kms *k, uint32_t fb, uint16_t x, uint16_t y,
              uint16_t width, uint16_t height)
{
    struct drm_clip_rect clip = {
        .x1 = x, .y1 = y, .x2 = x + width, .y2 = y + height};
    struct drm_mode_fb_dirty_cmd dirty = {
        .fb_id = fb, .num_clips = 1, .clips_ptr = (uintptr_t)&clip};

    return call(k, DRM_IOCTL_MODE_DIRTYFB, &dirty, "updating the display");
}

int kms_cursor(struct kms *k, const struct kms_buffer *b, int32_t x, int32_t y)
{
    struct drm_mode_cursor2 cursor = {.flags = DRM_MODE_CURSOR_BO |
                                               DRM_MODE_CURSOR_MOVE,
                                      .crtc_id = k->crtc,
                                      .x = x,
                                      .y = y,
                                      .width = b->width,
                                      .height = b->height,
                                      .handle = b->handle};

    return call(k, DRM_IOCTL_MODE_CURSOR2, &cursor, "setting the cursor");
}
