/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "sched-rig.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/log.h"

#define ARGS_MAX 16u

const char *rig_program = "./xen-vgpud";

static void *share(size_t size)
{
    void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
                   MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    assert_true(p != MAP_FAILED);
    return p;
}

/* --- the daemon -------------------------------------------------------------
 */

void rig_daemon_start(struct rig *rig, const char *const *extra)
{
    char run_dir[96];
    const char *args[ARGS_MAX] = {rig_program, run_dir, "--deadline=20s",
                                  "--config=/dev/null"};
    unsigned int n = 4;

    snprintf(run_dir, sizeof(run_dir), "--run-dir=%s", rig->dir);
    while (extra && *extra && n < ARGS_MAX - 1)
        args[n++] = *extra++;
    rig->daemon = fork();
    assert_true(rig->daemon >= 0);
    if (!rig->daemon) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        execv(args[0], (char *const *)(uintptr_t)args);
        _exit(127);
    }
}

void rig_daemon_kill(struct rig *rig)
{
    kill(rig->daemon, SIGKILL);
    assert_int_equal(waitpid(rig->daemon, NULL, 0), rig->daemon);
    rig->daemon = 0;
}

void rig_start(struct rig *rig, const char *const *extra)
{
    memset(rig, 0, sizeof(*rig));
    signal(SIGPIPE, SIG_IGN);
    strcpy(rig->dir, "/tmp/xvgpu-sched-XXXXXX");
    assert_non_null(mkdtemp(rig->dir));
    rig->room = share(sizeof(*rig->room));
    rig_daemon_start(rig, extra);
}

static void engine_end(struct rig_engine *e)
{
    rig_engine_kill(e);
    if (!e->s)
        return;
    munmap(e->s, GRANT_SIZE);
    close(e->s_fd);
    close(e->fds.s);
    close(e->fds.e);
    close(e->fds.wake);
    close(e->fds.notify);
    close(e->fds.bell);
    munmap(e->shared, sizeof(*e->shared));
}

void rig_stop(struct rig *rig)
{
    char command[96];
    unsigned int i, k;
    int status;

    for (i = 0; i < rig->nr_vgpus; i++) {
        if (rig->vgpu[i].sock >= 0)
            close(rig->vgpu[i].sock);
        for (k = 0; k < RIG_ENGINES; k++)
            engine_end(&rig->vgpu[i].engine[k]);
    }
    if (rig->daemon) {
        kill(rig->daemon, SIGTERM);
        assert_int_equal(waitpid(rig->daemon, &status, 0), rig->daemon);
        assert_int_equal(status, 0);
    }
    munmap(rig->room, sizeof(*rig->room));
    snprintf(command, sizeof(command), "rm -r %s", rig->dir);
    assert_int_equal(system(command), 0);
}

/* --- vGPUs ------------------------------------------------------------------
 */

static void engine_make(struct rig_engine *e)
{
    assert_int_equal(
        grant_create(GRANT_NONE, 0, &e->s_fd, &e->fds.s, &e->s, &e->fds.e), 0);
    e->fds.wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    e->fds.notify = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    e->fds.bell = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    e->shared = share(sizeof(*e->shared));
}

struct rig_vgpu *rig_add(struct rig *rig, uint32_t engines, uint32_t weight)
{
    struct rig_vgpu *v = &rig->vgpu[rig->nr_vgpus++];
    unsigned int i;

    v->domid = rig->nr_vgpus;
    v->weight = weight;
    v->engines = engines;
    v->sock = -1;
    for (i = 0; i < RIG_ENGINES; i++) {
        if (engines & 1u << i)
            engine_make(&v->engine[i]);
    }
    return v;
}

struct rig_engine *rig_engine_start(struct rig *rig, struct rig_vgpu *v,
                                    uint32_t number, enum double_mode mode,
                                    uint64_t jobs)
{
    struct rig_engine *e = &v->engine[number];
    unsigned int i;

    assert_int_equal(e->pid, 0);
    e->shared->number = number;
    e->shared->id = v->domid * 16 + number + 1;
    e->shared->mode = mode;
    e->shared->todo = jobs;
    e->shared->acks = 0;
    if (!e->shared->job_us)
        e->shared->job_us = 200;
    fflush(NULL);
    e->pid = fork();
    assert_true(e->pid >= 0);
    if (!e->pid) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (i = 0; i < rig->nr_vgpus; i++)
            close(rig->vgpu[i].sock); /* it is no monitor */
        double_run(e->shared, rig->room, &e->fds);
    }
    e->pidfd = (int)syscall(SYS_pidfd_open, e->pid, 0);
    assert_true(e->pidfd >= 0);
    if (v->registered) /* or else it is told with the registration */
        rig_say_engine(v, number, PROTO_DEATH_OTHER);
    return e;
}

