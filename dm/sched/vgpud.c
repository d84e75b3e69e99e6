/* SPDX-License-Identifier: GPL-2.0-or-later */
/* xen-vgpud but for its options: queues, sockets, and what is done in which
 * order. */
#include "dm/sched/vgpud.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include <utlist.h>

#define FINISH_ROUNDS 4u
#define FINISH_AGAIN_S 0.001

void vgpud_record(struct vgpud *d, const struct vgpu *v, const struct runq *r,
                  uint8_t event, uint64_t value)
{
    const struct sched_record record = {
        .t_ns = clock_ns(),
        .domid = v->domid,
        .index = (uint16_t)v->index,
        .queue = r ? r->number : SCHED_RECORD_VGPU,
        .event = event,
        .value = value,
    };

    records_add(&d->records, &record);
}

static void on_finish_again(struct ev_loop *loop, ev_timer *w, int revents)
{
    (void)loop; /* it is awake: on_finish() is next */
    (void)w;
    (void)revents;
}

static bool is_finished(const struct vgpud *d)
{
    unsigned int i;

    if (d->reap || d->compile_dirty)
        return false;
    for (i = 0; i < d->nr_queues; i++) {
        if (d->queues[i].dirty)
            return false;
    }
    return true;
}

/* Events only take note; what follows from all of them is done here, before
 * the loop sleeps. */
static void on_finish(struct ev_loop *loop, ev_prepare *w, int revents)
{
    struct vgpud *d = w->data;
    unsigned int i, rounds;

    (void)revents;
    /* One queue's turn may end another's business, but not for ever: an engine
     * whose page is always one step ahead would keep us busy. */
    for (rounds = 0; !is_finished(d) && rounds < FINISH_ROUNDS; rounds++) {
        if (d->reap) {
            vgpus_reap(d);
            monitors_reap(d);
        }
        if (d->compile_dirty)
            compile_go(d);
        for (i = 0; i < d->nr_queues; i++) {
            if (d->queues[i].dirty)
                runq_go(&d->queues[i]);
        }
    }
    if (is_finished(d) || ev_is_active(&d->finish_again))
        return;
    ev_timer_set(&d->finish_again, FINISH_AGAIN_S, 0.);
    ev_timer_start(loop, &d->finish_again);
}

static void on_settled(struct ev_loop *loop, ev_timer *w, int revents)
{
    struct vgpud *d = w->data;
    unsigned int i;

    (void)loop;
    (void)revents;
    d->settling = false;
    d->compile_dirty = true;
    for (i = 0; i < d->nr_queues; i++)
        d->queues[i].dirty = true;
}

static int open_queues(struct vgpud *d)
{
    static const struct {
        const char *name;
        uint32_t engines;
    } apart[CONFIG_QUEUES] = {
        {"gfx", 1u << XVGPU_ENGINE_GFX},
        {"sdma", 1u << XVGPU_ENGINE_SDMA},
    };
    unsigned int i, nr = d->config.gang ? 1 : CONFIG_QUEUES;
    int rc = 0;

    for (i = 0; i < nr && !rc; i++) {
        struct runq *r = &d->queues[i];

        rc = runq_init(r, d, d->config.gang ? "gfx+sdma" : apart[i].name,
                       d->config.gang ? apart[0].engines | apart[1].engines
                                      : apart[i].engines,
                       &d->config.queues[i]);
        r->number = (uint8_t)i;
        if (!rc)
            d->nr_queues++;
    }
    return rc;
}

int vgpud_open(struct vgpud *d)
{
    int rc;

    d->sched_fd = -1;
    d->start_ns = clock_ns();
    ev_prepare_init(&d->finish, on_finish);
    d->finish.data = d;
    ev_init(&d->finish_again, on_finish_again);
    ev_timer_init(&d->settle, on_settled, (double)d->config.settle_ns / 1e9,
                  0.);
    d->settle.data = d;
    compile_init(d);
    watch_init(d);
    rc = records_init(&d->records);
    if (!rc)
        rc = open_queues(d);
    if (rc) {
        log_error("start: %s", strerror(-rc));
        return rc;
    }
    if (mkdir(d->run_dir, 0700) && errno != EEXIST) {
        rc = -errno;
        log_error("make %s: %s", d->run_dir, strerror(-rc));
        return rc;
    }
    ev_prepare_start(d->loop, &d->finish);
    rc = admin_open(d);
    if (!rc)
        rc = metrics_open(d);
    if (!rc)
        rc = monitors_open(d);
    if (!rc && d->settling) {
        log_info("restarted: first see who runs");
        ev_timer_start(d->loop, &d->settle);
    }
    return rc;
}

void vgpud_close(struct vgpud *d)
{
    struct vgpu *v, *next;

    monitors_close(d);
    metrics_close(d);
    admin_close(d);
    DL_FOREACH_SAFE(d->vgpus, v, next)
    {
        v->conn = NULL;
        vgpu_remove(v);
    }
    ev_timer_stop(d->loop, &d->watch);
    ev_timer_stop(d->loop, &d->settle);
    ev_timer_stop(d->loop, &d->compile_again);
    ev_timer_stop(d->loop, &d->finish_again);
    ev_prepare_stop(d->loop, &d->finish);
    while (d->nr_queues)
        runq_fini(&d->queues[--d->nr_queues]);
    records_fini(&d->records);
}
