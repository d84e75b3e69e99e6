/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two domains draw without a pause, and the gfx engine of one is killed in
 * mid-frame, again and again: its guest is told, makes its objects anew and
 * has the reference's picture in the next frame; all pictures of the other one
 * are right, and none is missing.
 *
 *   test-gfx-kill [KILLS [SEED]]     of each of the two scenes
 *
 * STATS: from the kill to the guest's being told, to the ring's running again
 * with all that was queued done, and to the first right picture; and what a
 * frame takes otherwise. A guest looks once a millisecond. Nothing is asserted
 * about these times.
 */
#include "gfx-guest.h"

#include <libgen.h>
#include <limits.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/log.h" /* clock_ns() */
#include "tests/gfx/picture.h"
#include "tests/gfx/scenes.h"

#define OPTIONS "vram=2M,sched=none,engines=gfx,watchdog=60000"
#define TURNS 2u /* pictures of a scene's animation */
#define KILLS_MAX 1000u
/* Frames that may end before their kill, for each that does not. */
#define TRIES 100u
/* A vGPU whose engine starts more than ten times in ten seconds is refused. */
#define PACE_NS UINT64_C(1100000000)
#define FREE_KILLS 8u

static uint32_t kills = 3;
static unsigned int seed = 1;

struct side {
    struct gfx_guest guest;
    struct scene_guest scene;
    struct picture want[TURNS];
    uint32_t turns;    /* 1: the scene is not animated */
    uint32_t turn;     /* of the next frame */
    uint64_t frame_ns; /* what the last one took */
    /* Looked at by another thread. */
    uint64_t frames;
    const char *wrong; /* NULL: nothing */
};

static struct side victim, other;
static pthread_t thread; /* draws the other's frames */
static bool drawing, stop;

static struct times {
    uint64_t told[KILLS_MAX], runs[KILLS_MAX], right[KILLS_MAX],
        frame[KILLS_MAX];
} times;

static void set_wrong(struct side *s, const char *what)
{
    __atomic_store_n(&s->wrong, what, __ATOMIC_RELEASE);
}

static void assert_right(const struct side *s)
{
    const char *what = __atomic_load_n(&s->wrong, __ATOMIC_ACQUIRE);

    if (what)
        fail_msg("%s: %s", s == &other ? "the other domain" : "the victim",
                 what);
}

/* ---- Pictures --------------------------------------------------------- */

