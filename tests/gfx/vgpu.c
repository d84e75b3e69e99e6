/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A scene through the gfx engine, on the fake Xen and whatever Vulkan device
 * there is: its picture and result; preempted at random moments; handed over
 * to another engine; timed.
 */
#include <errno.h>
#include <getopt.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "gfx-rig.h"
#include "picture.h"
#include "tests/gfx/scene-stream.h"

#define SURFACE GFX_DATA
#define MEMORY (GFX_DATA + (8u << 20))
#define SAMPLES_MAX 100000u

static struct options {
    const char *out;
    uint32_t frames, draws, preempt, seed, handover, warm, copied;
} opt = {.frames = 1};

static struct run {
    struct gfx_rig t;
    struct scene_memory memory;
    struct scene_guest guest;
    /* Of the thread that preempts. */
    pthread_t thread;
    bool stop;
    uint64_t sample[SAMPLES_MAX];
    uint32_t samples;
} run;

static int die(const char *what)
{
    fprintf(stderr, "vgpu: %s\n", what);
    exit(1);
}

/* ---- Preemption
 * -------------------------------------------------------------- */

static void wake(void)
{
    const uint64_t one = 1;

    if (write(run.t.rig.config.wake, &one, sizeof(one)) < 0)
        die("wake");
}

static uint32_t acknowledged(void)
{
    return __atomic_load_n(&run.t.rig.e->grant_e->ack_epoch, __ATOMIC_ACQUIRE);
}

/* Takes the engine away and gives it back, again and again: the time from the
 * request to its acknowledgement. */
static void *preempt(void *unused)
{
    struct grant_s *s = run.t.rig.grant;
    uint64_t start;

    (void)unused;
    while (!__atomic_load_n(&run.stop, __ATOMIC_RELAXED)) {
        usleep((useconds_t)(rand_r(&opt.seed) % (2 * opt.preempt)));
        start = clock_ns();
        grant_set(s, GRANT_NONE);
        wake();
        while (acknowledged() != s->epoch &&
               !__atomic_load_n(&run.stop, __ATOMIC_RELAXED))
            sched_yield();
        if (run.samples < SAMPLES_MAX && acknowledged() == s->epoch)
            run.sample[run.samples++] = clock_ns() - start;
        grant_set(s, GRANT_RUN);
        wake();
    }
    return NULL;
}

