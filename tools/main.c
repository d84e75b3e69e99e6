/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "tools/commands.h"
#include "tools/find.h"
#include "tools/print.h"

static const char usage[] =
    "usage: xen-vgpu [--json] COMMAND ...\n"
    "A vGPU:\n"
    "  list                      all of the host\n"
    "  show VGPU                 options, processes, statistics\n"
    "  regs VGPU                 its registers\n"
    "  screenshot VGPU FILE.png [SCANOUT]\n"
    "                            what the guest shows\n"
    "  record VGPU FILE          the domain's accesses, until ^C\n"
    "  attach DOMID -vgpu KEY=VALUE[,...] [-vgpu ...]\n"
    "                            to a PVH domain, before it starts\n"
    "The GPU that they share, by xen-vgpud:\n"
    "  top [-b] [-d SECONDS] [-n COUNT] [-o KEY] [-r]\n"
    "                            who uses it now, live\n"
    "  sched                     queues, policies, world switches\n"
    "  sched QUEUE [policy=fixed|rr|ondemand|fair] [slice=TIME]\n"
    "        [residency=TIME]    change a queue\n"
    "  set VGPU [weight=N] [cap=PERCENT%|none] [latency=normal|low|batch]\n"
    "           [slice=TIME|0]   change its part\n"
    "  reset VGPU [ENGINE]       an engine, or all of it\n"
    "  quarantine VGPU, release VGPU\n"
    "  trace FILE [SECONDS]      world switches, for Perfetto's viewer\n"
    "  metrics                   for Prometheus\n"
    "  sim [OPTIONS]             policies in virtual time; sim --help\n"
    "Captured streams of commands:\n"
    "  disasm FILE\n"
    "  replay FILE [PICTURE.png]\n"
    "VGPU is DOMID, DOMID.N, or a domain's name. xen-vgpu(1) tells more.\n"
    "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 no such vGPU, 4 xen-vgpud\n"
    "does not run.\n";

static int run_list(const struct call *c)
{
    return command_list(c->json);
}

static int run_show(const struct call *c)
{
    return command_show(&c->target, c->json);
}

static int run_regs(const struct call *c)
{
    return command_regs(&c->target, c->json);
}

static int run_screenshot(const struct call *c)
{
    struct target t = c->target;
    const char *n = c->nr > 1 ? c->words[1] : "0";

    if (*n < '0' || *n > '9' || n[1]) {
        tool_error("%s: a scanout's number has one digit", n);
        return EXIT_USAGE;
    }
    t.scanout = (uint32_t)(*n - '0');
    return command_screenshot(&t, c->words[0], c->json);
}

static int run_record(const struct call *c)
{
    return command_record(&c->target, c->words[0], c->json);
}

static int run_disasm(const struct call *c)
{
    return command_disasm(c->words[0]);
}

static int run_replay(const struct call *c)
{
    return command_replay(c->words[0], c->nr > 1 ? c->words[1] : NULL);
}

/* For its getopt its name comes first. */
static int run_sim(const struct call *c)
{
    return command_sim(c->nr + 1, (char **)(uintptr_t)c->words - 1, c->json);
}

/* What follows the domid is xen-vgpu-dm's. */
static int run_attach(const struct call *c)
{
    struct target t = {0};
    int rc;

    rc = find_number(c->words[0], &t);
    if (!rc && strchr(c->words[0], '.')) {
        tool_error("%s: vGPUs are attached to a domain, all at once",
                   c->words[0]);
        rc = EXIT_USAGE;
    }
    return rc ? rc : command_attach(&t, c->words + 1);
}

enum form {
    PLAIN,   /* words */
    OF_VGPU, /* a vGPU first, then words */
    OWN,     /* words, whose options are the command's */
};

#define MANY 1000

static const struct {
    const char *name;
    enum form form;
    int min, max; /* words */
    int (*run)(const struct call *c);
} commands[] = {
    {"list", PLAIN, 0, 0, run_list},
    {"show", OF_VGPU, 0, 0, run_show},
    {"regs", OF_VGPU, 0, 0, run_regs},
    {"screenshot", OF_VGPU, 1, 2, run_screenshot},
    {"record", OF_VGPU, 1, 1, run_record},
    {"attach", OWN, 2, MANY, run_attach},
    {"top", OWN, 0, MANY, command_top},
    {"sched", PLAIN, 0, MANY, command_sched},
    {"set", OF_VGPU, 1, MANY, command_set},
    {"reset", OF_VGPU, 0, 1, command_reset},
    {"quarantine", OF_VGPU, 0, 0, command_quarantine},
    {"release", OF_VGPU, 0, 0, command_release},
    {"trace", PLAIN, 1, 2, command_trace},
    {"metrics", PLAIN, 0, 0, command_metrics},
    {"sim", OWN, 0, MANY, run_sim},
    {"disasm", PLAIN, 1, 1, run_disasm},
    {"replay", PLAIN, 1, 2, run_replay},
};

#define NR_COMMANDS (sizeof(commands) / sizeof(commands[0]))

static int wrong_usage(void)
{
    fputs(usage, stderr);
    return EXIT_USAGE;
}

/* Options of all commands, up to the first word, or, with `mixed`, wherever
 * they stand. True: go on at argv[optind]; false: return *rc. */
static bool take_options(int argc, char **argv, bool mixed, bool *json, int *rc)
{
    static const struct option options[] = {
        {"json", no_argument, NULL, 'j'},
        {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'V'},
        {0},
    };
    int c;

    optind = 0;
    while ((c = getopt_long(argc, argv, mixed ? "jhV" : "+jhV", options,
                            NULL)) != -1) {
        switch (c) {
        case 'j':
            *json = true;
            break;
        case 'h':
            fputs(usage, stdout);
            *rc = EXIT_OK;
            return false;
        case 'V':
            puts("xen-vgpu " PACKAGE_VERSION);
            *rc = EXIT_OK;
            return false;
        default:
            *rc = wrong_usage();
            return false;
        }
    }
    return true;
}

static int run(int argc, char **argv)
{
    struct call call = {0};
    int rc = EXIT_USAGE, words;
    size_t i;

    if (!take_options(argc, argv, false, &call.json, &rc))
        return rc;
    argc -= optind;
    argv += optind;
    for (i = 0; argc && i < NR_COMMANDS; i++) {
        if (!strcmp(commands[i].name, argv[0]))
            break;
    }
    if (!argc || i == NR_COMMANDS)
        return wrong_usage();
    if (commands[i].form != OWN) {
        if (!take_options(argc, argv, true, &call.json, &rc))
            return rc;
        /* What stands before it now is the command's name, or an option. */
        argc -= optind - 1;
        argv += optind - 1;
    }
    words = argc - 1 - (commands[i].form == OF_VGPU);
    if (words < commands[i].min || words > commands[i].max)
        return wrong_usage();
    if (commands[i].form == OF_VGPU) {
        rc = find_target(argv[1], &call.target);
        if (rc)
            return rc;
    }
    call.words = argv + argc - words;
    call.nr = words;
    return commands[i].run(&call);
}

int main(int argc, char *argv[])
{
    int rc = run(argc, argv);

    if (fflush(stdout) && !rc) {
        tool_error("writing the output failed");
        rc = EXIT_FAILED;
    }
    return rc;
}
