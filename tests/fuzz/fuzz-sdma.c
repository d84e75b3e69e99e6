/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a guest can put into rings and indirect buffers, its memory and its
 * doorbells included, and a scheduler in between. The engine runs here.
 *
 * Input: 8 bytes that describe the ring, then records (engine-fuzz.h).
 */
#include <errno.h>

#include "engine-fuzz.h"

#define RAM (2ull << 20)
#define HOLE_GFN 0x180u /* pages that are not there */
#define HOLE_PAGES 16u

enum record_kind {
    REC_RING,   /* append to the ring, ring the doorbell */
    REC_MEMORY, /* at 4096 * byte: indirect buffers, values waited for */
    REC_RUN,
    REC_RESUME,
    REC_START,
    REC_STOP,
    REC_WPTR, /* a doorbell as it comes */
    REC_GRANT,
    REC_MASTER,
    REC_GENERATION,
    REC_BALLOON,
    REC_PORT,    /* an event-channel doorbell */
    REC_SAVE,    /* the engine's process is replaced, with its context */
    REC_RESTORE, /* ... with one that was tampered with */
    NR_RECORDS,
};

static struct rig rig;
static evtchn_port_t port;

/* What the link page says must make sense to the device and the guest. */
static void check_link(void)
{
    const struct link_eng *eng = &rig.link->eng;

    FUZZ_CHECK(eng->state <= LINK_STOPPED);
    FUZZ_CHECK(eng->fault_code <= XVGPU_FAULT_NO_ENGINE);
    if (eng->state == LINK_IDLE)
        return;
    FUZZ_CHECK(eng->rptr % 4 == 0 && eng->rptr < rig.e->ring.size);
    FUZZ_CHECK(rig.e->ring.depth <= XVGPU_IB_MAX_DEPTH);
}

static void append(const uint8_t *data, size_t len)
{
    const uint32_t size = rig.link->dev.ring_size;
    uint32_t wptr = rig.link->dev.wptr;
    size_t i;

    len &= ~(size_t)3;
    for (i = 0; i < len && size; i++)
        fx_write(rig.domid, rig.link->dev.ring_base + (wptr + i) % size,
                 data + i, 1);
    if (size)
        wptr = (uint32_t)((wptr + len) % size);
    LINK_WRITE_REL(rig.link->dev.wptr, wptr);
}

/* Another process goes on where this one stands, or takes what it is given
 * and stays sane. */
static void move_engine(struct bytes *in, size_t len)
{
    uint8_t *image;
    void *saved;
    size_t n, i;

    if (LINK_READ(rig.link->eng.state) == LINK_IDLE)
        return;
    if (engine_save(rig.e, &saved, &n) < 0)
        return;
    image = saved;
    for (i = 0; i < len && n; i += 4)
        image[take(in, 2) % n] ^= (uint8_t)take(in, 2);
    rig_respawn(&rig);
    engine_fuzz_command(LINK_CMD_START);
    if (LINK_READ(rig.link->eng.ack_status) == 0) {
        const int rc = engine_restore(rig.e, saved, n);

        FUZZ_CHECK(len || rc == 0);
        FUZZ_CHECK(rc == 0 || rc == -EINVAL);
    }
    free(saved);
}

static void run_record(unsigned int kind, unsigned int byte, struct bytes *in,
                       size_t len)
{
    struct link_dev *dev = &rig.link->dev;

    switch (kind) {
    case REC_RING:
        append(in->at, len);
        engine_fuzz_run();
        break;
    case REC_MEMORY:
        fx_write(rig.domid, byte * 4096ull, in->at, len);
        break;
    case REC_RUN:
        engine_fuzz_run();
        break;
    case REC_RESUME:
        engine_fuzz_command(LINK_CMD_RESUME);
        break;
    case REC_START:
        dev->start_stopped = byte & 1;
        engine_fuzz_command(LINK_CMD_START);
        break;
    case REC_STOP:
        engine_fuzz_command(LINK_CMD_STOP);
        break;
    case REC_WPTR:
        LINK_WRITE_REL(dev->wptr, (uint32_t)take(in, 4));
        engine_fuzz_run();
        break;
    case REC_GRANT:
        grant_set(rig.grant, GRANT_NONE);
        FUZZ_CHECK(engine_turn(rig.e, 0) == 0);
        break;
    case REC_MASTER:
        LINK_WRITE(dev->bus_master, byte & 1);
        break;
    case REC_GENERATION:
        LINK_WRITE_REL(dev->map_generation, dev->map_generation + 1);
        break;
    case REC_BALLOON:
        fx_balloon_out(rig.domid, 0, byte, 1);
        break;
    case REC_PORT:
        fx_evtchn_notify(rig.domid, port);
        engine_fuzz_run();
        break;
    case REC_SAVE:
        move_engine(in, 0);
        engine_fuzz_run();
        break;
    default:
        move_engine(in, len);
        engine_fuzz_run();
    }
}

/* A ring that is nearly always one that starts. */
static void describe_ring(struct bytes *in)
{
    const unsigned int flags = (unsigned int)take(in, 1);
    struct link_dev *dev = &rig.link->dev;

    dev->ring_size = 0x1000u << take(in, 1) % 5;
    dev->ring_base = RIG_RING;
    dev->rptr_addr = flags & 1 ? 0x8000 : 0;
    dev->wptr_addr = 0x8008;
    dev->start_rptr = (uint32_t)take(in, 2) % dev->ring_size & ~3u;
    dev->wptr = dev->start_rptr;
    if (flags & 2)
        dev->doorbell_port = port;
    if (flags & 4)
        dev->completion_port = port;
    if (flags & 8) {
        dev->ring_base = take(in, 4) << 8;
        dev->ring_size <<= flags >> 4 & 3;
        dev->rptr_addr ^= flags >> 6;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes in = {data, data + size};

    rig_new(&rig, RAM, 6);
    fx_balloon_out(rig.domid, 0, HOLE_GFN, HOLE_PAGES);
    port = (evtchn_port_t)fx_evtchn_alloc_unbound(rig.domid);
    describe_ring(&in);
    engine_fuzz_begin(&rig, check_link);
    engine_fuzz_command(LINK_CMD_START);
    engine_fuzz_records(&in, NR_RECORDS, run_record);
    engine_fuzz_end();
    return 0;
}
