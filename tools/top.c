/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tools/top.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tools/commands.h"
#include "tools/print.h"

#define PATIENCE_NS (10 * UINT64_C(1000000000))
#define DELAY_MIN 0.1
#define DELAY_MAX 3600.

static const char usage[] =
    "usage: xen-vgpu [--json] top [-b] [-d SECONDS] [-n COUNT] [-o KEY] [-r]\n"
    "  -b           print instead of a screen; so does --json\n"
    "  -d SECONDS   length of an interval, 1 if not given\n"
    "  -n COUNT     end after so many intervals\n"
    "  -o KEY       share, vgpu, wait, preempt, switches or failures\n"
    "  -r           the smallest first\n";

int top_sample(struct top *top)
{
    json_t *now = NULL, *interval;
    int rc;

    rc = client_try_daemon(json_pack("{s:s}", "command", "status"),
                           top->patience_ns, &now, NULL, top->why);
    if (rc)
        return rc;
    top->why[0] = '\0';
    top_add_faults(now, top->patience_ns / 2);
    interval = top_interval(top->before, now);
    json_decref(top->before);
    top->before = now;
    json_decref(top->interval);
    top->interval = interval;
    return EXIT_OK;
}

static void print_line(void *arg, enum top_part part, const char *text)
{
    size_t len = strlen(text);

    (void)arg;
    (void)part;
    while (len && text[len - 1] == ' ')
        len--;
    printf("%.*s\n", (int)len, text);
}

/* A line, for programs that read one object after the other. */
static void print_object(const json_t *interval)
{
    json_dumpf(interval, stdout,
               JSON_COMPACT | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(6));
    putchar('\n');
}

static int failed(const struct top *top, int rc)
{
    tool_error("top: %s", top->why);
    return rc;
}

/* The next full interval after *at. */
static void sleep_until(struct timespec *at, double seconds)
{
    const long ns = (long)(seconds * 1e9);

    at->tv_sec += ns / 1000000000;
    at->tv_nsec += ns % 1000000000;
    if (at->tv_nsec >= 1000000000) {
        at->tv_nsec -= 1000000000;
        at->tv_sec++;
    }
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, at, NULL))
        ;
}

static int batch(struct top *top, bool json)
{
    struct timespec at;
    int rc;

    rc = top_sample(top);
    if (rc)
        return failed(top, rc);
    clock_gettime(CLOCK_MONOTONIC, &at);
    for (; top->left; top->left -= top->left != UINT64_MAX) {
        sleep_until(&at, top->delay);
        rc = top_sample(top);
        if (rc)
            return failed(top, rc);
        if (json) {
            print_object(top->interval);
        } else {
            top_text(top->interval, top->sort, top->reverse, print_line, NULL);
            if (top->left > 1)
                putchar('\n');
        }
        if (fflush(stdout)) {
            tool_error("writing the output failed");
            return EXIT_FAILED;
        }
    }
    return EXIT_OK;
}

static bool positive(const char *text, double min, double max, double *value)
{
    char *end;

    *value = strtod(text, &end);
    return end != text && !*end && *value >= min && *value <= max;
}

static bool sort_key(const char *text, enum top_sort *sort)
{
    unsigned int i;

    for (i = 0; i < TOP_NR_SORTS; i++) {
        if (!strcmp(text, top_sort_names[i])) {
            *sort = (enum top_sort)i;
            return true;
        }
    }
    return false;
}

static bool take_option(struct top *top, int c, bool *print)
{
    double count;

    switch (c) {
    case 'b':
        *print = true;
        return true;
    case 'd':
        return positive(optarg, DELAY_MIN, DELAY_MAX, &top->delay);
    case 'n':
        if (!positive(optarg, 1, 1e15, &count))
            return false;
        top->left = (uint64_t)count;
        return true;
    case 'o':
        return sort_key(optarg, &top->sort);
    case 'r':
        top->reverse = true;
        return true;
    default:
        return false;
    }
}

int command_top(const struct call *call)
{
    static const struct option options[] = {
        {"json", no_argument, NULL, 'j'},
        {"help", no_argument, NULL, 'h'},
        {0},
    };
    struct top top = {
        .delay = 1, .left = UINT64_MAX, .patience_ns = PATIENCE_NS};
    bool json = call->json, print = false;
    int c, rc;

    /* words[-1] is "top": getopt's name of the program. */
    optind = 0;
    while ((c = getopt_long(call->nr + 1, (char **)(uintptr_t)call->words - 1,
                            "+bd:n:o:rjh", options, NULL)) != -1) {
        if (c == 'h') {
            fputs(usage, stdout);
            return EXIT_OK;
        }
        if (c == 'j') {
            json = true;
        } else if (!take_option(&top, c, &print)) {
            if (c != '?')
                tool_error("top: -%c %s makes no sense", c, optarg);
            fputs(usage, stderr);
            return EXIT_USAGE;
        }
    }
    if (optind <= call->nr) {
        fputs(usage, stderr);
        return EXIT_USAGE;
    }
    if (json || print || !isatty(STDOUT_FILENO) || !isatty(STDIN_FILENO))
        rc = batch(&top, json);
    else
        rc = top_screen(&top);
    json_decref(top.before);
    json_decref(top.interval);
    return rc;
}
