/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-vgpud with real engines, natively: so many always-busy vGPUs by turns.
 * A line for each round (what they did together, what it cost), one for each
 * of its windows (how far the shares are from the weights), and in the end the
 * steps of all world switches.
 *
 * usage: switch-engines [OPTION...] [-- OPTION-OF-XEN-VGPUD...], in the build
 * folder
 */
#include <getopt.h>
#include <jansson.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fakexen.h"
#include "lib/log.h"
#include "switch-vgpu.h"
#include "xen-vgpu/csr.h"

#define VGPUS_MAX 64u
#define TURNS_MAX 8u
#define NS_PER_MS 1000000ull
#define SETTLE_MS 100u
#define PATIENCE_NS 60000000000ull
#define TICK_US 2000u /* so often rings are filled up */

static struct options {
    uint32_t engine, jobs, rounds, windows, ms;
    uint32_t turn[TURNS_MAX], turns;
    uint32_t weight[VGPUS_MAX], weights;
    const char *scene;
} opt = {.engine = XVGPU_ENGINE_GFX,
         .rounds = 5,
         .windows = 1,
         .ms = 1000,
         .turn = {1, 4, 16},
         .turns = 3,
         .scene = "stream"};

static struct bench_vgpu vgpu[VGPUS_MAX];
static uint32_t nr_vgpus;
static char dir[] = "/tmp/xvgpu-bench-XXXXXX";
static pid_t daemon_pid;

/* ---- xen-vgpud ----------------------------------------------------------- */

/* An answer of xen-vgpud's, the caller's; NULL: it is not there. */
static json_t *ask_status(void)
{
    static const char command[] = "{\"command\":\"status\"}\n";
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    json_t *line, *answer;
    FILE *f;

    snprintf(at.sun_path, sizeof(at.sun_path), "%s/xen-vgpud.sock", dir);
    if (fd < 0)
        bench_die("socket");
    if (connect(fd, (struct sockaddr *)&at, sizeof(at)) ||
        write(fd, command, sizeof(command) - 1) < 0) {
        close(fd);
        return NULL;
    }
    f = fdopen(fd, "r");
    line = f ? json_loadf(f, JSON_DISABLE_EOF_CHECK, NULL) : NULL;
    answer = json_incref(json_object_get(line, "return"));
    json_decref(line);
    if (f)
        fclose(f);
    return answer;
}

static void start_daemon(char **more)
{
    char *argv[32] = {(char *)"./xen-vgpud"};
    char run_dir[64];
    json_t *status;
    int n = 1, i;

    snprintf(run_dir, sizeof(run_dir), "--run-dir=%s", dir);
    argv[n++] = run_dir;
    argv[n++] = (char *)"--config=/dev/null";
    while (*more && n < 31)
        argv[n++] = *more++;
    daemon_pid = fork();
    if (daemon_pid < 0)
        bench_die("fork");
    if (!daemon_pid) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        execv(argv[0], argv);
        _exit(1);
    }
    for (i = 0; i < 1000; i++) {
        status = ask_status();
        json_decref(status);
        if (status)
            return;
        usleep(10000);
    }
    bench_die("xen-vgpud does not answer");
}

/* Of its queues the one with the vGPUs. */
static const json_t *queue_of(const json_t *status)
{
    const json_t *queues = json_object_get(status, "queues"), *queue;
    size_t i;

    json_array_foreach(queues, i, queue)
    {
        if (json_array_size(json_object_get(queue, "vgpus")))
            return queue;
    }
    bench_die("no queue with a vGPU");
}

static uint64_t number(const json_t *object, const char *name)
{
    return (uint64_t)json_integer_value(json_object_get(object, name));
}

/* ---- Rounds -------------------------------------------------------------- */

struct sample {
    uint64_t ns, packets, switches, granted[VGPUS_MAX];
    uint64_t cpu, daemon_cpu;
};

