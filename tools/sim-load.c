/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tools/print.h"
#include "tools/sim.h"

static const char *const kinds[SIM_KINDS] = {
    [SIM_LIGHT] = "light",   [SIM_HEAVY] = "heavy",
    [SIM_BURSTY] = "bursty", [SIM_MALICIOUS] = "malicious",
    [SIM_HANGS] = "hangs",   [SIM_TRACE] = "trace",
};

static const struct {
    const char *name, *mix, *what;
} mixes[] = {
    {"desktop", "light=4,heavy=1,bursty=3",
     "clients that draw frames, and others"},
    {"mixed", "light=2,heavy=3,bursty=2,malicious=1", "some of everything"},
    {"batch", "heavy=8", "always busy, weights 400, 200, 100"},
    {"hostile", "light=2,heavy=2,malicious=4", "half of them attack"},
    {"hangs", "light=2,heavy=2,hangs=1", "one whose shaders hang"},
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

const char *sim_kind_name(enum sim_kind kind)
{
    return kinds[kind];
}

uint64_t sim_random(uint64_t *state, uint64_t n)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

    /* splitmix64 */
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (z ^ (z >> 31)) % n;
}

uint64_t sim_random_pause(uint64_t *state, uint64_t mean)
{
    double u = (double)(1 + sim_random(state, 1u << 20)) / (1u << 20);
    double x = -log(u);

    return 1 + (uint64_t)((x < 10 ? x : 10) * (double)mean);
}

void sim_load_free(struct sim_load *load)
{
    size_t i;

    for (i = 0; i < load->count; i++)
        free(load->clients[i].jobs);
    free(load->clients);
    memset(load, 0, sizeof(*load));
}

void sim_load_names(FILE *f)
{
    size_t i;

    for (i = 0; i < COUNT(mixes); i++)
        fprintf(f, "  %-8s %s: %s\n", mixes[i].name, mixes[i].mix,
                mixes[i].what);
}

/* "heavy=3": which and how many. */
static int parse_part(const char *part, enum sim_kind *kind,
                      unsigned long *count)
{
    const char *equals = strchr(part, '=');
    char *end;
    int i;

    if (!equals)
        return -EINVAL;
    for (i = 0; i < SIM_TRACE; i++) {
        if (strlen(kinds[i]) == (size_t)(equals - part) &&
            !strncmp(kinds[i], part, strlen(kinds[i])))
            break;
    }
    *count = strtoul(equals + 1, &end, 10);
    if (i == SIM_TRACE || end == equals + 1 || *end || *count > SIM_CLIENTS_MAX)
        return -EINVAL;
    *kind = (enum sim_kind)i;
    return 0;
}

static void fill(struct sim_spec *s, const struct sim_config *config,
                 size_t index)
{
    static const uint32_t weights[] = {400, 200, 100, 100};

    s->weight = SCHED_WEIGHT;
    s->latency = PROTO_LATENCY_NORMAL;
    s->chunk_ns = config->chunk_ns;
    s->seed = config->seed * SIM_CLIENTS_MAX + index;
    switch (s->kind) {
    case SIM_LIGHT:
        break;
    case SIM_BURSTY:
        s->work_ns = 30 * SIM_MS;
        s->pause_ns = 200 * SIM_MS;
        break;
    case SIM_MALICIOUS:
        /* The longest draw that is not reset. */
        s->chunk_ns = config->params.deadline_ns;
        s->work_ns = 1000 * SIM_MS;
        break;
    default:
        s->weight = weights[index % 4];
        s->work_ns = 50 * SIM_MS;
    }
}

size_t sim_load_first(const struct sim_load *load, unsigned int gpus,
                      unsigned int gpu)
{
    return load->count * gpu / gpus;
}

/* A frame takes 60 % of what the client's share by weight is good for if all
 * the others are busy: it asks for nothing that can't be had. */
static void fill_frames(struct sim_load *load, const struct sim_config *config)
{
    uint64_t weights;
    unsigned int gpu;
    size_t i, from, to;

    for (gpu = 0; gpu < config->gpus; gpu++) {
        from = sim_load_first(load, config->gpus, gpu);
        to = sim_load_first(load, config->gpus, gpu + 1);
        weights = 0;
        for (i = from; i < to; i++)
            weights += load->clients[i].weight;
        for (i = from; i < to; i++) {
            if (load->clients[i].kind == SIM_LIGHT)
                load->clients[i].work_ns =
                    SIM_FRAME_NS * 6 / 10 * SCHED_WEIGHT / weights;
        }
    }
}

int sim_load_generate(struct sim_load *load, const struct sim_config *config,
                      const char *mix, size_t count)
{
    enum sim_kind order[SIM_CLIENTS_MAX], kind;
    char text[128], *rest = text, *part;
    size_t n = 0, i, all;
    unsigned long k;

    memset(load, 0, sizeof(*load));
    snprintf(load->name, sizeof(load->name), "%s", mix);
    for (i = 0; i < COUNT(mixes); i++) {
        if (!strcmp(mix, mixes[i].name))
            mix = mixes[i].mix;
    }
    if (strlen(mix) >= sizeof(text)) {
        tool_error("the mix is too long");
        return -EINVAL;
    }
    strcpy(text, mix);
    while ((part = strsep(&rest, ","))) {
        if (parse_part(part, &kind, &k) || n + k > SIM_CLIENTS_MAX) {
            tool_error("%s: a load, or light=N, heavy=N, bursty=N, "
                       "malicious=N, hangs=N, %u in all, is expected",
                       part, SIM_CLIENTS_MAX);
            return -EINVAL;
        }
        for (; k; k--)
            order[n++] = kind;
    }
    all = count ? count : n;
    if (!n || all > SIM_CLIENTS_MAX) {
        tool_error("1 to %u vGPUs are expected", SIM_CLIENTS_MAX);
        return -EINVAL;
    }
    load->clients = calloc(all, sizeof(*load->clients));
    if (!load->clients) {
        tool_error("out of memory");
        return -ENOMEM;
    }
    load->count = all;
    for (i = 0; i < all; i++) {
        load->clients[i].kind = order[i % n];
        fill(&load->clients[i], config, i);
    }
    fill_frames(load, config);
    return 0;
}
