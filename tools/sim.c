/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "lib/duration.h"
#include "tools/commands.h"
#include "tools/print.h"
#include "tools/sim.h"

#define RESULTS_MAX 16u

static const char usage[] =
    "usage: xen-vgpu sim [OPTIONS]\n"
    "  --load=NAME|MIX    one of those below, or KIND=N,... (mixed)\n"
    "  --trace=FILE       a recorded load instead\n"
    "  --vgpus=N          repeat the mix up to N vGPUs\n"
    "  --gpus=N           1\n"
    "  --time=TIME        10s\n"
    "  --seed=N           1\n"
    "  --policy=NAME,...  all of those below\n"
    "  --slice=TIME --residency=TIME --deadline=TIME  as xen-vgpud's\n"
    "  --chunk=TIME       between boundaries to stop at (500us)\n"
    "  --save=TIME --load-context=TIME  of a world switch (50us each)\n"
    "  --svg=FOLDER       draw FOLDER/POLICY.svg\n"
    "  --json\n"
    "Loads:\n";

enum {
    OPT_LOAD = 256,
    OPT_TRACE,
    OPT_VGPUS,
    OPT_GPUS,
    OPT_TIME,
    OPT_SEED,
    OPT_POLICY,
    OPT_SLICE,
    OPT_RESIDENCY,
    OPT_DEADLINE,
    OPT_CHUNK,
    OPT_SAVE,
    OPT_CONTEXT,
    OPT_SVG,
    OPT_JSON,
    OPT_HELP
};

struct options {
    struct sim_config config;
    const char *load, *trace, *policies, *svg;
    unsigned long vgpus;
    bool json, help;
};

static int parse_time(const char *text, uint64_t min, uint64_t *ns)
{
    uint64_t v;

    if (duration_parse(text, &v) || v < min || v > SIM_TIME_MAX) {
        tool_error("%s: a time is expected, 5ms, 100us, 10s", text);
        return EXIT_USAGE;
    }
    *ns = v;
    return EXIT_OK;
}

static int parse_count(const char *text, unsigned long min, unsigned long max,
                       unsigned long *n)
{
    char *end;
    unsigned long v;

    errno = 0;
    v = strtoul(text, &end, 10);
    if (errno || *text < '0' || *text > '9' || *end || v < min || v > max) {
        tool_error("%s: a number from %lu to %lu is expected", text, min, max);
        return EXIT_USAGE;
    }
    *n = v;
    return EXIT_OK;
}

static int parse_option(struct options *o, int c, const char *arg)
{
    struct sim_config *config = &o->config;
    unsigned long n = 0;
    int rc = EXIT_OK;

    switch (c) {
    case OPT_LOAD:
        o->load = arg;
        break;
    case OPT_TRACE:
        o->trace = arg;
        break;
    case OPT_VGPUS:
        return parse_count(arg, 1, SIM_CLIENTS_MAX, &o->vgpus);
    case OPT_GPUS:
        rc = parse_count(arg, 1, SIM_GPUS_MAX, &n);
        config->gpus = (unsigned int)n;
        break;
    case OPT_TIME:
        return parse_time(arg, SIM_MS, &config->time_ns);
    case OPT_SEED:
        rc = parse_count(arg, 0, UINT32_MAX, &n);
        config->seed = n;
        break;
    case OPT_POLICY:
        o->policies = arg;
        break;
    case OPT_SLICE:
        return parse_time(arg, 100 * SIM_US, &config->params.slice_ns);
    case OPT_RESIDENCY:
        return parse_time(arg, 0, &config->params.residency_ns);
    case OPT_DEADLINE:
        return parse_time(arg, SIM_MS, &config->params.deadline_ns);
    case OPT_CHUNK:
        return parse_time(arg, SIM_US, &config->chunk_ns);
    case OPT_SAVE:
        return parse_time(arg, 0, &config->save_ns);
    case OPT_CONTEXT:
        return parse_time(arg, 0, &config->load_ns);
    case OPT_SVG:
        o->svg = arg;
        break;
    case OPT_JSON:
        o->json = true;
        break;
    case OPT_HELP:
        o->help = true;
        break;
    default:
        rc = EXIT_USAGE;
    }
    return rc;
}

