/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Mutants of the test shaders through the shader gate, those that it lets
 * pass through the Vulkan driver, each beside the untouched stages that its
 * module belongs to. The driver runs in a child, which may die or hang: a
 * death that the gate should have prevented is what is looked for.
 *
 * usage: mutate-shaders [--seed N] [--first N] [--count N] [--gate-only]
 *                       [--timeout SECONDS] [--save FOLDER] [--verbose]
 *                       [--validator-only]    SPIRV-Tools instead of the gate
 *        mutate-shaders --families       the untouched ones, without children
 *        mutate-shaders --file MODULE    a vertex or compute shader of yours
 *
 * Ends with 1 when a process died of a mutant.
 */
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/gfx/mutate-shaders.h"

const char *const outcome_names[OUTCOMES] = {
    [SAME] = "no mutant (equal to its seed)",
    [INVALID] = "refused by the gate: invalid",
    [UNOFFERED] = "refused by the gate: not offered",
    [TOO_BIG] = "refused by the gate: beyond limits",
    [NO_MEMORY] = "no memory",
    [UNMATCHED] = "refused by the match with the other stages",
    [ACCEPTED] = "accepted, not run",
    [RAN] = "accepted, run by the driver",
    [REFUSED] = "accepted, refused by the driver",
    [NO_FORMAT] = "accepted, the device has no such images",
    [SLOW] = "accepted, ended after its processor time",
    [GATE_DIED] = "the gate died",
    [DRIVER_DIED] = "accepted, the driver died",
};

struct mutate_options options = {.seed = 1, .count = 10000, .timeout = 10};

struct batch {
    pid_t pid;
    int fd;
    struct message last;
};

static int start(struct batch *b, uint32_t first, uint32_t end)
{
    int pipes[2];

    fflush(stdout);
    if (pipe(pipes))
        return -1;
    b->pid = fork();
    if (b->pid < 0)
        return -1;
    if (!b->pid) {
        close(pipes[0]);
        child(pipes[1], first, end);
    }
    close(pipes[1]);
    b->fd = pipes[0];
    b->last = (struct message){first, SAME};
    return 0;
}

/* Processor time of the child, its threads included, in ms. */
static int64_t used_ms(const struct batch *b)
{
    struct timespec t;
    clockid_t clock;

    if (clock_getcpuclockid(b->pid, &clock) || clock_gettime(clock, &t))
        return 0;
    return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* The next message; false: the child is gone, or (`late`) has used up its
 * processor time for one mutant. The clock on the wall ends what sleeps. */
static bool listen_to(struct batch *b, bool *late)
{
    struct pollfd p = {b->fd, POLLIN, 0};
    int64_t start = used_ms(b), max = options.timeout * 1000ll;
    int seconds, n = 0;

    for (seconds = 0; !n; seconds++) {
        *late = used_ms(b) - start > max || seconds > 100 * max / 1000;
        if (*late)
            return false;
        n = poll(&p, 1, 1000);
    }
    return n > 0 && read(b->fd, &b->last, sizeof(b->last)) == sizeof(b->last);
}

static int finish(struct batch *b, bool kill_it)
{
    int status = 0;

    if (kill_it)
        kill(b->pid, SIGKILL);
    waitpid(b->pid, &status, 0);
    close(b->fd);
    return status;
}

/* What the end of a child in the middle of a mutant means. */
static enum outcome last_words(const struct batch *b, bool late, int status)
{
    enum outcome outcome;

    if (late)
        outcome = SLOW;
    else
        outcome = b->last.what == DRIVER_BEGINS ? DRIVER_DIED : GATE_DIED;
    printf("mutant %u: %s", b->last.number, outcome_names[outcome]);
    if (!late && WIFSIGNALED(status))
        printf(" (%s)", strsignal(WTERMSIG(status)));
    printf("\n");
    return outcome;
}

static int run_all(uint32_t *counts)
{
    uint32_t next = options.first, end = options.first + options.count;
    struct batch b;
    bool late = false;
    int status;

    while (next < end) {
        if (start(&b, next, end))
            return -1;
        while (next < end && listen_to(&b, &late)) {
            if (b.last.what >= OUTCOMES)
                continue;
            counts[b.last.what]++;
            next = b.last.number + 1;
        }
        status = finish(&b, late);
        if (WIFEXITED(status) && WEXITSTATUS(status))
            return -1; /* it could not even begin */
        if (b.last.what < OUTCOMES && next == end)
            break;
        counts[last_words(&b, late, status)]++;
        next = b.last.number + 1;
    }
    return 0;
}

static uint32_t number_of(const char *text)
{
    char *end;
    unsigned long n = strtoul(text, &end, 10);

    if (*end || end == text || n > UINT32_MAX / 2) {
        fprintf(stderr, "mutate-shaders: %s is no number\n", text);
        exit(2);
    }
    return (uint32_t)n;
}

static void parse(int argc, char **argv)
{
    static const struct option longs[] = {
        {"seed", required_argument, NULL, 's'},
        {"first", required_argument, NULL, 'f'},
        {"count", required_argument, NULL, 'c'},
        {"timeout", required_argument, NULL, 't'},
        {"families", no_argument, NULL, 'F'},
        {"file", required_argument, NULL, 'm'},
        {"validator-only", no_argument, NULL, 'V'},
        {"gate-only", no_argument, NULL, 'g'},
        {"save", required_argument, NULL, 'S'},
        {"verbose", no_argument, NULL, 'v'},
        {0},
    };
    int c;

    while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
        switch (c) {
        case 's':
            options.seed = number_of(optarg);
            break;
        case 'f':
            options.first = number_of(optarg);
            break;
        case 'c':
            options.count = number_of(optarg);
            break;
        case 't':
            options.timeout = number_of(optarg);
            break;
        case 'm':
            options.file = optarg;
            break;
        case 'V':
            options.validator_only = true;
            break;
        case 'F':
            options.families = true;
            break;
        case 'g':
            options.gate_only = true;
            break;
        case 'S':
            options.save = optarg;
            break;
        case 'v':
            options.verbose = true;
            break;
        default:
            exit(2);
        }
    }
}

int main(int argc, char **argv)
{
    uint32_t counts[OUTCOMES] = {0}, k;

    parse(argc, argv);
    /* One rasterizer thread, and nothing of one mutant for the next. */
    setenv("LP_NUM_THREADS", "1", 0);
    setenv("MESA_SHADER_CACHE_DISABLE", "true", 1);
    signal(SIGPIPE, SIG_IGN);
    if (options.families)
        return run_families();
    if (options.file)
        return run_file(options.file);
    if (run_all(counts)) {
        fprintf(stderr, "mutate-shaders: a child could not begin\n");
        return 3;
    }
    for (k = 0; k < OUTCOMES; k++)
        printf("%8u %s\n", counts[k], outcome_names[k]);
    return counts[GATE_DIED] || counts[DRIVER_DIED];
}
