/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Preloaded into virgl_test_server: writes what a client sends to
 * $XVGPU_STREAM, up to its last reading of pixels. README.md says how.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>
#include <virglrenderer.h>

#define RESOURCES 512
#define REAL(f) __typeof__(&f) real = (__typeof__(&f))dlsym(RTLD_NEXT, #f)
#define END_TRANSFERS 44u /* its dwords are room that was not needed */

static struct {
    uint32_t id;
    struct iovec *iov;
    int n;
    uint64_t sum;
} res[RESOURCES];
static FILE *out;
static long good; /* bytes, up to the last reading */

static void put(uint32_t kind, const uint32_t *a, uint32_t na, const void *b,
                size_t nb)
{
    const uint32_t zero = 0, head[] = {kind, na + (uint32_t)(nb + 3) / 4};

    if (!out)
        out = fopen(getenv("XVGPU_STREAM"), "wb");
    if (!out)
        abort();
    fwrite(head, 4, 2, out);
    fwrite(a, 4, na, out);
    fwrite(b, 1, nb, out);
    fwrite(&zero, 1, (4 - nb % 4) % 4, out);
}

__attribute__((destructor)) static void finish(void)
{
    if (out && (fflush(out) || ftruncate(fileno(out), good)))
        abort();
}

static int find(uint32_t id)
{
    int i;

    for (i = 0; i < RESOURCES && res[i].id != id; i++)
        ;
    return i < RESOURCES ? i : -1;
}

/* Backings that changed since they were put last. */
static void put_backings(void)
{
    unsigned char *all;
    size_t bytes, k;
    uint64_t sum;
    int i, n;

    for (i = 0; i < RESOURCES; i++) {
        if (!res[i].id || !res[i].n)
            continue;
        for (bytes = 0, n = 0; n < res[i].n; n++)
            bytes += res[i].iov[n].iov_len;
        all = malloc(bytes + 1);
        for (k = 0, n = 0; n < res[i].n; k += res[i].iov[n++].iov_len)
            memcpy(all + k, res[i].iov[n].iov_base, res[i].iov[n].iov_len);
        for (sum = 1, k = 0; k < bytes; k++)
            sum = sum * 1099511628211u + all[k];
        while (bytes && !all[bytes - 1])
            bytes--;
        if (sum != res[i].sum && bytes)
            put('D', &res[i].id, 1, all, bytes);
        res[i].sum = sum;
        free(all);
    }
}

int virgl_renderer_resource_create(
    struct virgl_renderer_resource_create_args *args, struct iovec *iov,
    uint32_t n)
{
    REAL(virgl_renderer_resource_create);
    int i = find(0);

    if (i >= 0)
        res[i].id = args->handle;
    put('R', (const uint32_t *)args, 11, NULL, 0);
    return real(args, iov, n);
}

int virgl_renderer_resource_attach_iov(int id, struct iovec *iov, int n)
{
    REAL(virgl_renderer_resource_attach_iov);
    uint32_t a[] = {(uint32_t)id, 0};
    int i = find((uint32_t)id), k;

    for (k = 0; k < n; k++)
        a[1] += (uint32_t)iov[k].iov_len;
    if (i >= 0) {
        res[i].iov = iov;
        res[i].n = n;
    }
    put('A', a, 2, NULL, 0);
    return real(id, iov, n);
}

void virgl_renderer_resource_unref(uint32_t id)
{
    REAL(virgl_renderer_resource_unref);
    int i = find(id);

    if (i >= 0)
        memset(&res[i], 0, sizeof(res[i]));
    real(id);
}

int virgl_renderer_submit_cmd(void *buffer, int ctx, int n)
{
    REAL(virgl_renderer_submit_cmd);
    const uint32_t *dw = buffer;
    uint32_t *less = malloc((size_t)n * 4), len, to = 0;
    int i;

    put_backings();
    for (i = 0; i < n; i += (int)len) {
        len = (dw[i] >> 16) + 1;
        if ((dw[i] & 0xff) == END_TRANSFERS) {
            less[to++] = END_TRANSFERS;
            continue;
        }
        memcpy(less + to, dw + i, (size_t)len * 4);
        to += len;
    }
    put('S', less, to, NULL, 0);
    free(less);
    return real(buffer, ctx, n);
}

int virgl_renderer_transfer_read_iov(uint32_t id, uint32_t ctx, uint32_t level,
                                     uint32_t stride, uint32_t layer,
                                     struct virgl_box *box, uint64_t offset,
                                     struct iovec *iov, int n)
{
    REAL(virgl_renderer_transfer_read_iov);
    uint32_t a[12] = {id, level, stride, layer, (uint32_t)offset, 0};

    memcpy(a + 6, box, 24);
    put('G', a, 12, NULL, 0);
    good = ftell(out);
    return real(id, ctx, level, stride, layer, box, offset, iov, n);
}
