/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A GPU in virtual time, as xen-vgpud and the engines do it: a grant, the
 * context is loaded, chunks, a request to stop, the rest of a chunk, the
 * context is saved, which is the acknowledgement.
 */
#include "config.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tools/sim-engine.h"

#define WINDOW_NS SIM_S
#define WATCHDOG_NS (2 * SIM_S) /* of an engine, for a chunk */
#define PLOT_NS (250 * SIM_MS)

static uint64_t sooner(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t timeout_of(const struct sim_gpu *g)
{
    return g->policy->timeout_ns ? g->policy->timeout_ns
                                 : g->config->params.deadline_ns;
}

/* --- time passes
 * ---------------------------------------------------------------- */

static bool works(const struct sim_gpu *g)
{
    return g->phase != SIM_FREE &&
           (g->phase != SIM_RUNS || sim_has_work(g->current));
}

static void pass(struct sim_gpu *g, uint64_t to)
{
    struct sim_client *c = g->current;
    uint64_t ns = to - g->now;

    if (works(g)) {
        c->window_ns += ns;
        c->served_ns += ns;
        if (g->phase == SIM_RUNS) {
            c->work_ns -= sooner(ns, c->work_ns);
            c->chunk_ns -= sooner(ns, c->chunk_ns);
            g->r->done_ns += ns;
        } else {
            g->r->overhead_ns += ns;
        }
    } else if (g->with_work) {
        g->r->lost_ns += ns;
    }
    g->now = to;
}

/* Of those that had work all the time, and no cap: how their shares are off,
 * and Jain's index of service by weight. */
static void end_window(struct sim_gpu *g)
{
    double all = 0, weights = 0, off = 0, sum = 0, squares = 0, x;
    struct sim_client *c;
    size_t i, n = 0;

    for (i = 0; i < g->count; i++) {
        c = &g->clients[i];
        if (!c->busy || c->e.cap)
            continue;
        n++;
        all += (double)c->window_ns;
        weights += c->e.weight;
    }
    for (i = 0; i < g->count; i++) {
        c = &g->clients[i];
        if (c->busy && !c->e.cap && all > 0) {
            off += fabs((double)c->window_ns / all - c->e.weight / weights);
            x = (double)c->window_ns / c->e.weight;
            sum += x;
            squares += x * x;
        }
        c->window_ns = 0;
        c->busy = sim_has_work(c);
    }
    g->window_end_ns += WINDOW_NS;
    if (n < 2 || all <= 0)
        return;
    g->r->windows++;
    g->r->share_error += off / 2;
    if (off / 2 > g->r->share_error_max)
        g->r->share_error_max = off / 2;
    g->r->jain += sum * sum / ((double)n * squares);
}

static void plot_span(struct sim_gpu *g)
{
    struct sim_result *r = g->r;

    if (!g->plots || g->now <= r->plot_from_ns ||
        g->since_ns >= r->plot_to_ns || r->span_count == SIM_SPANS_MAX)
        return;
    r->spans[r->span_count].from_ns =
        g->since_ns > r->plot_from_ns ? g->since_ns : r->plot_from_ns;
    r->spans[r->span_count].to_ns = sooner(g->now, r->plot_to_ns);
    r->spans[r->span_count++].client = g->current->number;
}

/* --- turns
 * ---------------------------------------------------------------------- */

static void set_timer(struct sim_gpu *g, struct sim_client *c)
{
    sched_heap_remove(&g->timers, &c->e);
    if (c->timer_ns != SCHED_NEVER)
        sched_heap_push(&g->timers, &c->e, c->timer_ns, 0);
}

/* The policy knows what the client has. */
static void tell(struct sim_gpu *g, struct sim_client *c)
{
    if (sim_has_work(c))
        sched_queue_ready(&g->q, &c->e, g->now);
    else
        sched_queue_idle(&g->q, &c->e, g->now);
}

static void save(struct sim_gpu *g)
{
    g->phase = SIM_SAVES;
    g->phase_end_ns = g->now + g->config->save_ns;
}

static void stop(struct sim_gpu *g)
{
    g->stop_ns = g->now;
    g->was_stopped = true;
    if (g->phase == SIM_RUNS && !sim_has_work(g->current))
        save(g);
}

/* At a boundary, or with new work, or when somebody else has work. */
static void go_on(struct sim_gpu *g)
{
    struct sim_client *c = g->current;

    if (g->stop_ns) {
        save(g);
        return;
    }
    if (sim_has_work(c)) {
        sim_client_chunk(c);
        c->chunk_from_ns = g->now;
        return;
    }
    if (g->policy->stays) {
        tell(g, c);
        g->deadline_ns =
            sched_queue_deadline(&g->q, &c->e, g->since_ns, g->now);
    } else if (sched_queue_contended(&g->q, &c->e)) {
        tell(g, c);
        save(g);
    }
}

static void end_turn(struct sim_gpu *g)
{
    struct sim_client *c = g->current;

    plot_span(g);
    tell(g, c);
    sched_queue_charge(&g->q, &c->e, g->now - g->since_ns,
                       g->stop_ns ? g->now - g->stop_ns : 0, g->now);
    c->waits_since_ns = g->now;
    g->phase = SIM_FREE;
    g->current = NULL;
    g->stop_ns = 0;
    g->ask_ns = g->now;
}

static void pick(struct sim_gpu *g)
{
    struct sched_turn turn = sched_queue_pick(&g->q, g->now);
    struct sim_client *c = (struct sim_client *)turn.entity;
    uint64_t waited;

    g->ask_ns = turn.until_ns;
    if (!c)
        return;
    g->was_stopped = false;
    if (sim_has_work(c)) {
        waited = g->now - c->waits_since_ns;
        sim_hist_add(&g->r->wait, waited);
        if (waited > c->longest_ns)
            c->longest_ns = waited;
    }
    g->current = c;
    g->since_ns = g->now;
    g->deadline_ns = turn.until_ns;
    g->phase = SIM_LOADS;
    g->phase_end_ns = g->now;
    if (g->loaded != c) {
        g->loaded = c;
        g->r->switches++;
        g->phase_end_ns += g->config->load_ns;
    }
}

/* Its engine process is killed; another one takes a while. */
static void reset(struct sim_gpu *g)
{
    struct sim_client *c = g->current;

    g->r->resets++;
    g->with_work -= sim_has_work(c);
    sim_client_lost(c, g->now + g->config->restart_ns);
    g->with_work += sim_has_work(c);
    c->busy = false;
    set_timer(g, c);
    g->loaded = NULL;
    end_turn(g);
}

/* --- events
 * --------------------------------------------------------------------- */

static void timer(struct sim_gpu *g, struct sim_client *c)
{
    bool had = sim_has_work(c);

    sim_client_timer(c, g->r, g->now);
    set_timer(g, c);
    if (had || !sim_has_work(c))
        return;
    g->with_work++;
    c->waits_since_ns = g->now;
    tell(g, c);
    if (!g->current) {
        g->ask_ns = g->now;
        return;
    }
    if (!g->stop_ns)
        g->deadline_ns =
            sched_queue_deadline(&g->q, &g->current->e, g->since_ns, g->now);
    if (c == g->current && g->phase == SIM_RUNS)
        sim_hist_add(&g->r->wait, 0);
    if (g->phase == SIM_RUNS && (c == g->current || !sim_has_work(g->current)))
        go_on(g);
}

static void chunk_end(struct sim_gpu *g)
{
    struct sim_client *c = g->current;

    if (!c->work_ns) {
        sim_client_done(c, g->r, g->now);
        set_timer(g, c);
        if (!sim_has_work(c)) {
            g->with_work--;
            c->busy = false;
        }
    }
    c->chunk_ns = 0;
    go_on(g);
}

static void phase_end(struct sim_gpu *g)
{
    if (g->phase == SIM_SAVES) {
        end_turn(g);
    } else if (g->phase == SIM_LOADS) {
        g->phase = SIM_RUNS;
        go_on(g);
    }
}

static void due(struct sim_gpu *g)
{
    /* Things may have changed since. */
    g->deadline_ns =
        sched_queue_deadline(&g->q, &g->current->e, g->since_ns, g->now);
    if (g->deadline_ns <= g->now)
        stop(g);
}

/* When the current chunk is cut off by a reset. */
static uint64_t reset_at(const struct sim_gpu *g)
{
    const struct sim_client *c = g->current;
    uint64_t at = SCHED_NEVER;

    if (g->phase != SIM_RUNS || !sim_has_work(c))
        return SCHED_NEVER;
    if (g->policy->timeout_ns != SCHED_NEVER)
        at = c->chunk_from_ns + WATCHDOG_NS;
    if (g->stop_ns)
        at = sooner(at, sched_add(g->stop_ns, timeout_of(g)));
    return at < g->now ? g->now : at;
}

static uint64_t next_event(const struct sim_gpu *g)
{
    struct sched_entity *e = sched_heap_first(&g->timers);
    uint64_t t = sooner(g->window_end_ns, g->config->time_ns);

    if (e)
        t = sooner(t, ((struct sim_client *)e)->timer.key);
    if (!g->current)
        return sooner(t, g->ask_ns);
    if (g->phase != SIM_RUNS)
        t = sooner(t, g->phase_end_ns);
    else if (sim_has_work(g->current))
        t = sooner(t, g->now + g->current->chunk_ns);
    if (!g->stop_ns && g->phase != SIM_SAVES)
        t = sooner(t, g->deadline_ns);
    return sooner(t, reset_at(g));
}

static void step(struct sim_gpu *g)
{
    uint64_t t = next_event(g), kill = reset_at(g);
    bool runs = g->phase == SIM_RUNS && sim_has_work(g->current);
    struct sched_entity *e;

    pass(g, t < g->now ? g->now : t);
    if (g->now == g->window_end_ns)
        end_window(g);
    if (runs && !g->current->chunk_ns)
        chunk_end(g);
    else if (runs && kill <= g->now)
        reset(g);
    while ((e = sched_heap_first(&g->timers)) &&
           ((struct sim_client *)e)->timer.key <= g->now)
        timer(g, (struct sim_client *)e);
    if ((g->phase == SIM_LOADS || g->phase == SIM_SAVES) &&
        g->phase_end_ns <= g->now)
        phase_end(g);
    if (g->current && !g->stop_ns && g->phase != SIM_SAVES &&
        g->deadline_ns <= g->now)
        due(g);
    if (!g->current && g->ask_ns <= g->now)
        pick(g);
}

/* --- a run
 * ---------------------------------------------------------------------- */

static int gpu_start(struct sim_gpu *g, const struct sim_load *load,
                     unsigned int gpu)
{
    const struct sim_config *config = g->config;
    struct sched_params params = config->params;
    struct sim_client *c;
    size_t i, end;
    int rc;

    if (g->policy->slice_ns)
        params.slice_ns = g->policy->slice_ns;
    g->window_end_ns = WINDOW_NS;
    g->ask_ns = SCHED_NEVER;
    g->timers.node_offset = offsetof(struct sim_client, timer);
    rc = sched_queue_init(&g->q, g->policy->policy, &params, 0);
    if (!rc)
        rc = sched_heap_reserve(&g->timers, load->count);
    i = sim_load_first(load, config->gpus, gpu);
    end = sim_load_first(load, config->gpus, gpu + 1);
    for (; !rc && i < end; i++) {
        c = &g->clients[g->count++];
        c->number = (uint32_t)i;
        sim_client_start(c, &load->clients[i]);
        rc = sched_queue_add(&g->q, &c->e, 0);
        if (!rc)
            set_timer(g, c);
    }
    return rc;
}

static void gpu_end(struct sim_gpu *g)
{
    size_t i;

    if (g->current)
        plot_span(g);
    for (i = 0; i < g->count; i++) {
        struct sim_client *c = &g->clients[i];

        sim_client_end(c, g->r, g->now);
        if (sim_has_work(c) && c != g->current &&
            g->now - c->waits_since_ns > c->longest_ns)
            c->longest_ns = g->now - c->waits_since_ns;
        g->r->served_ns[c->number] = c->served_ns;
        g->r->longest_ns[c->number] = c->longest_ns;
    }
}

static int run_gpu(const struct sim_config *config, const struct sim_load *load,
                   struct sim_result *r, unsigned int gpu)
{
    struct sim_gpu g = {.config = config, .policy = r->policy, .r = r};
    int rc = -ENOMEM;

    g.plots = gpu == 0;
    g.clients = calloc(load->count, sizeof(*g.clients));
    if (g.clients)
        rc = gpu_start(&g, load, gpu);
    if (!rc) {
        while (g.now < config->time_ns)
            step(&g);
        gpu_end(&g);
        r->engine_ns += g.now;
    }
    sched_queue_free(&g.q);
    free(g.timers.nodes);
    free(g.clients);
    return rc;
}

int sim_run(const struct sim_config *config, const struct sim_load *load,
            const struct sim_policy *policy, struct sim_result *r)
{
    unsigned int i;
    int rc = 0;

    memset(r, 0, sizeof(*r));
    r->policy = policy;
    r->plot_from_ns = config->time_ns / 2;
    r->plot_to_ns = sooner(r->plot_from_ns + PLOT_NS, config->time_ns);
    r->served_ns = calloc(load->count, sizeof(*r->served_ns));
    r->longest_ns = calloc(load->count, sizeof(*r->longest_ns));
    r->spans = calloc(SIM_SPANS_MAX, sizeof(*r->spans));
    if (!r->served_ns || !r->longest_ns || !r->spans)
        rc = -ENOMEM;
    for (i = 0; !rc && i < config->gpus; i++)
        rc = run_gpu(config, load, r, i);
    if (rc) {
        sim_result_free(r);
        return rc;
    }
    if (r->windows) {
        r->share_error /= (double)r->windows;
        r->jain /= (double)r->windows;
    }
    return 0;
}
