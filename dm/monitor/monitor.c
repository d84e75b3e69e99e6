/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A domain's vGPUs from their start to the domain's end.
 */
#include "dm/monitor/monitor.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "lib/log.h"

/* libxl gives up after 60 s. */
#define START_TIMEOUT_S 50.0
/* It does not wait for attached vGPUs; an engine, which a virtio-gpu's device
 * waits for, may take 120 s. */
#define ATTACH_TIMEOUT_S 125.0
#define STOP_TIMEOUT_S 1.0
#define END_TIMEOUT_S 5.0

static void enter_state(struct monitor *m, enum monitor_state state,
                        double timeout_s)
{
    m->state = state;
    ev_timer_stop(m->loop, &m->timeout);
    if (timeout_s > 0) {
        ev_timer_set(&m->timeout, timeout_s, 0.);
        ev_timer_start(m->loop, &m->timeout);
    }
}

static double start_timeout(const struct monitor *m)
{
    return m->opt->attach ? ATTACH_TIMEOUT_S : START_TIMEOUT_S;
}

static void check_end(struct monitor *m)
{
    if (m->state >= MONITOR_STOPPING && !child_runs(&m->device) &&
        !engines_any(m) && !displays_any(m))
        ev_break(m->loop, EVBREAK_ALL);
}

static void kill_all(struct monitor *m)
{
    enter_state(m, MONITOR_ENDING, END_TIMEOUT_S);
    child_kill(&m->device);
    engines_kill_all(m);
    displays_kill(m);
    check_end(m);
}

static void start_failed(struct monitor *m)
{
    m->exit_code = 1;
    kill_all(m);
}

/* A libxl that has handed its socket over waits for an answer on it; nobody
 * must have been answered before. It takes no other sign after that one. */
static bool asks_by_qmp(const struct monitor *m)
{
    return m->opt->qmp_fd >= 0;
}

/* Beside QEMU it is QEMU that tells libxl; for PVH nobody does. */
static int say_running(struct monitor *m)
{
    int rc;

    if (!m->launch)
        return asks_by_qmp(m) ? qmp_start(m) : xenstore_write_running(&m->xs);
    rc = write(m->launch->ready_fd, "", 1) == 1 ? 0 : -errno;
    if (m->launch->lock_fd >= 0)
        close(m->launch->lock_fd);
    if (!rc)
        return 0;
    log_error("tell who waits for the vGPUs: %s", strerror(-rc));
    return rc;
}

void monitor_device_ready(struct monitor *m, int status, uint32_t ioservid)
{
    if (status) {
        if (status > 0 || status < -4095)
            status = -EIO;
        log_error("the device process could not start: %s (its own lines "
                  "above say more)",
                  strerror(-status));
        if (m->state == MONITOR_TAKEOVER)
            child_kill(&m->device); /* what follows, follows from its end */
        else
            start_failed(m);
        return;
    }
    if (m->state == MONITOR_TAKEOVER) {
        enter_state(m, MONITOR_RUNNING, 0);
        log_info("a new device process has taken over");
        device_resets(m);
        return;
    }
    m->have_server = true;
    m->ioservid = ioservid & 0xffff;
    if (xenstore_write_server(&m->xs, m->ioservid) || say_running(m)) {
        start_failed(m);
        return;
    }
    m->was_running = true;
    enter_state(m, MONITOR_RUNNING, 0);
    log_info("%u vGPU%s ready", m->opt->nr_vgpus,
             m->opt->nr_vgpus == 1 ? "" : "s");
    sched_start(m);
    displays_start(m);
}

/* The device destroys its ioreq server when it ends in order. If it could
 * not, a vCPU may be waiting for it, and would for ever. */
static void remove_server(struct monitor *m)
{
    int rc;

    if (m->have_server) {
        rc = domain_rescue_server(&m->domain, m->ioservid, m->nr_vcpus);
        if (rc && rc != -ENOENT)
            rc = domain_destroy_server(&m->domain, m->ioservid);
        if (m->opt->companion == COMPANION_NONE)
            domain_destroy_servers(&m->domain); /* it may have lied */
        if (!rc)
            log_info("removed ioreq server %u of the dead device process",
                     m->ioservid);
        else if (rc != -ENOENT)
            log_error("remove ioreq server %u of the dead device process: %s",
                      m->ioservid, strerror(-rc));
    } else if (m->opt->companion == COMPANION_NONE) {
        domain_destroy_servers(&m->domain); /* nobody else has one */
    }
    m->have_server = false;
}

static bool may_take_over(struct monitor *m)
{
    uint64_t *oldest = &m->takeover_ns[m->takeovers % MONITOR_TAKEOVERS];
    uint64_t now = clock_ns();

    if (*oldest && now - *oldest < MONITOR_TAKEOVER_WINDOW_NS)
        return false;
    *oldest = now;
    m->takeovers++;
    return true;
}

/* Start a process that goes on where the dead one has left: the server, the
 * state memfds, the engines are all there. Not after one that we had to kill
 * for what it said or did not say. */
