/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Engines' processes, behind the monitor, which starts and kills them, and
 * behind the link page. What waits is the worker's.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <xen-vgpu/packet.h>

#include "dm/device/model.h"

/* Generous: a machine may be emulated, and only this guest waits. */
#define PROCESS_TIMEOUT_S 125 /* the monitor gives up after 120 */
#define COMMAND_TIMEOUT_S 5
/* From one word to the monitor about who does not stop to the next. */
#define STOPPING_NS 50000000

static struct timespec deadline(int seconds)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    ts.tv_sec += seconds;
    return ts;
}

/* A little later, but not after `until`. */
static struct timespec soon(const struct timespec *until)
{
    struct timespec ts = deadline(0);

    ts.tv_nsec += STOPPING_NS;
    if (ts.tv_nsec >= 1000000000) {
        ts.tv_nsec -= 1000000000;
        ts.tv_sec++;
    }
    if (ts.tv_sec > until->tv_sec ||
        (ts.tv_sec == until->tv_sec && ts.tv_nsec >= until->tv_nsec))
        return *until;
    return ts;
}

/* Ask the monitor; its answer has this tag. */
static int ask(struct vgpu *vgpu, unsigned int n, enum proto_type type)
{
    struct engine *e = &vgpu->engines[n];
    struct proto_msg msg = {
        .version = PROTO_VERSION,
        .type = type,
        .u.engine_op = {.index = vgpu->index, .engine = n},
    };

    if (!++e->tag)
        e->tag++; /* 0 is no request's */
    msg.u.engine_op.tag = e->tag;
    e->answered = false;
    return proto_send(vgpu->dev->sock, &msg, NULL, 0, NULL, 0);
}

/* Ask, wait for the answer. The lock is held. */
static int process_op(struct vgpu *vgpu, unsigned int n, enum proto_type type)
{
    struct device *dev = vgpu->dev;
    struct engine *e = &vgpu->engines[n];
    const struct timespec until = deadline(PROCESS_TIMEOUT_S);
    int rc;

    rc = ask(vgpu, n, type);
    while (!rc && !e->answered && !dev->stopping)
        rc = -pthread_cond_timedwait(&dev->changed, &dev->lock, &until);
    if (rc || dev->stopping)
        return rc ? rc : -ESHUTDOWN;
    return e->answer;
}

void process_gone(struct engine *e)
{
    struct link_eng *eng = &e->link->eng;
    const uint64_t fence = eng->fence;
    const uint32_t rptr = eng->rptr;

    e->process = false;
    e->st->totals[0] += eng->jobs;
    e->st->totals[1] += eng->packets;
    e->st->totals[2] += eng->bytes;
    memset(eng, 0, sizeof(*eng));
    eng->fence = fence;
    eng->rptr = rptr;
    e->st->done_seen = e->st->fault_seen = 0;
}

/* Whoever is frozen in the midst of a draw does not stop before its next turn,
 * and is of no use to a driver that has it stopped: it is killed. */
int process_command(struct vgpu *vgpu, unsigned int n, enum link_cmd cmd)
{
    struct device *dev = vgpu->dev;
    struct engine *e = &vgpu->engines[n];
    const struct timespec until = deadline(COMMAND_TIMEOUT_S);
    const unsigned int deaths = e->deaths;
    struct timespec next;
    int rc;

    LINK_WRITE(e->link->dev.cmd, (uint32_t)cmd);
    LINK_WRITE_REL(e->link->dev.cmd_seq, ++e->st->cmd_seq);
    rc = link_kick(e->kick);
    while (!rc && !dev->stopping && e->process && e->deaths == deaths &&
           LINK_READ_ACQ(e->link->eng.ack_seq) != e->st->cmd_seq) {
        next = cmd == LINK_CMD_STOP ? soon(&until) : until;
        rc = -pthread_cond_timedwait(&dev->changed, &dev->lock, &next);
        if (rc == -ETIMEDOUT &&
            (next.tv_sec != until.tv_sec || next.tv_nsec != until.tv_nsec)) {
            ask(vgpu, n, PROTO_ENGINE_STOPPING); /* or the next time */
            rc = 0;
        }
    }
    if (dev->stopping)
        return -ESHUTDOWN;
    return e->deaths != deaths || !e->process ? -EPIPE : rc;
}

