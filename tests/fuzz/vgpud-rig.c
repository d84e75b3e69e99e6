/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vgpud-rig.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>

#include <utlist.h>

#include "fuzz.h"

#define START_NS (1000 * NS_PER_S)
#define ANSWER_MAX (1u << 20)
#define ASK_TURNS 64u

struct rig rig;

static uint64_t now_ns, cpu_ns;
static char dir[] = "/tmp/xvgpu-fuzz-XXXXXX";
static int first_free;

/* ---- Time, and what is not done -------------------------------------- */

uint64_t __wrap_clock_ns(void);
uint64_t __wrap_clock_ns(void)
{
    return now_ns;
}

int __real_clock_gettime(clockid_t id, struct timespec *ts);
int __wrap_clock_gettime(clockid_t id, struct timespec *ts);
int __wrap_clock_gettime(clockid_t id, struct timespec *ts)
{
    if (id >= 0) /* not of a process */
        return __real_clock_gettime(id, ts);
    ts->tv_sec = (time_t)(cpu_ns / NS_PER_S);
    ts->tv_nsec = (long)(cpu_ns % NS_PER_S);
    return 0;
}

long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);
long __wrap_syscall(long number, ...)
{
    long args[6];
    va_list ap;
    int i;

    if (number == SYS_pidfd_send_signal)
        return 0;
    va_start(ap, number);
    for (i = 0; i < 6; i++)
        args[i] = va_arg(ap, long);
    va_end(ap);
    return __real_syscall(number, args[0], args[1], args[2], args[3], args[4],
                          args[5]);
}

void rig_pass(uint64_t ns, uint64_t cpu)
{
    now_ns += ns;
    cpu_ns += cpu;
}

/* ---- Processes and pages, once --------------------------------------- */

static void make_process(enum rig_process which)
{
    const pid_t parent = getpid();
    siginfo_t info;
    pid_t pid = fork();

    FUZZ_CHECK(pid >= 0);
    if (!pid) {
        if (which != RIG_SLEEPS)
            _exit(0);
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        __real_syscall(SYS_close_range, 0L, (long)~0u, 0L, 0L, 0L, 0L);
        while (getppid() == parent)
            pause();
        _exit(0);
    }
    rig.processes[which].pid = pid;
    rig.processes[which].pidfd =
        (int)__real_syscall(SYS_pidfd_open, (long)pid, 0L, 0L, 0L, 0L, 0L);
    FUZZ_CHECK(rig.processes[which].pidfd >= 0);
    if (which != RIG_SLEEPS)
        FUZZ_CHECK(!waitid(P_PID, (id_t)pid, &info,
                           WEXITED | (which == RIG_ZOMBIE ? WNOWAIT : 0)));
}

static void make_engine(struct rig_engine *e, uint32_t number)
{
    const struct grant_s *s;
    int ro;

    e->number = number;
    FUZZ_CHECK(!grant_create(GRANT_NONE, 0, &e->s_fd, &ro, &e->s, &e->e_fd));
    FUZZ_CHECK(!grant_map(ro, e->e_fd, &s, &e->e));
    munmap((void *)(uintptr_t)s, GRANT_SIZE);
    close(ro);
    e->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    e->notify_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    FUZZ_CHECK(e->wake_fd >= 0 && e->notify_fd >= 0);
}

static void remove_dir(void)
{
    rmdir(dir);
}

static void once(void)
{
    static bool done;
    unsigned int i, k;

    if (done)
        return;
    done = true;
    log_init("fuzz", LOG_ERROR);
    signal(SIGPIPE, SIG_IGN);
    FUZZ_CHECK(mkdtemp(dir));
    atexit(remove_dir);
    for (i = RIG_SLEEPS; i < NR_RIG_PROCESSES; i++)
        make_process(i);
    rig.processes[RIG_NO_PROCESS].pidfd = -1;
    for (i = 0; i < RIG_MONITORS; i++) {
        rig.monitors[i].domid = 1 + i / 2;
        rig.monitors[i].index = i % 2;
        rig.monitors[i].sock = -1;
        for (k = 0; k < RIG_ENGINES; k++)
            make_engine(&rig.monitors[i].engines[k], k);
    }
}

/* ---- xen-vgpud ------------------------------------------------------- */

static int lowest_free(void)
{
    int fd = dup(rig.processes[RIG_SLEEPS].pidfd);

    FUZZ_CHECK(fd >= 0);
    close(fd);
    return fd;
}

void rig_open(void)
{
    rig.d.loop = ev_loop_new(EVFLAG_NOENV);
    FUZZ_CHECK(rig.d.loop);
    FUZZ_CHECK(!vgpud_open(&rig.d));
}