static bool take_over(struct monitor *m)
{
    if (!m->have_server || m->device.killed || !may_take_over(m))
        return false;
    log_error("%s %s: a new one takes over", m->device.name,
              child_end(&m->device));
    engines_forget(m);
    enter_state(m, MONITOR_TAKEOVER, start_timeout(m));
    return !device_start(m);
}

void monitor_device_gone(struct monitor *m)
{
    bool alive = domain_life(&m->domain) == DOMAIN_ALIVE;

    if (alive &&
        (m->state == MONITOR_RUNNING || m->state == MONITOR_TAKEOVER) &&
        take_over(m))
        return;
    if (alive)
        remove_server(m);
    switch (m->state) {
    case MONITOR_STARTING:
        log_error("%s %s before it was ready", m->device.name,
                  child_end(&m->device));
        start_failed(m);
        break;
    case MONITOR_TAKEOVER:
    case MONITOR_RUNNING:
        if (!alive) {
            monitor_stop(m, "the domain is gone");
            break;
        }
        log_error("%s %s: the domain's vGPUs are gone until it is created "
                  "anew",
                  m->device.name, child_end(&m->device));
        xenstore_remove_server(&m->xs);
        enter_state(m, MONITOR_FAILED, 0);
        sched_stop(m);
        engines_kill_all(m);
        displays_kill(m);
        break;
    default:
        check_end(m);
        break;
    }
}

void monitor_child_gone(struct monitor *m)
{
    check_end(m);
}

void monitor_stop(struct monitor *m, const char *why)
{
    if (m->state >= MONITOR_STOPPING)
        return;
    log_info("ends: %s", why);
    enter_state(m, MONITOR_STOPPING, STOP_TIMEOUT_S);
    engines_kill_all(m);
    displays_kill(m);
    device_stop(m);
    check_end(m);
}

static void on_timeout(struct ev_loop *loop, ev_timer *w, int revents)
{
    struct monitor *m = w->data;

    (void)revents;
    switch (m->state) {
    case MONITOR_STARTING:
        log_error("%s is not ready after %g s", m->device.name,
                  start_timeout(m));
        start_failed(m);
        break;
    case MONITOR_TAKEOVER:
        log_error("%s is not ready after %g s", m->device.name,
                  start_timeout(m));
        child_kill(&m->device);
        break;
    case MONITOR_STOPPING:
        log_warning("%s has not ended after %g s: killed", m->device.name,
                    STOP_TIMEOUT_S);
        kill_all(m);
        break;
    case MONITOR_ENDING:
        log_error("processes still exist %g s after they were killed",
                  END_TIMEOUT_S);
        ev_break(loop, EVBREAK_ALL);
        break;
    default:
        break;
    }
}

static void on_xenstore(struct ev_loop *loop, ev_io *w, int revents)
{
    struct monitor *m = w->data;

    (void)loop;
    (void)revents;
    if (xenstore_domain_event(&m->xs) &&
        domain_life(&m->domain) != DOMAIN_ALIVE)
        monitor_stop(m, "the domain is gone");
}

static void on_signal(struct ev_loop *loop, ev_signal *w, int revents)
{
    (void)loop;
    (void)revents;
    monitor_stop(w->data, strsignal(w->signum));
}

static void on_companion_exit(struct ev_loop *loop, ev_io *w, int revents)
{
    (void)revents;
    ev_io_stop(loop, w);
    monitor_stop(w->data, "QEMU is gone");
}

static void watch_signals(struct monitor *m)
{
    static const int signals[] = {SIGHUP, SIGTERM, SIGINT};
    size_t i;

    signal(SIGPIPE, SIG_IGN);
    for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
        ev_signal_init(&m->signals[i], on_signal, signals[i]);
        m->signals[i].data = m;
        ev_signal_start(m->loop, &m->signals[i]);
    }
}

/* Under dm_restrict=1 libxl lets no file grow beyond 256 KiB. That is meant
 * for QEMU's log, but a screenshot's memfd would be a file, too. The children
 * set limits of their own. */
static void lift_file_size(void)
{
    const struct rlimit none = {RLIM_INFINITY, RLIM_INFINITY};
    struct rlimit now;

    signal(SIGXFSZ, SIG_IGN); /* a line of the log less is no reason to die */
    if (!getrlimit(RLIMIT_FSIZE, &now) && now.rlim_cur == RLIM_INFINITY)
        return;
    if (setrlimit(RLIMIT_FSIZE, &none))
        log_warning("lift the limit of file sizes: %s: large screenshots will "
                    "fail",
                    strerror(errno));
}

static int add_room(struct monitor *m)
{
    int rc;

    rc = domain_add_room(&m->domain, (int64_t)options_vram_total(m->opt));
    m->added_room = !rc;
    if (rc)
        log_error("let the domain have %" PRIu64 " MiB more for VRAM: %s",
                  options_vram_total(m->opt) >> 20, strerror(-rc));
    return rc;
}

