/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What children and clients say to the monitor, from its start to its end.
 * All of it runs but child.c: processes are sockets here, which end when the
 * input says so or the monitor kills them.
 *
 * Input: a byte of modes, then records: kind, a byte, two bytes of length, as
 * many bytes.
 */
#include <dirent.h>
#include <errno.h>
#include <ev.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "dm/monitor/monitor.h"
#include "fakexen.h"
#include "fuzz.h"

#define VRAM (2ull << 20)
#define MAX_RECORDS 64u
#define MAX_CHILDREN (1 + PROTO_MAX_VGPUS * XVGPU_NR_ENGINES)
#define TURNS 4u /* of the loop after each record */

enum record_kind {
    REC_READY,   /* a child says that it is */
    REC_MESSAGE, /* of a type, the body as it comes, text behind it */
    REC_RAW,     /* what may be no message */
    REC_PICTURE, /* a reply with a memfd */
    REC_EXIT,
    REC_QMP,
    REC_ADMIN,
    REC_HANG_UP, /* a client */
    REC_DOMAIN_DIES,
    NR_RECORDS,
};

static struct proc {
    struct child *c; /* NULL: free */
    int peer;        /* the process's end */
    bool dying;
} procs[MAX_CHILDREN];

static struct bytes input;
static unsigned int turns, records;
static struct monitor *monitor;
static ev_idle idle;
static domid_t domid;
static int clients[2]; /* QMP's, the administrator's; -1: none */
static char dir[] = "/tmp/xvgpu-fuzz-XXXXXX";
static char qmp_path[64], admin_path[64];

/* ---- Instead of child.c ---------------------------------------------- */

static struct proc *proc_of(const struct child *c)
{
    unsigned int i;

    for (i = 0; i < MAX_CHILDREN; i++) {
        if (procs[i].c == c)
            return &procs[i];
    }
    return NULL;
}

static void on_message(struct ev_loop *loop, ev_io *w, int revents)
{
    static struct proto_in in;
    struct child *c = w->data;
    int rc, n;

    (void)revents;
    for (n = 0; n < 16; n++) {
        rc = proto_recv(c->sock, &in);
        if (rc == -EAGAIN || rc == -EINTR)
            return;
        if (rc) {
            ev_io_stop(loop, &c->io);
            child_kill(c);
            return;
        }
        c->ops->message(c, &in);
        proto_close_fds(&in);
    }
}

static void on_idle(struct ev_loop *loop, ev_idle *w, int revents);

uint64_t child_cpu_ns(const struct child *c)
{
    (void)c;
    return 0;
}

int child_start(struct child *c, const struct cgroups *cgs,
                const struct child_spec *spec)
{
    struct proc *p = proc_of(NULL);
    int pair[2];

    (void)cgs;
    FUZZ_CHECK(!child_runs(c) && p && !proc_of(c));
    FUZZ_CHECK(socketpair(AF_UNIX,
                          SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
                          pair) == 0);
    c->sock = pair[0];
    c->pidfd = -1;
    c->killed = false;
    c->status = 0;
    c->uid = 0;
    c->pid = 100000 + (pid_t)spec->number;
    *p = (struct proc){.c = c, .peer = pair[1]};
    ev_io_init(&c->io, on_message, c->sock, EV_READ);
    c->io.data = c;
    ev_io_start(c->loop, &c->io);
    if (!ev_is_active(&idle)) {
        /* The first one is the device. */
        monitor = c->owner;
        ev_idle_init(&idle, on_idle);
        ev_idle_start(c->loop, &idle);
    }
    return 0;
}

int child_send(struct child *c, const struct proto_msg *msg, const int *fds,
               unsigned int nr_fds, const char *text)
{
    if (!child_runs(c))
        return -EPIPE;
    return proto_send(c->sock, msg, fds, nr_fds, text, text ? strlen(text) : 0);
}

void child_kill(struct child *c)
{
    struct proc *p = proc_of(c);

    if (!child_runs(c))
        return;
    FUZZ_CHECK(p);
    c->killed = true;
    p->dying = true;
}

const char *child_end(const struct child *c)
{
    return c->killed ? "was killed" : "ended";
}

