/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * In virglrenderer's place: touches all that it is lent and given, as the
 * library may, and draws nothing.
 */
#include <string.h>
#include <sys/uio.h>
#include <virglrenderer.h>

#include "fuzz.h"

#define LENT 256u

static struct {
    uint32_t id;
    struct iovec *iov;
    int n;
} lent[LENT];
static struct virgl_renderer_callbacks *callbacks;
static void *cookie;
static uint32_t fence;

/* What it sums up is of no use, but read. */
static volatile uint32_t sum;

static void touch(const void *p, size_t n)
{
    const unsigned char *at = p;
    size_t i;

    for (i = 0; i < n; i++)
        sum += at[i];
}

static void touch_lent(void)
{
    uint32_t i;
    int k;

    for (i = 0; i < LENT; i++) {
        for (k = 0; lent[i].id && k < lent[i].n; k++)
            touch(lent[i].iov[k].iov_base, lent[i].iov[k].iov_len);
    }
}

int virgl_renderer_init(void *user, int flags,
                        struct virgl_renderer_callbacks *cb)
{
    (void)flags;
    memset(lent, 0, sizeof(lent));
    cookie = user;
    callbacks = cb;
    return 0;
}

void virgl_renderer_cleanup(void *user)
{
    uint32_t i;

    (void)user;
    for (i = 0; i < LENT; i++)
        FUZZ_CHECK(!lent[i].id);
}

virgl_debug_callback_type virgl_set_debug_callback(virgl_debug_callback_type cb)
{
    return cb;
}

void virgl_renderer_get_cap_set(uint32_t set, uint32_t *version, uint32_t *size)
{
    *version = set == 1 ? 1 : 2;
    *size = set == 1 ? 308 : set == 2 ? 1376 : 0;
}

void virgl_renderer_fill_caps(uint32_t set, uint32_t version, void *caps)
{
    (void)version;
    memset(caps, 1, set == 1 ? 308 : 1376);
}

int virgl_renderer_create_fence(int id, uint32_t ctx)
{
    (void)ctx;
    fence = (uint32_t)id;
    return 0;
}

void virgl_renderer_poll(void)
{
    callbacks->write_fence(cookie, fence);
}

void virgl_renderer_force_ctx_0(void)
{
}

int virgl_renderer_resource_create(
    struct virgl_renderer_resource_create_args *args, struct iovec *iov,
    uint32_t n)
{
    (void)iov;
    (void)n;
    return args->format ? 0 : -1;
}

int virgl_renderer_resource_create_blob(
    const struct virgl_renderer_resource_create_blob_args *args)
{
    FUZZ_CHECK(args->res_handle && args->size);
    FUZZ_CHECK((args->blob_mem != VIRGL_RENDERER_BLOB_MEM_HOST3D) ==
               (args->num_iovs > 0));
    if (args->blob_mem != VIRGL_RENDERER_BLOB_MEM_GUEST && args->blob_id % 4)
        return -1;
    return args->num_iovs ? virgl_renderer_resource_attach_iov(
                                (int)args->res_handle,
                                (struct iovec *)(uintptr_t)args->iovecs,
                                (int)args->num_iovs)
                          : 0;
}

int virgl_renderer_resource_get_info(int id,
                                     struct virgl_renderer_resource_info *info)
{
    memset(info, 0, sizeof(*info));
    info->virgl_format = 2; /* B8G8R8X8 */
    info->width = info->height = 64;
    return id & 1 ? 0 : -1;
}

void virgl_renderer_resource_unref(uint32_t id)
{
    uint32_t i;

    for (i = 0; i < LENT; i++)
        FUZZ_CHECK(lent[i].id != id);
}

int virgl_renderer_resource_attach_iov(int id, struct iovec *iov, int n)
{
    uint32_t i;

    for (i = 0; i < LENT && lent[i].id; i++)
        FUZZ_CHECK(lent[i].id != (uint32_t)id);
    if (i == LENT)
        return -1;
    lent[i].id = (uint32_t)id;
    lent[i].iov = iov;
    lent[i].n = n;
    return 0;
}

void virgl_renderer_resource_detach_iov(int id, struct iovec **iov, int *n)
{
    uint32_t i;

    for (i = 0; i < LENT && lent[i].id != (uint32_t)id; i++)
        ;
    FUZZ_CHECK(i < LENT);
    *iov = lent[i].iov;
    *n = lent[i].n;
    lent[i].id = 0;
}

int virgl_renderer_context_create(uint32_t id, uint32_t n, const char *name)
{
    FUZZ_CHECK(id);
    touch(name, n);
    return 0;
}

int virgl_renderer_context_create_with_flags(uint32_t id, uint32_t flags,
                                             uint32_t n, const char *name)
{
    FUZZ_CHECK(flags <= 2);
    return virgl_renderer_context_create(id, n, name);
}

void virgl_renderer_context_destroy(uint32_t id)
{
    FUZZ_CHECK(id);
}

void virgl_renderer_ctx_attach_resource(int ctx, int id)
{
    FUZZ_CHECK(ctx && id);
}

void virgl_renderer_ctx_detach_resource(int ctx, int id)
{
    FUZZ_CHECK(ctx && id);
}

/* Cut where a command begins, and nowhere else. */
int virgl_renderer_submit_cmd(void *buffer, int ctx, int n)
{
    const uint32_t *dw = buffer;
    int at = 0;

    FUZZ_CHECK(ctx && n > 0);
    touch(buffer, (size_t)n * 4);
    touch_lent();
    while (at < n)
        at += (int)(dw[at] >> 16) + 1;
    FUZZ_CHECK(at == n);
    return (dw[0] & 0xff) == 0xff ? -1 : 0;
}

int virgl_renderer_transfer_write_iov(uint32_t id, uint32_t ctx, int level,
                                      uint32_t stride, uint32_t layer,
                                      struct virgl_box *box, uint64_t offset,
                                      struct iovec *iov, unsigned int n)
{
    (void)id;
    (void)ctx;
    (void)level;
    (void)stride;
    (void)layer;
    (void)offset;
    (void)iov;
    (void)n;
    touch(box, 24);
    touch_lent();
    return 0;
}

int virgl_renderer_transfer_read_iov(uint32_t id, uint32_t ctx, uint32_t level,
                                     uint32_t stride, uint32_t layer,
                                     struct virgl_box *box, uint64_t offset,
                                     struct iovec *iov, int n)
{
    int i;

    (void)id;
    (void)ctx;
    (void)level;
    (void)stride;
    (void)layer;
    (void)offset;
    touch(box, 24);
    touch_lent();
    for (i = 0; iov && i < n; i++)
        memset(iov[i].iov_base, 0x5a, iov[i].iov_len);
    return 0;
}