/* As a program draws them that shares no code with the engine. */
static void make_references(struct side *s)
{
    char self[PATH_MAX], file[] = "/tmp/xvgpu-test-XXXXXX.png";
    char command[2 * PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
    uint32_t i;
    int fd;

    assert_true(n > 0);
    self[n] = '\0';
    dirname(self);
    fd = mkstemps(file, 4);
    assert_true(fd >= 0);
    close(fd);
    for (i = 0; i < s->turns; i++) {
        snprintf(command, sizeof(command),
                 "MESA_SHADER_CACHE_DISABLE=true ASAN_OPTIONS=detect_leaks=0 "
                 "'%s/../gfx/reference' --turn %u --out %s %s >&2",
                 self, i, file, s->scene.scene->name);
        assert_int_equal(system(command), 0);
        assert_int_equal(picture_read(&s->want[i], file), 0);
        assert_int_equal(s->want[i].width, s->scene.width);
        assert_int_equal(s->want[i].height, s->scene.height);
    }
    unlink(file);
    /* Or a frame that was not drawn would pass for one that was. */
    n = s->scene.width * s->scene.height * 3;
    for (i = 0; i < s->turns; i++)
        assert_true(memchr(s->want[i].rgb, 0xff, (size_t)n));
}

static bool is_right(struct side *s)
{
    const size_t bytes = (size_t)s->scene.width * s->scene.height;
    const uint8_t *shown =
        gfx_guest_data(&s->guest, GFX_GUEST_SURFACE, bytes * 4);
    struct picture p = {0};
    bool same;

    if (!shown ||
        picture_from(&p, shown, s->scene.width, s->scene.height, 1) < 0)
        return false;
    same = !memcmp(p.rgb, s->want[s->turn].rgb, bytes * 3);
    picture_free(&p);
    return same;
}

/* ---- A guest ---------------------------------------------------------- */

static void start(struct side *s, const struct scene *scene)
{
    const struct scene_surface surface = {.bus = GFX_GUEST_SURFACE,
                                          .stride = scene->width * 4};

    gfx_guest_start(&s->guest, OPTIONS);
    assert_true(scene_guest_init(&s->scene, scene, &s->guest.memory, 0, 0, 0,
                                 &surface));
    s->turns = scene == &scene_planet ? TURNS : 1;
    s->turn = 0;
    s->frames = 0;
    s->wrong = NULL;
    make_references(s);
    scene_guest_create(&s->scene, &s->guest.s);
    assert_true(gfx_guest_submit(&s->guest));
    assert_int_equal(gfx_guest_result(&s->guest), XVGPU_FAULT_NONE);
}

/* `anew`: with objects made anew, since what they held in the local heap is
 * lost. */
static bool begin_frame(struct side *s, bool anew)
{
    const size_t bytes = (size_t)s->scene.width * s->scene.height * 4;
    void *shown = gfx_guest_data(&s->guest, GFX_GUEST_SURFACE, bytes);

    if (!shown)
        return false;
    memset(shown, 0, bytes);
    if (anew) {
        scene_guest_destroy(&s->scene, &s->guest.s);
        scene_guest_create(&s->scene, &s->guest.s);
    }
    scene_guest_draw(&s->scene, &s->guest.s, s->turn);
    return gfx_guest_submit(&s->guest);
}

/* Of a frame that is done. */
static void end_frame(struct side *s)
{
    if (!is_right(s))
        set_wrong(s, "a picture is wrong");
    s->turn = (s->turn + 1) % s->turns;
    __atomic_add_fetch(&s->frames, 1, __ATOMIC_RELAXED);
}

static void draw_frame(struct side *s)
{
    const uint64_t since = clock_ns();

    if (!begin_frame(s, false))
        set_wrong(s, "a frame was not taken");
    else if (gfx_guest_result(&s->guest) != XVGPU_FAULT_NONE)
        set_wrong(s, "a frame was not drawn");
    else
        end_frame(s);
    s->frame_ns = clock_ns() - since;
}

static void *keep_drawing(void *arg)
{
    struct side *s = arg;

    while (!s->wrong && !__atomic_load_n(&stop, __ATOMIC_RELAXED))
        draw_frame(s);
    return NULL;
}

static void stop_drawing(void)
{
    __atomic_store_n(&stop, true, __ATOMIC_RELAXED);
    if (drawing)
        assert_int_equal(pthread_join(thread, NULL), 0);
    drawing = false;
}

/* ---- Kills ------------------------------------------------------------ */

static uint32_t status(struct side *s)
{
    return (uint32_t)gfx_guest_csr(&s->guest, GFX + XVGPU_STATUS, 4);
}

static bool is_done(struct side *s)
{
    return gfx_guest_csr(&s->guest, GFX + XVGPU_FENCE, 8) == s->guest.fence;
}

/* In a frame that has begun, at a moment of its usual time. False: it had been
 * done before, and was right. */
static bool kill_in_frame(struct side *s, pid_t pid, uint64_t *killed)
{
    struct gfx_guest *g = &s->guest;
    int ms;

    assert_true(begin_frame(s, false));
    usleep((useconds_t)((uint64_t)rand_r(&seed) % (s->frame_ns / 1000 + 1)));
    if (is_done(s)) {
        end_frame(s);
        assert_right(s);
        return false;
    }
    *killed = clock_ns();
    assert_int_equal(kill(pid, SIGKILL), 0);
    for (ms = 0; ms < GFX_GUEST_PATIENCE_MS; ms++) {
        if (status(s) != XVGPU_STATUS_RUNNING || g->broken)
            break;
        usleep(1000);
    }
    assert_false(g->broken);
    assert_int_equal(status(s), XVGPU_STATUS_STOPPED);
    assert_int_equal(gfx_guest_csr(g, GFX + XVGPU_FAULT_CODE, 4),
                     XVGPU_FAULT_ENGINE_RESET);
    return true;
}

/* Of the frame that was killed nothing is drawn any more. False: it was done
 * before the kill after all. */
static bool recover(struct side *s, uint64_t killed, uint32_t n)
{
    bool in_time = !is_done(s);

    times.told[n] = clock_ns() - killed;
    assert_int_equal(gfx_guest_resume(&s->guest), XVGPU_FAULT_NONE);
    times.runs[n] = clock_ns() - killed;
    assert_true(begin_frame(s, true));
    assert_int_equal(gfx_guest_result(&s->guest), XVGPU_FAULT_NONE);
    times.right[n] = clock_ns() - killed;
    end_frame(s);
    assert_right(s);
    return in_time;
}

/* The other one goes on, and so does this one, until the next kill may be. */
static void pause_between(uint64_t killed)
{
    const uint64_t frames = __atomic_load_n(&other.frames, __ATOMIC_RELAXED);
    uint64_t since = clock_ns();

    do {
        draw_frame(&victim);
        assert_right(&victim);
        assert_right(&other);
        assert_true(clock_ns() - since <
                    GFX_GUEST_PATIENCE_MS * UINT64_C(1000000));
    } while ((kills > FREE_KILLS && clock_ns() - killed < PACE_NS) ||
             __atomic_load_n(&other.frames, __ATOMIC_RELAXED) < frames + 2);
}

static uint32_t kill_again_and_again(void)
{
    struct gfx_guest *g = &victim.guest;
    uint32_t n = 0, resets = 0, late = 0;
    uint64_t killed;
    pid_t pid, last = 0;
    bool in_time;

    while (n < kills) {
        assert_true(resets + late < kills + TRIES + n);
        pid = dm_process(&g->dm, "engine gfx");
        assert_true(pid > 0 && pid != last);
        if (!kill_in_frame(&victim, pid, &killed)) {
            late++;
            continue;
        }
        in_time = recover(&victim, killed, n);
        assert_int_equal(gfx_guest_csr(g, GFX + XVGPU_RESETS, 4), ++resets);
        pause_between(killed);
        times.frame[n] = victim.frame_ns;
        n += in_time;
        late += !in_time;
        last = pid;
    }
    return late;
}

/* ---- Figures ---------------------------------------------------------- */

static int by_size(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

static void print_times(const char *name, uint64_t *ns)
{
    qsort(ns, kills, sizeof(*ns), by_size);
    printf(" %s_ms_p50=%.1f %s_ms_p99=%.1f", name,
           (double)ns[(kills + 1) / 2 - 1] / 1e6, name,
           (double)ns[(kills * 99 + 99) / 100 - 1] / 1e6);
}

static void print_figures(uint32_t late)
{
    printf("STATS scene=%s kills=%u late=%u frames=%llu other=%s "
           "other_frames=%llu other_wrong=0",
           victim.scene.scene->name, kills, late,
           (unsigned long long)victim.frames, other.scene.scene->name,
           (unsigned long long)other.frames);
    print_times("told", times.told);
    print_times("runs", times.runs);
    print_times("right", times.right);
    print_times("frame", times.frame);
    putchar('\n');
    fflush(stdout);
}

/* ---- The tests -------------------------------------------------------- */

static void end(struct side *s)
{
    uint32_t i;

    for (i = 0; i < TURNS; i++)
        picture_free(&s->want[i]);
    assert_int_equal(fx_domain_kill((domid_t)s->guest.dm.domid), 0);
    assert_int_equal(dm_wait_exit(&s->guest.dm), 0);
}

static void kill_beside(const struct scene *killed, const struct scene *beside)
{
    struct gfx_guest *g = &other.guest;
    uint32_t late;
    int ms;

    start(&victim, killed);
    start(&other, beside);
    draw_frame(&victim); /* whose time has the compiler's in it */
    draw_frame(&other);
    draw_frame(&victim);
    assert_right(&victim);
    assert_right(&other);
    stop = false;
    assert_int_equal(pthread_create(&thread, NULL, keep_drawing, &other), 0);
    drawing = true;
    late = kill_again_and_again();
    stop_drawing();
    assert_right(&other);
    assert_int_equal(gfx_guest_csr(g, GFX + XVGPU_RESETS, 4), 0);
    assert_int_equal(gfx_guest_csr(g, GFX + XVGPU_FAULTS, 8), 0);
    /* It is counted a little after the fence is there. */
    for (ms = 0; ms < GFX_GUEST_PATIENCE_MS; ms++) {
        if (gfx_guest_csr(g, GFX + XVGPU_JOBS, 8) == g->fence)
            break;
        usleep(1000);
    }
    assert_int_equal(gfx_guest_csr(g, GFX + XVGPU_JOBS, 8), g->fence);
    assert_int_equal(g->fence, other.frames + 1); /* and its objects */
    print_figures(late);
    end(&victim);
    end(&other);
    dm_assert_nothing_left(&victim.guest.dm);
    dm_assert_nothing_left(&other.guest.dm);
}

/* A test that failed may have left the thread, waiting for an answer. */
static int end_test(void **state)
{
    if (drawing)
        fx_domain_kill((domid_t)other.guest.dm.domid);
    stop_drawing();
    return harness_end_test(state);
}

static void planet_is_killed(void **state)
{
    (void)state;
    kill_beside(&scene_planet, &scene_stream);
}

static void stream_is_killed(void **state)
{
    (void)state;
    kill_beside(&scene_stream, &scene_planet);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(planet_is_killed, end_test),
        cmocka_unit_test_teardown(stream_is_killed, end_test),
    };
    int rc;

    if (getenv("XVGPU_SANITIZED"))
        kills = 1;
    else if (getenv("XVGPU_LONG"))
        kills = 50;
    if (argc > 1)
        kills = (uint32_t)strtoul(argv[1], NULL, 10);
    if (argc > 2)
        seed = (unsigned int)strtoul(argv[2], NULL, 10);
    if (!kills || kills > KILLS_MAX) {
        fprintf(stderr, "usage: test-gfx-kill [KILLS [SEED]]\n");
        return 2;
    }
    /* What sanitizers find in the driver is not ours to mend. */
    setenv("TSAN_OPTIONS", "report_bugs=0", 1);
    harness_start("fake");
    rc = cmocka_run_group_tests(tests, NULL, NULL);
    harness_stop();
    return rc;
}