static void proc_exit(struct proc *p, int status)
{
    struct child *c = p->c;

    if (ev_is_active(&c->io))
        on_message(c->loop, &c->io, EV_READ); /* its last words */
    ev_io_stop(c->loop, &c->io);
    close(c->sock);
    close(p->peer);
    *p = (struct proc){.peer = -1};
    c->status = status;
    c->pid = 0;
    c->ops->exited(c);
}

/* libev does not let go of them with their loop. */
void ev_signal_start(struct ev_loop *loop, ev_signal *w)
{
    (void)loop;
    (void)w;
}

/* ---- Children and clients -------------------------------------------- */

static struct proc *pick(unsigned int byte)
{
    unsigned int i;

    for (i = 0; i < MAX_CHILDREN; i++) {
        struct proc *p = &procs[(byte + i) % MAX_CHILDREN];

        if (p->c)
            return p;
    }
    return NULL;
}

static void say(struct proc *p, const struct proto_msg *msg, int fd,
                const struct bytes *text)
{
    const size_t len =
        bytes_left(text) < PROTO_TEXT ? bytes_left(text) : PROTO_TEXT;

    proto_send(p->peer, msg, &fd, fd >= 0 ? 1 : 0, (const char *)text->at, len);
}

static void ready(struct proc *p, struct bytes *in)
{
    struct proto_msg msg = {.version = PROTO_VERSION,
                            .type = p->c == &monitor->device
                                        ? PROTO_DEVICE_READY
                                        : PROTO_ENGINE_READY};

    msg.u.ready.status = (int32_t)take(in, 4);
    msg.u.ready.ioservid = (uint32_t)take(in, 4);
    say(p, &msg, -1, in);
}

static void message(struct proc *p, unsigned int type, struct bytes *in)
{
    struct proto_msg msg = {.version = PROTO_VERSION, .type = type};
    const size_t n =
        bytes_left(in) < sizeof(msg.u) ? bytes_left(in) : sizeof(msg.u);

    memcpy(&msg.u, in->at, n);
    in->at += n;
    say(p, &msg, -1, in);
}

/* tag, width, height, stride and how much of it is true. */
static void send_picture(struct proc *p, unsigned int byte, struct bytes *in)
{
    struct proto_msg msg = {.version = PROTO_VERSION, .type = PROTO_REPLY};
    int fd = memfd_create("picture", MFD_CLOEXEC | MFD_ALLOW_SEALING);

    msg.u.reply.tag = (uint32_t)take(in, 1);
    msg.u.reply.width = (uint32_t)take(in, 2);
    msg.u.reply.height = (uint32_t)take(in, 2);
    msg.u.reply.stride = (uint32_t)take(in, 4);
    msg.u.reply.format = byte >> 4;
    FUZZ_CHECK(fd >= 0 && ftruncate(fd, (off_t)(((uint64_t)msg.u.reply.stride *
                                                 msg.u.reply.height) &
                                                0xffffff)) == 0);
    if (byte & 4)
        fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
    say(p, &msg, fd, in);
    close(fd);
}

static void client_say(unsigned int n, const char *path, const struct bytes *in)
{
    struct sockaddr_un sa = {.sun_family = AF_UNIX};

    if (clients[n] < 0) {
        strcpy(sa.sun_path, path);
        clients[n] =
            socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (connect(clients[n], (struct sockaddr *)&sa, sizeof(sa))) {
            close(clients[n]);
            clients[n] = -1;
            return;
        }
    }
    send(clients[n], in->at, bytes_left(in), MSG_NOSIGNAL);
}

static void hang_up(unsigned int n)
{
    if (clients[n] >= 0)
        close(clients[n]);
    clients[n] = -1;
}

static void run_record(unsigned int kind, unsigned int byte, struct bytes *in)
{
    struct proc *p = pick(byte & 15);

    switch (kind) {
    case REC_QMP:
        client_say(0, qmp_path, in);
        return;
    case REC_ADMIN:
        client_say(1, admin_path, in);
        return;
    case REC_HANG_UP:
        hang_up(byte & 1);
        return;
    case REC_DOMAIN_DIES:
        fx_domain_kill(domid);
        return;
    default:
        break;
    }
    if (!p || p->dying)
        return;
    switch (kind) {
    case REC_READY:
        ready(p, in);
        break;
    case REC_MESSAGE:
        message(p, (unsigned int)take(in, 1), in);
        break;
    case REC_RAW:
        send(p->peer, in->at, bytes_left(in), MSG_NOSIGNAL);
        break;
    case REC_PICTURE:
        send_picture(p, byte, in);
        break;
    default:
        proc_exit(p, (int)take(in, 2));
    }
}

