/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 *     storm queues|streams|kills [SEED [FIRST COUNT]]
 *
 * Inputs FIRST..FIRST + COUNT - 1 of a seed, on a virtio-gpu with another vGPU
 * beside it in its domain, and another domain with a third. Nothing but the
 * first one's engine may die, and then it must come back and draw the right
 * picture. Prints what its ends were and the input that caused each first.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/virtio_gpu.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "harness.h"
#include "storm.h"

#define SEED 20261122u
#define IN_CHECK 200u     /* inputs */
#define KILLS_IN_CHECK 8u /* a monitor starts ten engines in ten seconds */
#define LOOK_EACH 200u

/* A process that must not die, or if it is the engine, of which that is
 * counted. */
struct watched {
    const char *name;
    int fd;
};

static const char *kind; /* NULL: all of them */
static uint64_t seed = SEED, from, count = IN_CHECK;

static struct dm first, second;
static struct card card, other;
static struct watched must[5], engine;
static int log_fd = -1;

/* ---- Ends of engines -------------------------------------------------------
 */

#define ENDS_MAX 16u
static struct {
    char how[96];
    uint64_t input;
    unsigned int n;
} ends[ENDS_MAX];
static unsigned int nr_ends;

static void count_end(const char *how, uint64_t input)
{
    unsigned int i;

    for (i = 0; i < nr_ends && strcmp(ends[i].how, how); i++)
        ;
    if (i == ENDS_MAX)
        i--;
    if (i == nr_ends) {
        nr_ends++;
        snprintf(ends[i].how, sizeof(ends[i].how), "%s", how);
        ends[i].input = input;
    }
    ends[i].n++;
}

/* What monitor and device have said of it since the last time. */
static bool read_ends(uint64_t input)
{
    static const char *const says[] = {
        "engine 0.gfx was ended by signal", "engine 0.gfx exited with",
        "engine 0.gfx ended: a packet did not",
        "vGPU 0: the engine did not stop and is killed"};
    static char text[1 << 20];
    ssize_t n = pread(log_fd, text, sizeof(text) - 1, 0);
    char *line, *rest = text, *at;
    bool found = false;
    size_t i;

    text[n > 0 ? n : 0] = '\0';
    while ((line = strsep(&rest, "\n")))
        for (i = 0; i < sizeof(says) / sizeof(says[0]); i++) {
            at = strstr(line, says[i]);
            if (!at)
                continue;
            count_end(at, input);
            found = true;
        }
    assert_int_equal(ftruncate(log_fd, 0), 0);
    return found;
}

/* What the processes said last, for who looks into a failure. */
static void show_log(void)
{
    static char text[1 << 14];
    struct stat st;
    off_t at;
    ssize_t n;

    if (fstat(log_fd, &st))
        return;
    at =
        st.st_size > (off_t)sizeof(text) ? st.st_size - (off_t)sizeof(text) : 0;
    n = pread(log_fd, text, sizeof(text), at);
    if (n > 0)
        fprintf(stderr, "%.*s", (int)n, text);
}

#define FAIL(...)                                                              \
    do {                                                                       \
        show_log();                                                            \
        fail_msg(__VA_ARGS__);                                                 \
    } while (0)

/* ---- Processes -------------------------------------------------------------
 */

static int watch(pid_t pid)
{
    int fd = pid > 0 ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;

    if (fd < 0)
        FAIL("a process is not there");
    return fd;
}

static bool dead(const struct watched *w)
{
    struct pollfd p = {.fd = w->fd, .events = POLLIN};

    return poll(&p, 1, 0) == 1;
}

/* Of the domain's vGPU 1. */
static pid_t neighbour(const struct dm *dm)
{
    json_t *j = dm_admin(dm, "{\"command\":\"show\",\"vgpu\":1}"), *p;
    json_t *list = json_object_get(json_object_get(j, "return"), "processes");
    pid_t pid = 0;
    size_t i;

    json_array_foreach(list, i, p)
    {
        if (!strcmp(json_string_value(json_object_get(p, "name")),
                    "engine gfx"))
            pid = (pid_t)json_integer_value(json_object_get(p, "pid"));
    }
    json_decref(j);
    return pid;
}