static int by_size(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

static double percentile(double p)
{
    if (!run.samples)
        return 0;
    return (double)run.sample[(uint32_t)(p * (run.samples - 1))] / 1000;
}

/* ---- Frames
 * -------------------------------------------------------------------- */

static void submit(void)
{
    uint32_t code;

    gfx_queue(&run.t);
    rig_doorbell(&run.t.rig);
    while (run.t.rig.link->eng.fence != run.t.fence) {
        if (engine_turn(run.t.rig.e, 10) < 0)
            die("engine_turn");
        code = run.t.rig.link->eng.fault_code;
        if (run.t.rig.link->eng.state == LINK_STOPPED) {
            fprintf(stderr, "vgpu: fault %u, packet 0x%x of the buffer\n", code,
                    (unsigned int)(run.t.rig.link->eng.fault_ib - GFX_IB));
            exit(1);
        }
    }
}

static double seconds(uint64_t since)
{
    return (double)(clock_ns() - since) / 1e9;
}

static void draw(void)
{
    uint64_t start;
    uint32_t i;
    double s;

    scene_guest_create(&run.guest, &run.t.s);
    submit();
    /* Each pipeline runs once before the clock does. */
    for (i = 0; i < opt.warm; i++) {
        scene_guest_draw(&run.guest, &run.t.s, 0);
        submit();
    }
    if (opt.preempt && pthread_create(&run.thread, NULL, preempt, NULL))
        die("pthread_create");
    start = clock_ns();
    for (i = 0; i < opt.frames; i++) {
        if (opt.handover && i && !gfx_hand_over(&run.t))
            die("the successor does not start");
        scene_guest_draw(&run.guest, &run.t.s, opt.frames - 1 - i);
        submit();
    }
    s = seconds(start);
    __atomic_store_n(&run.stop, true, __ATOMIC_RELAXED);
    if (opt.preempt)
        pthread_join(run.thread, NULL);
    qsort(run.sample, run.samples, sizeof(run.sample[0]), by_size);
    printf("STATS scene=%s frames=%u seconds=%.6f fps=%.3f chunks=%llu "
           "preempted=%llu latency_p50_us=%.0f latency_p99_us=%.0f "
           "latency_max_us=%.0f requests=%u\n",
           run.guest.scene->name, opt.frames, s, opt.frames / s,
           (unsigned long long)run.t.g->chunks_submitted,
           (unsigned long long)run.t.rig.e->stats.preempted, percentile(0.5),
           percentile(0.99), percentile(1), run.samples);
}

/* ---- Before and after
 * ------------------------------------------------------------ */

static void prepare(const struct scene *s)
{
    struct scene_surface surface = {
        .bus = s->picture == SCENE_NONE || !opt.out ? 0 : SURFACE,
        .stride = s->width * 4,
    };
    uint64_t room = (scene_guest_bytes(s) + 4095) / 4096 * 4096;

    if (MEMORY + room > GFX_RAM)
        die("the scene needs more memory");
    gfx_rig_new(&run.t);
    if (opt.draws)
        run.t.g->chunk_draws = opt.draws;
    if (opt.copied)
        run.t.g->vk.import = false;
    run.memory = (struct scene_memory){
        .at = gfx_data(&run.t, MEMORY, room), .bus = MEMORY, .size = room};
    if (!scene_guest_init(&run.guest, s, &run.memory, 0, 0, 0, &surface))
        die("the scene has no room");
}

static int show(void)
{
    const struct scene_guest *g = &run.guest;
    struct picture p;
    int word = scene_guest_check(g), rc;

    if (word != SCENE_NONE) {
        fprintf(stderr, "vgpu: word %d of the result is wrong\n", word);
        return 1;
    }
    if (!opt.out || !g->surface.bus)
        return 0;
    rc = picture_from(
        &p, gfx_data(&run.t, SURFACE, (size_t)g->surface.stride * g->height),
        g->width, g->height, 1);
    if (rc == 0)
        rc = picture_write(&p, opt.out);
    picture_free(&p);
    return rc < 0;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"out", required_argument, NULL, 'o'},
        {"frames", required_argument, NULL, 'f'},
        {"warm", required_argument, NULL, 'w'},
        {"chunk", required_argument, NULL, 'c'},
        {"preempt", required_argument, NULL, 'p'},
        {"seed", required_argument, NULL, 's'},
        {"hand-over", no_argument, NULL, 'h'},
        {"copied", no_argument, NULL, 'C'},
        {NULL, 0, NULL, 0},
    };
    const struct scene *s;
    int c, rc;

    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        uint32_t n = optarg ? (uint32_t)strtoul(optarg, NULL, 10) : 0;

        switch (c) {
        case 'o':
            opt.out = optarg;
            break;
        case 'f':
            opt.frames = n;
            break;
        case 'w':
            opt.warm = n;
            break;
        case 'c':
            opt.draws = n;
            break;
        case 'p':
            opt.preempt = n;
            break;
        case 's':
            opt.seed = n;
            break;
        case 'h':
            opt.handover = 1;
            break;
        case 'C':
            opt.copied = 1;
            break;
        default:
            return 2;
        }
    }
    s = optind + 1 == argc ? scene_find(argv[optind]) : NULL;
    if (!s || !opt.frames) {
        fprintf(stderr, "usage: vgpu [--out FILE.png] [--frames N] [--warm N] "
                        "[--chunk DRAWS] [--preempt US] [--seed N] "
                        "[--hand-over] [--copied] SCENE\n");
        return 2;
    }
    prepare(s);
    draw();
    rc = show();
    gfx_rig_free(&run.t);
    return rc;
}
