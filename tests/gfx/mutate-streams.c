/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Mutated streams through the gfx engine: a scene's packets with a few words
 * changed, packets left out, doubled or exchanged. Nothing but a packet's
 * fault, or the engine's own watchdog, may come of it.
 *
 * A child runs them, one after the other, and tells of each what came of it;
 * another one goes on behind the mutant that ended it.
 */
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "gfx-rig.h"
#include "lib/proto.h"
#include "tests/gfx/scene-stream.h"

#define SURFACE GFX_DATA
#define MEMORY (GFX_DATA + (8u << 20))
#define ROUND 10u       /* mutants from one fresh ring to the next */
#define LONG_S 4u       /* then the guest turns bus mastering off */
#define SILENT_MS 60000 /* a child that says nothing for so long hangs */
#define WATCHDOG_MS 3000u

enum { DONE, LONG, HUNG, LOST, CRASHED, SILENT, NR_ENDS };
static const char *const end_names[NR_ENDS] = {"done", "long",    "hung",
                                               "lost", "crashed", "silent"};

struct report {
    uint32_t mutant, end, fault;
};

static uint32_t packets[XVGPU_IB_MAX_DWORDS];
static struct link_page *the_link;

/* ---- Mutation
 * ------------------------------------------------------------------ */

/* SplitMix64 (Steele, Lea, Flood 2014). */
static uint64_t next(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15ull;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ z >> 27) * 0x94d049bb133111ebull;
    return z ^ z >> 31;
}

static uint32_t word(uint64_t *seed)
{
    static const uint32_t words[] = {
        0,          1,          2,          3,        4,          7,
        8,          15,         16,         31,       64,         255,
        256,        4095,       4096,       65535,    65536,      0x7fffffff,
        0x80000000, 0xfffffffe, 0xffffffff, 1u << 20, 0x3f800000, 0x7fc00000};

    return words[next(seed) % (sizeof(words) / sizeof(words[0]))];
}

/* Where a random packet begins. */
static uint32_t packet_at(uint64_t *seed, uint32_t n)
{
    uint32_t target = (uint32_t)(next(seed) % n), at = 0, len;

    for (;;) {
        len = XVGPU_PKT_DWORDS(packets[at]);
        if (!len || len > n - at || at + len > target)
            return at;
        at += len;
    }
}

static uint32_t length_at(uint32_t at, uint32_t n)
{
    uint32_t len = XVGPU_PKT_DWORDS(packets[at]);

    return !len || len > n - at ? n - at : len;
}

static uint32_t mutate_once(uint64_t *seed, uint32_t n)
{
    uint32_t at = packet_at(seed, n), len = length_at(at, n), other, k;

    k = at + (uint32_t)(next(seed) % len);
    switch (next(seed) % 8) {
    case 0:
        packets[k] ^= 1u << next(seed) % 32;
        break;
    case 1:
    case 2:
        packets[k] = word(seed);
        break;
    case 3:
        packets[k] += (uint32_t)(next(seed) % 9) - 4;
        break;
    case 4: /* another packet's number, or field */
        other = (uint32_t)(next(seed) % n);
        packets[k] = packets[other];
        break;
    case 5: /* left out */
        memmove(packets + at, packets + at + len, (n - at - len) * 4ull);
        return n - len;
    case 6: /* twice */
        if (n + len > XVGPU_IB_MAX_DWORDS)
            break;
        memmove(packets + at + len, packets + at, (n - at) * 4ull);
        return n + len;
    default: /* another type of the same length */
        packets[at] =
            (packets[at] & ~0xffu) | (0x20 + (uint32_t)(next(seed) % 0x44));
    }
    return n;
}

static uint32_t mutate(uint64_t seed, uint32_t n)
{
    uint32_t times = 1 + (uint32_t)(next(&seed) % 4);

    while (times-- && n)
        n = mutate_once(&seed, n);
    return n;
}

/* ---- The child
 * -------------------------------------------------------------------- */

static void too_long(int sig)
{
    (void)sig;
    LINK_WRITE(the_link->dev.bus_master, 0);
}

struct child {
    struct gfx_rig t;
    struct scene_memory memory;
    struct scene_guest guest;
    int out;
};

/* The dwords as they are, and a fence. */
static uint32_t run(struct child *c, uint32_t n)
{
    struct rig *rig = &c->t.rig;
    uint32_t code;

    if (fx_write(rig->domid, GFX_IB, packets, n * 4ull))
        exit(99);
    RIG_PUT(rig, PKT(IB, 0, 4), LO(GFX_IB), HI(GFX_IB), n);
    rig_fence(rig, 0, ++c->t.fence, false);
    alarm(LONG_S);
    rig_go(rig);
    alarm(0);
    LINK_WRITE(rig->link->dev.bus_master, 1);
    if (rig->link->eng.state != LINK_STOPPED)
        return XVGPU_FAULT_NONE;
    code = rig->link->eng.fault_code;
    rig_command(rig, LINK_CMD_RESUME);
    rig_go(rig);
    return code;
}

static uint32_t stream(struct child *c, bool create)
{
    struct xvgpu_stream s;

    xvgpu_stream_init(&s, packets, sizeof(packets));
    if (create)
        scene_guest_create(&c->guest, &s);
    else
        scene_guest_draw(&c->guest, &s, 0);
    return xvgpu_stream_dwords(&s);
}

static void fresh_ring(struct child *c)
{
    if (rig_start(&c->t.rig) != 0)
        exit(99);
}

