/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A driver that gets its rings, descriptors, commands and registers wrong, now
 * and then after a beginning that was good.
 */
#include <linux/virtio_gpu.h>
#include <linux/virtio_ring.h>
#include <string.h>

#include "storm.h"
#include "virtio-requests.h"

#define STEPS_MAX 24u
#define PATIENCE_MS 40u
#define REGISTERS 0x4000u /* of the BAR */

/* Commands and how long they are at least. */
static const struct {
    uint16_t type, size;
} commands[] = {
#define ROW(NAME, structure)                                                   \
    {                                                                          \
        VIRTIO_GPU_CMD_##NAME, sizeof(struct virtio_gpu_##structure)           \
    }
    ROW(GET_DISPLAY_INFO, ctrl_hdr),
    ROW(RESOURCE_CREATE_2D, resource_create_2d),
    ROW(RESOURCE_UNREF, resource_unref),
    ROW(SET_SCANOUT, set_scanout),
    ROW(RESOURCE_FLUSH, resource_flush),
    ROW(TRANSFER_TO_HOST_2D, transfer_to_host_2d),
    ROW(RESOURCE_ATTACH_BACKING, resource_attach_backing),
    ROW(RESOURCE_DETACH_BACKING, resource_detach_backing),
    ROW(GET_CAPSET_INFO, get_capset_info),
    ROW(GET_CAPSET, get_capset),
    ROW(GET_EDID, cmd_get_edid),
    ROW(RESOURCE_ASSIGN_UUID, resource_unref),
    ROW(RESOURCE_CREATE_BLOB, resource_create_blob),
    ROW(SET_SCANOUT_BLOB, set_scanout_blob),
    ROW(CTX_CREATE, ctx_create),
    ROW(CTX_DESTROY, ctx_destroy),
    ROW(CTX_ATTACH_RESOURCE, ctx_resource),
    ROW(CTX_DETACH_RESOURCE, ctx_resource),
    ROW(RESOURCE_CREATE_3D, resource_create_3d),
    ROW(TRANSFER_TO_HOST_3D, transfer_host_3d),
    ROW(TRANSFER_FROM_HOST_3D, transfer_host_3d),
    ROW(SUBMIT_3D, cmd_submit),
    ROW(RESOURCE_MAP_BLOB, resource_map_blob),
    ROW(RESOURCE_UNMAP_BLOB, resource_unmap_blob),
    ROW(UPDATE_CURSOR, update_cursor),
    ROW(MOVE_CURSOR, update_cursor),
#undef ROW
};
#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static uint32_t an_id(struct chance *r)
{
    return below(r, 16) ? 1 + below(r, 4) : odd_number(r);
}

static uint32_t an_address(struct chance *r)
{
    static const uint32_t bases[] = {0,           CARD_DESC(0),  CARD_USED(0),
                                     CARD_TABLE,  CARD_REQUEST,  CARD_RESPONSE,
                                     CARD_DATA,   CARD_RAM - 16, CARD_RAM,
                                     0xf0000000u, 0xfffffff0u};

    return bases[below(r, sizeof(bases) / sizeof(bases[0]))] +
           (below(r, 2) ? below(r, 0x5000) : 0);
}

/* ---- Commands --------------------------------------------------------------
 */

/* What a good driver begins with. */
static void good_beginning(struct card *c, struct chance *r)
{
    const uint32_t side = 8u << below(r, 4), id = 1 + below(r, 4);
    const struct virtio_gpu_resource_create_2d two =
        request_create_2d(id, VIRTIO_GPU_FORMAT_B8G8R8X8_UNORM, side, side);
    const struct virtio_gpu_resource_create_3d three = {
        .hdr.type = VIRTIO_GPU_CMD_RESOURCE_CREATE_3D,
        .resource_id = id,
        .target = below(r, 9),
        .format =
            below(r, 2) ? VIRTIO_GPU_FORMAT_B8G8R8A8_UNORM : 1 + below(r, 300),
        .bind = 1u << below(r, 20) | 1u << below(r, 8),
        .width = side,
        .height = side,
        .depth = 1,
        .array_size = 1,
        .last_level = below(r, 4) ? 0 : below(r, 6),
        .nr_samples = below(r, 8) ? 0 : below(r, 9)};
    const struct virtio_gpu_set_scanout show = request_scanout(id, side, side);

    if (below(r, 2)) {
        card_put(c, &two, sizeof(two));
    } else {
        card_context(c);
        card_put(c, &three, sizeof(three));
        card_in_context(c, id);
    }
    card_backing(c, id, CARD_DATA + 0x100000 * id + below(r, 2) * below(r, 64),
                 4 * side * side);
    if (below(r, 2))
        card_put(c, &show, sizeof(show));
}

