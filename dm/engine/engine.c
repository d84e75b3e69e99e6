/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands, signals, statistics and the loop around the ring or queues. */
#include "dm/engine/engine.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "lib/proto.h"

#define NS_PER_S 1000000000ull
#define NS_PER_MS 1000000ull

/* A guest that rang again within SPIN_NS of its last job's end may do so
 * again: look at the link page so long before sleeping. */
#define SPIN_NS 20000ull

/* Without a grant, behind a kick. */
#define DEAF_NS NS_PER_MS

/* From one bit of tidying to the next. */
#define TIDY_NS NS_PER_MS

/* From one failed try to unmask the doorbell to the next. */
#define UNMASK_MS 10

void engine_kick_device(struct engine *e)
{
    int rc = link_kick(e->event);

    if (rc)
        log_limited(&e->host_log, LOG_WARNING, "kicking the device: %s",
                    strerror(-rc));
}

static void drain(int fd)
{
    uint64_t count;

    if (read(fd, &count, sizeof(count)) < 0)
        return; /* somebody was faster: nothing is lost */
}

/* ---- Signals and statistics ------------------------------------------ */

void engine_signal_done(struct engine *e)
{
    if (e->bell.done_port >= 0 &&
        xenevtchn_notify(e->xce, (evtchn_port_t)e->bell.done_port) == 0) {
        e->stats.done_evtchn++;
        return;
    }
    LINK_WRITE_REL(e->link->eng.done_count, ++e->done_count);
    engine_kick_device(e);
}

void engine_signal_fault(struct engine *e)
{
    engine_kick_device(e);
    if (e->bell.done_port >= 0)
        xenevtchn_notify(e->xce, (evtchn_port_t)e->bell.done_port);
}

void engine_progress(struct engine *e, uint64_t packets)
{
    uint64_t now = e->run_start_ns ? engine_ran(e, clock_ns()) : 0;

    LINK_WRITE(e->link->eng.packets, packets);
    LINK_WRITE(e->link->eng.busy_ns, e->stats.busy_ns + now);
    LINK_WRITE(e->grant_e->busy_ns, e->grant.busy_ns + now);
}

void engine_publish(struct engine *e)
{
    const struct guestmap_stats *map = guestmap_stats(e->map);
    const struct engine_stats *s = &e->stats;
    struct link_eng *eng = &e->link->eng;
    unsigned int i;

    engine_progress(e, s->packets);
    LINK_WRITE(eng->jobs, s->jobs);
    LINK_WRITE(eng->bytes, s->bytes);
    LINK_WRITE(eng->maps, map->maps);
    LINK_WRITE(eng->map_hits, map->hits);
    LINK_WRITE(eng->map_misses, map->misses);
    LINK_WRITE(eng->maps_live, map->live);
    LINK_WRITE(eng->done_evtchn, s->done_evtchn);
    LINK_WRITE(eng->doorbells_evtchn, s->doorbells_evtchn);
    LINK_WRITE(eng->preempted, s->preempted);
    for (i = 0; i < LINK_HIST; i++)
        LINK_WRITE(eng->hist[i], s->hist[i]);
}

enum step engine_fault(struct engine *e, uint32_t code, uint64_t addr)
{
    e->fault = (struct fault){.code = code, .addr = addr};
    return STEP_FAULT;
}

/* ---- Commands -------------------------------------------------------- */

static void cmd_stop(struct engine *e)
{
    e->preparing = e->recovering = false;
    e->ops->front->stop(e);
    guestmap_invalidate(e->map);
    e->state = LINK_IDLE;
}

/* What another process had of this ring, or nothing. It can take long: objects
 * are made again, with all that compiles, or freed. */
static void prepare(struct engine *e)
{
    int rc = e->recovering ? e->ops->recover(e) : -ENOENT;

    if (rc < 0 && e->recovering)
        log_limited(&e->fault_log, LOG_WARNING,
                    "%s: the context before the reset is lost: %s",
                    e->ops->name, strerror(-rc));
    if (rc < 0)
        e->ops->start(e);
    e->used = rc == 0;
    e->preparing = e->recovering = false;
}

static uint32_t cmd_start(struct engine *e)
{
    const struct link_dev *dev = &e->link->dev;
    uint64_t base_ns = LINK_READ(dev->time_base_ns);
    bool again = LINK_READ(dev->start_stopped) || LINK_READ(dev->restart);
    uint32_t code;

    cmd_stop(e);
    code = e->ops->front->open(e);
    if (code)
        return code;
    e->recovering = e->ops->recover && again;
    e->preparing = e->recovering || (e->ops->recover && e->used);
    code = e->preparing ? 0 : (uint32_t)e->ops->start(e);
    if (code) {
        e->ops->front->stop(e);
        return code;
    }
    if (base_ns != e->time_base_ns)
        e->stats = (struct engine_stats){0};
    e->time_base_ns = base_ns;
    e->fence = LINK_READ(dev->start_fence);
    LINK_WRITE(e->link->eng.fence, e->fence);
    e->fault = (struct fault){0};
    e->state = again ? LINK_STOPPED : LINK_RUNNING;
    e->ops->front->start(e);
    return 0;
}