void rig_close(void)
{
    const struct config config = rig.d.config;
    unsigned int i;

    for (i = 0; i < RIG_MONITORS; i++)
        rig_hang_up(&rig.monitors[i]);
    vgpud_close(&rig.d);
    ev_loop_destroy(rig.d.loop);
    memset(&rig.d, 0, sizeof(rig.d));
    rig.d.config = config;
    rig.d.run_dir = dir;
}

void rig_start(bool gang, unsigned int policy, bool settles)
{
    static char program[] = "xen-vgpud", file[] = "--config=/dev/null",
                yes[] = "--gang=yes";
    char *argv[] = {program, file, yes, NULL};
    unsigned int i, k;

    once();
    first_free = lowest_free();
    now_ns = START_NS;
    cpu_ns = 0;
    for (i = 0; i < RIG_MONITORS; i++) {
        for (k = 0; k < RIG_ENGINES; k++) {
            struct rig_engine *e = &rig.monitors[i].engines[k];

            memset(e->e, 0, sizeof(*e->e));
            *e->s = (struct grant_s){.epoch = 1};
        }
    }
    memset(&rig.d, 0, sizeof(rig.d));
    FUZZ_CHECK(!config_read(&rig.d.config, gang ? 3 : 2, argv));
    for (i = 0; i < CONFIG_QUEUES; i++)
        rig.d.config.queues[i].policy = sched_policies[policy % 4];
    if (!settles)
        rig.d.config.settle_ns = 0;
    rig.d.run_dir = dir;
    rig_open();
}

void rig_end(void)
{
    char path[128];

    rig_close();
    snprintf(path, sizeof(path), "%s/%s", dir, PROTO_SCHED_SOCKET);
    unlink(path); /* left for a successor */
    FUZZ_CHECK(lowest_free() == first_free);
}

/* ---- Monitors -------------------------------------------------------- */

static int connect_to(const char *name, int type)
{
    struct sockaddr_un sa = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    FUZZ_CHECK(fd >= 0);
    snprintf(sa.sun_path, sizeof(sa.sun_path), "%s/%s", dir, name);
    if (!connect(fd, (struct sockaddr *)&sa, sizeof(sa)))
        return fd;
    close(fd);
    return -1;
}

void rig_hang_up(struct rig_monitor *m)
{
    if (m->sock >= 0)
        close(m->sock);
    m->sock = -1;
}

void rig_send(struct rig_monitor *m, const struct proto_msg *msg,
              const int *fds, unsigned int nr, const char *text, size_t len)
{
    if (m->sock < 0)
        m->sock = connect_to(PROTO_SCHED_SOCKET, SOCK_SEQPACKET);
    if (m->sock >= 0)
        proto_send(m->sock, msg, fds, nr, text, len);
}

void rig_registration(const struct rig_monitor *m, uint32_t engines,
                      struct proto_msg *msg)
{
    memset(msg, 0, sizeof(*msg));
    msg->version = PROTO_VERSION;
    msg->type = PROTO_SCHED_REGISTER;
    msg->u.sched_vgpu.domid = m->domid;
    msg->u.sched_vgpu.index = m->index;
    msg->u.sched_vgpu.engines = engines;
    msg->u.sched_vgpu.weight = 100;
}

