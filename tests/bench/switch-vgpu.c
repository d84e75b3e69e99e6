/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "switch-vgpu.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <xen-vgpu/packet.h>

#include "fakexen.h"
#include "lib/log.h"
#include "lib/proto.h"

#define RAM (96ull << 20)
#define RING 0x100000ull
#define RING_BYTES 0x10000u
#define IB 0x200000ull
#define IB_DWORDS 0x40000u
#define SURFACE 0x400000ull
#define DATA 0x1000000ull
#define PATIENCE_NS 60000000000ull

void bench_die(const char *what)
{
    fprintf(stderr, "switch-engines: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void check(bool ok, const char *what)
{
    if (!ok)
        bench_die(what);
}

uint64_t bench_cpu_ns(pid_t pid)
{
    struct timespec ts;
    clockid_t clock;

    if (clock_getcpuclockid(pid, &clock) || clock_gettime(clock, &ts))
        return 0;
    return (uint64_t)ts.tv_sec * 1000000000ull + (uint64_t)ts.tv_nsec;
}

/* ---- Processes ----------------------------------------------------------- */

static void expect(int sock, uint32_t type)
{
    static struct proto_in in;

    check(proto_recv(sock, &in) == 0, "no answer");
    proto_close_fds(&in);
    check(in.msg.type == type, "another answer");
    check((type == PROTO_ENGINE_READY ? in.msg.u.ready.status
                                      : in.msg.u.sched_status.status) == 0,
          type == PROTO_ENGINE_READY ? "the engine did not start"
                                     : "xen-vgpud refused");
}

static void exec_engine(const struct bench_config *c, int sock, int domid)
{
    char path[512], number[12];

    snprintf(path, sizeof(path), "%s/xen-vgpu-engine%s", c->engines,
             c->engine == XVGPU_ENGINE_GFX ? "-gfx" : "");
    snprintf(number, sizeof(number), "%d", domid);
    if (dup2(sock, PROTO_FD) < 0)
        _exit(1);
    syscall(SYS_close_range, PROTO_FD + 1, ~0u, 0);
    execl(path, path, "--domid", number, (char *)NULL);
    _exit(1);
}

static void start_engine(struct bench_vgpu *v, const struct bench_config *c,
                         const int *fds)
{
    const bool gfx = c->engine == XVGPU_ENGINE_GFX;
    struct proto_msg msg = {
        .version = PROTO_VERSION,
        .type = PROTO_ENGINE_START,
        .u.engine.domid = (uint32_t)v->domid,
        .u.engine.engine = c->engine,
        .u.engine.log_level = LOG_WARNING,
        .u.engine.max_buckets = 64,
        .u.engine.watchdog_ms = 60000,
        .u.engine.compile_ms = 60000,
        .u.engine.threads = c->threads,
        .u.engine.local_size = 256u << 20,
    };
    char text[512];
    int socks[2];

    snprintf(text, sizeof(text), "%s\n", c->cache);
    check(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, socks) == 0,
          "socketpair");
    v->pid = fork();
    check(v->pid >= 0, "fork");
    if (!v->pid)
        exec_engine(c, socks[1], v->domid);
    close(socks[1]);
    v->sock = socks[0];
    check(proto_send(v->sock, &msg, fds, PROTO_ENGINE_FDS + gfx, text,
                     gfx ? strlen(text) : 0) == 0,
          "telling the engine");
    expect(v->sock, PROTO_ENGINE_READY);
}

static void join(struct bench_vgpu *v, const struct bench_config *c,
                 const int *fds, uint32_t weight)
{
    struct proto_msg msg = {
        .version = PROTO_VERSION,
        .type = PROTO_SCHED_REGISTER,
        .u.sched_vgpu.domid = (uint32_t)v->domid,
        .u.sched_vgpu.engines = 1u << c->engine,
        .u.sched_vgpu.weight = weight,
    };
    struct sockaddr_un at = {.sun_family = AF_UNIX};

    snprintf(at.sun_path, sizeof(at.sun_path), "%s/%s", c->run_dir,
             PROTO_SCHED_SOCKET);
    v->sched = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    check(v->sched >= 0 &&
              !connect(v->sched, (struct sockaddr *)&at, sizeof(at)),
          "xen-vgpud's socket");
    check(proto_send(v->sched, &msg, fds, PROTO_SCHED_FDS, "bench", 5) == 0,
          "registering");
    expect(v->sched, PROTO_SCHED_REGISTERED);
}

static void tell_engine(const struct bench_vgpu *v,
                        const struct bench_config *c)
{
    struct proto_msg msg = {
        .version = PROTO_VERSION,
        .type = PROTO_SCHED_ENGINE,
        .u.sched_engine.engine = c->engine,
        .u.sched_engine.pid = (uint32_t)v->pid,
    };
    int pidfd = (int)syscall(SYS_pidfd_open, v->pid, 0);

    check(pidfd >= 0, "pidfd");
    check(proto_send(v->sched, &msg, &pidfd, 1, NULL, 0) == 0,
          "telling xen-vgpud");
    close(pidfd);
}

/* ---- The ring ------------------------------------------------------------ */

static void start_ring(struct bench_vgpu *v)
{
    struct link_dev *dev = &v->link->dev;
    uint64_t start = clock_ns();

    dev->bus_master = 1;
    dev->time_base_ns = start;
    dev->ring_base = RING;
    dev->ring_size = RING_BYTES;
    LINK_WRITE(dev->cmd, LINK_CMD_START);
    LINK_WRITE_REL(dev->cmd_seq, 1);
    link_kick(v->kick);
    while (LINK_READ_ACQ(v->link->eng.ack_seq) != 1) {
        check(clock_ns() - start < PATIENCE_NS, "the ring does not start");
        usleep(100);
    }
    check(v->link->eng.ack_status == 0, "the ring did not start");
}

static void put(struct bench_vgpu *v, const uint32_t *dw, uint32_t n)
{
    uint32_t i;

    for (i = 0; i < n; i++) {
        fx_write((domid_t)v->domid, RING + v->wptr, &dw[i], 4);
        v->wptr = (v->wptr + 4) % RING_BYTES;
    }
}

static void put_job(struct bench_vgpu *v)
{
    const uint32_t dw[] = {
        XVGPU_PKT_HEADER(XVGPU_PKT_IB, 0, 4),
        (uint32_t)IB,
        0,
        v->ib_dwords,
        XVGPU_PKT_HEADER(XVGPU_PKT_FENCE, 0, 5),
        0,
        0,
        (uint32_t)(v->fence + 1),
        0,
    };

    v->fence++;
    put(v, dw, sizeof(dw) / 4);
}

uint64_t bench_vgpu_done(const struct bench_vgpu *v)
{
    return LINK_READ_ACQ(v->link->eng.fence);
}

void bench_vgpu_feed(struct bench_vgpu *v, uint32_t jobs)
{
    uint64_t done = bench_vgpu_done(v);

    if (LINK_READ(v->link->eng.state) != LINK_RUNNING) {
        fprintf(stderr, "switch-engines: the ring stopped: fault %u\n",
                v->link->eng.fault_code);
        exit(1);
    }
    if (v->fence - done >= jobs)
        return;
    while (v->fence - done < jobs)
        put_job(v);
    LINK_WRITE_REL(v->link->dev.wptr, v->wptr);
    link_kick(v->kick);
}

static void run_one(struct bench_vgpu *v, const uint32_t *ib, uint32_t dwords)
{
    uint64_t start = clock_ns();

    check(dwords && dwords <= IB_DWORDS, "a job is too long");
    fx_write((domid_t)v->domid, IB, ib, dwords * 4ull);
    v->ib_dwords = dwords;
    bench_vgpu_feed(v, 1);
    while (bench_vgpu_done(v) != v->fence) {
        check(clock_ns() - start < PATIENCE_NS, "a job does not end");
        check(waitpid(v->pid, NULL, WNOHANG) == 0, "the engine has ended");
        usleep(200);
    }
}

static void first_gfx(struct bench_vgpu *v, const struct bench_config *c)
{
    static uint32_t words[IB_DWORDS];
    struct scene_surface surface = {.bus = SURFACE,
                                    .stride = c->scene->width * 4};
    struct xvgpu_stream s;

    v->memory =
        (struct scene_memory){.at = fx_ptr((domid_t)v->domid, DATA, RAM - DATA),
                              .bus = DATA,
                              .size = RAM - DATA};
    check(v->memory.at && scene_guest_init(&v->guest, c->scene, &v->memory, 0,
                                           0, 0, &surface),
          "the scene has no room");
    xvgpu_stream_init(&s, words, sizeof(words));
    scene_guest_create(&v->guest, &s);
    run_one(v, words, xvgpu_stream_dwords(&s));
    xvgpu_stream_init(&s, words, sizeof(words));
    scene_guest_draw(&v->guest, &s, 0);
    run_one(v, words, xvgpu_stream_dwords(&s));
}

static void first_sdma(struct bench_vgpu *v, const struct bench_config *c)
{
    const uint32_t dw[] = {
        XVGPU_PKT_HEADER(XVGPU_PKT_COPY_LINEAR, 0, 7),
        (uint32_t)DATA,
        0,
        (uint32_t)(DATA + RAM / 2 - DATA / 2),
        0,
        c->copy_bytes,
        0,
    };

    run_one(v, dw, sizeof(dw) / 4);
}

/* ---- Life ---------------------------------------------------------------- */

void bench_vgpu_start(struct bench_vgpu *v, const struct bench_config *c,
                      uint32_t weight)
{
    const struct fx_domain_config domain = {
        .ram_bytes = RAM, .vcpus = 1, .timeout_ms = 60000};
    enum { LINK, KICK, EVENT, S, E, WAKE, NOTIFY, CONTEXT, FDS };
    int fds[FDS], s_fd, i;

    memset(v, 0, sizeof(*v));
    v->domid = fx_domain_create(&domain);
    check(v->domid > 0, "domain");
    fds[LINK] = memfd_create("link", MFD_CLOEXEC);
    fds[CONTEXT] = memfd_create("context", MFD_CLOEXEC);
    check(ftruncate(fds[LINK], LINK_SIZE) == 0 &&
              ftruncate(fds[CONTEXT], LINK_CONTEXT_SIZE) == 0,
          "memfd");
    for (i = KICK; i <= NOTIFY; i++) {
        if (i != S && i != E)
            fds[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    }
    check(grant_create(GRANT_NONE, 0, &s_fd, &fds[S], &v->s, &fds[E]) == 0,
          "grant pages");
    v->link =
        mmap(NULL, LINK_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fds[LINK], 0);
    check(v->link != MAP_FAILED, "mmap");
    v->link->dev.version = LINK_VERSION;
    v->kick = dup(fds[KICK]);
    join(v, c, (const int[]){s_fd, fds[E], fds[WAKE], fds[NOTIFY]}, weight);
    start_engine(v, c, fds);
    tell_engine(v, c);
    start_ring(v);
    if (c->engine == XVGPU_ENGINE_GFX)
        first_gfx(v, c);
    else
        first_sdma(v, c);
    for (i = 0; i < FDS; i++)
        close(fds[i]);
    close(s_fd);
}

void bench_vgpu_stop(struct bench_vgpu *v)
{
    close(v->sock);
    waitpid(v->pid, NULL, 0);
    close(v->sched);
    close(v->kick);
    munmap(v->link, LINK_SIZE);
    munmap(v->s, GRANT_SIZE);
    fx_domain_kill((domid_t)v->domid);
}
