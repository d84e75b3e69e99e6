/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The device process: its start, its requests, queries to it.
 */
#include "dm/monitor/monitor.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "lib/log.h"

#define NUMBER 0u
/* 64 MiB, and a screenshot of 8192 * 8192 pixels. */
#define MEMORY_MAX (UINT64_C(320) << 20)
#define PIDS_MAX 32u
#define QUERY_TIMEOUT_S 5.0
#define RECORD_PIPE (1 << 20)

static void finish_query(struct query *q, int rc, struct proto_in *in)
{
    query_done *done = q->done;

    ev_timer_stop(q->m->loop, &q->timeout);
    q->done = NULL;
    if (!rc && q->fd >= 0) {
        /* Ours, not what the device may have sent. */
        proto_close_fds(in);
        in->fds[0] = q->fd;
        in->nr_fds = 1;
    } else if (q->fd >= 0) {
        close(q->fd);
    }
    q->fd = -1;
    done(q->user, rc, in);
}

static void on_reply(struct monitor *m, struct proto_in *in)
{
    static struct log_limit limit;
    unsigned int i;

    for (i = 0; i < MONITOR_QUERIES; i++) {
        if (m->queries[i].done && m->queries[i].tag == in->msg.u.reply.tag) {
            finish_query(&m->queries[i], 0, in);
            return;
        }
    }
    log_limited(&limit, LOG_DEBUG, "an answer to no query of ours, or late");
}

static void send_reset(struct monitor *m, struct vgpu *v)
{
    const struct proto_msg msg = {
        .version = PROTO_VERSION,
        .type = PROTO_RESET,
        .u.reset = {.index = v->index,
                    .reason = v->reset_reason,
                    .quarantine = v->quarantined},
    };

    v->reset_open = true;
    v->reset_again = false;
    if (m->state == MONITOR_RUNNING)
        device_send(m, &msg);
}

static int on_reset_done(struct monitor *m, uint32_t index)
{
    struct vgpu *v;

    if (index >= m->opt->nr_vgpus || m->state != MONITOR_RUNNING)
        return -EPROTO;
    v = &m->vgpus[index];
    if (!v->reset_open)
        return -EPROTO;
    v->reset_open = false;
    if (v->reset_again)
        send_reset(m, v);
    return 0;
}

void device_reset(struct monitor *m, struct vgpu *v, uint32_t reason,
                  bool quarantine)
{
    static const char *const why[] = {
        [XVGPU_RESET_GUARD] = "for its engines' hangs",
        [XVGPU_RESET_ADMIN] = "for the administrator",
    };

    if (reason != XVGPU_RESET_GUARD)
        reason = XVGPU_RESET_ADMIN;
    log_limited(&v->sched.limit, LOG_WARNING, "vGPU %u is reset %s%s", v->index,
                why[reason],
                quarantine       ? ", and in quarantine"
                : v->quarantined ? ", and out of quarantine"
                                 : "");
    v->reset_reason = reason;
    v->quarantined = quarantine;
    if (v->reset_open)
        v->reset_again = true;
    else
        send_reset(m, v);
    if (quarantine)
        engines_kill(v); /* whatever the device does about it */
}

void device_resets(struct monitor *m)
{
    unsigned int i;

    for (i = 0; i < m->opt->nr_vgpus; i++) {
        if (m->vgpus[i].reset_open)
            send_reset(m, &m->vgpus[i]);
    }
}

