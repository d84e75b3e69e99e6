/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How often xen-vgpud wakes up: for whom it must, and for engines that kick
 * for nothing. In this process; what the loop calls is counted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "dm/sched/vgpud.h"
#include "lib/link.h"

#define PATIENCE_S 60.

static struct ev_loop *loop;
static unsigned int turns, turns_wanted, changes, warnings;

/* --- what the daemon's files call -------------------------------------------
 */

void __real_runq_go(struct runq *r);
void __wrap_runq_go(struct runq *r);
void __wrap_runq_go(struct runq *r)
{
    __real_runq_go(r);
    turns++;
    if (turns < turns_wanted)
        r->dirty = true; /* there is more to be done */
    else
        ev_break(loop, EVBREAK_ALL);
}

void __wrap_member_changed(struct member *m);
void __wrap_member_changed(struct member *m)
{
    (void)m;
    changes++;
}

void __wrap_log_msg(enum log_level level, const char *fmt, ...);
void __wrap_log_msg(enum log_level level, const char *fmt, ...)
{
    (void)fmt;
    warnings += level == LOG_WARNING;
}

static void on_over(struct ev_loop *l, ev_timer *w, int revents)
{
    (void)w;
    (void)revents;
    ev_break(l, EVBREAK_ALL);
}

static void turn_for(double s)
{
    ev_timer over;

    ev_timer_init(&over, on_over, s, 0.);
    ev_timer_start(loop, &over);
    ev_run(loop, 0);
    ev_timer_stop(loop, &over);
}

/* --- work that makes work ---------------------------------------------------
 */

/* It does not sleep with work left, however much of it there is. */
static void test_more_work(void **state)
{
    static struct vgpud d;
    static char name[] = "xen-vgpud", gang[] = "--gang=yes",
                none[] = "--config=/dev/null";
    char dir[] = "/tmp/xvgpu-loop-XXXXXX";
    char *args[] = {name, gang, none, NULL};

    (void)state;
    assert_non_null(mkdtemp(dir));
    assert_int_equal(config_read(&d.config, 3, args), 0);
    loop = ev_loop_new(0);
    d.loop = loop;
    d.run_dir = dir;
    assert_int_equal(vgpud_open(&d), 0);
    assert_int_equal(d.nr_queues, 1);
    turns = 0;
    turns_wanted = 25;
    d.queues[0].dirty = true;
    turn_for(PATIENCE_S);
    assert_int_equal(turns, 25);
    vgpud_close(&d);
    ev_loop_destroy(loop);
    rmdir(dir);
}

/* --- kicks ------------------------------------------------------------------
 */

struct stormer {
    struct vgpud d;
    struct vgpu v;
    struct runq r;
    struct member m;
    struct engine e;
    struct grant_s *s;
    struct grant_e *page;
    int kick_fd;
    ev_prepare storm;
    bool toggles, changes; /* what it wants, its grant */
    uint64_t kicks;
};

static void on_storm(struct ev_loop *l, ev_prepare *w, int revents)
{
    struct stormer *st = w->data;

    (void)l;
    (void)revents;
    if (st->changes)
        grant_set(st->s, GRANT_NONE);
    if (st->toggles)
        __atomic_store_n(&st->page->want, st->kicks & 1, __ATOMIC_SEQ_CST);
    link_kick(st->kick_fd);
    st->kicks++;
}

static void storm_open(struct stormer *st)
{
    const struct grant_s *s;
    int fds[PROTO_SCHED_FDS], ro;

    memset(st, 0, sizeof(*st));
    loop = st->d.loop = ev_loop_new(0);
    st->v.d = &st->d;
    st->r.d = &st->d;
    st->m.vgpu = &st->v;
    st->m.queue = &st->r;
    st->e.vgpu = &st->v;
    st->e.member = &st->m;
    strcpy(st->e.name, "1.0 gfx");
    assert_int_equal(grant_create(GRANT_NONE, 0, &fds[0], &ro, &st->s, &fds[1]),
                     0);
    assert_int_equal(grant_map(ro, fds[1], &s, &st->page), 0);
    close(ro);
    fds[2] = eventfd(0, EFD_CLOEXEC);
    fds[3] = eventfd(0, EFD_CLOEXEC);
    st->kick_fd = dup(fds[3]);
    assert_int_equal(engine_open(&st->e, fds), 0);
    st->e.state = ENGINE_HELD;
    ev_prepare_init(&st->storm, on_storm);
    st->storm.data = st;
    ev_prepare_start(loop, &st->storm);
    changes = warnings = 0;
}

static void storm_close(struct stormer *st)
{
    ev_prepare_stop(loop, &st->storm);
    engine_close(&st->e);
    close(st->kick_fd);
    munmap(st->s, GRANT_SIZE);
    munmap(st->page, GRANT_SIZE);
    ev_loop_destroy(loop);
}

/* It is heard so often at most, and one line tells of the storm. */
static void check_heard(uint64_t per_s, uint64_t burst)
{
    const uint64_t begin = clock_ns();

    turn_for(1.);
    assert_true(changes > 0);
    assert_true(changes <= burst + (clock_ns() - begin) * per_s / NS_PER_S);
    assert_int_equal(warnings, 1);
}

#define LONGEST_NS (VGPUD_KICKS_EMPTY_NS << VGPUD_KICKS_DOUBLINGS)

static void test_empty_kicks(void **state)
{
    static struct stormer st;

    (void)state;
    storm_open(&st);
    check_heard(NS_PER_S / LONGEST_NS,
                VGPUD_KICKS_EMPTY + VGPUD_KICKS_DOUBLINGS + 2);
    storm_close(&st);
}

/* It wants something else each time, and nobody has granted anything. */
static void test_fickle(void **state)
{
    static struct stormer st;

    (void)state;
    storm_open(&st);
    st.toggles = true;
    check_heard(NS_PER_S / LONGEST_NS, VGPUD_KICKS_EMPTY +
                                           VGPUD_KICKS_DOUBLINGS +
                                           2 * VGPUD_KICKS_NEWS + 2);
    storm_close(&st);
}

static void test_kicks(void **state)
{
    static struct stormer st;

    (void)state;
    storm_open(&st);
    st.toggles = st.changes = true;
    check_heard(VGPUD_KICKS, VGPUD_KICKS_BURST + 2);
    storm_close(&st);
}

/* Whoever waits for one that storms hears when it has stopped. */
static void test_stop_in_a_storm(void **state)
{
    static struct stormer st;

    (void)state;
    storm_open(&st);
    while (!ev_is_active(&st.e.quiet))
        ev_run(loop, EVRUN_ONCE);
    assert_false(ev_is_active(&st.e.notify));
    st.e.state = ENGINE_RUN;
    engine_stop(&st.e);
    assert_false(ev_is_active(&st.e.quiet));
    st.page->ack_epoch = st.s->epoch;
    ev_run(loop, EVRUN_NOWAIT);
    assert_int_equal(st.e.state, ENGINE_HELD);
    storm_close(&st);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_more_work),       cmocka_unit_test(test_empty_kicks),
    cmocka_unit_test(test_fickle),          cmocka_unit_test(test_kicks),
    cmocka_unit_test(test_stop_in_a_storm),
};

int main(void)
{
    return cmocka_run_group_tests(tests, NULL, NULL);
}