void rig_engine_kill(struct rig_engine *e)
{
    if (!e->pid)
        return;
    kill(e->pid, SIGKILL);
    assert_int_equal(waitpid(e->pid, NULL, 0), e->pid);
    close(e->pidfd);
    e->pid = 0;
    e->deaths++;
}

void rig_more_jobs(struct rig_engine *e, uint64_t jobs)
{
    const uint64_t one = 1;

    __atomic_fetch_add(&e->shared->todo, jobs, __ATOMIC_SEQ_CST);
    assert_int_equal(write(e->fds.bell, &one, sizeof(one)), sizeof(one));
}

/* --- the monitors' side of sched.sock ---------------------------------------
 */

static int connect_to(const struct rig *rig, const char *name, int type)
{
    struct sockaddr_un sa = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    snprintf(sa.sun_path, sizeof(sa.sun_path), "%s/%s", rig->dir, name);
    if (!connect(fd, (struct sockaddr *)&sa, sizeof(sa)))
        return fd;
    close(fd);
    return -1;
}

int rig_connect(const struct rig *rig)
{
    return connect_to(rig, PROTO_SCHED_SOCKET, SOCK_SEQPACKET);
}

int rig_register(struct rig_vgpu *v, int sock)
{
    struct proto_msg msg = {.version = PROTO_VERSION,
                            .type = PROTO_SCHED_REGISTER};
    int fds[PROTO_MAX_FDS];
    unsigned int i, n = 0;

    msg.u.sched_vgpu.domid = v->domid;
    msg.u.sched_vgpu.index = v->index;
    msg.u.sched_vgpu.engines = v->engines;
    msg.u.sched_vgpu.weight = v->weight;
    msg.u.sched_vgpu.cap = v->cap;
    msg.u.sched_vgpu.latency = v->latency;
    msg.u.sched_vgpu.quarantined = v->quarantined;
    for (i = 0; i < RIG_ENGINES; i++) {
        if (!(v->engines & 1u << i))
            continue;
        fds[n++] = v->engine[i].s_fd;
        fds[n++] = v->engine[i].fds.e;
        fds[n++] = v->engine[i].fds.wake;
        fds[n++] = v->engine[i].fds.notify;
    }
    return proto_send(sock, &msg, fds, n, "guest", 5);
}

int rig_say_engine(struct rig_vgpu *v, uint32_t number, enum proto_death death)
{
    struct proto_msg msg = {.version = PROTO_VERSION,
                            .type = PROTO_SCHED_ENGINE};
    const struct rig_engine *e = &v->engine[number];

    msg.u.sched_engine.index = v->index;
    msg.u.sched_engine.engine = number;
    msg.u.sched_engine.pid = (uint32_t)e->pid;
    msg.u.sched_engine.death = death;
    msg.u.sched_engine.processors = e->processors;
    return proto_send(v->sock, &msg, &e->pidfd, e->pid ? 1 : 0, NULL, 0);
}

static void take_message(struct rig_vgpu *v, struct proto_in *in)
{
    const struct proto_msg *msg = &in->msg;
    struct rig_engine *e;
    unsigned int i;

    switch (msg->type) {
    case PROTO_SCHED_REGISTERED:
        v->registered = !msg->u.sched_status.status;
        if (!v->registered)
            break; /* the connection ends, and is made again */
        for (i = 0; i < RIG_ENGINES; i++) {
            if (v->engine[i].pid)
                rig_say_engine(v, i, PROTO_DEATH_OTHER);
        }
        break;
    case PROTO_SCHED_KILL:
        assert_true(msg->u.sched_engine.engine < RIG_ENGINES);
        e = &v->engine[msg->u.sched_engine.engine];
        e->kills_asked++;
        e->killed_as = (enum proto_death)msg->u.sched_engine.death;
        if (v->silent)
            break;
        assert_int_equal(msg->u.sched_engine.pid, e->pid);
        rig_engine_kill(e);
        rig_say_engine(v, msg->u.sched_engine.engine, e->killed_as);
        break;
    case PROTO_SCHED_RESET:
        v->resets++;
        v->releases += v->quarantined && !msg->u.reset.quarantine;
        v->quarantines += !v->quarantined && msg->u.reset.quarantine;
        v->quarantined = msg->u.reset.quarantine;
        break;
    case PROTO_SCHED_SET:
        v->weight = msg->u.sched_vgpu.weight;
        v->cap = msg->u.sched_vgpu.cap;
        v->latency = msg->u.sched_vgpu.latency;
        break;
    default:
        fail_msg("message of type %u", msg->type);
    }
    proto_close_fds(in);
}

