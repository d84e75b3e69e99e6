/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Streams of Mesa's virgl driver, recorded (streams/README.md), changed, and
 * sent to the renderer as a driver in the guest would.
 */
#include <dirent.h>
#include <linux/virtio_gpu.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "storm.h"

#define STREAMS_MAX 32u
#define RECORDS_MAX 256u
#define STREAM_DWORDS 16384u
#define WORK_DWORDS 32768u
/* Long ones take their time to be compiled, and get one turn of SLOW. */
#define SLOW 8u
#define LONG_DWORDS 1500u

/* A record: its kind, its length in dwords, and so many dwords. */
enum record_kind {
    REC_RESOURCE = 'R', /* as virgl_renderer_resource_create_args */
    REC_ATTACH = 'A',   /* id, bytes of its backing */
    REC_DATA = 'D',     /* id, then what its backing begins with */
    REC_STREAM = 'S',
    REC_READ = 'G', /* id, level, stride, layer stride, offset, 0, box */
};

struct record {
    uint32_t kind, n;
    const uint32_t *dw;
};

static struct stream {
    uint32_t dw[STREAM_DWORDS];
    struct record record[RECORDS_MAX];
    uint32_t records, dwords;
} streams[STREAMS_MAX];
static uint32_t nr_streams;

static int load(const char *path)
{
    struct stream *s = &streams[nr_streams];
    FILE *f = fopen(path, "rb");
    uint32_t n, i;

    if (!f)
        return -1;
    n = (uint32_t)fread(s->dw, 4, STREAM_DWORDS, f);
    fclose(f);
    for (i = 0;
         i + 2 <= n && s->dw[i + 1] <= n - i - 2 && s->records < RECORDS_MAX;
         i += 2 + s->dw[i + 1])
        s->record[s->records++] =
            (struct record){s->dw[i], s->dw[i + 1], s->dw + i + 2};
    if (i != n || !s->records)
        return -1;
    s->dwords = n;
    nr_streams++;
    return 0;
}

int storm_load(const char *folder)
{
    struct dirent **list;
    char path[4096];
    int n, i, rc = 0;

    n = scandir(folder, &list, NULL, alphasort);
    for (i = 0; i < n; i++) {
        snprintf(path, sizeof(path), "%s/%s", folder, list[i]->d_name);
        if (strstr(list[i]->d_name, ".virgl") &&
            (nr_streams == STREAMS_MAX || load(path))) {
            fprintf(stderr, "%s: not a recorded stream\n", path);
            rc = -1;
        }
        free(list[i]);
    }
    if (n >= 0)
        free(list);
    return nr_streams ? rc : -1;
}

/* Another stream's, to take commands from. */
static const struct record *any_stream(struct chance *r)
{
    const struct stream *s = &streams[below(r, nr_streams)];
    uint32_t i = below(r, s->records), k;

    for (k = 0; k < s->records; k++, i = (i + 1) % s->records)
        if (s->record[i].kind == REC_STREAM)
            return &s->record[i];
    return &s->record[0];
}

static void resource(struct card *c, const uint32_t *a)
{
    const struct virtio_gpu_resource_create_3d make = {
        .hdr.type = VIRTIO_GPU_CMD_RESOURCE_CREATE_3D,
        .resource_id = a[0],
        .target = a[1],
        .format = a[2],
        .bind = a[3],
        .width = a[4],
        .height = a[5],
        .depth = a[6],
        .array_size = a[7],
        .last_level = a[8],
        .nr_samples = a[9],
        .flags = a[10],
    };

    card_put(c, &make, sizeof(make));
    card_in_context(c, a[0]);
}

static void transfer(struct card *c, uint32_t type, const uint32_t *a)
{
    const struct virtio_gpu_transfer_host_3d t = {
        .hdr = {.type = type, .ctx_id = 1},
        .box = {a[6], a[7], a[8], a[9], a[10], a[11]},
        .offset = a[4],
        .resource_id = a[0],
        .level = a[1],
        .stride = a[2],
        .layer_stride = a[3],
    };

    card_put(c, &t, sizeof(t));
}

/* Where a resource's backing is: one after the other, a page apart at least. */
#define IDS 64u
static struct {
    uint32_t addr, len;
} backing[IDS];
static uint32_t next_backing;

static void attach(struct card *c, const uint32_t *a)
{
    const uint32_t len = a[1] < 0x10000 ? a[1] : 0x10000;

    if (next_backing > CARD_RAM - 0x20000)
        return;
    card_backing(c, a[0], next_backing, len);
    backing[a[0] % IDS].addr = next_backing;
    backing[a[0] % IDS].len = len;
    next_backing += (len + 0x1fff) & ~0xfffu;
}

static void data(struct card *c, const uint32_t *a, uint32_t n)
{
    const uint32_t id = a[0] % IDS;
    uint32_t len = 4 * (n - 1);

    if (!backing[id].addr)
        return;
    /* What was sent before may use it. */
    card_go(c, 20000);
    if (len > backing[id].len)
        len = backing[id].len;
    memcpy(card_ptr(c, backing[id].addr), a + 1, len);
}

static void send(struct card *c, struct chance *r, const struct record *rec,
                 bool changed)
{
    static uint32_t work[WORK_DWORDS];
    const struct record *other = any_stream(r);
    uint32_t n = rec->n;

    memcpy(work, rec->dw, n * 4);
    if (changed && rec->kind == REC_STREAM)
        n = storm_mutate(r, work, n, WORK_DWORDS, other->dw, other->n);
    else if (changed && n)
        work[below(r, n)] = odd_number(r);
    switch (rec->kind) {
    case REC_RESOURCE:
        resource(c, work);
        break;
    case REC_ATTACH:
        attach(c, work);
        break;
    case REC_DATA:
        data(c, work, n);
        break;
    case REC_STREAM:
        card_stream(c, work, n);
        break;
    default:
        transfer(c, VIRTIO_GPU_CMD_TRANSFER_FROM_HOST_3D, work);
        if (!below(r, 4))
            transfer(c, VIRTIO_GPU_CMD_TRANSFER_TO_HOST_3D, work);
    }
}

void storm_streams(struct card *c, struct chance *r)
{
    const struct stream *s = &streams[below(r, nr_streams)];
    uint32_t which, i, k;

    if (s->dwords > LONG_DWORDS && below(r, SLOW))
        s = &streams[below(r, nr_streams)];
    /* One record is changed for sure, a stream as a rule; each other seldom. */
    which = below(r, s->records);
    for (k = 0; k < 8 && s->record[which].kind != REC_STREAM; k++)
        which = below(r, s->records);
    memset(backing, 0, sizeof(backing));
    next_backing = CARD_DATA;
    card_context(c);
    for (i = 0; i < s->records; i++)
        send(c, r, &s->record[i], i == which || !below(r, 32));
    card_go(c, 20000);
}