static void take(struct sample *s)
{
    json_t *status = ask_status();
    const json_t *queue = queue_of(status), *list, *one;
    uint64_t domid;
    uint32_t i;
    size_t k;

    memset(s, 0, sizeof(*s));
    s->ns = clock_ns();
    s->switches = number(queue, "switches");
    list = json_object_get(queue, "vgpus");
    json_array_foreach(list, k, one)
    {
        domid = number(one, "domid");
        for (i = 0; i < nr_vgpus; i++) {
            if ((uint64_t)vgpu[i].domid == domid)
                s->granted[i] = number(one, "granted_ns");
        }
    }
    json_decref(status);
    for (i = 0; i < nr_vgpus; i++) {
        s->packets += LINK_READ(vgpu[i].link->eng.packets);
        s->cpu += bench_cpu_ns(vgpu[i].pid);
    }
    s->daemon_cpu = bench_cpu_ns(daemon_pid);
}

/* The first `n` are busy until then. */
static void keep_busy(uint32_t n, uint64_t until)
{
    uint32_t i;

    while (clock_ns() < until) {
        for (i = 0; i < n; i++)
            bench_vgpu_feed(&vgpu[i], opt.jobs);
        usleep(TICK_US);
    }
}

static void finish_jobs(void)
{
    const uint64_t start = clock_ns();
    uint32_t i;

    for (i = 0; i < nr_vgpus; i++) {
        while (bench_vgpu_done(&vgpu[i]) != vgpu[i].fence) {
            if (clock_ns() - start > PATIENCE_NS)
                bench_die("jobs that do not end");
            usleep(TICK_US);
        }
    }
}

/* The share that is farthest from what its weight says, of all time granted. */
static double share_error(const struct sample *a, const struct sample *b,
                          uint32_t n)
{
    double granted = 0, weights = 0, error = 0, e;
    uint32_t i;

    for (i = 0; i < n; i++) {
        granted += (double)(b->granted[i] - a->granted[i]);
        weights += opt.weight[i];
    }
    for (i = 0; i < n; i++) {
        e = fabs((double)(b->granted[i] - a->granted[i]) / granted -
                 opt.weight[i] / weights);
        error = e > error ? e : error;
    }
    return error;
}

static void round_of(uint32_t round, uint32_t n)
{
    struct sample first, a, b;
    double seconds;
    uint32_t i;

    keep_busy(n, clock_ns() + SETTLE_MS * NS_PER_MS);
    take(&first);
    a = first;
    for (i = 0; i < opt.windows; i++) {
        keep_busy(n, first.ns + (uint64_t)(i + 1) * opt.ms * NS_PER_MS);
        take(&b);
        printf("STATS what=share vgpus=%u round=%u error=%.5f\n", n, round,
               share_error(&a, &b, n));
        a = b;
    }
    seconds = (double)(b.ns - first.ns) / 1e9;
    printf("STATS what=round vgpus=%u round=%u packets_s=%.1f cpu_us=%.4f "
           "daemon_cpu=%.4f switches_s=%.1f\n",
           n, round, (double)(b.packets - first.packets) / seconds,
           (double)(b.cpu - first.cpu) / 1e3 /
               (double)(b.packets - first.packets),
           (double)(b.daemon_cpu - first.daemon_cpu) / 1e9 / seconds,
           (double)(b.switches - first.switches) / seconds);
    fflush(stdout);
    finish_jobs();
}

static void print_times(const char *what, const json_t *times)
{
    printf("STATS what=%s count=%.0f p50_us=%.1f p99_us=%.1f max_us=%.1f\n",
           what, json_number_value(json_object_get(times, "count")),
           json_number_value(json_object_get(times, "p50")),
           json_number_value(json_object_get(times, "p99")),
           json_number_value(json_object_get(times, "max")));
}

static void print_switches(void)
{
    json_t *status = ask_status(), *steps, *times;
    const char *name;
    char what[32];

    print_times("switch", json_object_get(queue_of(status), "switch_us"));
    steps = json_object_get(queue_of(status), "steps_us");
    json_object_foreach(steps, name, times)
    {
        snprintf(what, sizeof(what), "step-%s", name);
        print_times(what, times);
    }
    json_decref(status);
}

/* ---- Options ------------------------------------------------------------- */

static uint32_t numbers(const char *text, uint32_t *to, uint32_t max)
{
    uint32_t n = 0;
    char *end;

    while (*text && n < max) {
        to[n++] = (uint32_t)strtoul(text, &end, 10);
        text = *end ? end + 1 : end;
    }
    return n;
}