static void cmd_resume(struct engine *e)
{
    if (e->state == LINK_STOPPED && e->ops->front->resume)
        e->ops->front->resume(e);
}

static void obey(struct engine *e, uint32_t seq)
{
    uint32_t status = 0;

    switch (LINK_READ(e->link->dev.cmd)) {
    case LINK_CMD_START:
        status = cmd_start(e);
        break;
    case LINK_CMD_STOP:
        cmd_stop(e);
        break;
    case LINK_CMD_RESUME:
        cmd_resume(e);
        break;
    default:
        break;
    }
    e->cmd_seq = seq;
    engine_publish(e);
    LINK_WRITE(e->link->eng.state, e->state);
    LINK_WRITE(e->link->eng.ack_status, (int32_t)status);
    LINK_WRITE_REL(e->link->eng.ack_seq, seq);
    engine_kick_device(e);
}

/* ---- Boundaries ------------------------------------------------------ */

static void obey_generation(struct engine *e)
{
    uint32_t generation = LINK_READ_ACQ(e->link->dev.map_generation);

    if (e->untidy)
        e->untidy = e->ops->tidy && e->ops->tidy(e);
    if (generation == e->map_generation)
        return;
    e->map_generation = generation;
    guestmap_invalidate(e->map);
    if (!e->ops->invalidate)
        return;
    /* What fails now fails again when the next packet asks for it. */
    engine_drain(e);
    e->ops->invalidate(e);
}

int engine_drain(struct engine *e)
{
    return e->async && e->ops->drain ? e->ops->drain(e) : 0;
}

bool engine_boundary(struct engine *e)
{
    obey_generation(e);
    return e->cold || grant_kind_now(e->grant_s) != GRANT_RUN ||
           LINK_READ(e->link->dev.cmd_seq) != e->cmd_seq ||
           !LINK_READ(e->link->dev.bus_master) || e->gone;
}

void engine_nap(struct engine *e, uint64_t ns)
{
    struct pollfd pfds[] = {
        {.fd = e->kick, .events = POLLIN},
        {.fd = e->wake, .events = POLLIN},
        {.fd = e->sock, .events = POLLIN},
        {.fd = e->async_fd, .events = POLLIN},
    };
    struct timespec ts = {.tv_sec = (time_t)(ns / NS_PER_S),
                          .tv_nsec = (long)(ns % NS_PER_S)};

    if (ppoll(pfds, 4, &ts, NULL) <= 0)
        return;
    /* Whoever kicks has written to a page first, which is looked at at the
     * next boundary or in the next turn. */
    if (pfds[0].revents)
        drain(e->kick);
    if (pfds[1].revents)
        drain(e->wake);
    if (pfds[2].revents)
        e->gone = true;
}

/* ---- The loop -------------------------------------------------------- */

static void look(struct engine *e)
{
    uint32_t seq = LINK_READ_ACQ(e->link->dev.cmd_seq);

    obey_generation(e);
    if (seq != e->cmd_seq)
        obey(e, seq);
    if (e->state == LINK_RUNNING && e->ops->front->look(e))
        e->spin = e->idle_since_ns && clock_ns() - e->idle_since_ns < SPIN_NS;
    engine_obey_grant(e);
}

static void spin(struct engine *e)
{
    const struct link_dev *dev = &e->link->dev;

    while (!e->ops->front->rung(e) && LINK_READ(dev->cmd_seq) == e->cmd_seq) {
        if (clock_ns() - e->idle_since_ns >= SPIN_NS) {
            e->spin = false;
            return;
        }
#if defined(__x86_64__)
        __builtin_ia32_pause();
#endif
    }
}

/* `ns`: at most, or UINT64_MAX. Doorbells are rung as fast as a guest likes:
 * while nothing can be done about them they are not heard for a while. */
