/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LIFE_TIMEOUT_S 90
#define CASES_MAX 8192u
#define LOG_MAX 16384u

/* Without these the process would keep rights that it must not have. */
static const char *const rights[] = {
    "xentoolcore_restrict_all",
    "unshare",
    "chroot",
    "prctl",
    "setgroups",
    "setresgid",
    "setresuid",
    "setrlimit",
    "seccomp_init",
    "seccomp_rule_add",
    "seccomp_load",
};

enum verdict {
    UNAFFECTED,
    AGAIN,
    REFUSED,
    ENDED,
    LEFT,
    MISSED,
    FAILED,
    VERDICTS
};

struct fault {
    unsigned int who, point, n, phase;
    bool intr;
};

static struct fault cases[CASES_MAX];
static unsigned int nr_cases;
static struct outcome *shared, clean;
static unsigned int slow_ms; /* the longest life, and its point */
static struct fault slow;
static char log_text[LOG_MAX];
static int log_fd;

void phase(struct outcome *o, const char *name)
{
    struct points *p = points_get();
    unsigned int w, i;

    o->phase = name;
    if (o->nr_phases == PHASES_MAX)
        return;
    o->phases[o->nr_phases].name = name;
    for (w = 0; w < POINTS_WHO; w++)
        for (i = 0; i < POINTS_MAX; i++)
            o->phases[o->nr_phases].uses[w][i] = p->uses[w][i];
    o->nr_phases++;
}

void take_steps(struct outcome *o, const struct act *steps, size_t nr)
{
    const char *why;
    size_t i;

    for (i = 0; i < nr; i++) {
        phase(o, steps[i].name);
        why = steps[i].run();
        if (why && why[0] != '!' && atomic_load(&points_get()->fired)) {
            o->refused_step = why;
            why = steps[i].run();
        }
        o->failed = why;
        if (why)
            return;
    }
}

void report_fatal(const char *why)
{
    shared->failed = why;
    shared->finished = true;
    _exit(0);
}

int count_fds(void)
{
    DIR *dir = opendir("/proc/self/fd");
    int n = 0;

    while (dir && readdir(dir))
        n++;
    if (dir)
        closedir(dir);
    return n;
}

/* ---- One life ---------------------------------------------------------- */

static void live(life_fn *life)
{
    dup2(log_fd, STDERR_FILENO);
    dup2(log_fd, STDOUT_FILENO);
    shared->phase = "start";
    phase(shared, "start");
    life(shared);
    shared->finished = true;
    exit(0); /* sanitizers have their say now */
}

static uint64_t now_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

/* The exit status; -1: it hung. */
static int run_life(life_fn *life, unsigned int *took_ms)
{
    struct timespec pause = {.tv_nsec = 1000000};
    const uint64_t start = now_ms();
    int status;
    pid_t pid;
    ssize_t n;

    memset(shared, 0, sizeof(*shared));
    if (ftruncate(log_fd, 0) || lseek(log_fd, 0, SEEK_SET))
        abort();
    fflush(NULL);
    pid = fork();
    if (pid < 0)
        abort();
    if (!pid)
        live(life);
    while (waitpid(pid, &status, WNOHANG) != pid) {
        nanosleep(&pause, NULL);
        if (now_ms() - start < LIFE_TIMEOUT_S * 1000u)
            continue;
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        status = -1;
        break;
    }
    *took_ms = (unsigned int)(now_ms() - start);
    n = pread(log_fd, log_text, sizeof(log_text) - 1, 0);
    log_text[n > 0 ? n : 0] = '\0';
    return status;
}

static bool was_said(void)
{
    return strstr(log_text, ": error: ") || strstr(log_text, ": warning: ");
}

static bool is_right(unsigned int point)
{
    size_t i;

    for (i = 0; i < sizeof(rights) / sizeof(rights[0]); i++)
        if (!strcmp(rights[i], points_name(point)))
            return true;
    return false;
}

static enum verdict judge(const struct fault *f, int status, const char **why)
{
    struct points *p = points_get();
    const struct outcome *o = shared;

    *why = o->failed;
    if (status == -1)
        *why = "it hangs";
    else if (!o->finished || status)
        *why = "the process broke (see its lines)";
    else if (p->fired > 1)
        *why = "the fault came twice";
    if (*why)
        return FAILED;
    if (!p->fired)
        return MISSED;
    if ((o->left || o->refused || o->ended || o->refused_step) && !was_said())
        *why = "nothing was said";
    else if (f->intr && (o->refused || o->ended || o->refused_step))
        *why = "a signal is no failure";
    else if (!f->intr && !o->refused && !o->ended && !o->refused_step &&
             is_right(f->point) && f->who != POINTS_DM &&
             f->who != POINTS_FORKED)
        *why = "it went on with rights that it should have dropped";
    if (*why)
        return FAILED;
    return o->left           ? LEFT
           : o->refused      ? REFUSED
           : o->ended        ? ENDED
           : o->refused_step ? AGAIN
                             : UNAFFECTED;
}

/* ---- The points -------------------------------------------------------- */

