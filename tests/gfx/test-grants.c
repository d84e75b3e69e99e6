/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The gfx engine under grants: what compiles does so under its own, draws that
 * are stopped anywhere go on, and the pictures are those of an engine that is
 * alone.
 */
#include "gfx-rig.h"

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <utlist.h>

#include <cmocka.h>

#include "tests/gfx/scene-stream.h"
#include "tests/gfx/scenes.h"

#define MIB 0x100000ull
#define HALF (GFX_DATA + 90 * MIB) /* the second one's memory from here on */
#define BESIDE HALF                /* its indirect buffer */
#define FRAMES 2u
#define STOPS 30u /* as many at least */

struct drawer {
    struct gfx_rig t;
    struct scene_memory memory;
    struct scene_guest guest;
    void *picture; /* as it is in guest memory */
    size_t bytes;
    unsigned int compiled;
};

static struct drawer one, two;

static void place(struct drawer *d, const struct scene *s, uint64_t at)
{
    struct scene_surface surface = {.bus = at + 2 * MIB,
                                    .stride = s->width * 4};
    const uint64_t bus = at + 8 * MIB;
    uint64_t room = (scene_guest_bytes(s) + 4095) / 4096 * 4096;

    d->memory = (struct scene_memory){
        .at = gfx_data(&d->t, bus, room), .bus = bus, .size = room};
    assert_true(scene_guest_init(&d->guest, s, &d->memory, 0, 0, 0, &surface));
    d->bytes = (size_t)surface.stride * s->height;
    d->picture = gfx_data(&d->t, surface.bus, d->bytes);
}

static void queue_create(struct drawer *d)
{
    scene_guest_create(&d->guest, &d->t.s);
    gfx_queue(&d->t);
}

static void queue_frames(struct drawer *d)
{
    uint32_t i;

    for (i = 0; i < FRAMES; i++) {
        scene_guest_draw(&d->guest, &d->t.s, FRAMES - 1 - i);
        /* One buffer for all: the next frame when this one is done. */
        gfx_queue(&d->t);
        if (i + 1 < FRAMES)
            rig_go(&d->t.rig);
    }
}

/* What an engine draws that nobody disturbs; the caller frees. */
static void *undisturbed(const struct scene *s)
{
    void *copy;

    gfx_rig_new(&one.t);
    place(&one, s, GFX_DATA);
    queue_create(&one);
    rig_go(&one.t.rig);
    queue_frames(&one);
    rig_go(&one.t.rig);
    assert_true(one.t.rig.link->eng.fence == one.t.fence);
    copy = malloc(one.bytes);
    assert_non_null(copy);
    memcpy(copy, one.picture, one.bytes);
    gfx_rig_free(&one.t);
    return copy;
}

/* ---- The scheduler ------------------------------------------------------- */

static uint32_t want(const struct drawer *d)
{
    return LINK_READ(d->t.rig.e->grant_e->want);
}

static uint32_t acked(const struct drawer *d)
{
    return LINK_READ_ACQ(d->t.rig.e->grant_e->ack_epoch);
}

static void turn(struct drawer *d)
{
    assert_int_equal(engine_turn(d->t.rig.e, 0), 0);
    assert_int_not_equal(d->t.rig.link->eng.state, LINK_STOPPED);
}

static bool done(const struct drawer *d)
{
    return LINK_READ(d->t.rig.link->eng.fence) == d->t.fence;
}

/* So many things that compile have been done. */
static unsigned int compiled(const struct drawer *d)
{
    const struct object *o;
    unsigned int n = 0;

    DL_FOREACH (d->t.g->objects, o) {
        n += o->class_ == XVGPU_GFX_SHADER || o->class_ == XVGPU_GFX_PIPELINE;
        n += o->class_ == XVGPU_GFX_PIPELINE &&
             ((const struct pipeline *)o)->warm;
    }
    return n;
}

/* Under scheduler's rules from now on. */
static void no_grant(struct drawer *d)
{
    uint32_t epoch = rig_grant(&d->t.rig, GRANT_NONE);

    d->t.rig.grant->flags = 0;
    turn(d);
    assert_int_equal(acked(d), epoch);
}

/* Asked for in vain. */
static void withdrawn(struct drawer *d)
{
    unsigned int before = compiled(d);

    rig_grant(&d->t.rig, GRANT_COMPILE);
    no_grant(d);
    assert_int_equal(compiled(d), before);
    assert_int_equal(want(d), GRANT_COMPILE);
}

