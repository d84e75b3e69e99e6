/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vGPUs, their engines and where these are queued. */
#include "dm/sched/vgpud.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <utlist.h>

const char *vgpud_engine_name(uint32_t number)
{
    static const char *const names[XVGPU_NR_ENGINES] = {
        [XVGPU_ENGINE_GFX] = "gfx",
        [XVGPU_ENGINE_SDMA] = "sdma",
        [XVGPU_ENGINE_MM] = "mm",
    };

    return number < XVGPU_NR_ENGINES && names[number] ? names[number] : "?";
}

struct vgpu *vgpu_find(struct vgpud *d, uint32_t domid, uint32_t index)
{
    struct vgpu *v;

    DL_FOREACH (d->vgpus, v) {
        if (v->domid == domid && v->index == index)
            return v;
    }
    return NULL;
}

struct vgpu *vgpu_find_id(struct vgpud *d, const char *id)
{
    struct vgpu *v;
    size_t len = strlen(id);

    DL_FOREACH (d->vgpus, v) {
        if (!strcmp(v->id, id) ||
            (!v->index && !strncmp(v->id, id, len) && v->id[len] == '.'))
            return v;
    }
    return NULL;
}

static int add_member(struct vgpu *v, struct runq *r,
                      const struct proto_msg *msg)
{
    struct member *m = calloc(1, sizeof(*m));
    uint32_t i;
    int rc;

    if (!m)
        return -ENOMEM;
    m->vgpu = v;
    m->queue = r;
    m->entity.weight = msg->u.sched_vgpu.weight;
    m->entity.cap = msg->u.sched_vgpu.cap;
    m->entity.latency = (enum proto_latency)msg->u.sched_vgpu.latency;
    rc = sched_queue_add(&r->q, &m->entity, clock_ns());
    if (rc) {
        free(m);
        return rc;
    }
    DL_APPEND(r->members, m);
    v->members[v->nr_members++] = m;
    for (i = 0; i < XVGPU_NR_ENGINES; i++) {
        if (!v->engines[i] || !(r->engines & 1u << i))
            continue;
        v->engines[i]->member = m;
        m->engines[m->nr_engines++] = v->engines[i];
    }
    return 0;
}

static int add_engine(struct vgpu *v, uint32_t number,
                      const int fds[PROTO_SCHED_FDS])
{
    struct engine *e = calloc(1, sizeof(*e));
    int rc;

    if (!e)
        return -ENOMEM;
    e->vgpu = v;
    e->number = number;
    snprintf(e->name, sizeof(e->name), "%s %s", v->id,
             vgpud_engine_name(number));
    rc = engine_open(e, fds);
    if (rc) {
        log_limited(&v->d->limit, LOG_WARNING,
                    "%s: its pages or event descriptors: %s", e->name,
                    strerror(-rc));
        free(e);
        return rc;
    }
    v->engines[number] = e;
    return 0;
}

/* Everything that this takes is owned by the vGPU, or closed with it. */
static int fill(struct vgpu *v, struct proto_in *in)
{
    struct vgpud *d = v->d;
    uint32_t engines = in->msg.u.sched_vgpu.engines;
    unsigned int used = 0, i;
    int rc = 0;

    for (i = 0; i < XVGPU_NR_ENGINES && !rc; i++) {
        if (!(engines & 1u << i))
            continue;
        rc = add_engine(v, i, &in->fds[used]);
        if (!rc)
            used += PROTO_SCHED_FDS;
    }
    memmove(in->fds, in->fds + used, (in->nr_fds - used) * sizeof(int));
    in->nr_fds -= used;
    for (i = 0; i < d->nr_queues && !rc; i++) {
        if (d->queues[i].engines & engines)
            rc = add_member(v, &d->queues[i], &in->msg);
    }
    return rc;
}

/* Names are the domain's administrator's; they end in terminals. */
static void take_name(struct vgpu *v, const struct proto_in *in)
{
    size_t i;

    snprintf(v->name, sizeof(v->name), "%.*s", (int)sizeof(v->name) - 1,
             in->text);
    for (i = 0; v->name[i]; i++) {
        if (v->name[i] < ' ' || v->name[i] > '~')
            v->name[i] = '?';
    }
}

