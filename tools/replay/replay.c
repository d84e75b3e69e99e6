/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-vgpu-replay: a recording of commands through the engine, on a host
 * without Xen. xen-vgpu replay starts it. The recording may be hostile; what
 * it does to this process it would have done to an engine's, which has a
 * sandbox around it.
 */
#include "config.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "dm/engine/engine.h"
#include "lib/trace.h"
#include "tools/client.h"
#include "tools/file.h"
#include "tools/picture.h"
#include "tools/print.h"
#include "tools/replay/memory.h"
#include "tools/replay/replay.h"

#define RING_SIZE (1u << 20)
#define RING_PIECE (RING_SIZE / 2) /* put at once */
/* Fences of ours, which a stream may have none of. */
#define OUR_FENCE 0x8000000000000000ull
#define LOCAL_SIZE (256ull << 20)
#define WATCHDOG_MS 60000u

struct replay {
    const char *out; /* PNG file, or NULL */
    struct engine_config config;
    struct engine *e;
    struct link_page *link;
    struct grant_s *grant;
    uint64_t ring, fences;
    uint32_t wptr;
    uint64_t faults;
};

static const char *fault_text(uint32_t code)
{
#define TEXT(name, number, text) [number] = text,
    static const char *const texts[] = {XVGPU_FAULT_CODES(TEXT)};
#undef TEXT

    return code < sizeof(texts) / sizeof(texts[0]) && texts[code] ? texts[code]
                                                                  : "?";
}

/* ---- An engine ---------------------------------------------------------- */

static int command(struct replay *r, enum link_cmd cmd)
{
    LINK_WRITE(r->link->dev.cmd, cmd);
    LINK_WRITE_REL(r->link->dev.cmd_seq, r->link->dev.cmd_seq + 1);
    link_kick(r->config.kick);
    engine_turn(r->e, 0);
    if (r->link->eng.ack_seq != r->link->dev.cmd_seq)
        return -EIO;
    return r->link->eng.ack_status ? -EINVAL : 0;
}

static int make_link(struct replay *r)
{
    struct engine_config *c = &r->config;
    void *link;

    c->link = memfd_create("link", MFD_CLOEXEC);
    c->kick = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    c->event = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    c->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    c->notify = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (c->link < 0 || c->kick < 0 || c->event < 0 || c->wake < 0 ||
        c->notify < 0 || ftruncate(c->link, LINK_SIZE))
        return -errno;
    link =
        mmap(NULL, LINK_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, c->link, 0);
    if (link == MAP_FAILED)
        return -errno;
    r->link = link;
    r->link->dev.version = LINK_VERSION;
    r->link->dev.bus_master = 1;
    r->link->dev.time_base_ns = clock_ns();
    r->link->dev.ring_base = r->ring;
    r->link->dev.ring_size = RING_SIZE;
    return grant_create(GRANT_RUN, GRANT_F_COMPILE, NULL, &c->grant_s,
                        &r->grant, &c->grant_e);
}

static int make_engine(struct replay *r, const struct engine_ops *ops)
{
    int rc;

    r->ring = replay_memory_free(RING_SIZE);
    if (!r->ring)
        return -ENOSPC;
    rc = replay_memory_populate(r->ring, RING_SIZE);
    if (rc == 0)
        rc = make_link(r);
    if (rc < 0)
        return rc;
    r->config.domid = 1;
    r->config.ops = ops;
    r->config.max_buckets = 1024;
    r->config.sock = r->config.context = -1;
    r->config.fmem = xenforeignmemory_open(NULL, 0);
    r->config.xce = xenevtchn_open(NULL, 0);
    r->config.limits.local_size = LOCAL_SIZE;
    r->config.limits.watchdog_ms = WATCHDOG_MS;
    r->config.limits.compile_ms = WATCHDOG_MS;
    rc = engine_new(&r->config, &r->e);
    if (rc == 0)
        rc = engine_init(r->e);
    return rc < 0 ? rc : command(r, LINK_CMD_START);
}

/* ---- Packets ------------------------------------------------------------ */

static int put(struct replay *r, const uint32_t *dw, size_t n)
{
    size_t bytes = n * 4, first = RING_SIZE - r->wptr;
    int rc;

    if (first > bytes)
        first = bytes;
    rc = replay_memory_write(r->ring + r->wptr, dw, first);
    if (rc == 0)
        rc = replay_memory_write(r->ring, dw + first / 4, bytes - first);
    r->wptr = (r->wptr + (uint32_t)bytes) % RING_SIZE;
    return rc;
}

/* What the engine was given is done, or at fault and passed over. */
static int go(struct replay *r, bool *more)
{
    const struct link_eng *eng = &r->link->eng;

    LINK_WRITE_REL(r->link->dev.wptr, r->wptr);
    link_kick(r->config.kick);
    while (LINK_READ(eng->state) == LINK_RUNNING &&
           LINK_READ(eng->fence) != (OUR_FENCE | r->fences))
        if (engine_turn(r->e, 0) < 0)
            return -EPIPE;
    *more = LINK_READ(eng->state) != LINK_RUNNING;
    if (!*more)
        return 0;
    r->faults++;
    printf("fault %" PRIu32 ", %s: header 0x%08" PRIx32 ", address 0x%" PRIx64
           ", at 0x%" PRIx64 "\n",
           eng->fault_code, fault_text(eng->fault_code), eng->fault_header,
           eng->fault_addr, ~eng->fault_ib ? eng->fault_ib : eng->fault_offset);
    return command(r, LINK_CMD_RESUME);
}

