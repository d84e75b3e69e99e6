/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/commands.h"
#include "tools/print.h"

static const char usage[] =
    "usage: xen-vgpu [--json] list\n"
    "       xen-vgpu [--json] show DOMID[.N]\n"
    "       xen-vgpu [--json] regs DOMID[.N]\n"
    "       xen-vgpu [--json] screenshot DOMID[.N] FILE.png\n"
    "       xen-vgpu [--json] record DOMID FILE\n"
    "       xen-vgpu disasm FILE\n"
    "       xen-vgpu replay FILE [PICTURE.png]\n"
    "       xen-vgpu attach DOMID -vgpu KEY=VALUE[,...] [-vgpu ...]\n"
    "       xen-vgpu sim [OPTIONS]\n"
    "       xen-vgpu --help | --version\n"
    "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 no such vGPU.\n";

static bool number(const char **s, uint32_t max, uint32_t *value)
{
    uint32_t v = 0;

    if (**s < '0' || **s > '9')
        return false;
    for (; **s >= '0' && **s <= '9'; ++*s) {
        v = v * 10 + (uint32_t)(**s - '0');
        if (v > max)
            return false;
    }
    *value = v;
    return true;
}

static int parse_target(const char *arg, struct target *t)
{
    const char *s = arg;

    t->vgpu = 0;
    if (number(&s, 0x7fef, &t->domid) && t->domid &&
        (!*s || (*s++ == '.' && number(&s, 255, &t->vgpu) && !*s)))
        return EXIT_OK;
    tool_error("%s: a domid is expected, or DOMID.N (xl domid NAME gives "
               "that of a name)",
               arg);
    return EXIT_USAGE;
}

static int run_list(const struct target *t, const char *file, bool json)
{
    (void)t;
    (void)file;
    return command_list(json);
}

static int run_show(const struct target *t, const char *file, bool json)
{
    (void)file;
    return command_show(t, json);
}

static int run_regs(const struct target *t, const char *file, bool json)
{
    (void)file;
    return command_regs(t, json);
}

/* What follows the domid is xen-vgpu-dm's. */
static int run_attach(char **argv, int argc)
{
    struct target t = {0};
    int rc;

    if (argc < 3) {
        fputs(usage, stderr);
        return EXIT_USAGE;
    }
    rc = parse_target(argv[1], &t);
    if (!rc && strchr(argv[1], '.')) {
        tool_error("%s: vGPUs are attached to a domain, all at once", argv[1]);
        rc = EXIT_USAGE;
    }
    return rc ? rc : command_attach(&t, argv + 2);
}

static const struct {
    const char *name;
    int args;
    int (*run)(const struct target *t, const char *file, bool json);
} commands[] = {
    {"list", 0, run_list},
    {"show", 1, run_show},
    {"regs", 1, run_regs},
    {"screenshot", 2, command_screenshot},
    {"record", 2, command_record},
};

static int run(char **argv, int argc, bool json)
{
    struct target t = {0};
    size_t i;
    int rc;

    /* Of files, wherever they come from. */
    if (argc == 2 && !strcmp(argv[0], "disasm"))
        return command_disasm(argv[1]);
    if ((argc == 2 || argc == 3) && !strcmp(argv[0], "replay"))
        return command_replay(argv[1], argc == 3 ? argv[2] : NULL);
    for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        if (!argc || strcmp(commands[i].name, argv[0]))
            continue;
        if (argc - 1 != commands[i].args)
            break;
        rc = argc > 1 ? parse_target(argv[1], &t) : EXIT_OK;
        if (rc)
            return rc;
        return commands[i].run(&t, argc > 2 ? argv[2] : NULL, json);
    }
    fputs(usage, stderr);
    return EXIT_USAGE;
}

int main(int argc, char *argv[])
{
    static const struct option options[] = {
        {"json", no_argument, NULL, 'j'},
        {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'V'},
        {0},
    };
    bool json = false;
    int c, rc;

    /* Before anything takes their arguments for ours. */
    if (argc > 1 && !strcmp(argv[1], "attach"))
        return run_attach(argv + 1, argc - 1);
    if (argc > 1 && !strcmp(argv[1], "sim"))
        return command_sim(argc - 1, argv + 1);
    while ((c = getopt_long(argc, argv, "jhV", options, NULL)) != -1) {
        switch (c) {
        case 'j':
            json = true;
            break;
        case 'h':
            fputs(usage, stdout);
            return EXIT_OK;
        case 'V':
            puts("xen-vgpu " PACKAGE_VERSION);
            return EXIT_OK;
        default:
            fputs(usage, stderr);
            return EXIT_USAGE;
        }
    }
    rc = run(argv + optind, argc - optind, json);
    if (fflush(stdout) && !rc) {
        tool_error("writing the output failed");
        rc = EXIT_FAILED;
    }
    return rc;
}