static int parse(struct options *o, int argc, char **argv)
{
    static const struct option options[] = {
        {"load", required_argument, NULL, OPT_LOAD},
        {"trace", required_argument, NULL, OPT_TRACE},
        {"vgpus", required_argument, NULL, OPT_VGPUS},
        {"gpus", required_argument, NULL, OPT_GPUS},
        {"time", required_argument, NULL, OPT_TIME},
        {"seed", required_argument, NULL, OPT_SEED},
        {"policy", required_argument, NULL, OPT_POLICY},
        {"slice", required_argument, NULL, OPT_SLICE},
        {"residency", required_argument, NULL, OPT_RESIDENCY},
        {"deadline", required_argument, NULL, OPT_DEADLINE},
        {"chunk", required_argument, NULL, OPT_CHUNK},
        {"save", required_argument, NULL, OPT_SAVE},
        {"load-context", required_argument, NULL, OPT_CONTEXT},
        {"svg", required_argument, NULL, OPT_SVG},
        {"json", no_argument, NULL, OPT_JSON},
        {"help", no_argument, NULL, OPT_HELP},
        {0},
    };
    int c, rc = EXIT_OK;

    optind = 0;
    while (!rc && (c = getopt_long(argc, argv, "", options, NULL)) != -1)
        rc = parse_option(o, c, optarg);
    if (!rc && optind != argc) {
        tool_error("%s: only options are expected", argv[optind]);
        rc = EXIT_USAGE;
    }
    return rc;
}

static const struct sim_policy *find(const char *name, size_t len)
{
    const struct sim_policy *p;

    for (p = sim_policies; p->name; p++) {
        if (strlen(p->name) == len && !strncmp(p->name, name, len))
            return p;
    }
    tool_error("%.*s: no such policy", (int)len, name);
    return NULL;
}

static int run(const struct options *o, const struct sim_load *load,
               struct sim_result *results, size_t *count)
{
    const struct sim_policy *p = sim_policies;
    const char *name = o->policies;
    size_t len;
    int rc = 0;

    while (!rc && *count < RESULTS_MAX && (name || p->name)) {
        if (o->policies) {
            len = strcspn(name, ",");
            p = find(name, len);
            if (!p)
                return EXIT_USAGE;
            name = name[len] ? name + len + 1 : NULL;
        }
        rc = sim_run(&o->config, load, p, &results[*count]);
        if (rc)
            tool_error("simulating %s failed: %s", p->name, strerror(-rc));
        else
            ++*count;
        if (!o->policies)
            p++;
        else if (!name)
            break;
    }
    return rc ? EXIT_FAILED : EXIT_OK;
}

static int output(const struct options *o, const struct sim_load *load,
                  const struct sim_result *results, size_t count)
{
    json_t *json;
    size_t i;
    int rc = EXIT_OK, error;

    for (i = 0; o->svg && i < count && !rc; i++) {
        error = sim_plot(o->svg, load, &results[i], o->config.gpus);
        if (error) {
            tool_error("writing %s/%s.svg failed: %s", o->svg,
                       results[i].policy->name, strerror(-error));
            rc = EXIT_FAILED;
        }
    }
    if (!o->json) {
        sim_print(&o->config, load, results, count);
        return rc;
    }
    json = sim_json(&o->config, load, results, count);
    if (!rc)
        rc = json ? print_json(json) : EXIT_FAILED;
    json_decref(json);
    return rc;
}

static void help(void)
{
    const struct sim_policy *p;

    fputs(usage, stdout);
    sim_load_names(stdout);
    fputs("Policies:\n", stdout);
    for (p = sim_policies; p->name; p++)
        printf("  %-12s %s\n", p->name, p->what);
}

int command_sim(int argc, char **argv, bool json)
{
    struct options o = {.load = "mixed", .json = json};
    struct sim_result *results;
    struct sim_load load;
    size_t count = 0;
    int rc;

    o.config = (struct sim_config){
        .seed = 1,
        .time_ns = 10 * SIM_S,
        .gpus = 1,
        .params = sched_params_default,
        .chunk_ns = 500 * SIM_US,
        .save_ns = 50 * SIM_US,
        .load_ns = 50 * SIM_US,
        .restart_ns = 50 * SIM_MS,
    };
    rc = parse(&o, argc, argv);
    if (rc) {
        fputs("xen-vgpu sim --help tells more\n", stderr);
        return rc;
    }
    if (o.help) {
        help();
        return EXIT_OK;
    }
    rc = o.trace ? sim_load_trace(&load, &o.config, o.trace)
                 : sim_load_generate(&load, &o.config, o.load, o.vgpus);
    if (rc)
        return rc == -EINVAL && !o.trace ? EXIT_USAGE : EXIT_FAILED;
    results = calloc(RESULTS_MAX, sizeof(*results));
    rc = results ? run(&o, &load, results, &count) : EXIT_FAILED;
    if (!rc)
        rc = output(&o, &load, results, count);
    while (count)
        sim_result_free(&results[--count]);
    free(results);
    sim_load_free(&load);
    return rc;
}