/* How many dwords to put at once: whole packets, while they make sense. */
static size_t piece(const uint32_t *dw, size_t n)
{
    size_t at = 0, len;

    while (at < n) {
        len = XVGPU_PKT_DWORDS(dw[at]);
        if (!len || len > n - at || len > XVGPU_PKT_MAX_DWORDS)
            len = 1; /* the engine will say so */
        if (at + len > RING_PIECE / 4)
            break;
        at += len;
    }
    return at;
}

static int run(struct replay *r, const uint32_t *dw, size_t n)
{
    uint64_t start = clock_ns(), value;
    size_t len;
    bool more;
    int rc = 0;

    for (; n && rc == 0; dw += len, n -= len) {
        len = piece(dw, n);
        rc = put(r, dw, len);
        value = OUR_FENCE | ++r->fences;
        if (rc == 0)
            rc = put(r,
                     (const uint32_t[]){XVGPU_PKT_HEADER(XVGPU_PKT_FENCE, 0, 5),
                                        0, 0, (uint32_t)value,
                                        (uint32_t)(value >> 32)},
                     5);
        for (more = true; more && rc == 0;)
            rc = go(r, &more);
    }
    printf("ran in %.3f ms\n", (double)(clock_ns() - start) / 1e6);
    return rc;
}

/* ---- Blocks ------------------------------------------------------------- */

/* As guests of the tests sum what they show. */
static void print_sum(const struct picture *p)
{
    uint32_t a = 0, b = 0, x, y, pixel;

    for (y = 0; y < p->height; y++)
        for (x = 0; x < p->width; x++) {
            memcpy(&pixel, p->pixels + (size_t)y * p->stride + x * 4,
                   sizeof(pixel));
            a += pixel & 0xffffff;
            b += a;
        }
    printf("picture width=%" PRIu32 " height=%" PRIu32 " sum=%08" PRIx32
           "%08" PRIx32 "\n",
           p->width, p->height, a, b);
}

static int show(const struct replay *r, const struct trace_block *b)
{
    uint8_t *pixels = malloc(b->size);
    const struct picture p = {
        .width = b->width,
        .height = b->height,
        .stride = (uint32_t)(b->size / b->height),
        .pixels = pixels,
        .size = b->size,
    };
    int rc = pixels ? replay_memory_read(b->addr, pixels, b->size) : -ENOMEM;

    if (rc == 0)
        print_sum(&p);
    if (rc == 0 && r->out)
        rc = picture_write(&p, r->out);
    free(pixels);
    return rc;
}

/* All memory that the recording has anywhere, and its one engine. */
static int prepare(struct replay *r, struct trace_reader blocks)
{
    uint32_t engine = XVGPU_NR_ENGINES;
    struct trace_block b;
    const void *data;
    int rc;

    rc = replay_memory_init();
    while (rc == 0 && (rc = trace_next_block(&blocks, &b, &data)) == 1) {
        rc = 0;
        if (b.type != TRACE_RING)
            rc = replay_memory_populate(b.addr, b.size);
        else if (engine != XVGPU_NR_ENGINES && engine != b.engine)
            rc = -ENOTSUP; /* what ran at the same time is not in it */
        else
            engine = b.engine;
    }
    if (rc < 0)
        return rc;
    if (engine == XVGPU_NR_ENGINES || !replay_ops[engine])
        return -ENODEV;
    return make_engine(r, replay_ops[engine]);
}

static int replay(struct replay *r, const void *data, size_t len)
{
    struct trace_reader blocks;
    struct trace_header header;
    struct trace_block b;
    const char *why = trace_reader_init(&blocks, &header, data, len);
    const void *bytes;
    int rc;

    if (why) {
        tool_error("%s", why);
        return -EINVAL;
    }
    rc = prepare(r, blocks);
    if (rc < 0) {
        tool_error("start the engine: %s", strerror(-rc));
        return rc;
    }
    while (rc == 0 && (rc = trace_next_block(&blocks, &b, &bytes)) == 1) {
        rc = 0;
        if (b.type == TRACE_MEMORY || b.type == TRACE_ZEROES)
            rc = replay_memory_write(b.addr, bytes, b.size);
        else if (b.type == TRACE_RING)
            rc = run(r, bytes, (size_t)b.size / 4);
        else
            rc = show(r, &b);
    }
    if (rc < 0)
        tool_error("%s", strerror(-rc));
    return rc;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"out", required_argument, NULL, 'o'},
        {0},
    };
    struct replay r = {0};
    size_t len;
    void *data;
    int c, rc;

    log_init("xen-vgpu-replay", LOG_INFO);
    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (c != 'o')
            return EXIT_USAGE;
        r.out = optarg;
    }
    if (argc - optind != 1)
        return EXIT_USAGE;
    data = file_read(argv[optind], &len);
    if (!data) {
        tool_error("read %s: %s", argv[optind], strerror(errno));
        return EXIT_FAILED;
    }
    rc = replay(&r, data, len);
    if (r.e)
        engine_free(r.e);
    free(data);
    printf("%" PRIu64 " faults\n", r.faults);
    return rc < 0 || r.faults || fflush(stdout) ? EXIT_FAILED : EXIT_OK;
}