static unsigned int phase_of(unsigned int who, unsigned int point, uint32_t n)
{
    unsigned int i = clean.nr_phases;

    while (i > 1 && clean.phases[i - 1].uses[who][point] >= n)
        i--;
    return i - 1;
}

static void add_case(unsigned int who, unsigned int point, uint32_t n,
                     bool intr)
{
    if (nr_cases < CASES_MAX)
        cases[nr_cases++] =
            (struct fault){who, point, n, phase_of(who, point, n), intr};
}

static void find_points(void)
{
    struct points *p = points_get();
    unsigned int w, i;
    uint32_t n;

    for (w = 0; w < POINTS_WHO; w++) {
        for (i = 0; points_name(i); i++) {
            for (n = 1; n <= p->uses[w][i]; n++) {
                add_case(w, i, n, false);
                if (points_can_intr(i))
                    add_case(w, i, n, true);
            }
        }
    }
}

/* The first use of each call, the rest evenly. */
static bool is_chosen(unsigned int i, unsigned int share)
{
    return !share || nr_cases <= share || cases[i].n == 1 ||
           (uint64_t)i * share / nr_cases !=
               (uint64_t)(i + 1) * share / nr_cases;
}

static void tell_failure(const struct fault *f, const char *why)
{
    printf("not ok - %s: use %u of %s by %s%s: %s: %s%s%s\n",
           clean.phases[f->phase].name, f->n, points_name(f->point),
           points_who(f->who), f->intr ? " (interrupted)" : "",
           shared->phase ? shared->phase : "?", why,
           shared->refused_step ? ", before: " : "",
           shared->refused_step ? shared->refused_step : "");
    fputs("---\n", stdout);
    fputs(log_text, stdout);
    fputs("---\n", stdout);
    fflush(stdout);
}

static void print_table(unsigned int sums[PHASES_MAX][VERDICTS])
{
    static const char *const heads[] = {"points",  "no effect", "once more",
                                        "refused", "ended",     "left",
                                        "not met", "FAILED"};
    unsigned int total[VERDICTS] = {0}, i, v, n;

    printf("%-16s", "phase");
    for (v = 0; v <= VERDICTS; v++)
        printf(" %9s", heads[v]);
    for (i = 0; i <= clean.nr_phases; i++) {
        const unsigned int *row = i < clean.nr_phases ? sums[i] : total;

        for (n = 0, v = 0; v < VERDICTS; v++)
            n += row[v];
        if (!n)
            continue;
        printf("\n%-16s %9u",
               i < clean.nr_phases ? clean.phases[i].name : "all", n);
        for (v = 0; v < VERDICTS; v++) {
            printf(" %9u", row[v]);
            if (i < clean.nr_phases)
                total[v] += row[v];
        }
    }
    printf("\n");
}

int report_run(const char *title, life_fn *life, unsigned int share)
{
    static unsigned int sums[PHASES_MAX][VERDICTS];
    const char *only = getenv("XVGPU_FAULT_ONLY"), *why;
    struct points *p = points_get();
    unsigned int i, run = 0, failed = 0, ms;
    enum verdict v;
    char name[96];
    int status;

    if (getenv("XVGPU_LONG"))
        share = 0;
    shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
                  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    log_fd = memfd_create("log", MFD_CLOEXEC);
    if (shared == MAP_FAILED || log_fd < 0)
        abort();
    points_plan(p, POINTS_WHO, 0, 0, false);
    status = run_life(life, &ms);
    if (status || !shared->finished || shared->failed || shared->refused ||
        shared->ended) {
        printf("without a fault, %s: %s\n%s", shared->phase,
               shared->failed ? shared->failed : "it broke", log_text);
        return 1;
    }
    clean = *shared;
    find_points();
    for (i = 0; i < nr_cases; i++) {
        const struct fault *f = &cases[i];

        snprintf(name, sizeof(name), "%s/%s:%u%s", points_who(f->who),
                 points_name(f->point), f->n, f->intr ? ":intr" : "");
        if (only ? !strstr(name, only) : !is_chosen(i, share))
            continue;
        points_plan(p, f->who, f->point, f->n, f->intr);
        status = run_life(life, &ms);
        if (ms > slow_ms) {
            slow_ms = ms;
            slow = *f;
        }
        v = judge(f, status, &why);
        sums[f->phase][v]++;
        run++;
        if (v == FAILED) {
            failed++;
            tell_failure(f, why);
        } else if (only || getenv("XVGPU_FAULT_TELL")) {
            printf("%u ms, %s %s: %s%s\n%s", ms, name,
                   clean.phases[f->phase].name,
                   v == REFUSED  ? "refused"
                   : v == ENDED  ? "ended"
                   : v == LEFT   ? "left, and told"
                   : v == AGAIN  ? "once more: "
                   : v == MISSED ? "not met"
                                 : "no effect",
                   v == AGAIN ? shared->refused_step : "", log_text);
        }
    }
    printf("\nFault points of %s: %u, of which %u were tried\n", title,
           nr_cases, run);
    print_table(sums);
    if (slow_ms)
        printf("Longest: %u ms with use %u of %s by %s\n", slow_ms, slow.n,
               points_name(slow.point), points_who(slow.who));
    return failed ? 1 : 0;
}
