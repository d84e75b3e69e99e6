/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The picture that a card must draw whatever another driver did before. */
#include <jansson.h>
#include <string.h>
#include <unistd.h>

#include "storm.h"
#include "tools/client.h"
#include "virtio-requests.h"

#define WIDTH 64u
#define HEIGHT 48u
#define PIXELS (CARD_DATA + 0x800000u)

static bool ok(struct card *c, const void *request, uint32_t len)
{
    return card_command(c, request, len) == VIRTIO_GPU_RESP_OK_NODATA;
}
#define OK(c, request) ok(c, &(request), sizeof(request))

static const char *picture_2d(struct card *c)
{
    const struct virtio_gpu_resource_create_2d make =
        request_create_2d(1, VIRTIO_GPU_FORMAT_B8G8R8X8_UNORM, WIDTH, HEIGHT);
    const struct virtio_gpu_set_scanout show =
        request_scanout(1, WIDTH, HEIGHT);
    const struct virtio_gpu_transfer_to_host_2d copy =
        request_transfer(1, WIDTH, HEIGHT);
    const struct virtio_gpu_resource_flush flush =
        request_flush(1, WIDTH, HEIGHT);
    const struct target t = {.domid = c->domid};
    static uint32_t colour;
    uint32_t got[WIDTH * HEIGHT], *p = card_ptr(c, PIXELS), i;
    json_t *about = NULL;
    bool right;
    int fd = -1;

    colour = (colour + 0x010305) & 0xffffff;
    for (i = 0; i < WIDTH * HEIGHT; i++)
        p[i] = colour ^ i;
    if (!OK(c, make))
        return "2D: no resource";
    card_backing(c, 1, PIXELS, sizeof(got));
    if (!OK(c, show) || !OK(c, copy) || !OK(c, flush) ||
        client_ask(&t, "screenshot", &about, &fd) != EXIT_OK)
        return "2D: no picture";
    json_decref(about);
    right = pread(fd, got, sizeof(got), 0) == sizeof(got);
    for (i = 0; i < WIDTH * HEIGHT; i++)
        right &= (got[i] & 0xffffff) == (colour ^ i);
    close(fd);
    return right ? NULL : "2D: other pixels";
}

/* A context clears a resource to a colour, which is read back. */
static const char *picture_3d(struct card *c)
{
    const struct virtio_gpu_resource_create_3d make =
        request_create_3d(2, WIDTH, HEIGHT);
    const struct virtio_gpu_transfer_host_3d read = request_transfer_3d(
        VIRTIO_GPU_CMD_TRANSFER_FROM_HOST_3D, 1, 2, WIDTH, HEIGHT);
    uint32_t dw[STREAM_TARGET + STREAM_CLEAR];
    uint32_t *p = card_ptr(c, PIXELS), i;
    bool right = true;

    stream_clear(dw + stream_target(dw, 2), 1, 0, 1);
    memset(p, 0, 4 * WIDTH * HEIGHT);
    if (!OK(c, make))
        return "3D: no resource";
    card_context(c);
    card_in_context(c, 2);
    card_backing(c, 2, PIXELS, 4 * WIDTH * HEIGHT);
    card_stream(c, dw, STREAM_TARGET + STREAM_CLEAR);
    if (!OK(c, read))
        return "3D: it can't be read";
    for (i = 0; i < WIDTH * HEIGHT; i++)
        right &= p[i] == 0xffff00ff;
    return right ? NULL : "3D: other pixels";
}

const char *storm_picture(struct card *c, bool gl)
{
    const char *why = picture_2d(c);

    return why || !gl ? why : picture_3d(c);
}
