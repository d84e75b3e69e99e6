/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Engine processes: started and killed for the device, which knows what the
 * guest wants.
 */
#include "dm/monitor/monitor.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/log.h"
#include "lib/scanout.h"

/* For one that says nothing: a Vulkan driver on a busy host takes its time, and
 * 30 s were not enough for two in an emulated machine. */
#define START_TIMEOUT_S 120.0
/* For the first one of a virtio-gpu, for which all wait: libxl, or who
 * attaches. There must be time left for another one, without 3D (MONITOR_*_S).
 */
#define FIRST_TIMEOUT_S 25.0
#define FIRST_ATTACHED_TIMEOUT_S 90.0
#define MEMORY_MAX (UINT64_C(256) << 20)
/* A driver's code, what it makes of shaders, and its buffers. The local heap
 * comes on top. */
#define MEMORY_GFX (UINT64_C(768) << 20)
#define PIDS_MAX 64u
#define COMPILE_WATCHDOGS 5u /* longer than a packet may run */
#define OOM_SCORE_ADJ 500    /* before the device, and before most of dom0 */
#define MAX_BUCKETS 1024u

static struct monitor *monitor_of(struct engine *e)
{
    return e->child.owner;
}

static void answer(struct engine *e, uint32_t type, int status, uint32_t tag)
{
    struct proto_msg msg = {.version = PROTO_VERSION, .type = type};

    msg.u.engine_op.index = e->vgpu->index;
    msg.u.engine_op.engine = e->number;
    msg.u.engine_op.status = status;
    msg.u.engine_op.tag = tag;
    msg.u.engine_op.features = e->features;
    msg.u.engine_op.capsets = e->capsets;
    device_send(monitor_of(e), &msg);
}

static void answer_all(struct engine *e, struct owed *owed, uint32_t type,
                       int status)
{
    uint32_t i;

    for (i = 0; i < owed->nr; i++)
        answer(e, type, status, owed->tags[i]);
    owed->nr = 0;
}

static void answer_runs(struct engine *e, int status)
{
    answer_all(e, &e->runs, PROTO_ENGINE_STARTED, status);
}

static void owe(struct owed *owed, uint32_t tag)
{
    owed->tags[owed->nr++] = tag;
}

static uint32_t threads(const struct vgpu_options *opt)
{
    long n = opt->threads ? (long)opt->threads : sysconf(_SC_NPROCESSORS_ONLN);

    if (!opt->threads && n > (long)OPTIONS_THREADS_DEFAULT)
        n = OPTIONS_THREADS_DEFAULT;
    return n > 0 ? (uint32_t)n : 1;
}

/* What gfx is told besides; the text goes with the message. */
static void describe_gfx(struct monitor *m, struct engine *e,
                         struct proto_msg *msg, char *text, size_t size)
{
    const struct vgpu_options *opt = e->vgpu->opt;
    char cache[CACHE_PATH];

    cache_make(m->opt->domid, e->vgpu->index, e->child.uid, e->has_cache,
               cache);
    e->has_cache = cache[0];
    snprintf(text, size, "%s\n%s", cache, opt->vulkan_icd);
    msg->u.engine.watchdog_ms = opt->watchdog;
    msg->u.engine.compile_ms = opt->watchdog * COMPILE_WATCHDOGS;
    msg->u.engine.threads = threads(opt);
    msg->u.engine.local_size = opt->local;
    msg->u.engine.plain = e->plain;
}

/* Until its first process is ready a virtio-gpu can still do without 3D: what
 * it offers is not yet known. A driver that hangs or dies at its start would
 * cost the guest its display, and its domain. */
static bool may_be_plain(const struct engine *e)
{
    return e->vgpu->opt->model == PROTO_MODEL_VIRTIO_GPU && !e->plain &&
           !e->was_ready;
}

static double start_timeout(const struct monitor *m, const struct engine *e)
{
    const char *text = getenv("XVGPU_3D_SECONDS");

    if (!may_be_plain(e))
        return START_TIMEOUT_S;
    if (text && atoi(text) > 0)
        return atoi(text);
    return m->opt->attach ? FIRST_ATTACHED_TIMEOUT_S : FIRST_TIMEOUT_S;
}