int vgpu_add(struct vgpud *d, struct proto_in *in, struct monitor_conn *conn,
             pid_t monitor)
{
    struct vgpu *v = calloc(1, sizeof(*v));
    unsigned int i;
    int rc;

    if (!v)
        return -ENOMEM;
    v->d = d;
    v->conn = conn;
    v->monitor_pid = monitor;
    v->domid = in->msg.u.sched_vgpu.domid;
    v->index = in->msg.u.sched_vgpu.index;
    v->ladder.quarantined = in->msg.u.sched_vgpu.quarantined;
    snprintf(v->id, sizeof(v->id), "%u.%u", v->domid, v->index);
    take_name(v, in);
    DL_APPEND(d->vgpus, v);
    d->nr_vgpus++;
    rc = fill(v, in);
    if (rc) {
        vgpu_remove(v);
        return rc;
    }
    vgpud_record(d, v, NULL, SCHED_EVENT_JOIN, 0);
    for (i = 0; i < XVGPU_NR_ENGINES; i++) {
        /* Nobody runs without a process that has been told, unless the page
         * says so. */
        if (v->engines[i] && grant_kind_now(v->engines[i]->s) != GRANT_NONE)
            engine_adopt(v->engines[i]);
    }
    return 0;
}

void vgpu_remove(struct vgpu *v)
{
    struct vgpud *d = v->d;
    struct runq *r;
    unsigned int i;

    for (i = 0; i < XVGPU_NR_ENGINES; i++) {
        if (v->engines[i])
            engine_close(v->engines[i]);
    }
    for (i = 0; i < v->nr_members; i++) {
        r = v->members[i]->queue;
        if (r->current == v->members[i]) {
            r->current = NULL;
            r->stopping = false;
            r->idle_since_ns = clock_ns();
        }
        if (r->sw.to && r->sw.to->vgpu == v)
            r->sw.to = NULL;
        sched_queue_remove(&r->q, &v->members[i]->entity, clock_ns());
        DL_DELETE(r->members, v->members[i]);
        r->dirty = true;
        free(v->members[i]);
    }
    for (i = 0; i < XVGPU_NR_ENGINES; i++)
        free(v->engines[i]);
    DL_DELETE(d->vgpus, v);
    d->nr_vgpus--;
    free(v);
}

void vgpu_leave(struct vgpu *v)
{
    unsigned int i;

    v->conn = NULL;
    vgpud_record(v->d, v, NULL, SCHED_EVENT_LEAVE, 0);
    for (i = 0; i < XVGPU_NR_ENGINES; i++) {
        struct engine *e = v->engines[i];

        if (!e)
            continue;
        /* Nobody would tell of one whose process is not known. */
        if (e->pid)
            engine_stop(e); /* who is frozen ends it in turns of its own */
        else if (e->state != ENGINE_OFF)
            engine_gone(e);
        compile_end(e);
        member_changed(e->member);
    }
    v->d->reap = true;
}

/* Who is to be killed is, before it could register anew and be forgotten. */
static bool is_over(const struct vgpu *v)
{
    unsigned int i;

    for (i = 0; i < XVGPU_NR_ENGINES; i++) {
        const struct engine *e = v->engines[i];

        if (e &&
            (e->killed || (e->state != ENGINE_OFF && e->state != ENGINE_HELD)))
            return false;
    }
    return true;
}

void vgpus_reap(struct vgpud *d)
{
    struct vgpu *v, *next;

    d->reap = false;
    DL_FOREACH_SAFE(d->vgpus, v, next)
    {
        if (!v->conn && is_over(v))
            vgpu_remove(v);
    }
}

int vgpu_set(struct vgpu *v, uint32_t weight, uint32_t cap,
             enum proto_latency latency, uint64_t slice_ns)
{
    struct proto_msg msg = {.version = PROTO_VERSION, .type = PROTO_SCHED_SET};
    unsigned int i;
    int rc = 0;

    for (i = 0; i < v->nr_members && !rc; i++) {
        struct member *m = v->members[i];

        rc = sched_queue_set(&m->queue->q, &m->entity, weight, cap, latency,
                             slice_ns, clock_ns());
        m->queue->dirty = true;
    }
    if (rc)
        return rc;
    msg.u.sched_vgpu.domid = v->domid;
    msg.u.sched_vgpu.index = v->index;
    msg.u.sched_vgpu.weight = weight;
    msg.u.sched_vgpu.cap = cap;
    msg.u.sched_vgpu.latency = latency;
    monitor_send(v, &msg);
    return 0;
}
