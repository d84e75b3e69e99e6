/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"

#include <string.h>

#include "lib/duration.h"
#include "tools/print.h"
#include "tools/sim.h"

static double ms(uint64_t ns)
{
    return (double)ns / 1e6;
}

static double percent(uint64_t part, uint64_t all)
{
    return all ? 100.0 * (double)part / (double)all : 0;
}

static double a_second(const struct sim_result *r, uint64_t n)
{
    return r->engine_ns ? (double)n * 1e9 / (double)r->engine_ns : 0;
}

static void print_load(const struct sim_config *config,
                       const struct sim_load *load)
{
    char name[64], slice[32], time[32], chunk[32], save[32], context[32];
    size_t of[SIM_KINDS] = {0}, i;

    for (i = 0; i < load->count; i++)
        of[load->clients[i].kind]++;
    printf("%s:", print_clean(name, sizeof(name), load->name));
    for (i = 0; i < SIM_KINDS; i++) {
        if (of[i])
            printf(" %zu %s", of[i], sim_kind_name((enum sim_kind)i));
    }
    printf("; %u GPU%s, %s, slice %s, chunks %s, switch %s + %s, seed %llu\n\n",
           config->gpus, config->gpus == 1 ? "" : "s",
           duration_text(time, sizeof(time), config->time_ns),
           duration_text(slice, sizeof(slice), config->params.slice_ns),
           duration_text(chunk, sizeof(chunk), config->chunk_ns),
           duration_text(save, sizeof(save), config->save_ns),
           duration_text(context, sizeof(context), config->load_ns),
           (unsigned long long)config->seed);
}

void sim_print(const struct sim_config *config, const struct sim_load *load,
               const struct sim_result *results, size_t count)
{
    const struct sim_result *r;

    print_load(config, load);
    puts("              share error, %    Jain       waits, ms            "
         "     frames, ms    missed  switches  over-   lost\n"
         "policy         mean    max    index     p50     p99      max  "
         "   p50     p99       %       a s   head %     %  resets");
    for (r = results; r < results + count; r++) {
        printf("%-12s", r->policy->name);
        if (r->windows)
            printf(" %6.2f  %6.2f   %.4f", 100 * r->share_error,
                   100 * r->share_error_max, r->jain);
        else
            printf(" %6s  %6s   %6s", "-", "-", "-");
        printf("  %7.2f %7.2f %8.2f", ms(sim_hist_at(&r->wait, 0.5)),
               ms(sim_hist_at(&r->wait, 0.99)), ms(r->wait.max));
        if (r->frames)
            printf(" %7.2f %7.2f %7.2f", ms(sim_hist_at(&r->frame, 0.5)),
                   ms(sim_hist_at(&r->frame, 0.99)),
                   percent(r->missed, r->frames));
        else
            printf(" %7s %7s %7s", "-", "-", "-");
        printf(" %9.1f   %6.2f %5.2f  %6llu\n", a_second(r, r->switches),
               percent(r->overhead_ns, r->engine_ns),
               percent(r->lost_ns, r->engine_ns),
               (unsigned long long)r->resets);
    }
}

static json_t *times(const struct sim_hist *h)
{
    return json_pack("{s:I,s:f,s:f,s:f}", "count", (json_int_t)h->count, "p50",
                     ms(sim_hist_at(h, 0.5)), "p99", ms(sim_hist_at(h, 0.99)),
                     "max", ms(h->max));
}

static json_t *clients_json(const struct sim_load *load,
                            const struct sim_result *r)
{
    json_t *a = json_array();
    size_t i;

    for (i = 0; i < load->count; i++) {
        const struct sim_spec *s = &load->clients[i];

        json_array_append_new(
            a,
            json_pack("{s:s,s:I,s:I,s:f,s:f}", "kind", sim_kind_name(s->kind),
                      "weight", (json_int_t)s->weight, "cap",
                      (json_int_t)s->cap, "served_ms", ms(r->served_ns[i]),
                      "longest_wait_ms", ms(r->longest_ns[i])));
    }
    return a;
}

json_t *sim_json(const struct sim_config *config, const struct sim_load *load,
                 const struct sim_result *results, size_t count)
{
    json_t *a = json_array();
    const struct sim_result *r;
    char name[64];

    for (r = results; r < results + count; r++) {
        json_array_append_new(
            a,
            json_pack("{s:s,s:f,s:f,s:f,s:I,s:o,s:o,s:I,s:I,s:I,s:f,s:f,s:I,"
                      "s:o}",
                      "policy", r->policy->name, "share_error", r->share_error,
                      "share_error_max", r->share_error_max, "jain", r->jain,
                      "windows", (json_int_t)r->windows, "wait_ms",
                      times(&r->wait), "frame_ms", times(&r->frame), "frames",
                      (json_int_t)r->frames, "missed", (json_int_t)r->missed,
                      "switches", (json_int_t)r->switches, "overhead",
                      percent(r->overhead_ns, r->engine_ns) / 100, "lost",
                      percent(r->lost_ns, r->engine_ns) / 100, "resets",
                      (json_int_t)r->resets, "vgpus", clients_json(load, r)));
    }
    return json_pack("{s:s,s:I,s:I,s:I,s:f,s:o}", "load",
                     print_clean(name, sizeof(name), load->name), "vgpus",
                     (json_int_t)load->count, "gpus", (json_int_t)config->gpus,
                     "seed", (json_int_t)config->seed, "seconds",
                     (double)config->time_ns / 1e9, "policies", a);
}