static void do_without_3d(struct engine *e, const char *why)
{
    log_warning("%s %s: once more, without 3D", e->name, why);
    e->plain = e->again = true;
}

static int start(struct monitor *m, struct engine *e)
{
    struct child_spec spec = {
        .program = "xen-vgpu-engine",
        .cgroup = e->cgroup,
        .domid = m->opt->domid,
        .number = 1 + e->vgpu->index * XVGPU_NR_ENGINES + e->number,
        .memory_max = MEMORY_MAX,
        .pids_max = PIDS_MAX,
        .oom_score_adj = OOM_SCORE_ADJ,
    };
    struct proto_msg msg = {.version = PROTO_VERSION,
                            .type = PROTO_ENGINE_START};
    char text[CACHE_PATH + sizeof(e->vgpu->opt->vulkan_icd)] = "";
    int fds[] = {e->link_fd,     e->kick_fd,    e->event_fd,
                 e->grant_ro_fd, e->grant_e_fd, e->wake_fd,
                 e->notify_fd,   e->context_fd, e->vgpu->scanout_fd};
    unsigned int nr_fds = PROTO_ENGINE_FDS;
    int rc;

    if (e->number == XVGPU_ENGINE_GFX) {
        spec.program = "xen-vgpu-engine-gfx";
        spec.memory_max = MEMORY_GFX + e->vgpu->opt->local;
        nr_fds++;
    }
    if (e->vgpu->scanout_fd >= 0) {
        spec.program = "xen-vgpu-engine-virtio";
        /* Frames of resources count as those. */
        spec.memory_max += SCANOUT_OWN_SIZE;
        nr_fds++;
    }
    rc = child_start(&e->child, &m->cgroups, &spec);
    if (rc)
        return rc;
    e->starts++;
    e->pid = (uint32_t)e->child.pid;
    e->doomed = false;
    e->failed = 0;
    msg.u.engine.domid = m->opt->domid;
    msg.u.engine.index = e->vgpu->index;
    msg.u.engine.engine = e->number;
    msg.u.engine.uid = msg.u.engine.gid = e->child.uid;
    msg.u.engine.sandbox = m->sandbox;
    msg.u.engine.log_level = m->opt->log_level;
    msg.u.engine.max_buckets = MAX_BUCKETS;
    if (e->number == XVGPU_ENGINE_GFX)
        describe_gfx(m, e, &msg, text, sizeof(text));
    rc = child_send(&e->child, &msg, fds, nr_fds, text);
    if (rc) {
        log_error("talk to %s: %s", e->name, strerror(-rc));
        e->failed = rc;
        child_kill(&e->child); /* the answer follows from its end */
    }
    ev_timer_set(&e->timeout, start_timeout(m, e), 0.);
    ev_timer_start(m->loop, &e->timeout);
    return 0;
}

/* Unless there were too many of late. */
static int start_one(struct monitor *m, struct engine *e)
{
    if (m->state > MONITOR_RUNNING)
        return -ESHUTDOWN;
    if (e->vgpu->quarantined)
        return -EPERM; /* the device knows, too, if it is honest */
    if (vgpu_may_start(e->vgpu, clock_ns()))
        return start(m, e);
    log_limited(&e->limit, LOG_ERROR,
                "%s: started more than %u times in %u s, or starts have used "
                "%u s of processors and more than %u ms a second: refused",
                e->name, VGPU_STARTS_MAX,
                (unsigned int)(VGPU_STARTS_WINDOW_NS / 1000000000u),
                VGPU_START_CPU_BURST / 1000u, VGPU_START_CPU_RATE);
    return -EAGAIN;
}

/* For people: as hostile as all that it says, and cut where it is long. */
static void take_description(struct engine *e, const struct proto_in *in)
{
    size_t i;

    for (i = 0; i < in->text_len && i < sizeof(e->device) - 1; i++)
        e->device[i] =
            in->text[i] < ' ' || in->text[i] > '~' ? '?' : in->text[i];
    e->device[i] = '\0';
    e->processors = in->msg.u.ready.processors;
    e->memory = PROTO_MEMORY_UNSAID;
    if (in->msg.u.ready.memory == PROTO_MEMORY_IN_PLACE ||
        in->msg.u.ready.memory == PROTO_MEMORY_COPIED)
        e->memory = (enum proto_memory)in->msg.u.ready.memory;
}

