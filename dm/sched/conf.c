/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"

#include "dm/sched/conf.h"

#include <errno.h>
#include <getopt.h>
#include <ini.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dm/sched/vgpud.h"
#include "lib/duration.h"

#define LIMIT (3600 * NS_PER_S) /* of all times */

/* How to read one. */
enum kind { POLICY, TIME, COUNT, BOOL, TEXT };

struct key {
    const char *name;
    enum kind kind;
    size_t at;
    bool queue; /* one for each queue: may stand in [gfx] or [sdma] */
    uint64_t min, max;
    const char *help;
};

#define OF_QUEUE(field) offsetof(struct config_queue, field), true
#define OF_ALL(field) offsetof(struct config, field), false

static const struct key keys[] = {
    {"policy", POLICY, OF_QUEUE(policy), 0, 0,
     "fair, fixed, ondemand or rr (fair)"},
    {"slice", TIME, OF_QUEUE(slice_ns), 10000, LIMIT,
     "a turn while others wait (5ms)"},
    {"residency", TIME, OF_QUEUE(residency_ns), 0, LIMIT,
     "the least of a turn that another one ends (1ms)"},
    {"deadline", TIME, OF_QUEUE(deadline_ns), NS_PER_MS, LIMIT,
     "for an engine to stop (100ms)"},
    {"overrun", TIME, OF_QUEUE(overrun_ns), 0, LIMIT,
     "in all, if its process can be stopped; then it is killed (2s)"},
    {"compile", TIME, OF_QUEUE(compile_ns), NS_PER_MS, LIMIT,
     "for an engine to compile, else it is killed (10s)"},
    {"idle-cpu", TIME, OF_ALL(idle_cpu_ns), 0, LIMIT,
     "CPU time without a grant in a window (5ms)"},
    {"idle-window", TIME, OF_ALL(idle_window_ns), NS_PER_MS, LIMIT,
     "that window (100ms)"},
    {"gang", BOOL, OF_ALL(gang), 0, 1,
     "give a vGPU both engines, or none (no)"},
    {"settle", TIME, OF_ALL(settle_ns), 0, LIMIT,
     "after a restart, for who runs to register again (700ms)"},
    {"guard-window", TIME, OF_ALL(guard_window_ns), NS_PER_MS, LIMIT,
     "in which hangs are counted (60s)"},
    {"resets-to-flr", COUNT, OF_ALL(resets_to_flr), 1, LADDER_MAX,
     "hangs, then the vGPU is reset (3)"},
    {"flrs-to-quarantine", COUNT, OF_ALL(flrs_to_quarantine), 1, LADDER_MAX,
     "such resets in 10 windows, then quarantine (2)"},
    {"run-dir", TEXT, OF_ALL(run_dir), 0, sizeof(((struct config *)0)->run_dir),
     "the folder of all sockets (" VGPUD_RUN_DIR ")"},
};

#define NR_KEYS (sizeof(keys) / sizeof(keys[0]))

enum { OPT_CONFIG = NR_KEYS, OPT_FOREGROUND, OPT_HELP, OPT_VERSION };

static const char *const sections[CONFIG_QUEUES] = {"gfx", "sdma"};

static int read_count(const char *text, uint64_t *value)
{
    char *end;

    if (*text < '0' || *text > '9')
        return -EINVAL;
    errno = 0;
    *value = strtoull(text, &end, 10);
    return *end || errno ? -EINVAL : 0;
}

static int read_bool(const char *text, bool *value)
{
    if (!strcmp(text, "yes") || !strcmp(text, "on") || !strcmp(text, "1"))
        *value = true;
    else if (!strcmp(text, "no") || !strcmp(text, "off") || !strcmp(text, "0"))
        *value = false;
    else
        return -EINVAL;
    return 0;
}

static int store(const struct key *k, char *at, const char *text)
{
    uint64_t value = 0;
    int rc = 0;

    switch (k->kind) {
    case POLICY:
        if (!sched_policy_find(text))
            return -EINVAL;
        *(const struct sched_policy **)(void *)at = sched_policy_find(text);
        return 0;
    case BOOL:
        return read_bool(text, (bool *)(void *)at);
    case TEXT:
        if (!*text || strlen(text) >= k->max)
            return -EINVAL;
        strcpy(at, text);
        return 0;
    case TIME:
        rc = duration_parse(text, &value);
        if (!rc && value >= k->min && value <= k->max)
            *(uint64_t *)(void *)at = value;
        break;
    case COUNT:
        rc = read_count(text, &value);
        if (!rc && value >= k->min && value <= k->max)
            *(uint32_t *)(void *)at = (uint32_t)value;
        break;
    }
    return rc ? rc : value < k->min || value > k->max ? -ERANGE : 0;
}

/* queue: CONFIG_QUEUES for all of them. */
static int set(struct config *c, const struct key *k, unsigned int queue,
               const char *text)
{
    unsigned int i;
    int rc = 0;

    if (!k->queue)
        return queue == CONFIG_QUEUES ? store(k, (char *)c + k->at, text)
                                      : -ENOENT;
    for (i = 0; i < CONFIG_QUEUES && !rc; i++) {
        if (queue == CONFIG_QUEUES || queue == i)
            rc = store(k, (char *)&c->queues[i] + k->at, text);
    }
    return rc;
}

static const char *why(int rc)
{
    return rc == -ERANGE   ? "out of range"
           : rc == -ENOENT ? "does not stand in such a section"
                           : "makes no sense";
}