/* One thing, and the grant is given back. */
static void compile(struct drawer *d)
{
    unsigned int before = compiled(d);
    uint32_t epoch = rig_grant(&d->t.rig, GRANT_COMPILE);

    turn(d);
    assert_int_equal(acked(d), epoch);
    assert_int_equal(compiled(d), before + 1);
    turn(d);
    assert_int_equal(compiled(d), before + 1);
}

static void *stop_when_running(void *arg)
{
    struct drawer *d = arg;
    const struct grant_s *s = d->t.rig.grant;
    uint32_t epoch = s->epoch;

    while (LINK_READ_ACQ(d->t.rig.e->grant_e->run_epoch) != epoch)
        sched_yield();
    rig_grant(&d->t.rig, GRANT_NONE);
    return NULL;
}

/* It ends what it has begun. */
static void stopped_in_compile(struct drawer *d)
{
    unsigned int before = compiled(d);
    pthread_t thread;

    rig_grant(&d->t.rig, GRANT_COMPILE);
    assert_int_equal(pthread_create(&thread, NULL, stop_when_running, d), 0);
    turn(d);
    pthread_join(thread, NULL);
    turn(d);
    assert_int_equal(acked(d), d->t.rig.grant->epoch);
    assert_int_equal(d->t.rig.grant->kind, GRANT_NONE);
    assert_int_equal(compiled(d), before + 1);
}

/* What it asks for until all is done: it compiles under no other grant. */
static void serve(struct drawer *d)
{
    unsigned int turns = 0, before, first = compiled(d);

    d->compiled = 0;
    while (!done(d)) {
        assert_true(++turns < 10000);
        if (want(d) == GRANT_COMPILE) {
            withdrawn(d);
            if (d->compiled++ % 2)
                compile(d);
            else
                stopped_in_compile(d);
            continue;
        }
        before = compiled(d);
        rig_grant(&d->t.rig, GRANT_RUN);
        turn(d);
        assert_int_equal(compiled(d), before);
        no_grant(d);
    }
    assert_int_equal(compiled(d), first + d->compiled);
}

/* ---- Tests --------------------------------------------------------------- */

static void compiles_under_its_grant(void **state)
{
    void *want_picture = undisturbed(&scene_stream);
    uint32_t i;

    (void)state;
    gfx_rig_new(&one.t);
    place(&one, &scene_stream, GFX_DATA);
    no_grant(&one);
    queue_create(&one);
    rig_doorbell(&one.t.rig);
    turn(&one);
    serve(&one);
    assert_true(one.compiled > scene_stream.pipeline_count);
    for (i = 0; i < FRAMES; i++) {
        scene_guest_draw(&one.guest, &one.t.s, FRAMES - 1 - i);
        gfx_queue(&one.t);
        rig_doorbell(&one.t.rig);
        turn(&one);
        serve(&one);
        assert_int_equal(one.compiled, i ? 0 : scene_stream.pipeline_count);
    }
    assert_memory_equal(one.picture, want_picture, one.bytes);
    gfx_rig_free(&one.t);
    free(want_picture);
}

/* What a dead process had is made again under one such grant; commands do not
 * wait for it. */
static void recovers_under_its_grant(void **state)
{
    void *want_picture = undisturbed(&scene_stream);
    unsigned int made;
    uint32_t epoch;

    (void)state;
    gfx_rig_new(&one.t);
    place(&one, &scene_stream, GFX_DATA);
    queue_create(&one);
    rig_go(&one.t.rig);
    made = compiled(&one);
    no_grant(&one);
    assert_true(gfx_hand_over(&one.t));
    assert_int_equal(one.t.rig.link->eng.state, LINK_RUNNING);
    assert_int_equal(compiled(&one), 0);
    assert_int_equal(want(&one), GRANT_COMPILE);
    /* Nothing runs before. */
    scene_guest_draw(&one.guest, &one.t.s, 0);
    gfx_queue(&one.t);
    rig_doorbell(&one.t.rig);
    rig_grant(&one.t.rig, GRANT_RUN);
    turn(&one);
    no_grant(&one);
    assert_int_equal(want(&one), GRANT_COMPILE);
    epoch = rig_grant(&one.t.rig, GRANT_COMPILE);
    turn(&one);
    assert_int_equal(acked(&one), epoch);
    assert_int_equal(compiled(&one), made);
    serve(&one);
    assert_int_equal(one.compiled, scene_stream.pipeline_count);
    assert_memory_equal(one.picture, want_picture, one.bytes);
    gfx_rig_free(&one.t);
    free(want_picture);
}

