/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Each call of a virtio-gpu's engine that can fail fails once, at each of its
 * uses in a whole life: start, a picture, mappings dropped, another process
 * that goes on, the driver's reset, a picture in a blob. In 2D. This process is
 * driver, device and scheduler. What must follow stands in README.md.
 */
#include <stdio.h>
#include <string.h>

#include "report.h"
#include "virtio-guest.h"

#define CONTROL LINK_QUEUE_CONTROL
#define HDR ((uint32_t)sizeof(struct virtio_gpu_ctrl_hdr))
#define SIDE 64u
#define BYTES (4 * SIDE * SIDE)
#define TURNS 200u

static struct guest g;
static int ended;

static void turn(void)
{
    int rc;

    points_exempt(false);
    rc = engine_turn(g.rig.e, 0);
    points_exempt(true);
    if (rc && !ended)
        log_error("poll: %s", strerror(-rc)); /* as its main() does */
    if (rc)
        ended = rc;
}

static const char *command(enum link_cmd cmd, uint32_t restart)
{
    struct link_dev *dev = &g.rig.link->dev;
    unsigned int i;

    dev->restart = restart;
    LINK_WRITE(dev->cmd, cmd);
    LINK_WRITE_REL(dev->cmd_seq, dev->cmd_seq + 1);
    for (i = 0; i < 3; i++)
        turn();
    if (ended)
        return "ended";
    if (g.rig.link->eng.ack_seq != dev->cmd_seq)
        return "!no acknowledgement";
    return g.rig.link->eng.ack_status ? "refused" : NULL;
}

/* As the driver's reset does it. */
static const char *start(void)
{
    memset(guest_ptr(&g, GUEST_AVAIL(CONTROL), 4096), 0, 4096);
    memset(guest_ptr(&g, GUEST_USED(CONTROL), 4096), 0, 4096);
    g.avail[CONTROL] = g.used[CONTROL] = 0;
    return command(LINK_CMD_START, 0);
}

/* The answer's type; 0: there is none. */
static uint32_t ask(const void *request, uint32_t len)
{
    struct virtio_gpu_ctrl_hdr *hdr = guest_ptr(&g, GUEST_RESPONSE, HDR);
    unsigned int i;

    hdr->type = 0;
    guest_put(&g, CONTROL, request, len, HDR);
    for (i = 0; i < TURNS && !ended && !guest_returned(&g, CONTROL, NULL) &&
                g.rig.e->state == LINK_RUNNING;
         i++)
        turn();
    return hdr->type;
}

static const char *not_ok(const char *what, uint32_t type)
{
    if (ended)
        return "ended";
    if (g.rig.e->state == LINK_STOPPED) {
        log_error("fault %u", g.rig.link->eng.fault_code); /* the device's */
        return g.rig.link->eng.fault_code ? "a fault" : "!no code of a fault";
    }
    if (!type)
        return "!no answer";
    log_error("%s: 0x%x", what, type); /* the guest's to see */
    return "a command was refused";
}

#define ASK(c)                                                                 \
    do {                                                                       \
        uint32_t type_ = ask(&(c), sizeof(c));                                 \
                                                                               \
        if (type_ != VIRTIO_GPU_RESP_OK_NODATA)                                \
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
    struct virtio_gpu_resource_create_2d create = {
        .hdr.type = VIRTIO_GPU_CMD_RESOURCE_CREATE_2D,
        .resource_id = 1,
        .format = VIRTIO_GPU_FORMAT_B8G8R8X8_UNORM,
        .width = SIDE,
        .height = SIDE,
    };
    struct {
        struct virtio_gpu_resource_attach_backing c;
        struct virtio_gpu_mem_entry entry;
    } attach = {
        .c.hdr.type = VIRTIO_GPU_CMD_RESOURCE_ATTACH_BACKING,
        .c.resource_id = 1,
        .c.nr_entries = 1,
        .entry = {.addr = GUEST_DATA, .length = BYTES},
    };
    struct virtio_gpu_set_scanout scanout = {
        .hdr.type = VIRTIO_GPU_CMD_SET_SCANOUT,
        .r = {0, 0, SIDE, SIDE},
        .resource_id = 1,
    };
    struct virtio_gpu_transfer_to_host_2d transfer = {
        .hdr.type = VIRTIO_GPU_CMD_TRANSFER_TO_HOST_2D,
        .r = {0, 0, SIDE, SIDE},
        .resource_id = 1,
    };
    struct virtio_gpu_resource_flush flush = {
        .hdr.type = VIRTIO_GPU_CMD_RESOURCE_FLUSH,
        .r = {0, 0, SIDE, SIDE},
        .resource_id = 1,
    };
    static uint32_t colour;

    if (g.rig.e->state != LINK_RUNNING) {
        const char *why = start();

        if (why)
            return why;
    }
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
        .format = VIRTIO_GPU_FORMAT_B8G8R8X8_UNORM,
        .strides = {4 * SIDE},
    };
    struct virtio_gpu_resource_flush flush = {
        .hdr.type = VIRTIO_GPU_CMD_RESOURCE_FLUSH,
        .r = {0, 0, SIDE, SIDE},
        .resource_id = 2,
    };

    if (g.rig.e->state != LINK_RUNNING) {
        const char *why = start();

        if (why)
            return why;
    }
    ask(&unref, sizeof(unref)); /* of a step before, if any */
    ASK(create);
    ASK(scanout);
    memset(guest_ptr(&g, GUEST_DATA, BYTES), 0x5c, BYTES);
    ASK(flush);
    return what_is_shown();
}

static const char *invalidate(void)
{
    g.rig.link->dev.map_generation++;
    turn();
    return ended ? "ended" : NULL;
}

/* Another process takes the queues over. */
static const char *death(void)
{
    int rc;

    points_exempt(false);
    engine_free(g.rig.e);
    g.rig.e = NULL;
    rc = engine_new(&g.rig.config, &g.rig.e);
    points_exempt(true);
    if (rc) {
        log_error("start: %s", strerror(-rc)); /* as its main() does */
        return "the next process did not start";
    }
    return command(LINK_CMD_START, 1);
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
    int rc;

    guest_new(&g, GUEST_FEATURES | 1ull << VIRTIO_GPU_F_RESOURCE_BLOB);
    engine_free(g.rig.e);
    g.rig.e = NULL;
    points_exempt(false);
    rc = engine_new(&g.rig.config, &g.rig.e);
    points_exempt(true);
    if (rc) {
        log_error("start: %s", strerror(-rc)); /* as its main() does */
        o->refused = true;
    } else {
        take_steps(o, steps, sizeof(steps) / sizeof(steps[0]));
        phase(o, "end");
        points_exempt(false);
        engine_free(g.rig.e);
        points_exempt(true);
        g.rig.e = NULL;
    }
    points_get()->on = 0;
    if (ended) {
        o->ended = true;
        o->failed = NULL;
    }
    if (!o->failed && fx_foreign_mappings(g.rig.domid))
        o->failed = "foreign mappings are left";
    if (!o->failed && atomic_load(&points_get()->memory))
        o->failed = "memory is left";
    if (!o->failed && atomic_load(&points_get()->mappings))
        o->failed = "mappings are left";
    guest_free(&g);
}

int main(void)
{
    points_exempt(true);
    points_of_forks();
    return report_run("a virtio-gpu's engine in one process", life, 0);
}