void process_kill(struct vgpu *vgpu, unsigned int n)
{
    struct engine *e = &vgpu->engines[n];
    int rc;

    if (!e->process)
        return;
    rc = process_op(vgpu, n, PROTO_ENGINE_KILL);
    if (rc)
        log_limited(&vgpu->limit, LOG_ERROR,
                    "vGPU %u: killing engine %u failed: %s", vgpu->index, n,
                    strerror(-rc));
    process_gone(e);
}

uint32_t process_start(struct vgpu *vgpu, unsigned int n)
{
    struct engine *e = &vgpu->engines[n];
    int rc;

    if (vgpu->st->quarantine)
        return XVGPU_FAULT_QUARANTINE;
    if (!e->process) {
        process_gone(e); /* what a process that died unnoticed has counted */
        rc = process_op(vgpu, n, PROTO_ENGINE_RUN);
        if (rc) {
            log_limited(&vgpu->limit, LOG_ERROR,
                        "vGPU %u: starting engine %u failed: %s", vgpu->index,
                        n, strerror(-rc));
            return XVGPU_FAULT_NO_ENGINE;
        }
    }
    rc = process_command(vgpu, n, LINK_CMD_START);
    if (rc) {
        log_limited(&vgpu->limit, LOG_ERROR,
                    "vGPU %u: engine %u did not take its rings: %s",
                    vgpu->index, n, strerror(-rc));
        process_kill(vgpu, n); /* or it might obey later */
        return XVGPU_FAULT_NO_ENGINE;
    }
    return (uint32_t)LINK_READ(e->link->eng.ack_status);
}

int process_begin_first(struct vgpu *vgpu, unsigned int n)
{
    return ask(vgpu, n, PROTO_ENGINE_RUN);
}

int process_wait_first(struct vgpu *vgpu, unsigned int n)
{
    struct device *dev = vgpu->dev;
    struct engine *e = &vgpu->engines[n];
    struct proto_in *in = malloc(sizeof(*in));
    int rc = 0;

    if (!in)
        return -ENOMEM;
    while (!rc && !e->answered) {
        rc = proto_recv(dev->sock, in);
        if (rc == -EINTR || rc == -EAGAIN)
            rc = 0;
        else if (!rc && in->msg.type == PROTO_STOP)
            rc = -ESHUTDOWN;
        else if (!rc)
            worker_engine_message(dev, &in->msg);
        if (!rc)
            proto_close_fds(in);
    }
    free(in);
    return rc ? rc : e->answer;
}

void engines_invalidate(struct vgpu *vgpu)
{
    unsigned int n;

    for (n = 0; n < XVGPU_NR_ENGINES; n++) {
        struct engine *e = &vgpu->engines[n];

        if (!e->present)
            continue;
        LINK_WRITE_REL(e->link->dev.map_generation,
                       LINK_READ(e->link->dev.map_generation) + 1);
        /* A busy one looks by itself; an idle one needs none of them. */
        if (e->process)
            link_kick(e->kick);
    }
}

void engines_bus_master(struct vgpu *vgpu)
{
    const bool on = pci_is_master(&vgpu->st->pci);
    unsigned int n;

    for (n = 0; n < XVGPU_NR_ENGINES; n++) {
        struct engine *e = &vgpu->engines[n];

        if (!e->present || LINK_READ(e->link->dev.bus_master) == on)
            continue;
        LINK_WRITE(e->link->dev.bus_master, on);
        /* Virtqueues that stood still go on. */
        if (on && e->process)
            link_kick(e->kick);
    }
}