static void tell(struct child *c, uint32_t mutant, uint32_t end, uint32_t fault)
{
    const struct report r = {mutant, end, fault};

    if (write(c->out, &r, sizeof(r)) != sizeof(r))
        exit(99);
}

/* The first of a round changes what makes objects, the others what uses
 * them. */
static uint32_t one(struct child *c, uint32_t mutant, uint64_t seed)
{
    uint32_t code, n;

    /* A rendering that a fault has left open would be all that is seen. */
    gfx_state_clear(c->t.g);
    if (mutant % ROUND == 0) {
        fresh_ring(c);
        n = mutate(seed, stream(c, true));
        code = run(c, n);
        /* What it has made is used. */
        run(c, stream(c, false));
        return code;
    }
    if (mutant % ROUND == 1) {
        fresh_ring(c);
        run(c, stream(c, true));
    }
    return run(c, mutate(seed, stream(c, false)));
}

static void prepare(struct child *c, const char *name)
{
    const struct scene *s = scene_find(name);
    struct scene_surface surface = {.bus = SURFACE, .stride = 64 * 4};
    uint64_t room;

    if (!s)
        exit(2);
    gfx_rig_new(&c->t);
    c->t.g->watchdog_ms = WATCHDOG_MS;
    c->t.g->compile_ms = 20000;
    the_link = c->t.rig.link;
    room = (scene_guest_bytes(s) + 4095) / 4096 * 4096;
    c->memory = (struct scene_memory){
        .at = gfx_data(&c->t, MEMORY, room), .bus = MEMORY, .size = room};
    if (s->picture == SCENE_NONE)
        surface.bus = 0;
    if (!scene_guest_init(&c->guest, s, &c->memory, 64, 48, 0, &surface))
        exit(99);
}

static void child(int out, const char *scene, uint32_t first, uint32_t count,
                  uint64_t seed)
{
    struct child c = {.out = out};
    uint32_t i, code;

    signal(SIGALRM, too_long);
    prepare(&c, scene);
    if (first % ROUND > 1) {
        fresh_ring(&c);
        run(&c, stream(&c, true));
    }
    for (i = first; i < count; i++) {
        code = one(&c, i, seed * 1000003 + i);
        tell(&c, i, code == XVGPU_FAULT_BUS_MASTER ? LONG : DONE, code);
    }
    _exit(0);
}

/* ---- The parent
 * -------------------------------------------------------------------- */

struct counts {
    uint32_t end[NR_ENDS], fault[256];
};

/* Which mutant a child ended with; `count`: with none. */
static uint32_t follow(int in, pid_t pid, uint32_t first, uint32_t count,
                       struct counts *counts)
{
    struct pollfd pfd = {.fd = in, .events = POLLIN};
    struct report r;
    uint32_t end, next_one = first;
    int status = 0;

    while (poll(&pfd, 1, SILENT_MS) > 0 &&
           read(in, &r, sizeof(r)) == sizeof(r)) {
        counts->end[r.end]++;
        counts->fault[r.fault & 255]++;
        next_one = r.mutant + 1;
    }
    end = waitpid(pid, &status, WNOHANG) == pid ? CRASHED : SILENT;
    if (end == SILENT) {
        /* Closed, or silent. */
        usleep(200000);
        if (waitpid(pid, &status, WNOHANG) == pid) {
            end = CRASHED;
        } else {
            kill(pid, SIGKILL);
            waitpid(pid, &status, 0);
        }
    }
    if (next_one == count)
        return count;
    if (end == CRASHED && WIFEXITED(status) &&
        WEXITSTATUS(status) == PROTO_EXIT_HUNG)
        end = HUNG;
    else if (end == CRASHED && WIFEXITED(status) &&
             WEXITSTATUS(status) == PROTO_EXIT_LOST)
        end = LOST;
    counts->end[end]++;
    if (end != HUNG)
        printf("# mutant %u: %s, status 0x%x\n", next_one, end_names[end],
               (unsigned int)status);
    return next_one + 1;
}

static int summary(const char *scene, const struct counts *c)
{
    uint32_t i;

    printf("STATS scene=%s", scene);
    for (i = 0; i < NR_ENDS; i++)
        printf(" %s=%u", end_names[i], c->end[i]);
    for (i = 0; i < 256; i++) {
        if (c->fault[i])
            printf(" fault%u=%u", i, c->fault[i]);
    }
    printf("\n");
    return c->end[CRASHED] || c->end[SILENT] || c->end[LOST];
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"count", required_argument, NULL, 'c'},
        {"first", required_argument, NULL, 'f'},
        {"seed", required_argument, NULL, 's'},
        {NULL, 0, NULL, 0},
    };
    uint32_t count = 300, first = 0;
    struct counts counts = {0};
    uint64_t seed = 1;
    int c, fds[2];
    pid_t pid;

    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (c) {
        case 'c':
            count = (uint32_t)strtoul(optarg, NULL, 10);
            break;
        case 'f':
            first = (uint32_t)strtoul(optarg, NULL, 10);
            break;
        case 's':
            seed = strtoull(optarg, NULL, 10);
            break;
        default:
            return 2;
        }
    }
    if (optind + 1 != argc)
        return 2;
    while (first < count) {
        if (pipe(fds))
            return 99;
        fflush(NULL);
        pid = fork();
        if (pid < 0)
            return 99;
        if (!pid) {
            close(fds[0]);
            child(fds[1], argv[optind], first, count, seed);
        }
        close(fds[1]);
        first = follow(fds[0], pid, first, count, &counts);
        close(fds[0]);
    }
    return summary(argv[optind], &counts);
}