/* What the monitor said is read, and nothing more. */
static void drain(void)
{
    static struct proto_in in;
    char buf[4096];
    unsigned int i;

    for (i = 0; i < MAX_CHILDREN; i++) {
        while (procs[i].c && !proto_recv(procs[i].peer, &in))
            proto_close_fds(&in);
    }
    for (i = 0; i < 2; i++) {
        if (clients[i] >= 0 && recv(clients[i], buf, sizeof(buf), 0) == 0)
            hang_up(i);
    }
}

static void next_record(void)
{
    struct bytes body;
    unsigned int kind, byte;
    size_t len;

    kind = (unsigned int)take(&input, 1) % NR_RECORDS;
    byte = (unsigned int)take(&input, 1);
    len = take(&input, 2);
    if (len > bytes_left(&input))
        len = bytes_left(&input);
    body = (struct bytes){input.at, input.at + len};
    input.at += len;
    run_record(kind, byte, &body);
}

static void on_idle(struct ev_loop *loop, ev_idle *w, int revents)
{
    unsigned int i;

    (void)loop;
    (void)w;
    (void)revents;
    drain();
    for (i = 0; i < MAX_CHILDREN; i++) {
        if (procs[i].c && procs[i].dying)
            proc_exit(&procs[i], SIGKILL);
    }
    FUZZ_CHECK(++turns < 100000);
    if (turns % TURNS)
        return;
    if (bytes_left(&input) && records++ < MAX_RECORDS) {
        next_record();
        return;
    }
    monitor_stop(monitor, "the input ends");
    for (i = 0; i < MAX_CHILDREN; i++)
        procs[i].dying = procs[i].c;
}

/* ---- An input -------------------------------------------------------- */

static unsigned int open_fds(void)
{
    DIR *d = opendir("/proc/self/fd");
    unsigned int n = 0;

    FUZZ_CHECK(d);
    while (readdir(d))
        n++;
    closedir(d);
    return n;
}

static void remove_dir(void)
{
    rmdir(dir);
}

static void start(void)
{
    FUZZ_CHECK(mkdtemp(dir));
    snprintf(qmp_path, sizeof(qmp_path), "%s/qmp", dir);
    setenv("XVGPU_RUN_DIR", dir, 1);
    setenv("XVGPU_CGROUP", "/nonexistent", 1);
    setenv("XVGPU_CACHE_DIR", dir, 1);
    log_init("fuzz", LOG_ERROR);
    fx_init();
    atexit(remove_dir);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool started;
    struct fx_domain_config dc = {.ram_bytes = 4u << 20, .vcpus = 1};
    struct options opt = {.name = "fuzz",
                          .qmp_path = qmp_path,
                          .qmp_fd = -1,
                          .log_level = LOG_ERROR};
    unsigned int i, fds;

    if (!started)
        start();
    started = true;
    input = (struct bytes){data, data + size};
    opt.nr_vgpus = take(&input, 1) & 1 ? 2 : 1;
    turns = records = 0;
    clients[0] = clients[1] = -1;
    memset(procs, 0, sizeof(procs));
    memset(&idle, 0, sizeof(idle));
    fx_reset();
    dc.extra_kb = opt.nr_vgpus * VRAM >> 10;
    domid = (domid_t)fx_domain_create(&dc);
    opt.domid = domid;
    for (i = 0; i < opt.nr_vgpus; i++)
        opt.vgpus[i] = (struct vgpu_options){
            .vram = VRAM,
            .slot = 16 + i,
            .engines = 1u << XVGPU_ENGINE_SDMA | 1u << XVGPU_ENGINE_GFX,
        };
    snprintf(admin_path, sizeof(admin_path), "%s/%u.sock", dir, domid);
    fds = open_fds();
    monitor_run(&opt, NULL);
    hang_up(0);
    hang_up(1);
    for (i = 0; i < MAX_CHILDREN; i++)
        FUZZ_CHECK(!procs[i].c);
    FUZZ_CHECK(open_fds() == fds);
    FUZZ_CHECK(fx_open_handles() == 0);
    fx_domain_kill(domid);
    return 0;
}
