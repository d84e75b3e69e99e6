/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dm/monitor/sched.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "dm/monitor/monitor.h"
#include "lib/log.h"

#define RETRY_S 0.5
#define MESSAGES_A_TURN 16

/* Once for each turn of events, however often it is tried; and not without
 * end with a xen-vgpud that comes and goes. */
static void tell(struct sched *s)
{
    static const enum log_level levels[] = {
        [SCHED_WAITS] = LOG_WARNING,
        [SCHED_REFUSED] = LOG_ERROR,
        [SCHED_REGISTERED] = LOG_INFO,
    };
    char text[80];

    if (s->state == SCHED_ASKS ||
        (s->state == s->told && s->status == s->told_status))
        return;
    s->told = s->state;
    s->told_status = s->status;
    sched_text(s, text, sizeof(text));
    log_limited(&s->limit, levels[s->state], "vGPU %u: scheduling: %s",
                s->vgpu->index, text);
}

static void enter(struct sched *s, enum sched_state state, int status)
{
    s->state = state;
    s->status = status;
    tell(s);
}

static bool connected(const struct sched *s)
{
    return s->state == SCHED_ASKS || s->state == SCHED_REGISTERED;
}

static void hang_up(struct sched *s)
{
    if (!connected(s))
        return;
    ev_io_stop(s->m->loop, &s->io);
    close(s->sock);
    s->sock = -1;
}

/* What was said or not said is made up for by the next registration. */
static void lose(struct sched *s, enum sched_state state, int status)
{
    hang_up(s);
    ev_timer_stop(s->m->loop, &s->retry);
    ev_timer_set(&s->retry, RETRY_S, 0.);
    ev_timer_start(s->m->loop, &s->retry);
    enter(s, state, status);
}

static int send_to(struct sched *s, const struct proto_msg *msg, const int *fds,
                   unsigned int nr_fds, const char *text)
{
    int rc = proto_send(s->sock, msg, fds, nr_fds, text, strlen(text));

    if (rc)
        lose(s, SCHED_WAITS, 0);
    return rc;
}

static int send_engine(struct sched *s, const struct engine *e,
                       enum proto_death death)
{
    const bool runs = child_runs(&e->child) && e->ready;
    struct proto_msg msg = {
        .version = PROTO_VERSION,
        .type = PROTO_SCHED_ENGINE,
        .u.sched_engine = {.index = s->vgpu->index,
                           .engine = e->number,
                           .pid = runs ? (uint32_t)e->child.pid : 0,
                           .death = death,
                           .processors = e->processors},
    };

    return send_to(s, &msg, &e->child.pidfd, runs ? 1 : 0, "");
}

static int send_registration(struct sched *s)
{
    const struct vgpu *v = s->vgpu;
    int fds[PROTO_SCHED_FDS * XVGPU_NR_ENGINES];
    struct proto_msg msg = {
        .version = PROTO_VERSION,
        .type = PROTO_SCHED_REGISTER,
        .u.sched_vgpu = {.domid = s->m->opt->domid,
                         .index = v->index,
                         .engines = v->engines,
                         .weight = s->weight,
                         .cap = s->cap,
                         .latency = s->latency,
                         .quarantined = v->quarantined},
    };
    unsigned int n = 0, i;

    for (i = 0; i < XVGPU_NR_ENGINES; i++) {
        const struct engine *e = &v->engine[i];

        if (!(v->engines & 1u << i))
            continue;
        fds[n++] = e->grant_s_fd;
        fds[n++] = e->grant_e_fd;
        fds[n++] = e->wake_fd;
        fds[n++] = e->notify_fd;
    }
    return send_to(s, &msg, fds, n, s->m->name);
}

static void on_registered(struct sched *s, int status)
{
    const struct vgpu *v = s->vgpu;
    unsigned int i;

    if (status) {
        lose(s, SCHED_REFUSED, status > 0 || status < -4095 ? -EIO : status);
        return;
    }
    enter(s, SCHED_REGISTERED, 0);
    for (i = 0; i < XVGPU_NR_ENGINES; i++) {
        if (child_runs(&v->engine[i].child) && v->engine[i].ready &&
            send_engine(s, &v->engine[i], PROTO_DEATH_OTHER))
            return;
    }
}

static void on_kill(struct sched *s, const struct proto_msg *msg)
{
    uint32_t n = msg->u.sched_engine.engine;
    enum proto_death death = PROTO_DEATH_OTHER;
    struct engine *e;

    if (n >= XVGPU_NR_ENGINES || !(s->vgpu->engines & 1u << n))
        return;
    e = &s->vgpu->engine[n];
    if (msg->u.sched_engine.death <= PROTO_DEATH_LOST)
        death = (enum proto_death)msg->u.sched_engine.death;
    engine_doom(e, msg->u.sched_engine.pid, death);
    if (!e->ready && !msg->u.sched_engine.pid)
        send_engine(s, e, death); /* there is nobody to wait for */
}