static void on_message(struct child *c, struct proto_in *in)
{
    struct engine *e =
        (struct engine *)((char *)c - offsetof(struct engine, child));
    int status = in->msg.u.ready.status;

    if (in->msg.type != PROTO_ENGINE_READY || e->ready) {
        log_error("%s sent a message of type %u: ended", c->name, in->msg.type);
        child_kill(c);
        return;
    }
    ev_timer_stop(c->loop, &e->timeout);
    if (status) {
        if (status > 0 || status < -4095)
            status = -EIO;
        log_error("%s could not start: %s", c->name, strerror(-status));
        /* Answered when it is gone, and can be started anew. */
        e->failed = status;
        child_kill(c);
        return;
    }
    take_description(e, in);
    e->features = in->msg.u.ready.features;
    e->capsets = in->msg.u.ready.capsets;
    e->ready = e->was_ready = true;
    vgpu_charge_start(e->vgpu, child_cpu_ns(c), clock_ns());
    sched_engine_ready(e);
    answer_runs(e, 0);
}

/* What its exit status says. One that lies harms nobody but its guest. */
static enum proto_death death_of(const struct child *c)
{
    if (c->killed || !WIFEXITED(c->status))
        return PROTO_DEATH_OTHER;
    switch (WEXITSTATUS(c->status)) {
    case PROTO_EXIT_HUNG:
        return PROTO_DEATH_HUNG;
    case PROTO_EXIT_LOST:
        return PROTO_DEATH_LOST;
    default:
        return PROTO_DEATH_OTHER;
    }
}

static void on_exited(struct child *c)
{
    struct engine *e =
        (struct engine *)((char *)c - offsetof(struct engine, child));
    struct monitor *m = c->owner;
    bool was_ready = e->ready;
    int rc = e->failed ? e->failed : -EIO;
    enum proto_death death;

    ev_timer_stop(c->loop, &e->timeout);
    sched_take(e->vgpu); /* it may have been faster than we are */
    death = e->doomed ? e->doom : death_of(c);
    e->ready = false;
    if (was_ready)
        sched_engine_gone(e, death);
    else
        vgpu_charge_start(e->vgpu, child_cpu_ns(c), clock_ns());
    if (e->doomed)
        log_limited(&e->limit, LOG_ERROR, "%s was ended for xen-vgpud%s",
                    c->name,
                    death == PROTO_DEATH_HUNG ? ": it did not yield" : "");
    else if (!c->killed && death == PROTO_DEATH_HUNG)
        log_limited(&e->limit, LOG_ERROR, "%s ended: a packet did not",
                    c->name);
    else if (!c->killed && death == PROTO_DEATH_LOST)
        log_limited(&e->limit, LOG_ERROR, "%s lost the GPU", c->name);
    else if (!c->killed)
        log_error("%s %s", c->name, child_end(c));
    if (!c->killed && !e->failed && may_be_plain(e) && e->runs.nr)
        do_without_3d(e, "ended at its start");
    if (e->kills.nr)
        answer_all(e, &e->kills, PROTO_ENGINE_DEAD, 0);
    else if (was_ready)
        answer(e, PROTO_ENGINE_DEAD, (int)death, 0);
    if (e->again && !e->failed)
        rc = start_one(m, e);
    if (rc)
        answer_runs(e, rc);
    e->again = false;
    monitor_child_gone(m);
}

static const struct child_ops ops = {
    .message = on_message,
    .exited = on_exited,
};

static void on_timeout(struct ev_loop *loop, ev_timer *w, int revents)
{
    struct engine *e = w->data;
    char why[40];

    (void)loop;
    (void)revents;
    snprintf(why, sizeof(why), "is not ready after %g s",
             start_timeout(monitor_of(e), e));
    if (may_be_plain(e)) {
        do_without_3d(e, why);
    } else {
        log_error("%s %s: ended", e->name, why);
        e->failed = -ETIMEDOUT;
    }
    child_kill(&e->child);
}