/* As if we had never been there: nothing has run. */
static void give_memory_back(struct monitor *m)
{
    int rc = 0;

    vram_release(&m->domain, m->vram, m->opt->nr_vgpus);
    if (m->added_room)
        rc = domain_add_room(&m->domain, -(int64_t)options_vram_total(m->opt));
    if (rc)
        log_error("take the room for VRAM back: %s", strerror(-rc));
}

static int make_vgpus(struct monitor *m)
{
    unsigned int i;
    int rc = 0;

    for (i = 0; i < m->opt->nr_vgpus; i++)
        m->vram[i].size = m->opt->vgpus[i].vram;
    if (m->opt->attach)
        rc = add_room(m);
    if (!rc)
        rc = vram_check(&m->domain, m->vram, m->opt->nr_vgpus, !m->opt->attach);
    if (!rc)
        rc = vram_populate(&m->domain, m->vram, m->opt->nr_vgpus);
    for (i = 0; !rc && i < m->opt->nr_vgpus; i++)
        rc = vgpu_init(&m->vgpus[i], i, m->opt->vgpus[i].engines,
                       &m->opt->vgpus[i], &m->vram[i]);
    if (!rc)
        engines_init(m);
    return rc ? rc : displays_open(m);
}

static void watch_companion(struct monitor *m)
{
    ev_io_init(&m->companion_exit, on_companion_exit, m->launch->pidfd,
               EV_READ);
    m->companion_exit.data = m;
    ev_io_start(m->loop, &m->companion_exit);
}

static int start(struct monitor *m)
{
    struct domain_info info;
    int rc;

    rc = domain_open(&m->domain, m->opt->domid);
    if (rc)
        return rc;
    rc = domain_info(&m->domain, &info);
    if (rc) {
        log_error("ask Xen for the domain: %s", strerror(-rc));
        return rc;
    }
    m->nr_vcpus = info.nr_vcpus;
    rc = m->opt->attach ? attach_check(m->opt->domid, &info) : 0;
    if (rc)
        return rc;
    rc = xenstore_open(&m->xs, m->opt->domid);
    if (rc)
        return rc;
    snprintf(m->name, sizeof(m->name), "%s", m->opt->name);
    if (m->opt->attach)
        xenstore_read_name(&m->xs, m->name, sizeof(m->name));
    cgroups_init(&m->cgroups, m->opt->domid);
    if (m->launch) {
        if (m->launch->pidfd >= 0)
            watch_companion(m);
        cgroup_create(&m->cgroups, &m->own, "monitor", 0, 0);
        cgroup_enter(&m->own);
    }
    rc = make_vgpus(m);
    if (rc)
        return rc;
    rc = m->launch || asks_by_qmp(m) ? 0 : qmp_start(m); /* QEMU has its own */
    if (rc)
        return rc;
    rc = admin_start(m);
    if (rc)
        return rc;
    ev_io_init(&m->xs_event, on_xenstore, xenstore_fd(&m->xs), EV_READ);
    m->xs_event.data = m;
    ev_io_start(m->loop, &m->xs_event);
    enter_state(m, MONITOR_STARTING, start_timeout(m));
    return device_start(m);
}

static void finish(struct monitor *m)
{
    unsigned int i;
    bool dead;

    server_close(m->qmp);
    server_close(m->admin);
    sched_stop(m);
    for (i = 0; i < m->opt->nr_vgpus; i++)
        vgpu_fini(&m->vgpus[i]);
    cgroup_leave(&m->cgroups, &m->own);
    cgroups_remove(&m->cgroups);
    cache_remove(m->opt->domid);
    if (m->domain.xch) {
        dead = domain_life(&m->domain) != DOMAIN_ALIVE;
        /* A guest that has run may have moved it, and libxl destroys the
         * domain of a device model that could not start in any case. */
        if (!dead && !m->was_running)
            give_memory_back(m);
        xenstore_remove(&m->xs, dead && m->opt->companion == COMPANION_NONE);
    }
    xenstore_close(&m->xs);
    domain_close(&m->domain);
}

int monitor_run(const struct options *opt, const struct launch *launch)
{
    static struct monitor m;
    const char *sandbox = getenv("XVGPU_SANDBOX");

    memset(&m, 0, sizeof(m));
    m.opt = opt;
    m.launch = launch;
    m.sandbox = !sandbox || strcmp(sandbox, "0");
    if (!m.sandbox)
        log_warning("XVGPU_SANDBOX=0: the processes keep their rights; for "
                    "tests only");
    /* Not the default loop: that one would reap our children. */
    m.loop = ev_loop_new(EVFLAG_AUTO | EVFLAG_NOENV);
    if (!m.loop) {
        log_error("make an event loop: %s", strerror(errno));
        return 1;
    }
    ev_timer_init(&m.timeout, on_timeout, 0., 0.);
    m.timeout.data = &m;
    watch_signals(&m);
    lift_file_size();
    m.qmp_state = opt->prelaunch ? QMP_PRELAUNCH : QMP_RUNNING;
    if (start(&m))
        m.exit_code = 1;
    else
        ev_run(m.loop, 0);
    finish(&m);
    ev_loop_destroy(m.loop);
    return m.exit_code;
}
