/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SUBMIT_3D: a context's stream of commands, cut into chunks that take about
 * CHUNK_NS each, with a boundary behind each. One is drawn while the next is
 * prepared; who is to give the engine back waits for one or two.
 *
 * Of the stream only the headers are read here, to know where it may be cut;
 * what they say is checked by the renderer. A header is a dword: command [7:0],
 * object [15:8], length in dwords without it [31:16].
 *
 * A driver compiles when something is drawn with what was not bound together
 * before, and blocks meanwhile. So what is bound is followed, as far as the
 * stream tells, and a draw with something new is a chunk of its own, which
 * waits for a grant for compiling. To be wrong about it costs time only.
 */
#include <stdlib.h>
#include <string.h>

#include "dm/engine/virtio/virgl.h"

#ifndef CHUNK_NS /* a benchmark does not cut */
#define CHUNK_NS 1000000ull
#define CHUNK_DWORDS 16384u /* a chunk that draws nothing */
#define DRAWS_MAX 1024u
#endif
#define CHUNK_TEXELS (1u << 20) /* copied, but for the last command */

/* Numbers of the stream's commands (virglrenderer, src/virgl_protocol.h). */
enum {
    CMD_CREATE_OBJECT = 1,
    CMD_BIND_OBJECT = 2,
    CMD_CLEAR = 7,
    CMD_DRAW_VBO = 8,
    CMD_BLIT = 16,
    CMD_COPY_REGION = 17,
    CMD_SET_SUB_CTX = 28,
    CMD_BIND_SHADER = 31,
    CMD_LAUNCH_GRID = 37,
    CMD_TRANSFER = 43,
    CMD_COPY_TRANSFER = 45,
    CMD_LINK_SHADER = 52,
};
/* Those that only set something, or are no larger than their data. All others,
 * also those that are not known here, count as one that draws: they copy,
 * create or wait. */
#define BIT(n) (1ull << (n))
#define BITS(first, last) ((BIT(last) << 1) - BIT(first))
#define LIGHT                                                                  \
    (BITS(0, 6) | BITS(9, 15) | BITS(18, 20) | BITS(22, 28) | BITS(31, 36) |   \
     BITS(38, 41) | BIT(44) | BIT(46) | BITS(49, 51))
#define OBJECT_SHADER 4u
#define OBJECTS 12u
#define SHADERS 6u

/* ---- What is bound --------------------------------------------------------
 */

#define SUBS 8u    /* sub-contexts told apart */
#define SEEN 1024u /* combinations remembered */

struct track {
    uint32_t sub; /* the current one */
    uint32_t sum; /* of what is bound now; 0: not known */
    struct {
        uint32_t object[OBJECTS], shader[SHADERS];
    } bound[SUBS];
    uint32_t seen[SEEN];
};

void track_forget(struct virgl *v, uint32_t slot)
{
    free(v->track[slot]);
    v->track[slot] = NULL;
}

static uint32_t hash_words(const uint32_t *w, uint32_t n, uint32_t sum)
{
    while (n--)
        sum = (sum ^ *w++) * 16777619u;
    return sum ? sum : 1;
}

/* Most draws are like the one before. */
static uint32_t combination(struct track *t)
{
    uint32_t sub = t->sub % SUBS;

    if (!t->sum)
        t->sum = hash_words((const uint32_t *)&t->bound[sub],
                            sizeof(t->bound[sub]) / 4, 2166136261u ^ t->sub);
    return t->sum;
}

static bool is_new(struct track *t)
{
    uint32_t sum = combination(t);

    return t->seen[sum % SEEN] != sum;
}

static void note_drawn(struct track *t)
{
    uint32_t sum = combination(t);

    t->seen[sum % SEEN] = sum;
}

static void bind(struct track *t, uint32_t *slot, uint32_t object)
{
    if (*slot != object)
        t->sum = 0;
    *slot = object;
}

/* `dw` is a whole command, its header first. */
static void follow(struct track *t, const uint32_t *dw)
{
    uint32_t object = dw[0] >> 8 & 0xff, n = dw[0] >> 16;
    uint32_t sub = t->sub % SUBS;

    switch (dw[0] & 0xff) {
    case CMD_BIND_OBJECT:
        if (n >= 1 && object < OBJECTS)
            bind(t, &t->bound[sub].object[object], dw[1]);
        break;
    case CMD_BIND_SHADER:
        if (n >= 2 && dw[2] < SHADERS)
            bind(t, &t->bound[sub].shader[dw[2]], dw[1]);
        break;
    case CMD_SET_SUB_CTX:
        if (n >= 1)
            bind(t, &t->sub, dw[1]);
        break;
    default:
        break;
    }
}

/* ---- Chunks ----------------------------------------------------------------
 */

struct chunk {
    uint32_t dwords;
    uint32_t heavy;  /* commands that draw, or may take as long */
    uint64_t texels; /* copied */
    bool drawn;
    bool cold; /* it may compile */
};

static bool draws(uint32_t header)
{
    switch (header & 0xff) {
    case CMD_CLEAR:
    case CMD_DRAW_VBO:
    case CMD_BLIT:
    case CMD_LAUNCH_GRID:
        return true;
    default:
        return false;
    }
}

static bool heavy(uint32_t header)
{
    uint32_t command = header & 0xff;

    return command >= 64 || !(LIGHT & BIT(command));
}