/* ---- What must be ----------------------------------------------------------
 */

static bool has_gl(const struct card *c)
{
    return c->features & 1u << VIRTIO_GPU_F_VIRGL;
}

static void assert_draws(struct card *c, const struct dm *dm, uint64_t input)
{
    const char *why;

    if (!card_revive(c))
        FAIL("input %" PRIu64 ": the vGPU of domain %d does not come back",
             input, dm->domid);
    why = storm_picture(c, has_gl(c));
    if (why)
        FAIL("input %" PRIu64 ": domain %d: %s", input, dm->domid, why);
}

/* ---- A campaign ------------------------------------------------------------
 */

/* What the processes say goes where their ends are read. */
static void begin(struct dm *dm, struct card *c, unsigned int vgpus)
{
    static const char options[] =
        "model=virtio-gpu,sched=none,local=64M,watchdog=5000";
    const struct fx_domain_config config = {
        .ram_bytes = CARD_RAM, .vcpus = 1, .timeout_ms = 120000};
    const char *const words[] = {"-vgpu", options, vgpus > 1 ? "-vgpu" : NULL,
                                 options, NULL};
    const int own = dup(STDERR_FILENO);

    assert_true(own >= 0 && dup2(log_fd, STDERR_FILENO) >= 0);
    dm_start_on(dm, fx_domain_create(&config), words);
    dup2(own, STDERR_FILENO);
    close(own);
    assert_true(dm_wait_running(dm));
    card_new(c, (domid_t)dm->domid);
}

static void begin_all(void)
{
    begin(&first, &card, 2);
    begin(&second, &other, 1);
    assert_draws(&card, &first, 0);
    assert_draws(&other, &second, 0);
    must[0] = (struct watched){"the monitor", watch(first.pid)};
    must[1] =
        (struct watched){"the device", watch(dm_process(&first, "device"))};
    must[2] =
        (struct watched){"the other vGPU's engine", watch(neighbour(&first))};
    must[3] = (struct watched){"another domain's device",
                               watch(dm_process(&second, "device"))};
    must[4] = (struct watched){"another domain's engine",
                               watch(dm_process(&second, "engine gfx"))};
    engine =
        (struct watched){"the engine", watch(dm_process(&first, "engine gfx"))};
    assert_int_equal(ftruncate(log_fd, 0), 0);
}

static void end_all(void)
{
    assert_int_equal(fx_domain_kill((domid_t)first.domid), 0);
    assert_int_equal(dm_wait_exit(&first), 0);
    dm_kill_domain_and_check(&second);
    dm_assert_nothing_left(&first);
}

static void after(uint64_t input, bool look)
{
    const char *why = "";
    unsigned int i;

    for (i = 0; i < sizeof(must) / sizeof(must[0]); i++)
        if (dead(&must[i]))
            FAIL("input %" PRIu64 ": %s died", input, must[i].name);
    if (card.mute)
        FAIL("input %" PRIu64 ": an access was not answered", input);
    if (fx_domain_crashed(card.domid, &why) || fx_bad_ioreqs(card.domid))
        FAIL("input %" PRIu64 ": the domain: %s", input, why);
    if (dead(&engine)) {
        assert_draws(&card, &first, input);
        if (!read_ends(input))
            count_end("ended by its device without a word: a function reset",
                      input);
        close(engine.fd);
        engine.fd = watch(dm_process(&first, "engine gfx"));
        look = true;
    } else if (look) {
        assert_draws(&card, &first, input);
    }
    if (look)
        assert_draws(&other, &second, input);
}

/* Somebody ends the engine while it works. */
static long kill_after_us;

static void *killer(void *unused)
{
    (void)unused;
    usleep((useconds_t)kill_after_us);
    syscall(SYS_pidfd_send_signal, engine.fd, SIGKILL, NULL, 0);
    return NULL;
}

