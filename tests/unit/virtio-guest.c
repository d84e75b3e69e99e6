/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "virtio-guest.h"

#include <stdio.h>
#include <stdlib.h>

#define CHECK(cond)                                                            \
    do {                                                                       \
        if (!(cond)) {                                                         \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #cond);         \
            exit(99);                                                          \
        }                                                                      \
    } while (0)

void guest_new(struct guest *g, uint64_t features)
{
    static struct engine_ops only_2d;
    struct link_dev *dev;
    uint32_t q;

    memset(g, 0, sizeof(*g));
    /* A renderer takes its time to begin. */
    only_2d = virtio_ops;
    only_2d.init = NULL;
    rig_new_ops(&g->rig,
                features & 1ull << VIRTIO_GPU_F_VIRGL ? &virtio_ops : &only_2d,
                GUEST_RAM, 64);
    dev = &g->rig.link->dev;
    dev->features = features;
    dev->nr_scanouts = 2;
    dev->display[0] =
        (struct link_display){.width = 1280, .height = 800, .enabled = 1};
    dev->display[1] =
        (struct link_display){.width = 640, .height = 480, .enabled = 1};
    for (q = 0; q < LINK_QUEUES; q++)
        dev->queue[q] = (struct link_queue){GUEST_DESC(q), GUEST_AVAIL(q),
                                            GUEST_USED(q), GUEST_QUEUE, 1};
}

int guest_start(struct guest *g, uint32_t restart)
{
    g->rig.link->dev.restart = restart;
    return rig_command(&g->rig, LINK_CMD_START);
}

void guest_free(struct guest *g)
{
    rig_free(&g->rig);
}

int guest_begin(struct guest *g, uint64_t features)
{
    guest_new(g, features);
    CHECK(guest_start(g, 0) == 0);
    guest_turn(g);
    CHECK(!(features & 1ull << VIRTIO_GPU_F_VIRGL) || vgpu_of(g->rig.e)->virgl);
    return 0;
}

int guest_end(struct guest *g)
{
    int mapped;

    guest_free(g);
    mapped = (int)fx_foreign_mappings(g->rig.domid);
    if (mapped)
        fprintf(stderr, "%d pages of the guest are mapped still\n", mapped);
    return mapped ? -1 : 0;
}

void guest_respawn(struct guest *g)
{
    rig_respawn(&g->rig);
    CHECK(guest_start(g, 1) == 0);
    guest_turn(g);
}

void guest_empty_rings(struct guest *g)
{
    uint32_t q;

    for (q = 0; q < LINK_QUEUES; q++) {
        memset(guest_ptr(g, GUEST_AVAIL(q), 0x1000), 0, 0x1000);
        memset(guest_ptr(g, GUEST_USED(q), 0x1000), 0, 0x1000);
        g->avail[q] = g->used[q] = 0;
    }
}

void guest_renew(struct guest *g)
{
    CHECK(rig_command(&g->rig, LINK_CMD_STOP) == 0);
    guest_empty_rings(g);
    CHECK(guest_start(g, 0) == 0);
    guest_turn(g);
}

void *guest_ptr(struct guest *g, uint64_t gpa, size_t len)
{
    return rig_ptr(&g->rig, gpa, len);
}

void guest_desc(struct guest *g, uint32_t queue, uint32_t i, uint64_t addr,
                uint32_t len, uint16_t flags, uint16_t next)
{
    struct vring_desc d = {addr, len, flags, next};

    memcpy(guest_ptr(g, GUEST_DESC(queue) + i * sizeof(d), sizeof(d)), &d,
           sizeof(d));
}

static struct vring_avail *avail_of(struct guest *g, uint32_t queue)
{
    return guest_ptr(g, GUEST_AVAIL(queue), 6 + 2 * GUEST_QUEUE);
}

void guest_offer(struct guest *g, uint32_t queue, uint16_t head)
{
    struct vring_avail *avail = avail_of(g, queue);

    avail->ring[g->avail[queue] % GUEST_QUEUE] = head;
    __atomic_store_n(&avail->idx, ++g->avail[queue], __ATOMIC_RELEASE);
    CHECK(link_kick(g->rig.config.kick) == 0);
}

void guest_turn(struct guest *g)
{
    int turns = 0;

    do {
        CHECK(engine_turn(g->rig.e, 0) == 0);
        CHECK(++turns < 1000000);
    } while (engine_has_work(g->rig.e) || g->rig.e->preparing);
}

void guest_preempt(struct guest *g)
{
    virtio_front.look(g->rig.e);
    rig_grant(&g->rig, GRANT_NONE);
    virtio_front.run(g->rig.e);
}

uint32_t guest_returned(struct guest *g, uint32_t queue,
                        struct vring_used_elem *last)
{
    struct vring_used *used =
        guest_ptr(g, GUEST_USED(queue), 6 + 8 * GUEST_QUEUE);
    uint16_t n = (uint16_t)(used->idx - g->used[queue]);