void engines_init(struct monitor *m)
{
    struct engine *e;
    unsigned int v, i;

    for (v = 0; v < m->opt->nr_vgpus; v++) {
        for (i = 0; i < XVGPU_NR_ENGINES; i++) {
            e = &m->vgpus[v].engine[i];
            e->child.ops = &ops;
            e->child.owner = m;
            e->child.loop = m->loop;
            e->child.name = e->name;
            ev_timer_init(&e->timeout, on_timeout, START_TIMEOUT_S, 0.);
            e->timeout.data = e;
        }
    }
}

static struct engine *lookup(struct monitor *m, uint32_t index, uint32_t engine)
{
    if (index >= m->opt->nr_vgpus || engine >= XVGPU_NR_ENGINES ||
        !(m->vgpus[index].engines & 1u << engine))
        return NULL;
    return &m->vgpus[index].engine[engine];
}

int engines_run(struct monitor *m, uint32_t index, uint32_t engine,
                uint32_t tag)
{
    struct engine *e = lookup(m, index, engine);
    int rc;

    if (!e || !tag || e->runs.nr == VGPU_OWED_MAX)
        return -EPROTO;
    if (child_runs(&e->child) && e->ready && !e->child.killed) {
        answer(e, PROTO_ENGINE_STARTED, 0, tag);
        return 0;
    }
    if (!child_runs(&e->child)) {
        rc = start_one(m, e);
        if (rc) {
            answer(e, PROTO_ENGINE_STARTED, rc, tag);
            return 0;
        }
    } else if (e->child.killed) {
        /* On its way out: the device has not waited for its end. */
        e->again = true;
    }
    owe(&e->runs, tag);
    return 0;
}

int engines_end(struct monitor *m, uint32_t index, uint32_t engine,
                uint32_t tag)
{
    struct engine *e = lookup(m, index, engine);

    if (!e || !tag || e->kills.nr == VGPU_OWED_MAX)
        return -EPROTO;
    if (!child_runs(&e->child)) {
        answer(e, PROTO_ENGINE_DEAD, 0, tag);
        return 0;
    }
    answer_runs(e, -ECANCELED);
    owe(&e->kills, tag);
    child_kill(&e->child);
    return 0;
}

int engines_end_frozen(struct monitor *m, uint32_t index, uint32_t engine,
                       uint32_t tag)
{
    struct engine *e = lookup(m, index, engine);

    if (!e || !tag)
        return -EPROTO;
    if (!child_runs(&e->child) || e->child.killed ||
        !__atomic_load_n(&e->grant->frozen_at_ns, __ATOMIC_RELAXED))
        return 0;
    return engines_end(m, index, engine, tag);
}

void engines_forget(struct monitor *m)
{
    struct engine *e;
    unsigned int v, i;

    for (v = 0; v < m->opt->nr_vgpus; v++) {
        for (i = 0; i < XVGPU_NR_ENGINES; i++) {
            e = &m->vgpus[v].engine[i];
            e->runs.nr = e->kills.nr = 0;
            e->again = false;
        }
    }
}

uint32_t engines_running(const struct vgpu *v)
{
    uint32_t mask = 0;
    unsigned int i;

    for (i = 0; i < XVGPU_NR_ENGINES; i++) {
        const struct engine *e = &v->engine[i];

        if (child_runs(&e->child) && e->ready && !e->child.killed)
            mask |= 1u << i;
    }
    return mask;
}

void engine_doom(struct engine *e, uint32_t pid, enum proto_death death)
{
    if (!e->ready || (pid && pid != e->pid))
        return;
    e->doomed = true;
    e->doom = death;
    child_kill(&e->child);
}

void engines_kill(struct vgpu *v)
{
    unsigned int i;

    for (i = 0; i < XVGPU_NR_ENGINES; i++)
        child_kill(&v->engine[i].child);
}

void engines_kill_all(struct monitor *m)
{
    unsigned int v;

    for (v = 0; v < m->opt->nr_vgpus; v++)
        engines_kill(&m->vgpus[v]);
}

bool engines_any(const struct monitor *m)
{
    unsigned int v, i;

    for (v = 0; v < m->opt->nr_vgpus; v++) {
        for (i = 0; i < XVGPU_NR_ENGINES; i++) {
            if (child_runs(&m->vgpus[v].engine[i].child))
                return true;
        }
    }
    return false;
}