static void take_messages(struct rig_vgpu *v)
{
    static struct proto_in in;
    struct pollfd pfd = {.fd = v->sock, .events = POLLIN};
    int rc;

    while (v->sock >= 0 && poll(&pfd, 1, 0) > 0) {
        rc = proto_recv(v->sock, &in);
        if (!rc) {
            take_message(v, &in);
        } else {
            close(v->sock);
            v->sock = -1;
            v->registered = false;
        }
    }
}

void rig_turn(struct rig *rig)
{
    struct pollfd pfd[RIG_VGPUS];
    unsigned int i;

    for (i = 0; i < rig->nr_vgpus; i++) {
        struct rig_vgpu *v = &rig->vgpu[i];

        if (v->sock < 0) {
            v->sock = rig_connect(rig);
            if (v->sock >= 0)
                rig_register(v, v->sock);
        }
        pfd[i] = (struct pollfd){.fd = v->sock, .events = POLLIN};
    }
    poll(pfd, rig->nr_vgpus, 5);
    for (i = 0; i < rig->nr_vgpus; i++)
        take_messages(&rig->vgpu[i]);
}

/* --- the administrator ------------------------------------------------------
 */

static ssize_t receive(int sock, char *text, size_t size, int *fd)
{
    union {
        char buf[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control;
    struct iovec iov = {.iov_base = text, .iov_len = size};
    struct msghdr mh = {.msg_iov = &iov,
                        .msg_iovlen = 1,
                        .msg_control = control.buf,
                        .msg_controllen = sizeof(control.buf)};
    struct cmsghdr *cmsg;
    ssize_t n = recvmsg(sock, &mh, MSG_CMSG_CLOEXEC);

    cmsg = n > 0 ? CMSG_FIRSTHDR(&mh) : NULL;
    if (cmsg && fd)
        memcpy(fd, CMSG_DATA(cmsg), sizeof(int));
    return n;
}

json_t *rig_ask(const struct rig *rig, const char *line, int *fd)
{
    static char text[1 << 20];
    int sock = connect_to(rig, "xen-vgpud.sock", SOCK_STREAM);
    json_t *json, *value;
    size_t used = 0;
    ssize_t n;

    if (sock < 0)
        return NULL;
    if (write(sock, line, strlen(line)) != (ssize_t)strlen(line) ||
        write(sock, "\n", 1) != 1) {
        close(sock);
        return NULL;
    }
    do {
        n = receive(sock, text + used, sizeof(text) - used, fd);
        if (n <= 0)
            break;
        used += (size_t)n;
    } while (text[used - 1] != '\n');
    close(sock);
    json = used ? json_loadb(text, used, 0, NULL) : NULL;
    value = json_incref(json_object_get(json, "return"));
    json_decref(json);
    return value;
}

json_t *rig_status(const struct rig *rig, const struct rig_vgpu *v,
                   unsigned int queue, json_t **status)
{
    json_t *list, *json;
    char id[32];
    size_t i;

    snprintf(id, sizeof(id), "%u.%u", v->domid, v->index);
    *status = rig_ask(rig, "{\"command\":\"status\"}", NULL);
    list = json_object_get(
        json_array_get(json_object_get(*status, "queues"), queue), "vgpus");
    json_array_foreach(list, i, json)
    {
        if (!strcmp(json_string_value(json_object_get(json, "vgpu")), id))
            return json;
    }
    return NULL;
}

int64_t rig_number(const struct rig *rig, const struct rig_vgpu *v,
                   unsigned int queue, const char *key)
{
    json_t *status, *json = rig_status(rig, v, queue, &status);
    int64_t n = json ? json_integer_value(json_object_get(json, key)) : -1;

    json_decref(status);
    return n;
}

bool rig_state_is(const struct rig *rig, const struct rig_vgpu *v,
                  unsigned int queue, const char *state)
{
    json_t *status, *json = rig_status(rig, v, queue, &status);
    const char *is =
        json ? json_string_value(json_object_get(json, "state")) : NULL;
    bool same = is && !strcmp(is, state);

    json_decref(status);
    return same;
}