static void on_message(struct child *c, struct proto_in *in)
{
    const struct proto_msg *msg = &in->msg;
    struct monitor *m = c->owner;
    int rc = 0;

    if (c->killed)
        return;
    switch (msg->type) {
    case PROTO_DEVICE_READY:
        if (m->state == MONITOR_STARTING || m->state == MONITOR_TAKEOVER)
            monitor_device_ready(m, msg->u.ready.status, msg->u.ready.ioservid);
        else if (m->have_server)
            rc = -EPROTO;
        break;
    case PROTO_ENGINE_RUN:
        rc = engines_run(m, msg->u.engine_op.index, msg->u.engine_op.engine,
                         msg->u.engine_op.tag);
        break;
    case PROTO_ENGINE_KILL:
        rc = engines_end(m, msg->u.engine_op.index, msg->u.engine_op.engine,
                         msg->u.engine_op.tag);
        break;
    case PROTO_ENGINE_STOPPING:
        rc = engines_end_frozen(m, msg->u.engine_op.index,
                                msg->u.engine_op.engine, msg->u.engine_op.tag);
        break;
    case PROTO_REPLY:
        on_reply(m, in);
        break;
    case PROTO_RESET_DONE:
        rc = on_reset_done(m, msg->u.reset.index);
        break;
    default:
        rc = -EPROTO;
        break;
    }
    if (rc) {
        log_error("%s sent a message of type %u that makes no sense: ended",
                  c->name, msg->type);
        child_kill(c);
    }
}

static void on_exited(struct child *c)
{
    struct monitor *m = c->owner;
    unsigned int i;

    for (i = 0; i < MONITOR_QUERIES; i++) {
        if (m->queries[i].done)
            finish_query(&m->queries[i], -ENODEV, NULL);
    }
    monitor_device_gone(m);
}

static const struct child_ops ops = {
    .message = on_message,
    .exited = on_exited,
};

static int send_vgpu(struct monitor *m, const struct vgpu *v)
{
    struct proto_msg msg = {.version = PROTO_VERSION,
                            .type = PROTO_DEVICE_VGPU};
    int fds[2 + 3 * XVGPU_NR_ENGINES];
    unsigned int n = 0, i;

    fds[n++] = v->csr_fd;
    if (v->scanout_fd >= 0)
        fds[n++] = v->scanout_fd;
    for (i = 0; i < XVGPU_NR_ENGINES; i++) {
        if (!(v->engines & 1u << i))
            continue;
        fds[n++] = v->engine[i].link_fd;
        fds[n++] = v->engine[i].kick_fd;
        fds[n++] = v->engine[i].event_fd;
    }
    msg.u.vgpu.index = v->index;
    msg.u.vgpu.devfn = v->opt->slot << 3;
    msg.u.vgpu.engines = v->engines;
    msg.u.vgpu.running = engines_running(v);
    msg.u.vgpu.vram_size = v->vram->size;
    msg.u.vgpu.vram_gfn = v->vram->gfn;
    if (v->engines & 1u << XVGPU_ENGINE_GFX)
        msg.u.vgpu.local_size = v->opt->local;
    msg.u.vgpu.model = v->opt->model;
    msg.u.vgpu.scanouts = v->opt->scanouts;
    msg.u.vgpu.width = v->opt->width;
    msg.u.vgpu.height = v->opt->height;
    return child_send(&m->device, &msg, fds, n, NULL);
}

int device_start(struct monitor *m)
{
    struct child_spec spec = {
        .program = "xen-vgpu-device",
        .cgroup = "device",
        .domid = m->opt->domid,
        .number = NUMBER,
        .memory_max = MEMORY_MAX,
        .pids_max = PIDS_MAX,
    };
    struct proto_msg msg = {.version = PROTO_VERSION,
                            .type = PROTO_DEVICE_START};
    bool unlimited = false;
    unsigned int i;
    int rc;

    m->device.ops = &ops;
    m->device.owner = m;
    m->device.loop = m->loop;
    m->device.name = "the device process";
    /* Looking at a hole in a memfd fills it. */
    for (i = 0; i < m->opt->nr_vgpus; i++) {
        if (m->vgpus[i].scanout_fd >= 0)
            spec.memory_max += SCANOUT_SIZE;
    }
    rc = child_start(&m->device, &m->cgroups, &spec);
    if (rc)
        return rc;
    msg.u.start.domid = m->opt->domid;
    msg.u.start.own_domid = m->xs.own_domid;
    msg.u.start.takeover = m->state == MONITOR_TAKEOVER;
    msg.u.start.ioservid = m->ioservid;
    msg.u.start.pvh = m->opt->attach;
    msg.u.start.nr_vcpus = m->nr_vcpus;
    msg.u.start.nr_vgpus = m->opt->nr_vgpus;
    msg.u.start.uid = msg.u.start.gid = m->device.uid;
    msg.u.start.sandbox = m->sandbox;
    msg.u.start.log_level = m->opt->log_level;
    for (i = 0; i < m->opt->nr_vgpus; i++) {
        /* One ioreq service for all: the most patient one decides, and the
         * limits add up. */
        msg.u.start.rate += m->opt->vgpus[i].rate;
        unlimited |= !m->opt->vgpus[i].rate;
        if (m->opt->vgpus[i].poll > msg.u.start.poll_us)
            msg.u.start.poll_us = m->opt->vgpus[i].poll;
    }
    if (unlimited)
        msg.u.start.rate = 0;
    rc = child_send(&m->device, &msg, NULL, 0, NULL);
    for (i = 0; !rc && i < m->opt->nr_vgpus; i++)
        rc = send_vgpu(m, &m->vgpus[i]);
    if (rc) {
        log_error("talk to %s: %s", m->device.name, strerror(-rc));
        if (rc != -EPIPE) /* it has ended already: why follows from its end */
            child_kill(&m->device);
    }
    return 0;
}