struct file {
    struct config *c;
    const char *path;
    unsigned int overrides; /* pass: 0: what is for all queues, 1: the others */
    int rc;
};

static int on_pair(void *user, const char *section, const char *name,
                   const char *value)
{
    struct file *f = user;
    unsigned int queue = 0;
    size_t i;
    int rc;

    if (!*section)
        queue = CONFIG_QUEUES;
    while (queue < CONFIG_QUEUES && strcmp(section, sections[queue]))
        queue++;
    if (*section && queue == CONFIG_QUEUES) {
        log_error("%s: there is no section [%s]", f->path, section);
        f->rc = -EINVAL;
        return 0;
    }
    if (f->overrides == (queue == CONFIG_QUEUES))
        return 1;
    for (i = 0; i < NR_KEYS && strcmp(name, keys[i].name); i++)
        ;
    if (i == NR_KEYS) {
        log_error("%s: there is no %s", f->path, name);
        f->rc = -EINVAL;
        return 0;
    }
    rc = set(f->c, &keys[i], queue, value);
    if (rc) {
        log_error("%s: %s = %s %s", f->path, name, value, why(rc));
        f->rc = rc;
        return 0;
    }
    return 1;
}

/* A file that was not named need not be there. */
static int read_file(struct config *c, const char *path, bool named)
{
    struct file f = {.c = c, .path = path};
    int rc = 0;

    for (; f.overrides < 2 && !rc; f.overrides++) {
        errno = 0;
        rc = ini_parse(path, on_pair, &f);
        if (rc == -1 && !named && errno == ENOENT)
            return 0;
    }
    if (!rc || f.rc)
        return f.rc;
    if (rc > 0)
        log_error("%s: line %d makes no sense", path, rc);
    else
        log_error("%s: %s", path, strerror(errno ? errno : ENOMEM));
    return -EINVAL;
}

static void usage(void)
{
    size_t i;

    printf("usage: xen-vgpud [--KEY=VALUE]...\n"
           "  --config=FILE            (" CONFIG_FILE ")\n"
           "  --foreground             does nothing: there is no other mode\n");
    for (i = 0; i < NR_KEYS; i++)
        printf("  --%-22s %s\n", keys[i].name, keys[i].help);
}

static void set_defaults(struct config *c)
{
    const char *dir = getenv("XVGPU_RUN_DIR");
    unsigned int i;

    memset(c, 0, sizeof(*c));
    for (i = 0; i < CONFIG_QUEUES; i++) {
        c->queues[i] = (struct config_queue){
            .policy = sched_policies[0],
            .slice_ns = sched_params_default.slice_ns,
            .residency_ns = sched_params_default.residency_ns,
            .deadline_ns = sched_params_default.deadline_ns,
            .compile_ns = 10 * NS_PER_S,
            .overrun_ns = 2 * NS_PER_S,
        };
    }
    c->idle_cpu_ns = 5 * NS_PER_MS;
    c->idle_window_ns = 100 * NS_PER_MS;
    c->settle_ns = 700 * NS_PER_MS;
    c->guard_window_ns = 60 * NS_PER_S;
    c->resets_to_flr = 3;
    c->flrs_to_quarantine = 2;
    snprintf(c->run_dir, sizeof(c->run_dir), "%s", dir ? dir : VGPUD_RUN_DIR);
}

static int take_option(struct config *c, int opt)
{
    int rc;

    rc = set(c, &keys[opt], CONFIG_QUEUES, optarg);
    if (rc)
        log_error("--%s=%s %s", keys[opt].name, optarg, why(rc));
    return rc;
}

/* Options: once to find the file, once more to go over what it says. */
static int take_options(struct config *c, int argc, char **argv,
                        const struct option *options, const char **file)
{
    int opt, rc = 0;

    optind = 1;
    while (!rc && (opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (opt == OPT_CONFIG) {
            if (file)
                *file = optarg;
        } else if (opt == OPT_HELP) {
            usage();
            return 1;
        } else if (opt == OPT_VERSION) {
            printf("xen-vgpud " PACKAGE_VERSION "\n");
            return 1;
        } else if (opt == '?') {
            return -EINVAL;
        } else if (opt != OPT_FOREGROUND && !file) {
            rc = take_option(c, opt);
        }
    }
    if (!rc && optind < argc) {
        log_error("%s makes no sense", argv[optind]);
        rc = -EINVAL;
    }
    return rc;
}

int config_read(struct config *c, int argc, char **argv)
{
    struct option options[NR_KEYS + 5] = {
        [OPT_CONFIG] = {"config", required_argument, NULL, OPT_CONFIG},
        [OPT_FOREGROUND] = {"foreground", no_argument, NULL, OPT_FOREGROUND},
        [OPT_HELP] = {"help", no_argument, NULL, OPT_HELP},
        [OPT_VERSION] = {"version", no_argument, NULL, OPT_VERSION},
    };
    const char *file = NULL;
    size_t i;
    int rc;

    for (i = 0; i < NR_KEYS; i++)
        options[i] =
            (struct option){keys[i].name, required_argument, NULL, (int)i};
    set_defaults(c);
    rc = take_options(c, argc, argv, options, &file);
    if (!rc)
        rc = read_file(c, file ? file : CONFIG_FILE, file);
    if (!rc)
        rc = take_options(c, argc, argv, options, NULL);
    return rc;
}
