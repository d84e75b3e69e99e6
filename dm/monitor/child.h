/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A child process: fork and exec, its socket, its end. What it sends is
 * hostile.
 */
#ifndef MONITOR_CHILD_H
#define MONITOR_CHILD_H

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "dm/monitor/cgroup.h"
#include "lib/guard.h"
#include "lib/proto.h"

/* Each domain has so many uids, from XVGPU_UID_BASE on. */
#define UIDS_A_DOMAIN 16u

/* Messages of one child a second, and at once; more are read late. An honest
 * device passes on what its guest does, and is in no hurry. */
#define CHILD_MESSAGES 200u
#define CHILD_MESSAGES_BURST 200u

struct child;

struct child_ops {
    /* One message of the child. Descriptors that the callback wants to keep
     * it takes out of *in; the others are closed afterwards. */
    void (*message)(struct child *c, struct proto_in *in);
    /* The process is gone and reaped; nothing of it is left. */
    void (*exited)(struct child *c);
};

struct child {
    const struct child_ops *ops;
    void *owner;
    struct ev_loop *loop;
    const char *name; /* for messages */
    pid_t pid;        /* 0: none runs */
    uint32_t uid;     /* that it drops to; 0: ours */
    int pidfd, sock;
    int status;      /* as waitpid() tells, after the end */
    uint64_t cpu_ns; /* what all its threads have used, after the end */
    bool killed;     /* by us: its end is no surprise */
    struct cgroup cgroup;
    ev_io io, exit;
    struct guard messages;
    ev_timer quiet; /* it has sent too many */
};

struct child_spec {
    const char *program; /* in PKGLIBEXECDIR, or where XVGPU_LIBEXEC says */
    const char *cgroup;  /* name in the domain's folder */
    uint32_t domid;
    uint32_t number; /* of the process: its uid is base + 16 * domid + this */
    uint64_t memory_max;
    uint32_t pids_max;
    int oom_score_adj; /* the higher, the sooner it dies for want of memory */
};

/* *c: ops, owner, loop and name are set, the rest is zero or what an ended
 * child left. 0 or a negative errno, said on stderr. */
int child_start(struct child *c, const struct cgroups *cgs,
                const struct child_spec *spec);

/* Kill what runs under this domain's uids, left by an earlier domain of this
 * id or by a monitor that is dead: a process that was taken over, and outlived
 * its monitor, would reach this domain. They run no further when it returns,
 * but may still be there. */
void child_sweep(uint32_t domid);

static inline bool child_runs(const struct child *c)
{
    return c->pid != 0;
}

/* Never blocks; text may be NULL. -EPIPE when it is gone, -EAGAIN when it does
 * not read. */
int child_send(struct child *c, const struct proto_msg *msg, const int *fds,
               unsigned int nr_fds, const char *text);

/* SIGKILL; ops->exited follows from the loop. What it has sent, or still sends,
 * is not read any more. */
void child_kill(struct child *c);

/* What all its threads have used so far, or had when it ended. */
uint64_t child_cpu_ns(const struct child *c);

/* A person's words for how it ended, in a static buffer. */
const char *child_end(const struct child *c);

#endif
