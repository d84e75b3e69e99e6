/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Each call of a virtio-gpu's engine that can fail fails once, at each of its
 * uses in a whole life: start, a picture, mappings dropped, another process
 * that goes on, the driver's reset, a picture in a blob. In 2D. This process is
 * driver, device and scheduler. What must follow stands in README.md.
 */
#include <string.h>

#include "engine-life.h"
#include "in-process.h"
#include "virtio-guest.h"
#include "virtio-requests.h"

#define SIDE 64u
#define BYTES (4 * SIDE * SIDE)
#define TURNS 200u

static struct guest g;

static const char *command(enum link_cmd cmd, uint32_t restart)
{
    uint32_t status;

    g.rig.link->dev.restart = restart;
    status = engine_life_command(&g.rig, cmd);
    if (engine_ended)
        return ENDED;
    return status == ~0u ? "!no acknowledgement" : status ? "refused" : NULL;
}

/* As the driver's reset does it. */
static const char *start(void)
{
    guest_empty_rings(&g);
    return command(LINK_CMD_START, 0);
}

/* What a fault has stopped begins anew. */
static const char *running(void)
{
    return g.rig.e->state == LINK_RUNNING ? NULL : start();
}

/* The answer's type; 0: there is none. */
static uint32_t ask(const void *request, uint32_t len)
{
    struct virtio_gpu_ctrl_hdr *hdr = guest_ptr(&g, GUEST_RESPONSE, HDR);
    unsigned int i;

    hdr->type = 0;
    guest_put(&g, CONTROL, request, len, HDR);
    for (i = 0;
         i < TURNS && !engine_ended && !guest_returned(&g, CONTROL, NULL) &&
         g.rig.e->state == LINK_RUNNING;
         i++)
        engine_life_turn(&g.rig);
    return hdr->type;
}

static const char *not_ok(const char *what, uint32_t type)
{
    const char *why = engine_life_stopped(&g.rig);

    if (why)
        return why;
    if (!type)
        return "!no answer";
    log_error("%s: 0x%x", what, type); /* the guest's to see */
    return "a command was refused";
}

#define ASK(c)                                                                 \
    do {                                                                       \
        uint32_t type_ = ask(&(c), sizeof(c));                                 \
                                                                               \
        if (type_ != OK)                                                       \
            return not_ok(#c, type_);                                          \
    } while (0)

static const char *what_is_shown(void)
{
    const uint32_t *shown = scanout_pixels(vgpu_of(g.rig.e)->scanouts, 0);

    return memcmp(shown, guest_ptr(&g, GUEST_DATA, BYTES), BYTES)
               ? "!another picture is shown"
               : NULL;
}

static const char *picture(void)
{
    struct virtio_gpu_resource_unref unref = {
        .hdr.type = VIRTIO_GPU_CMD_RESOURCE_UNREF, .resource_id = 1};
    struct virtio_gpu_resource_create_2d create =
        request_create_2d(1, BGRX, SIDE, SIDE);
    struct request_backing attach = request_backing(1, GUEST_DATA, BYTES);
    struct virtio_gpu_set_scanout scanout = request_scanout(1, SIDE, SIDE);
    struct virtio_gpu_transfer_to_host_2d transfer =
        request_transfer(1, SIDE, SIDE);
    struct virtio_gpu_resource_flush flush = request_flush(1, SIDE, SIDE);
    const char *why = running();
    static uint32_t colour;

    if (why)
        return why;
    ask(&unref, sizeof(unref)); /* of a step before, if any */
    ASK(create);
    ASK(attach);
    ASK(scanout);
    memset(guest_ptr(&g, GUEST_DATA, BYTES), (int)++colour, BYTES);
    ASK(transfer);
    ASK(flush);
    return what_is_shown();
}

/* Of the guest's own pages, which are read when it is flushed. */
static const char *picture_of_blob(void)
{
    struct virtio_gpu_resource_unref unref = {
        .hdr.type = VIRTIO_GPU_CMD_RESOURCE_UNREF, .resource_id = 2};
    struct {
        struct virtio_gpu_resource_create_blob c;
        struct virtio_gpu_mem_entry entry;
    } create = {
        .c.hdr.type = VIRTIO_GPU_CMD_RESOURCE_CREATE_BLOB,
        .c.resource_id = 2,
        .c.blob_mem = VIRTIO_GPU_BLOB_MEM_GUEST,
        .c.nr_entries = 1,
        .c.size = BYTES,
        .entry = {.addr = GUEST_DATA, .length = BYTES},
    };
    struct virtio_gpu_set_scanout_blob scanout = {
        .hdr.type = VIRTIO_GPU_CMD_SET_SCANOUT_BLOB,
        .r = {0, 0, SIDE, SIDE},
        .resource_id = 2,
        .width = SIDE,
        .height = SIDE,
        .format = BGRX,
        .strides = {4 * SIDE},
    };
    struct virtio_gpu_resource_flush flush = request_flush(2, SIDE, SIDE);
    const char *why = running();

    if (why)
        return why;
    ask(&unref, sizeof(unref)); /* of a step before, if any */
    ASK(create);
    ASK(scanout);
    memset(guest_ptr(&g, GUEST_DATA, BYTES), 0x5c, BYTES);
    ASK(flush);
    return what_is_shown();
}

static const char *invalidate(void)
{
    return engine_life_invalidate(&g.rig);
}

/* Another process takes the queues over. */
static const char *death(void)
{
    const char *why = engine_life_anew(&g.rig);

    return why ? why : command(LINK_CMD_START, 1);
}

static const char *stop(void)
{
    return command(LINK_CMD_STOP, 0);
}

static const struct act steps[] = {
    {"start", start},
    {"picture", picture},
    {"picture again", picture},
    {"invalidation", invalidate},
    {"picture after it", picture},
    {"death", death},
    {"picture after death", picture},
    {"restart", start},
    {"picture after that", picture},
    {"picture of a blob", picture_of_blob},
    {"death", death},
    {"picture of a blob after it", picture_of_blob},
    {"stop", stop},
};

static void life(struct outcome *o)
{
    guest_new(&g, GUEST_FEATURES | 1ull << VIRTIO_GPU_F_RESOURCE_BLOB);
    engine_life(o, &g.rig, steps, sizeof(steps) / sizeof(steps[0]));
}

int main(void)
{
    return report_in_process("a virtio-gpu's engine in one process", life, 0);
}