/* Of the right kind, of the wrong size; or something else. */
static int wrong_fd(unsigned int how)
{
    int fd = -1;

    if (how & 8)
        return open("/dev/null", O_RDWR | O_CLOEXEC);
    fd = memfd_create("fuzz", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    FUZZ_CHECK(fd >= 0 && !ftruncate(fd, how & 4 ? 100 : GRANT_SIZE));
    return fd;
}

void rig_send_registration(struct rig_monitor *m, const struct proto_msg *msg,
                           unsigned int how)
{
    const uint32_t engines = msg->u.sched_vgpu.engines;
    int fds[RIG_ENGINES * PROTO_SCHED_FDS], wrong = how ? wrong_fd(how) : -1;
    unsigned int n = 0, i;

    for (i = 0; i < RIG_ENGINES; i++) {
        const struct rig_engine *e = &m->engines[i];

        if (!(engines & 1u << i))
            continue;
        fds[n++] = e->s_fd;
        fds[n++] = e->e_fd;
        fds[n++] = e->wake_fd;
        fds[n++] = e->notify_fd;
    }
    if (wrong >= 0 && n)
        fds[how % n] = wrong;
    rig_send(m, msg, fds, n, "web", 3);
    if (wrong >= 0)
        close(wrong);
}

/* Nothing but what xen-vgpud may say. */
static void hear(struct rig_monitor *m)
{
    static struct proto_in msg;
    int rc;

    while (m->sock >= 0) {
        rc = proto_recv(m->sock, &msg);
        if (rc == -EAGAIN)
            return;
        FUZZ_CHECK(rc == 0 || rc == -EPIPE);
        if (rc) {
            rig_hang_up(m);
            return;
        }
        FUZZ_CHECK(!msg.nr_fds && !msg.text_len);
        FUZZ_CHECK(msg.msg.type == PROTO_SCHED_REGISTERED ||
                   msg.msg.type == PROTO_SCHED_KILL ||
                   msg.msg.type == PROTO_SCHED_RESET ||
                   msg.msg.type == PROTO_SCHED_SET);
    }
}

void rig_hear(void)
{
    unsigned int i;

    for (i = 0; i < RIG_MONITORS; i++)
        hear(&rig.monitors[i]);
}

/* ---- Engines --------------------------------------------------------- */

void rig_kick(const struct rig_engine *e)
{
    const uint64_t one = 1;

    FUZZ_CHECK(write(e->notify_fd, &one, sizeof(one)) > 0 || errno == EAGAIN);
}

void rig_obey(struct rig_engine *e, uint32_t want)
{
    if (grant_kind_now(e->s) != GRANT_RUN)
        e->e->ack_epoch = e->s->epoch;
    else
        e->e->run_epoch = e->s->epoch;
    e->e->want = want;
    rig_kick(e);
}

static void die(struct engine *e)
{
    if (e && e->pid)
        ev_invoke(rig.d.loop, &e->exit, EV_READ);
}

void rig_die(uint32_t domid, uint32_t index, uint32_t number)
{
    struct vgpu *v = vgpu_find(&rig.d, domid, index);

    if (v)
        die(v->engines[number]);
}

void rig_bury(void)
{
    struct vgpu *v;
    unsigned int i;

    DL_FOREACH (rig.d.vgpus, v) {
        for (i = 0; i < RIG_ENGINES; i++) {
            if (v->engines[i] && v->engines[i]->killed)
                die(v->engines[i]);
        }
    }
}

/* ---- Timers ---------------------------------------------------------- */

static bool fire(ev_timer *t)
{
    if (!ev_is_active(t))
        return false;
    if (t->repeat <= 0.)
        ev_timer_stop(rig.d.loop, t);
    ev_invoke(rig.d.loop, t, EV_TIMER);
    return true;
}

void rig_fire(unsigned int which)
{
    struct vgpud *d = &rig.d;
    unsigned int i = which % 8;
    struct vgpu *v;

    if (i < d->nr_queues)
        d->queues[i].dirty = true; /* as its timer does */
    else if (i == 2)
        fire(&d->watch);
    else if (i == 3)
        fire(&d->compile_again);
    else if (i == 4)
        fire(&d->settle);
    if (i < 5)
        return;
    DL_FOREACH (d->vgpus, v) {
        for (i = 0; i < RIG_ENGINES; i++) {
            if (v->engines[i] && which / 8 % 4 == (v->domid + i) % 4 &&
                fire(which & 1 ? &v->engines[i]->deadline
                               : &v->engines[i]->quiet))
                return;
        }
    }
}

void rig_fire_all(void)
{
    struct vgpud *d = &rig.d;
    struct vgpu *v;
    unsigned int i;

    for (i = 0; i < d->nr_queues; i++)
        d->queues[i].dirty = true;
    fire(&d->compile_again);
    fire(&d->settle);
    DL_FOREACH (d->vgpus, v) {
        for (i = 0; i < RIG_ENGINES; i++) {
            if (v->engines[i])
                fire(&v->engines[i]->quiet);
        }
    }
}

/* ---- Clients --------------------------------------------------------- */

char *rig_ask(const char *socket, const char *line)
{
    int fd = connect_to(socket, SOCK_STREAM);
    char *answer = NULL;
    size_t len = 0;
    unsigned int i;
    ssize_t n;

    if (fd < 0)
        return NULL;
    FUZZ_CHECK(write(fd, line, strlen(line)) >= 0 && write(fd, "\n", 1) == 1);
    answer = malloc(ANSWER_MAX);
    FUZZ_CHECK(answer);
    for (i = 0; i < ASK_TURNS && !memchr(answer, '\n', len); i++) {
        ev_run(rig.d.loop, EVRUN_NOWAIT);
        rig_hear();
        n = read(fd, answer + len, ANSWER_MAX - 1 - len);
        if (n == 0)
            break;
        len += n > 0 ? (size_t)n : 0;
    }
    close(fd);
    ev_run(rig.d.loop, EVRUN_NOWAIT);
    FUZZ_CHECK(len && memchr(answer, '\n', len));
    answer[len] = '\0';
    return answer;
}