static uint32_t field(struct chance *r)
{
    switch (below(r, 4)) {
    case 0:
        return odd_number(r);
    case 1:
        return an_address(r);
    default:
        return below(r, 65);
    }
}

/* A command whose fields make sense as often as not. */
static uint32_t make_command(struct chance *r, uint32_t *dw)
{
    const uint32_t which = below(r, COMMANDS);
    uint32_t n = commands[which].size / 4, i;

    if (commands[which].type == VIRTIO_GPU_CMD_RESOURCE_ATTACH_BACKING ||
        commands[which].type == VIRTIO_GPU_CMD_SUBMIT_3D)
        n += below(r, 2) ? 4 * below(r, 9) : below(r, 200);
    for (i = 6; i < n; i++)
        dw[i] = field(r);
    /* Some have it first, others behind a rectangle, or a box and offset. */
    if (n > 6 && below(r, 2))
        dw[6] = an_id(r);
    if (n > 10 && below(r, 2))
        dw[10] = an_id(r);
    if (n > 12 && below(r, 2))
        dw[12] = an_id(r);
    if (n > 14 && below(r, 2))
        dw[14] = an_id(r);
    dw[0] = below(r, 32) ? commands[which].type : odd_number(r);
    dw[1] = below(r, 4);
    dw[2] = below(r, 1000);
    dw[3] = 0;
    dw[4] = below(r, 8) ? 1 : an_id(r);
    dw[5] = below(r, 4);
    if (commands[which].type == VIRTIO_GPU_CMD_SUBMIT_3D && below(r, 4))
        dw[6] = (n - 8) * 4;
    if (commands[which].type == VIRTIO_GPU_CMD_RESOURCE_ATTACH_BACKING &&
        below(r, 4))
        dw[7] = (n - 8) / 4;
    return below(r, 16) ? n : below(r, n + 1);
}

static void command(struct card *c, struct chance *r)
{
    uint32_t dw[256], n = make_command(r, dw);

    card_put(c, dw, 4 * n + (below(r, 16) ? 0 : below(r, 4)));
}

/* ---- Rings -----------------------------------------------------------------
 */

static void offer(struct card *c, unsigned int q, uint16_t head)
{
    struct vring_avail *avail = card_ptr(c, CARD_AVAIL(q));

    avail->ring[c->offered[q]++ % CARD_QUEUE] = head;
    __atomic_store_n(&avail->idx, c->offered[q], __ATOMIC_RELEASE);
}

static struct vring_desc some_descriptor(struct chance *r)
{
    static const uint16_t flags[] = {0,
                                     VRING_DESC_F_NEXT,
                                     VRING_DESC_F_NEXT,
                                     VRING_DESC_F_WRITE,
                                     VRING_DESC_F_NEXT | VRING_DESC_F_WRITE,
                                     VRING_DESC_F_INDIRECT};
    struct vring_desc d = {
        .addr = an_address(r),
        .len = below(r, 4) ? below(r, 300) : odd_number(r),
        .flags = below(r, 16) ? flags[below(r, 6)] : (uint16_t)chance(r),
        .next = (uint16_t)(below(r, 8) ? below(r, 32) : chance(r)),
    };

    if (!below(r, 16))
        d.addr = chance(r);
    return d;
}