/* Texels, or bytes of a buffer, that a command copies. It is all there. */
static uint64_t copies(const uint32_t *dw)
{
    uint32_t n = dw[0] >> 16, at;

    switch (dw[0] & 0xff) {
    case CMD_COPY_REGION:
        at = 11;
        break;
    case CMD_TRANSFER:
    case CMD_COPY_TRANSFER:
        at = 9;
        break;
    default:
        return 0;
    }
    /* Width, height and depth; a product of two of them can't wrap. */
    return n < at + 2 ? 0
           : dw[at + 1] > VGPU_SIDE_MAX || dw[at + 2] > VGPU_SIDE_MAX
               ? CHUNK_TEXELS
               : (uint64_t)dw[at] * dw[at + 1] * dw[at + 2];
}

static bool compiles(uint32_t header)
{
    return (header & 0xff) == CMD_LINK_SHADER ||
           ((header & 0xff) == CMD_CREATE_OBJECT &&
            (header >> 8 & 0xff) == OBJECT_SHADER);
}

/* How far to go from dw[0] on; `t` is followed up to there. Nowhere: that
 * command is cut off. */
static struct chunk next_chunk(struct track *t, const uint32_t *dw, uint32_t n,
                               uint32_t max_heavy)
{
    struct chunk c = {0};
    uint32_t len, header;
    bool cold;

    while (c.dwords < n && c.heavy < max_heavy && c.dwords < CHUNK_DWORDS &&
           c.texels < CHUNK_TEXELS) {
        header = dw[c.dwords];
        len = (header >> 16) + 1;
        if (len > n - c.dwords)
            break;
        cold = compiles(header) || (draws(header) && is_new(t));
        /* Not behind others that ask for less; and others not behind it. */
        if ((cold && !c.cold && c.heavy) || (c.cold && !cold && heavy(header)))
            break;
        follow(t, dw + c.dwords);
        c.heavy += heavy(header);
        c.drawn |= draws(header);
        c.texels += copies(dw + c.dwords);
        c.dwords += len;
        if (cold) {
            c.cold = true;
            if (c.heavy)
                break;
        }
    }
    return c;
}

static struct track *track_of(struct virgl *v, uint32_t slot)
{
    if (!v->track[slot])
        v->track[slot] = calloc(1, sizeof(struct track));
    return v->track[slot];
}

/* The next one is to take about CHUNK_NS. One that ended with its command, not
 * for its draws, may tell that it had too many, but not that it had too few. */
static void adapt(struct virgl *v, uint64_t ns)
{
    uint32_t heavy = v->chunk.heavy;

    if (heavy && ns > 2 * CHUNK_NS)
        v->draws = heavy > 1 ? heavy / 2 : 1;
    else if (heavy >= v->draws && ns < CHUNK_NS / 2 && v->draws < DRAWS_MAX)
        v->draws *= 2;
}

/* The chunk before has been waited for: what it says, unless others than it
 * have been done since. Then about this one, begun at start_ns. A cold one says
 * nothing. */
static void learn(struct virgl *v, const struct chunk *c, uint64_t start_ns)
{
    bool known = v->chunk.mark && v->chunk.mark == v->fence_done;

    if (known && v->done_ns > v->chunk.begin_ns)
        adapt(v, v->done_ns - v->chunk.begin_ns);
    v->chunk.mark = c->cold ? 0 : v->part;
    v->chunk.heavy = c->heavy;
    v->chunk.begin_ns = known && v->done_ns > start_ns ? v->done_ns : start_ns;
}

/* rq->pos: dwords done. */
enum step vgpu_submit(struct vgpu *g, struct request *rq)
{
    const struct virtio_gpu_cmd_submit *c = (const void *)rq->buf;
    uint32_t *dw = (uint32_t *)(void *)(rq->buf + sizeof(*c)), n;
    int slot = context_find(g, rq->hdr.ctx_id);
    struct track *t, before;
    struct chunk chunk;
    bool first = true;
    uint64_t start;
    int rc;

    if (slot < 0) {
        vgpu_refuse(rq, VIRTIO_GPU_RESP_ERR_INVALID_CONTEXT_ID);
        return STEP_DONE;
    }
    t = track_of(g->virgl, (uint32_t)slot);
    if (!t || c->size % 4 || c->size > rq->len - sizeof(*c)) {
        vgpu_refuse(rq, t ? VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER
                          : VIRTIO_GPU_RESP_ERR_OUT_OF_MEMORY);
        return STEP_DONE;
    }
    n = c->size / 4;
    while (rq->pos < n) {
        /* Not at once: a grant for compiling is good for one chunk. */
        if (!first && engine_boundary(g->e))
            return STEP_PREEMPTED;
        first = false;
        if (!virgl_ready(g))
            return STEP_PREEMPTED;
        before = *t;
        chunk =
            next_chunk(t, dw + rq->pos, n - (uint32_t)rq->pos, g->virgl->draws);
        if (!chunk.dwords) {
            vgpu_refuse(rq, VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER);
            return STEP_DONE;
        }
        if (chunk.cold && !engine_compile(g->e)) {
            *t = before;
            return STEP_PREEMPTED;
        }
        if (chunk.cold) /* the watchdog is not for compiling */
            virgl_wait(g, virgl_mark(g));
        start = engine_clock(g->e);
        virgl_enter(g);
        rc = virgl_renderer_submit_cmd(dw + rq->pos, (int)rq->hdr.ctx_id,
                                       (int)chunk.dwords);
        virgl_leave(g);
        /* What is refused may have drawn before. */
        virgl_go_on(g);
        learn(g->virgl, &chunk, start);
        if (chunk.cold)
            virgl_wait(g, virgl_mark(g));
        if (rc) {
            vgpu_refuse(rq, VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER);
            return STEP_DONE;
        }
        if (chunk.drawn)
            note_drawn(t);
        rq->pos += chunk.dwords;
    }
    return STEP_DONE;
}