/* So is what another ring has left thrown away. */
static void forgets_under_its_grant(void **state)
{
    unsigned int made;
    uint32_t epoch;

    (void)state;
    gfx_rig_new(&one.t);
    place(&one, &scene_stream, GFX_DATA);
    queue_create(&one);
    rig_go(&one.t.rig);
    made = compiled(&one);
    assert_true(made > 0);
    no_grant(&one);
    assert_int_equal(rig_command(&one.t.rig, LINK_CMD_STOP), 0);
    assert_int_equal(rig_start(&one.t.rig), 0);
    assert_int_equal(one.t.rig.link->eng.state, LINK_RUNNING);
    assert_int_equal(compiled(&one), made);
    assert_int_equal(want(&one), GRANT_COMPILE);
    epoch = rig_grant(&one.t.rig, GRANT_COMPILE);
    turn(&one);
    assert_int_equal(acked(&one), epoch);
    assert_int_equal(compiled(&one), 0);
    assert_int_equal(want(&one), GRANT_NONE);
    gfx_rig_free(&one.t);
}

/* One grant for both, taken from one and given to the other at random moments,
 * wherever they are. */
static struct {
    pthread_t thread;
    bool stop;
    unsigned int seed, stops, compiles;
} both;

static bool give(struct drawer *d)
{
    uint32_t kind = want(d), epoch;

    if (kind == GRANT_NONE)
        return false;
    epoch = rig_grant(&d->t.rig, kind);
    usleep((useconds_t)(rand_r(&both.seed) % 3000));
    both.compiles += kind == GRANT_COMPILE;
    if (acked(d) != epoch)
        epoch = rig_grant(&d->t.rig, GRANT_NONE);
    while (acked(d) != epoch)
        usleep(50);
    both.stops += want(d) != GRANT_NONE;
    return true;
}

static void *switch_both(void *unused)
{
    bool idle;

    (void)unused;
    while (!__atomic_load_n(&both.stop, __ATOMIC_RELAXED)) {
        idle = !give(&one);
        idle &= !give(&two);
        if (idle)
            usleep(100);
    }
    return NULL;
}

static void draw_both(void)
{
    unsigned int turns = 0;

    rig_doorbell(&one.t.rig);
    rig_doorbell(&two.t.rig);
    while (!done(&one) || !done(&two)) {
        assert_true(++turns < 100000000);
        turn(&one);
        turn(&two);
    }
}

static void two_share_one_grant(void **state)
{
    void *first = undisturbed(&scene_stream);
    void *second = undisturbed(&scene_fractal);
    uint32_t frame = 0;

    (void)state;
    gfx_rig_new(&one.t);
    gfx_rig_new_beside(&two.t, &one.t, BESIDE);
    place(&one, &scene_stream, GFX_DATA);
    place(&two, &scene_fractal, HALF);
    no_grant(&one);
    no_grant(&two);
    both.seed = 1;
    queue_create(&one);
    queue_create(&two);
    assert_int_equal(pthread_create(&both.thread, NULL, switch_both, NULL), 0);
    draw_both();
    while (frame < 2 || (both.stops < STOPS && frame < 500)) {
        scene_guest_draw(&one.guest, &one.t.s, 0);
        gfx_queue(&one.t);
        scene_guest_draw(&two.guest, &two.t.s, 0);
        gfx_queue(&two.t);
        draw_both();
        assert_memory_equal(one.picture, first, one.bytes);
        assert_memory_equal(two.picture, second, two.bytes);
        frame++;
    }
    __atomic_store_n(&both.stop, true, __ATOMIC_RELAXED);
    while (pthread_tryjoin_np(both.thread, NULL)) {
        turn(&one);
        turn(&two);
    }
    assert_true(both.stops >= STOPS);
    assert_true(both.compiles > 2 * scene_stream.pipeline_count);
    gfx_rig_free(&two.t);
    gfx_rig_free(&one.t);
    free(first);
    free(second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(compiles_under_its_grant),
        cmocka_unit_test(recovers_under_its_grant),
        cmocka_unit_test(forgets_under_its_grant),
        cmocka_unit_test(two_share_one_grant),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
