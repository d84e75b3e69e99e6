/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the administrator asks of a virtio-gpu. */
#include <errno.h>
#include <string.h>

#include "dm/device/virtio.h"

/* The engine's numbers: hostile, and passed on as such. */
static void show_work(const struct link_eng *eng, struct answer *to)
{
    static const char *const kinds[LINK_COMMANDS] = {
        [LINK_COMMAND_OBJECT] = "objects",
        [LINK_COMMAND_TRANSFER] = "transfers",
        [LINK_COMMAND_FLUSH] = "flushes",
        [LINK_COMMAND_SUBMIT] = "submits_3d",
        [LINK_COMMAND_CURSOR] = "cursor",
        [LINK_COMMAND_OTHER] = "others",
        [LINK_COMMAND_REFUSED] = "refused",
    };
    unsigned int i;

    answer_number(to, "virtio.contexts", LINK_READ(eng->contexts));
    answer_number(to, "virtio.resources", LINK_READ(eng->resources));
    answer_number(to, "virtio.resource_bytes", LINK_READ(eng->resource_bytes));
    answer_number(to, "virtio.backing_bytes", LINK_READ(eng->backing_bytes));
    for (i = 0; i < LINK_COMMANDS; i++)
        answer_text(to, "commands.%s %llu\n", kinds[i],
                    (unsigned long long)LINK_READ(eng->commands[i]));
}

void virtio_show(struct vgpu *vgpu, struct answer *to)
{
    const struct virtio_state *v = vgpu->virtio;
    struct scanout_view view;
    unsigned int i;

    answer_guards(vgpu, to);
    answer_number(to, "devfn", vgpu->devfn);
    answer_number(to, "uptime_ns", clock_ns() - vgpu->st->time_base_ns);
    answer_number(to, "resets", v->resets);
    answer_number(to, "quarantine", vgpu->st->quarantine != 0);
    answer_number(to, "bad_access", v->bad_access);
    answer_number(to, "bar_refused", v->bar_refused);
    answer_irq(vgpu, to);
    answer_number(to, "virtio.device_status", v->status);
    answer_number(to, "virtio.offered", virtio_features(vgpu));
    answer_number(to, "virtio.accepted", v->driver_features);
    answer_number(to, "virtio.capsets", v->capsets);
    answer_number(to, "virtio.notifications", v->kicks);
    answer_number(to, "virtio.interrupts_control",
                  v->interrupts[LINK_QUEUE_CONTROL]);
    answer_number(to, "virtio.interrupts_cursor",
                  v->interrupts[LINK_QUEUE_CURSOR]);
    answer_number(to, "virtio.needs_reset", v->faults);
    answer_number(to, "virtio.fault_code", v->fault_code);
    answer_number(to, "virtio.fault_addr", v->fault_addr);
    answer_number(to, "gfx.resets", v->engine_resets);
    for (i = 0; i < v->scanouts; i++) {
        if (!vgpu->engines[VIRTIO_ENGINE].st->enabled ||
            scanout_look(vgpu->scanouts, i, &view))
            view = (struct scanout_view){0};
        answer_text(to, "scanout%u.width %u\nscanout%u.height %u\n", i,
                    view.width, i, view.height);
        answer_text(to, "scanout%u.flushes %u\n", i, view.flushes);
    }
    show_work(&virtio_engine(vgpu)->link->eng, to);
    answer_engine(vgpu, VIRTIO_ENGINE, to);
}

int virtio_screenshot(struct vgpu *vgpu, uint32_t scanout, struct answer *to)
{
    struct scanout_view view;
    uint8_t *pixels;
    uint32_t y;
    bool shown;
    int rc;

    pthread_mutex_lock(&vgpu->dev->lock);
    shown = vgpu->engines[VIRTIO_ENGINE].st->enabled;
    rc = scanout < vgpu->virtio->scanouts ? 0 : -ENODATA;
    pthread_mutex_unlock(&vgpu->dev->lock);
    if (rc) {
        answer_text(to, "there is no scanout %u", scanout);
        return rc;
    }
    if (!shown || scanout_look(vgpu->scanouts, scanout, &view)) {
        answer_text(to, "the guest shows no surface");
        return -ENODATA;
    }
    to->width = view.width;
    to->height = view.height;
    rc = picture_new(to, &pixels);
    if (rc)
        return rc;
    for (y = 0; y < view.height; y++)
        memcpy(pixels + 4ull * y * view.width,
               view.pixels + (uint64_t)y * view.line, 4ull * view.width);
    return picture_seal(to, pixels, 0);
}