void device_stop(struct monitor *m)
{
    struct proto_msg msg = {.version = PROTO_VERSION, .type = PROTO_STOP};

    device_send(m, &msg);
}

static void send_with_fd(struct monitor *m, const struct proto_msg *msg, int fd)
{
    int rc;

    if (!child_runs(&m->device) || m->device.killed)
        return;
    rc = child_send(&m->device, msg, &fd, fd >= 0 ? 1 : 0, NULL);
    if (!rc || rc == -EPIPE)
        return; /* its end is about to be seen */
    log_error("%s does not read its messages (%s): ended", m->device.name,
              strerror(-rc));
    child_kill(&m->device);
}

void device_send(struct monitor *m, const struct proto_msg *msg)
{
    send_with_fd(m, msg, -1);
}

/* A pipe that blocks neither the device, which drops what does not fit, nor
 * the reader. */
static int make_pipe(int ends[2])
{
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK))
        return -errno;
    fcntl(ends[1], F_SETPIPE_SZ, RECORD_PIPE); /* as large as it may be */
    return 0;
}

static void on_timeout(struct ev_loop *loop, ev_timer *w, int revents)
{
    (void)loop;
    (void)revents;
    finish_query(w->data, -ETIMEDOUT, NULL);
}

int device_query(struct monitor *m, uint32_t index, uint32_t query,
                 uint32_t scanout, query_done *done, void *user)
{
    struct proto_msg msg = {.version = PROTO_VERSION, .type = PROTO_QUERY};
    int ends[2] = {-1, -1}, rc;
    struct query *q;
    unsigned int i;

    if (m->state != MONITOR_RUNNING || !child_runs(&m->device) ||
        m->device.killed)
        return -ENODEV;
    for (i = 0; i < MONITOR_QUERIES && m->queries[i].done; i++)
        ;
    if (i == MONITOR_QUERIES)
        return -EBUSY;
    if (query == PROTO_QUERY_RECORD && (rc = make_pipe(ends)))
        return rc;
    q = &m->queries[i];
    q->m = m;
    q->fd = ends[0];
    q->done = done;
    q->user = user;
    q->tag = ++m->next_tag;
    ev_timer_init(&q->timeout, on_timeout, QUERY_TIMEOUT_S, 0.);
    q->timeout.data = q;
    ev_timer_start(m->loop, &q->timeout);
    msg.u.query.tag = q->tag;
    msg.u.query.index = index;
    msg.u.query.query = query;
    msg.u.query.scanout = scanout;
    send_with_fd(m, &msg, ends[1]);
    if (ends[1] >= 0)
        close(ends[1]);
    return 0;
}

void device_query_cancel(struct monitor *m, const void *user)
{
    unsigned int i;

    for (i = 0; i < MONITOR_QUERIES; i++) {
        if (m->queries[i].done && m->queries[i].user == user) {
            ev_timer_stop(m->loop, &m->queries[i].timeout);
            m->queries[i].done = NULL;
            if (m->queries[i].fd >= 0)
                close(m->queries[i].fd);
        }
    }
}