static void kills(struct chance *r)
{
    pthread_t thread;

    kill_after_us = below(r, 1u << below(r, 16));
    assert_int_equal(pthread_create(&thread, NULL, killer, NULL), 0);
    storm_streams(&card, r);
    pthread_join(thread, NULL);
    while (!dead(&engine))
        usleep(100);
}

static void send_queues(struct chance *r)
{
    storm_queues(&card, r);
}

static void send_streams(struct chance *r)
{
    storm_streams(&card, r);
}

static void campaign(uint64_t salt, void (*send)(struct chance *r))
{
    struct chance r;
    uint64_t i;

    for (i = from; i < from + count; i++) {
        if (!card_drive(&card, 0) && !card_revive(&card))
            FAIL("input %" PRIu64 ": it does not come back", i);
        r = storm_chance(seed, salt, i);
        send(&r);
        after(i, i % LOOK_EACH == 0);
    }
    after(i, true);
}

static void report(const char *what)
{
    unsigned int i, n = 0;

    for (i = 0; i < nr_ends; i++)
        n += ends[i].n;
    printf("%s seed=%" PRIu64 " first=%" PRIu64 " inputs=%" PRIu64
           " engine_ends=%u\n",
           what, seed, from, count, n);
    for (i = 0; i < nr_ends; i++)
        printf("  %u: %s; first: input %" PRIu64 "\n", ends[i].n, ends[i].how,
               ends[i].input);
    fflush(stdout);
}

static void run(const char *what)
{
    const bool gl = strcmp(what, "queues") != 0;

    nr_ends = 0;
    begin_all();
    if (gl && !has_gl(&card)) {
        printf("# no GL on this machine: streams are not sent\n");
    } else {
        campaign(gl, !gl                     ? send_queues
                     : strcmp(what, "kills") ? send_streams
                                             : kills);
        report(what);
    }
    end_all();
}

static void chosen(void **state)
{
    (void)state;
    run(kind);
}

/* Sanitizers make the processes ten times slower. */
static void few_if_sanitized(void)
{
    if (getenv("XVGPU_SANITIZED"))
        count = KILLS_IN_CHECK * 4;
}

static void queues(void **state)
{
    (void)state;
    few_if_sanitized();
    run("queues");
}

static void streams(void **state)
{
    (void)state;
    few_if_sanitized();
    run("streams");
}

/* Two that no other program that runs now has: by its process id. */
static domid_t own_domids(void)
{
    return (domid_t)(100 + 2 * ((unsigned int)getpid() % 15000));
}

static void killed(void **state)
{
    (void)state;
    count = KILLS_IN_CHECK;
    run("kills");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest all[] = {
        harness_test(queues), harness_test(streams), harness_test(killed)};
    const struct CMUnitTest one[] = {harness_test(chosen)};
    const char *src = getenv("srcdir");
    char path[4096];
    int rc;

    kind = argc > 1 ? argv[1] : NULL;
    if (argc > 2)
        seed = strtoull(argv[2], NULL, 0);
    if (argc > 4) {
        from = strtoull(argv[3], NULL, 0);
        count = strtoull(argv[4], NULL, 0);
    }
    if (kind && strcmp(kind, "queues") && strcmp(kind, "streams") &&
        strcmp(kind, "kills")) {
        fprintf(stderr,
                "usage: storm queues|streams|kills [SEED [FIRST COUNT]]\n");
        return 2;
    }
    snprintf(path, sizeof(path), "%s/tests/fuzz/streams", src ? src : ".");
    if (storm_load(path)) {
        fprintf(stderr, "%s: no streams (srcdir says where)\n", path);
        return 2;
    }
    /* It takes hours: others may run their tests meanwhile. */
    if (kind)
        harness_no_lock();
    harness_start("fake");
    alarm(0);
    if (kind)
        fx_next_domid(own_domids());
    snprintf(path, sizeof(path), "/tmp/xvgpu-storm-%d", (int)getpid());
    log_fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_APPEND, 0600);
    unlink(path);
    if (kind)
        rc = cmocka_run_group_tests(one, NULL, NULL);
    else
        rc = cmocka_run_group_tests(all, NULL, NULL);
    harness_stop();
    return rc;
}