    if (n && last)
        memcpy(last, &used->ring[(uint16_t)(used->idx - 1) % GUEST_QUEUE],
               sizeof(*last));
    g->used[queue] = used->idx;
    /* As a driver that wants to hear of the next one. */
    avail_of(g, queue)->ring[GUEST_QUEUE] = used->idx;
    return n;
}

void guest_put(struct guest *g, uint32_t queue, const void *request,
               uint32_t len, uint32_t response_len)
{
    uint32_t piece = g->piece ? g->piece : len, n = 0, at = 0, part;
    struct vring_desc *table, d;

    memcpy(guest_ptr(g, GUEST_REQUEST, len), request, len);
    table = g->indirect ? guest_ptr(g, GUEST_INDIRECT, 0x10000)
                        : guest_ptr(g, GUEST_DESC(queue), 16 * GUEST_QUEUE);
    while (at < len) {
        part = len - at < piece ? len - at : piece;
        d = (struct vring_desc){
            GUEST_REQUEST + at, part,
            at + part < len || response_len ? VRING_DESC_F_NEXT : 0,
            (uint16_t)(n + 1)};
        table[n++] = d;
        at += part;
    }
    if (response_len)
        table[n++] = (struct vring_desc){GUEST_RESPONSE, response_len,
                                         VRING_DESC_F_WRITE, 0};
    CHECK(g->indirect || n <= GUEST_QUEUE);
    if (g->indirect)
        guest_desc(g, queue, 0, GUEST_INDIRECT, n * 16, VRING_DESC_F_INDIRECT,
                   0);
    guest_offer(g, queue, 0);
}

uint32_t guest_command(struct guest *g, uint32_t queue, const void *request,
                       uint32_t len, void *response, uint32_t response_len)
{
    struct virtio_gpu_ctrl_hdr *hdr;
    struct vring_used_elem last = {0};

    guest_put(g, queue, request, len, response_len);
    guest_turn(g);
    if (guest_returned(g, queue, &last) != 1 || last.id != 0)
        return 0;
    CHECK(last.len <= response_len);
    if (last.len < sizeof(*hdr))
        return 0;
    hdr = guest_ptr(g, GUEST_RESPONSE, response_len);
    if (response)
        memcpy(response, hdr, response_len);
    return hdr->type;
}

uint32_t guest_send(struct guest *g, const void *request, uint32_t len)
{
    return guest_command(g, CONTROL, request, len, NULL, HDR);
}

uint32_t guest_create(struct guest *g, uint32_t id, uint32_t format,
                      uint32_t width, uint32_t height)
{
    const struct virtio_gpu_resource_create_2d c =
        request_create_2d(id, format, width, height);

    return guest_send(g, &c, sizeof(c));
}

uint32_t guest_attach(struct guest *g, uint32_t id, uint64_t addr, uint32_t len)
{
    const struct request_backing c = request_backing(id, addr, len);

    return guest_send(g, &c, sizeof(c));
}

uint32_t guest_on_resource(struct guest *g, uint32_t type, uint32_t id)
{
    struct virtio_gpu_resource_unref c = {.hdr.type = type, .resource_id = id};

    return guest_send(g, &c, sizeof(c));
}

uint32_t guest_transfer(struct guest *g, uint32_t id, uint64_t offset,
                        uint32_t x, uint32_t y, uint32_t width, uint32_t height)
{
    struct virtio_gpu_transfer_to_host_2d c =
        request_transfer(id, width, height);

    c.r.x = x;
    c.r.y = y;
    c.offset = offset;
    return guest_send(g, &c, sizeof(c));
}

uint32_t guest_scanout(struct guest *g, uint32_t scanout, uint32_t id,
                       uint32_t x, uint32_t y, uint32_t width, uint32_t height)
{
    struct virtio_gpu_set_scanout c = request_scanout(id, width, height);

    c.r.x = x;
    c.r.y = y;
    c.scanout_id = scanout;
    return guest_send(g, &c, sizeof(c));
}

uint32_t guest_flush(struct guest *g, uint32_t id, uint32_t x, uint32_t y,
                     uint32_t width, uint32_t height)
{
    struct virtio_gpu_resource_flush c = request_flush(id, width, height);

    c.r.x = x;
    c.r.y = y;
    return guest_send(g, &c, sizeof(c));
}

uint32_t guest_painted(uint32_t width, uint32_t x, uint32_t y, uint32_t salt)
{
    return (y * width + x) * 2654435761u + salt;
}

void guest_paint(struct guest *g, uint64_t gpa, uint32_t width, uint32_t height,
                 uint32_t salt)
{
    uint32_t *p = guest_ptr(g, gpa, 4ull * width * height), i;

    for (i = 0; i < width * height; i++)
        p[i] = guest_painted(width, i % width, i / width, salt);
}

uint32_t guest_shown(struct guest *g, uint32_t scanout, uint32_t x, uint32_t y)
{
    struct scanout_view view;

    if (scanout_look(vgpu_of(g->rig.e)->scanouts, scanout, &view) ||
        x >= view.width || y >= view.height)
        return ~0u;
    return view.pixels[y * view.line + x];
}
