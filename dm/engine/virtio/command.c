/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of commands, and those that concern no resource. */
#include <string.h>

#include "dm/engine/virtio/vgpu.h"
#include "lib/edid.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* What the device says of a display: 0 by 0 where it has none. */
static struct link_display display_of(const struct vgpu *g, uint32_t i)
{
    const struct link_dev *dev = &g->e->link->dev;
    struct link_display d = {0};

    if (i >= SCANOUT_MAX || i >= LINK_READ(dev->nr_scanouts) ||
        !LINK_READ(dev->display[i].enabled))
        return d;
    d.width = LINK_READ(dev->display[i].width);
    d.height = LINK_READ(dev->display[i].height);
    d.enabled = d.width && d.height && d.width <= SCANOUT_WIDTH_MAX &&
                d.height <= SCANOUT_HEIGHT_MAX;
    return d;
}

static enum step get_display_info(struct vgpu *g, struct request *rq)
{
    struct virtio_gpu_resp_display_info *to =
        vgpu_answer(rq, VIRTIO_GPU_RESP_OK_DISPLAY_INFO, sizeof(*to));
    struct link_display d;
    uint32_t i, x = 0;

    for (i = 0; i < SCANOUT_MAX; i++) {
        d = display_of(g, i);
        if (!d.enabled)
            continue;
        to->pmodes[i].r = (struct virtio_gpu_rect){x, 0, d.width, d.height};
        to->pmodes[i].enabled = 1;
        x += d.width; /* side by side */
    }
    return STEP_DONE;
}

static enum step get_edid(struct vgpu *g, struct request *rq)
{
    const struct virtio_gpu_cmd_get_edid *from = (const void *)rq->buf;
    struct virtio_gpu_resp_edid *to;
    struct link_display d = display_of(g, from->scanout);

    if (!d.enabled) {
        vgpu_refuse(rq, VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER);
        return STEP_DONE;
    }
    to = vgpu_answer(rq, VIRTIO_GPU_RESP_OK_EDID, sizeof(*to));
    edid_make(to->edid, from->scanout, d.width, d.height);
    to->size = EDID_SIZE;
    return STEP_DONE;
}

#define ROW(NAME, structure, function)                                         \
    {                                                                          \
        VIRTIO_GPU_CMD_##NAME, sizeof(struct virtio_gpu_##structure), function \
    }
static const struct command control[] = {
    ROW(GET_DISPLAY_INFO, ctrl_hdr, get_display_info),
    ROW(GET_EDID, cmd_get_edid, get_edid),
    ROW(RESOURCE_CREATE_2D, resource_create_2d, vgpu_create_2d),
    ROW(RESOURCE_UNREF, resource_unref, vgpu_unref),
    ROW(RESOURCE_ATTACH_BACKING, resource_attach_backing, vgpu_attach_backing),
    ROW(RESOURCE_DETACH_BACKING, resource_detach_backing, vgpu_detach_backing),
    ROW(TRANSFER_TO_HOST_2D, transfer_to_host_2d, vgpu_transfer_2d),
    ROW(SET_SCANOUT, set_scanout, vgpu_set_scanout),
    ROW(RESOURCE_FLUSH, resource_flush, vgpu_flush),
};
static const struct command cursor[] = {
    ROW(UPDATE_CURSOR, update_cursor, vgpu_update_cursor),
    ROW(MOVE_CURSOR, update_cursor, vgpu_move_cursor),
};
#undef ROW

static const struct command *look_up(const struct command *table, size_t n,
                                     uint32_t type)
{
    for (; n; n--, table++) {
        if (table->type == type)
            return table;
    }
    return NULL;
}

const struct command *vgpu_command(const struct vgpu *g, uint32_t queue,
                                   uint32_t type)
{
    const struct command *row;

    if (queue == LINK_QUEUE_CURSOR)
        return look_up(cursor, ARRAY_SIZE(cursor), type);
    row = look_up(control, ARRAY_SIZE(control), type);
    if (!row && g->driver_blob)
        row = look_up(vgpu_commands_blob, vgpu_nr_commands_blob, type);
    if (!row && g->virgl && g->driver_3d)
        row = look_up(vgpu_commands_3d, vgpu_nr_commands_3d, type);
    return row;
}
