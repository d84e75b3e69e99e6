/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writes a scene as a recording of commands: for xen-vgpu disasm and replay,
 * and as seeds. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/trace.h"
#include "tests/gfx/scene-stream.h"

/* The made-up guest's: RAM from 16 MiB on, VRAM below 4 GiB. */
#define RAM 0x1000000ull
#define PACKETS 0x800000ull
#define VRAM 0xf0000000ull
#define VRAM_BYTES (16u << 20)

struct capture {
    FILE *out;
    struct scene_memory memory;
    struct scene_guest guest;
    struct xvgpu_stream stream;
};

static void block(FILE *out, uint32_t type, uint64_t addr, const void *data,
                  uint64_t size, const struct scene_guest *shown)
{
    static const uint8_t padding[8];
    const struct trace_block b = {
        .type = type,
        .addr = addr,
        .size = size,
        .width = shown ? shown->width : 0,
        .height = shown ? shown->height : 0,
    };

    fwrite(&b, sizeof(b), 1, out);
    if (!data)
        return;
    fwrite(data, size, 1, out);
    fwrite(padding, (8 - size % 8) % 8, 1, out);
}

static void header(FILE *out)
{
    const struct trace_header h = {
        .magic = TRACE_MAGIC,
        .version = TRACE_VERSION,
        .kind = TRACE_COMMANDS,
        .header_size = sizeof(h),
        .record_size = sizeof(struct trace_block),
        .nr_vcpus = 1,
        .nr_vgpus = 1,
        .vgpus = {{.engines = 1u << XVGPU_ENGINE_GFX,
                   .vram_size = VRAM_BYTES,
                   .vram_gfn = VRAM >> 12}},
    };

    fwrite(&h, sizeof(h), 1, out);
}

/* The stream as an indirect buffer, and the ring's packet that runs it. */
static int submit(struct capture *c)
{
    uint32_t n = xvgpu_stream_dwords(&c->stream);
    struct xvgpu_stream ring;
    uint32_t dw[4];

    if (!n)
        return -E2BIG;
    block(c->out, TRACE_MEMORY, PACKETS, c->stream.dw, n * 4ull, NULL);
    xvgpu_stream_init(&ring, dw, sizeof(dw));
    xvgpu_put_ib(&ring, PACKETS, n);
    block(c->out, TRACE_RING, 0, dw, sizeof(dw), NULL);
    xvgpu_stream_init(&c->stream, c->stream.dw, XVGPU_IB_MAX_DWORDS * 4);
    return 0;
}

static int write_scene(struct capture *c, uint32_t frames)
{
    const struct scene_guest *g = &c->guest;
    int rc;

    header(c->out);
    block(c->out, TRACE_MEMORY, RAM, c->memory.at, c->memory.size, NULL);
    if (g->surface.bus)
        block(c->out, TRACE_ZEROES, VRAM, NULL,
              (uint64_t)g->surface.stride * g->height, NULL);
    scene_guest_create(g, &c->stream);
    rc = submit(c);
    /* The last one is the one that references show. */
    while (rc == 0 && frames--) {
        scene_guest_draw(g, &c->stream, frames);
        rc = submit(c);
    }
    if (rc == 0 && g->surface.bus)
        block(c->out, TRACE_SHOWN, VRAM, NULL,
              (uint64_t)g->surface.stride * g->height, g);
    return rc < 0 ? rc : ferror(c->out) ? -EIO : 0;
}

static int capture(struct capture *c, const struct scene *s, uint32_t frames)
{
    struct scene_surface surface = {
        .bus = s->picture == SCENE_NONE ? 0 : VRAM,
        .stride = s->width * 4,
    };
    uint64_t room = scene_guest_bytes(s);
    int rc = -ENOMEM;

    /* Whole pages, with nothing but zeroes in what is not used. */
    c->memory.size = (room + 4095) / 4096 * 4096;
    c->memory.bus = RAM;
    c->memory.at = calloc(1, c->memory.size);
    c->stream.dw = calloc(XVGPU_IB_MAX_DWORDS, 4);
    if (c->memory.at && c->stream.dw) {
        xvgpu_stream_init(&c->stream, c->stream.dw, XVGPU_IB_MAX_DWORDS * 4);
        rc = scene_guest_init(&c->guest, s, &c->memory, 0, 0, 0, &surface)
                 ? write_scene(c, frames)
                 : -ENOSPC;
    }
    free(c->memory.at);
    free(c->stream.dw);
    return rc;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"frames", required_argument, NULL, 'f'},
        {0},
    };
    const struct scene *s;
    struct capture c = {0};
    uint32_t frames = 1;
    int o, rc;

    while ((o = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (o != 'f')
            return 2;
        frames = (uint32_t)strtoul(optarg, NULL, 10);
    }
    if (argc - optind != 2 || !frames || frames > 1024) {
        fprintf(stderr, "usage: capture [--frames N] SCENE FILE\n");
        return 2;
    }
    s = scene_find(argv[optind]);
    if (!s) {
        fprintf(stderr, "capture: no scene %s\n", argv[optind]);
        return 2;
    }
    c.out = fopen(argv[optind + 1], "wbe");
    rc = c.out ? capture(&c, s, frames) : -errno;
    if (c.out && fclose(c.out) && rc == 0)
        rc = -errno;
    if (rc < 0)
        fprintf(stderr, "capture: %s: %s\n", argv[optind + 1], strerror(-rc));
    return rc < 0;
}