static int usage(void)
{
    fprintf(stderr,
            "usage: switch-engines [--engine gfx|sdma] [--scene NAME] [--turns "
            "1,4,16] "
            "[--weights W,…] [--rounds N] [--windows N] [--ms N] [--jobs N] "
            "[-- OPTION-OF-XEN-VGPUD…]\n");
    return 2;
}

static bool parse(int argc, char **argv)
{
    static const struct option options[] = {
        {"engine", required_argument, NULL, 'e'},
        {"scene", required_argument, NULL, 'c'},
        {"turns", required_argument, NULL, 't'},
        {"weights", required_argument, NULL, 'w'},
        {"rounds", required_argument, NULL, 'r'},
        {"windows", required_argument, NULL, 'n'},
        {"ms", required_argument, NULL, 'm'},
        {"jobs", required_argument, NULL, 'j'},
        {NULL, 0, NULL, 0},
    };
    uint32_t i;
    int c;

    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (c == 'e')
            opt.engine =
                strcmp(optarg, "sdma") ? XVGPU_ENGINE_GFX : XVGPU_ENGINE_SDMA;
        else if (c == 'c')
            opt.scene = optarg;
        else if (c == 't')
            opt.turns = numbers(optarg, opt.turn, TURNS_MAX);
        else if (c == 'w')
            opt.weights = numbers(optarg, opt.weight, VGPUS_MAX);
        else if (c == 'r')
            opt.rounds = (uint32_t)atoi(optarg);
        else if (c == 'n')
            opt.windows = (uint32_t)atoi(optarg);
        else if (c == 'm')
            opt.ms = (uint32_t)atoi(optarg);
        else if (c == 'j')
            opt.jobs = (uint32_t)atoi(optarg);
        else
            return false;
    }
    for (i = opt.weights; i < VGPUS_MAX; i++)
        opt.weight[i] = 100;
    for (i = 0; i < opt.turns; i++) {
        if (!opt.turn[i] || opt.turn[i] > VGPUS_MAX)
            return false;
        nr_vgpus = opt.turn[i] > nr_vgpus ? opt.turn[i] : nr_vgpus;
    }
    if (!opt.jobs)
        opt.jobs = opt.engine == XVGPU_ENGINE_GFX ? 4 : 256;
    return opt.turns && opt.windows && opt.ms && opt.rounds;
}

static void remove_dir(void)
{
    char command[64];

    snprintf(command, sizeof(command), "rm -rf %s", dir);
    if (system(command))
        fprintf(stderr, "switch-engines: %s stays\n", dir);
}

int main(int argc, char **argv)
{
    struct bench_config config = {.run_dir = dir,
                                  .engines = "tests/unit/fake",
                                  .copy_bytes = 1u << 20,
                                  .threads = 2};
    char path[64], cache[64];
    uint32_t i, k;

    log_init("switch-engines", LOG_WARNING);
    if (!parse(argc, argv))
        return usage();
    config.engine = opt.engine;
    config.scene = scene_find(opt.scene);
    if (!config.scene)
        return usage();
    if (!mkdtemp(dir))
        bench_die(dir);
    atexit(remove_dir);
    snprintf(cache, sizeof(cache), "%s/cache", dir);
    mkdir(cache, 0700);
    config.cache = cache;
    snprintf(path, sizeof(path), "%s/xen", dir);
    fx_init();
    if (fx_broker_listen(path))
        bench_die("fake Xen");
    setenv("XEN_FAKE_SOCKET", path, 1);
    start_daemon(argv + optind);
    for (i = 0; i < nr_vgpus; i++)
        bench_vgpu_start(&vgpu[i], &config, opt.weight[i]);
    for (k = 0; k < opt.rounds; k++) {
        for (i = 0; i < opt.turns; i++)
            round_of(k, opt.turn[k % 2 ? opt.turns - 1 - i : i]);
    }
    print_switches();
    for (i = 0; i < nr_vgpus; i++)
        bench_vgpu_stop(&vgpu[i]);
    kill(daemon_pid, SIGTERM);
    waitpid(daemon_pid, NULL, 0);
    fx_broker_stop();
    return 0;
}