static int wait_for_events(struct engine *e, uint64_t ns)
{
    struct pollfd pfds[] = {
        {.fd = e->rung ? -1 : e->kick, .events = POLLIN},
        {.fd = xenevtchn_fd(e->xce), .events = POLLIN},
        {.fd = e->wake, .events = POLLIN},
        {.fd = e->sock, .events = POLLIN},
    };
    struct timespec ts;

    if (e->rung && ns > DEAF_NS)
        ns = DEAF_NS;
    ts = (struct timespec){.tv_sec = (time_t)(ns / NS_PER_S),
                           .tv_nsec = (long)(ns % NS_PER_S)};
    e->grant.stopped_ns = 0;
    e->rung = false;
    if (ppoll(pfds, 4, ns == UINT64_MAX ? NULL : &ts, NULL) < 0)
        return errno == EINTR ? 0 : -errno;
    if (pfds[0].revents) {
        drain(e->kick);
        e->rung = grant_kind_now(e->grant_s) != GRANT_RUN;
    }
    if (pfds[1].revents & POLLIN && e->ops->front->event)
        e->ops->front->event(e);
    if (pfds[2].revents)
        drain(e->wake);
    if (pfds[3].revents)
        e->gone = true;
    return 0;
}

static bool can_go_on(const struct engine *e)
{
    if (!engine_has_work(e))
        return false;
    return e->waiting ? clock_ns() >= e->wait_at_ns : engine_may_run(e);
}

static uint64_t sleep_ns(const struct engine *e, int timeout_ms)
{
    uint64_t ns = timeout_ms < 0 ? UINT64_MAX : timeout_ms * NS_PER_MS, now;

    if (e->untidy && ns > TIDY_NS)
        ns = TIDY_NS;
    if (!e->waiting)
        return ns;
    now = clock_ns();
    if (now >= e->wait_at_ns)
        return 0;
    return e->wait_at_ns - now < ns ? e->wait_at_ns - now : ns;
}

int engine_turn(struct engine *e, int timeout_ms)
{
    int rc;

    look(e);
    if (e->preparing && engine_may_prepare(e) && engine_may_run(e)) {
        prepare(e);
        look(e);
    }
    if (can_go_on(e)) {
        e->ops->front->run(e);
        /* Not while others wait for the engine. */
        if (e->spin && !engine_has_work(e) &&
            !(grant_flags_now(e->grant_s) & GRANT_F_IDLE))
            spin(e);
        look(e);
    }
    if (e->gone)
        return -EPIPE;
    if (can_go_on(e))
        return 0;
    /* A doorbell that stays masked rings no more: try again soon. Who has work
     * and no grant need not hear it. */
    rc = engine_has_work(e) ? 0 : e->ops->front->listen(e);
    if (rc > 0)
        return 0;
    if (rc < 0 && (timeout_ms < 0 || timeout_ms > UNMASK_MS))
        timeout_ms = UNMASK_MS;
    return wait_for_events(e, sleep_ns(e, timeout_ms));
}

/* ---- Life ------------------------------------------------------------ */

int engine_new(const struct engine_config *config, struct engine **out)
{
    struct engine *e = aligned_alloc(CACHE_LINE, sizeof(*e));
    int rc;

    if (!e)
        return -ENOMEM;
    memset(e, 0, sizeof(*e));
    e->ops = config->ops;
    e->domid = config->domid;
    e->index = config->index;
    e->limits = config->limits;
    e->kick = config->kick;
    e->event = config->event;
    e->wake = config->wake;
    e->notify = config->notify;
    e->sock = config->sock;
    e->context = config->context;
    e->scanout = config->scanout;
    e->async_fd = -1;
    e->xce = config->xce;
    e->bell = (struct doorbell){.ring_port = -1, .done_port = -1};
    e->link = mmap(NULL, LINK_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED,
                   config->link, 0);
    if (e->link == MAP_FAILED) {
        rc = -errno;
        free(e);
        return rc;
    }
    rc = grant_map(config->grant_s, config->grant_e, &e->grant_s, &e->grant_e);
    if (rc == 0)
        rc = guestmap_new(config->fmem, config->domid, config->max_buckets,
                          &e->map);
    if (rc == 0 && LINK_READ(e->link->dev.version) != LINK_VERSION)
        rc = -EPROTO;
    if (rc == 0)
        rc = e->ops->open(e);
    if (rc < 0) {
        engine_free(e);
        return rc;
    }
    /* Commands that came before were for another process. */
    e->cmd_seq = LINK_READ(e->link->dev.cmd_seq);
    e->map_generation = LINK_READ(e->link->dev.map_generation);
    LINK_WRITE(e->link->eng.state, LINK_IDLE);
    engine_grant_init(e);
    engine_publish(e);
    *out = e;
    return 0;
}

int engine_init(struct engine *e)
{
    return e->ops->init ? e->ops->init(e) : 0;
}

void engine_free(struct engine *e)
{
    if (!e)
        return;
    if (e->backend) {
        e->ops->front->stop(e);
        e->ops->close(e);
    }
    guestmap_free(e->map);
    if (e->grant_s)
        munmap((void *)(uintptr_t)e->grant_s, GRANT_SIZE);
    if (e->grant_e)
        munmap(e->grant_e, GRANT_SIZE);
    munmap(e->link, LINK_SIZE);
    free(e);
}