static void on_set(struct sched *s, const struct proto_msg *msg)
{
    s->weight = msg->u.sched_vgpu.weight;
    s->cap = msg->u.sched_vgpu.cap;
    s->latency = msg->u.sched_vgpu.latency;
}

static void on_message(struct sched *s, const struct proto_msg *msg)
{
    switch (msg->type) {
    case PROTO_SCHED_REGISTERED:
        if (s->state == SCHED_ASKS)
            on_registered(s, msg->u.sched_status.status);
        break;
    case PROTO_SCHED_KILL:
        on_kill(s, msg);
        break;
    case PROTO_SCHED_RESET:
        device_reset(s->m, s->vgpu, msg->u.reset.reason,
                     msg->u.reset.quarantine);
        break;
    case PROTO_SCHED_SET:
        on_set(s, msg);
        break;
    default:
        log_limited(&s->limit, LOG_WARNING,
                    "vGPU %u: xen-vgpud sent a message of type %u",
                    s->vgpu->index, msg->type);
    }
}

void sched_take(struct vgpu *v)
{
    static struct proto_in in; /* too large for a stack; one thread */
    struct sched *s = &v->sched;
    int n = MESSAGES_A_TURN, rc;

    while (connected(s) && n-- > 0) {
        rc = proto_recv(s->sock, &in);
        if (rc == -EAGAIN)
            break;
        if (rc == -EINTR)
            continue;
        if (rc) {
            lose(s, SCHED_WAITS, 0);
            break;
        }
        on_message(s, &in.msg);
        proto_close_fds(&in);
    }
}

static void on_readable(struct ev_loop *loop, ev_io *w, int revents)
{
    (void)loop;
    (void)revents;
    sched_take(w->data);
}

/* Without waiting for a xen-vgpud that is too busy to accept: -EAGAIN. */
static int connect_to(void)
{
    struct sockaddr_un sa = {.sun_family = AF_UNIX};
    const char *dir = getenv("XVGPU_RUN_DIR");
    int fd, len, rc;

    len = snprintf(sa.sun_path, sizeof(sa.sun_path), "%s/%s",
                   dir ? dir : MONITOR_RUN_DIR, PROTO_SCHED_SOCKET);
    if (len >= (int)sizeof(sa.sun_path))
        return -ENAMETOOLONG;
    fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -errno;
    if (connect(fd, (struct sockaddr *)&sa, sizeof(sa))) {
        rc = -errno;
        close(fd);
        return rc;
    }
    return fd;
}

static void ask(struct sched *s)
{
    int fd = connect_to();

    if (fd < 0) {
        lose(s, SCHED_WAITS, 0);
        return;
    }
    s->sock = fd;
    enter(s, SCHED_ASKS, s->status);
    ev_io_init(&s->io, on_readable, fd, EV_READ);
    s->io.data = s->vgpu;
    ev_io_start(s->m->loop, &s->io);
    send_registration(s);
}

static void on_retry(struct ev_loop *loop, ev_timer *w, int revents)
{
    (void)loop;
    (void)revents;
    ask(w->data);
}

void sched_start(struct monitor *m)
{
    struct sched *s;
    unsigned int i;

    for (i = 0; i < m->opt->nr_vgpus; i++) {
        s = &m->vgpus[i].sched;
        if (!m->opt->vgpus[i].sched || s->state != SCHED_OFF)
            continue;
        s->m = m;
        s->vgpu = &m->vgpus[i];
        s->sock = -1;
        ev_timer_init(&s->retry, on_retry, RETRY_S, 0.);
        s->retry.data = s;
        ask(s);
    }
}

void sched_stop(struct monitor *m)
{
    struct sched *s;
    unsigned int i;

    for (i = 0; i < m->opt->nr_vgpus; i++) {
        s = &m->vgpus[i].sched;
        if (s->state == SCHED_OFF)
            continue;
        hang_up(s);
        ev_timer_stop(m->loop, &s->retry);
        s->state = s->told = SCHED_OFF;
    }
}

void sched_engine_ready(struct engine *e)
{
    struct sched *s = &e->vgpu->sched;

    if (s->state == SCHED_REGISTERED)
        send_engine(s, e, PROTO_DEATH_OTHER);
}

void sched_engine_gone(struct engine *e, enum proto_death death)
{
    struct sched *s = &e->vgpu->sched;

    if (s->state == SCHED_REGISTERED)
        send_engine(s, e, death);
}

void sched_text(const struct sched *s, char *text, size_t size)
{
    static const char *const states[] = {
        [SCHED_OFF] = "not registered",
        [SCHED_WAITS] = "waits for xen-vgpud",
        [SCHED_ASKS] = "waits for xen-vgpud",
        [SCHED_REGISTERED] = "registered",
    };

    if (s->state == SCHED_REFUSED || (s->state == SCHED_ASKS && s->status))
        snprintf(text, size, "refused: %s",
                 s->status == -EEXIST ? "there is one of this name already"
                                      : strerror(-s->status));
    else
        snprintf(text, size, "%s", states[s->state]);
}