/* The queue's own descriptors, or a table; a command may be in the first. */
static void descriptors(struct card *c, struct chance *r, unsigned int q,
                        bool table)
{
    const uint32_t n = 1 + below(r, 32), head = below(r, 32);
    struct vring_desc *d = card_ptr(c, table ? CARD_TABLE : CARD_DESC(q));
    struct vring_desc *own = card_ptr(c, CARD_DESC(q));
    uint32_t i;

    make_command(r, card_ptr(c, CARD_REQUEST));
    for (i = 0; i < n; i++)
        d[i] = some_descriptor(r);
    if (below(r, 2))
        d[0] = (struct vring_desc){CARD_REQUEST, 24 + below(r, 100),
                                   VRING_DESC_F_NEXT, 1};
    if (table)
        own[head] = (struct vring_desc){
            CARD_TABLE, below(r, 8) ? n * 16 : odd_number(r),
            VRING_DESC_F_INDIRECT | (uint16_t)(below(r, 16) ? 0 : below(r, 4)),
            (uint16_t)below(r, 32)};
    offer(c, q, (uint16_t)(below(r, 16) ? table ? head : 0 : chance(r)));
}

static void scribble(struct card *c, struct chance *r)
{
    uint32_t at = CARD_DESC(0) + (below(r, 0x20000) & ~3u), n = 1 + below(r, 8);

    if (below(r, 2)) /* where it hurts: indices and flags */
        at = (below(r, 2) ? CARD_AVAIL(below(r, 2)) : CARD_USED(below(r, 2))) +
             4 * below(r, 4);
    while (n--)
        memcpy(card_ptr(c, at + 4 * n), &(uint32_t){odd_number(r)}, 4);
}

/* ---- Registers -------------------------------------------------------------
 */

static void poke(struct card *c, struct chance *r)
{
    static const uint32_t likely[] = {
        0x00, 0x04, 0x08,   0x0c,   0x10,   0x14,   0x16,   0x18,
        0x1a, 0x1c, 0x1e,   0x20,   0x24,   0x28,   0x2c,   0x30,
        0x34, 0x38, 0x1000, 0x2000, 0x2004, 0x2008, 0x3000, 0x3004};
    const uint32_t at =
        below(r, 4) ? likely[below(r, sizeof(likely) / sizeof(likely[0]))]
                    : below(r, REGISTERS);
    const unsigned int size = 1u << below(r, 4);

    if (below(r, 4))
        card_write(c, at, size, odd_number(r));
    else
        card_read(c, at, size);
}

static void balloon(struct card *c, struct chance *r)
{
    const xen_pfn_t gfn = (CARD_DATA >> 12) + below(r, 0x500);

    if (fx_balloon_out(c->domid, 0, gfn, 1) == 0) {
        card_go(c, PATIENCE_MS);
        fx_populate(c->domid, gfn, 1);
    }
}

static void step(struct card *c, struct chance *r)
{
    switch (below(r, 20)) {
    case 0:
    case 1:
        good_beginning(c, r);
        break;
    case 2:
        descriptors(c, r, 0, false);
        break;
    case 3:
        descriptors(c, r, 0, true);
        break;
    case 4:
        descriptors(c, r, 1, below(r, 2));
        card_write(c, 0x3004, 2, 1);
        break;
    case 5:
        scribble(c, r);
        break;
    case 6:
        c->offered[0] = (uint16_t)(c->offered[0] +
                                   (below(r, 2) ? below(r, 300) : chance(r)));
        break;
    case 7:
    case 8:
        poke(c, r);
        break;
    case 9:
        /* What is there, and command and BARs; put right by the next start. */
        card_config(c, below(r, 2) ? 4 : 4 * below(r, 64), odd_number(r));
        break;
    case 10:
        balloon(c, r);
        break;
    case 11:
        if (!below(r, 4))
            card_drive(c, 1ull << below(r, 5) | 1ull << (28 + below(r, 2)));
        break;
    default:
        command(c, r);
    }
}

void storm_queues(struct card *c, struct chance *r)
{
    uint32_t n = 1 + below(r, STEPS_MAX);

    good_beginning(c, r);
    while (n--) {
        step(c, r);
        if (below(r, 2) && !card_go(c, PATIENCE_MS) && below(r, 2))
            break;
    }
    card_go(c, PATIENCE_MS);
}
