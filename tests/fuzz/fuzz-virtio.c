/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a virtio-gpu's driver can put into its queues and its memory, and a
 * scheduler in between; and what an engine's process that was taken over
 * leaves to its successor. The renderer is a double.
 *
 * Input: a byte of features (bit 0: 3D, bit 1: blobs), then records
 * (engine-fuzz.h).
 */
#include "engine-fuzz.h"
#include "virtio-guest.h"

#define DATA_GFN ((unsigned int)(GUEST_DATA >> 12))
#define LOCAL (8u << 20)
#define MAPPED (2u << 20)

enum record_kind {
    REC_COMMAND, /* a whole one on the control queue, with an answer */
    REC_CURSOR,
    REC_DESC,   /* descriptors as they come, the byte offered */
    REC_TABLE,  /* the same in a table of the byte's length */
    REC_MEMORY, /* at 4096 * byte */
    REC_INDEX,  /* the available index */
    REC_RUN,
    REC_STOP_IN, /* a command, and the grant ends in its midst */
    REC_START,
    REC_STOP,
    REC_MASTER,
    REC_GENERATION,
    REC_BALLOON,
    REC_DIE,  /* the process is replaced */
    REC_TAKE, /* ... and what it left was tampered with */
    NR_RECORDS,
};

static struct guest g;
static void check(void)
{
    const struct vgpu *v = vgpu_of(g.rig.e);
    const struct link_eng *eng = &g.rig.link->eng;
    uint64_t bytes = 0, backing = 0;
    struct resource *r, *next;
    uint32_t i, n = 0;

    if (g.rig.e->preparing) /* what the one before it has left */
        return;
    FUZZ_CHECK(eng->state <= LINK_STOPPED);
    FUZZ_CHECK(eng->fault_code <= XVGPU_FAULT_NO_ENGINE);
    HASH_ITER (hh, v->resources, r, next) {
        FUZZ_CHECK(r->s->id == r->id && !r->s->first == !r->backing_bytes);
        bytes += r->bytes;
        backing += r->backing_bytes;
        n++;
    }
    FUZZ_CHECK(bytes == v->bytes && backing == v->backing_bytes);
    FUZZ_CHECK(bytes <= LOCAL && backing <= VGPU_BACKING_MAX);
    if (v->store.nr_free_resources)
        FUZZ_CHECK(n + v->store.nr_free_resources == VGPU_RESOURCES);
    for (i = 0; i < SCANOUT_MAX && g.rig.e->state == LINK_RUNNING; i++)
        FUZZ_CHECK(!v->store.head->scanout[i].resource ||
                   resource_find(vgpu_of(g.rig.e),
                                 v->store.head->scanout[i].resource));
}

static void start(uint32_t restart)
{
    g.rig.link->dev.restart = restart;
    engine_fuzz_command(LINK_CMD_START);
    engine_fuzz_run();
}

static void respawn(struct bytes *in, size_t len)
{
    struct store *s = &vgpu_of(g.rig.e)->store;
    unsigned char *part[] = {(unsigned char *)s->head,
                             (unsigned char *)s->resource,
                             (unsigned char *)s->block};
    size_t i;

    for (i = 0; i + 4 <= len; i += 4)
        part[take(in, 1) % 3][take(in, 2) % 4096] ^= (uint8_t)take(in, 1);
    rig_respawn(&g.rig);
    vgpu_of(g.rig.e)->mapped_max = MAPPED;
    start(1);
}

static uint64_t features_of(unsigned int byte)
{
    return (byte & 1 ? 1ull << VIRTIO_GPU_F_VIRGL : 0) |
           (byte & 2 ? 1ull << VIRTIO_GPU_F_RESOURCE_BLOB : 0);
}

static void put(uint32_t queue, const uint8_t *data, size_t len)
{
    guest_put(&g, queue, data, (uint32_t)len, len % 7 ? 2048 : HDR);
}

static void run_record(unsigned int kind, unsigned int byte, struct bytes *in,
                       size_t len)
{
    struct link_dev *dev = &g.rig.link->dev;
    const uint32_t queue = byte & 1;

    g.indirect = byte & 2;
    switch (kind) {
    case REC_COMMAND:
    case REC_CURSOR:
        put(kind == REC_CURSOR, in->at, len);
        engine_fuzz_run();
        break;
    case REC_DESC:
        len = len < 16 * GUEST_QUEUE ? len : 16 * GUEST_QUEUE;
        fx_write(g.rig.domid, GUEST_DESC(queue), in->at, len);
        guest_offer(&g, queue, (uint16_t)(byte >> 2));
        engine_fuzz_run();
        break;
    case REC_TABLE:
        fx_write(g.rig.domid, GUEST_INDIRECT, in->at, len);
        guest_desc(&g, queue, 0, GUEST_INDIRECT, byte * 8,
                   VRING_DESC_F_INDIRECT, 0);
        guest_offer(&g, queue, 0);
        engine_fuzz_run();
        break;
    case REC_MEMORY:
        fx_write(g.rig.domid, byte * 4096ull, in->at, len);
        break;
    case REC_INDEX:
        g.avail[queue] = (uint16_t)(g.avail[queue] + take(in, 2));
        guest_offer(&g, queue, (uint16_t)byte);
        engine_fuzz_run();
        break;
    case REC_RUN:
        engine_fuzz_run();
        break;
    case REC_STOP_IN:
        put(queue, in->at, len);
        if (g.rig.e->state == LINK_RUNNING && virtio_front.look(g.rig.e) &&
            engine_has_work(g.rig.e)) {
            grant_set(g.rig.grant, GRANT_NONE);
            virtio_front.run(g.rig.e);
            check();
        }
        break;
    case REC_START:
        dev->features =
            GUEST_FEATURES | features_of(byte) | (uint64_t)byte << 28;
        start(0);
        break;
    case REC_STOP:
        engine_fuzz_command(LINK_CMD_STOP);
        break;
    case REC_MASTER:
        LINK_WRITE(dev->bus_master, byte & 1);
        break;
    case REC_GENERATION:
        LINK_WRITE_REL(dev->map_generation, dev->map_generation + 1);
        engine_fuzz_run();
        break;
    case REC_BALLOON:
        /* Not what the driver's own double writes to. */
        if (byte * 8u >= DATA_GFN)
            fx_balloon_out(g.rig.domid, 0, byte * 8u, 1);
        break;
    case REC_DIE:
        respawn(in, 0);
        break;
    default:
        respawn(in, len);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes in = {data, data + size};

    guest_new(&g, GUEST_FEATURES | features_of((unsigned int)take(&in, 1)));
    g.rig.e->limits.local_size = g.rig.config.limits.local_size = LOCAL;
    vgpu_of(g.rig.e)->mapped_max = MAPPED;
    engine_fuzz_begin(&g.rig, check);
    start(0);
    engine_fuzz_records(&in, NR_RECORDS, run_record);
    engine_fuzz_end();
    return 0;
}
