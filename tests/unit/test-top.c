/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `xen-vgpu top`: what it makes of xen-vgpud's counters, printed and live. */
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/log.h"
#include "tool-host.h"
#include "tool-status.h"

static struct said said;

/* Each status is a second older than the one before. */
static _Atomic unsigned int n, restart_at, gone_at;

static char *answer(const char *socket, const json_t *request, int *fd)
{
    (void)request;
    (void)fd;
    if (!strcmp(socket, "3")) /* the other domain's monitor is gone */
        return tool_return(
            json_pack("{s:s}", "statistics", "gfx.faults 1\nsdma.faults 0\n"));
    n++;
    if (gone_at && n >= gone_at)
        return tool_error_answer("no \x1b[2J");
    return tool_return(tool_status(n, restart_at && n >= restart_at ? 78 : 77));
}

static int start(void **state)
{
    static const char *const names[] = {"xen-vgpud", "3", NULL};

    (void)state;
    n = restart_at = gone_at = 0;
    host_start(answer, names);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    host_stop();
    return 0;
}

static void assert_said(const char *part)
{
    if (!strstr(said.out, part))
        fail_msg("\"%s\" does not stand in \"%s\"", part, said.out);
}

static void shares(void **state)
{
    (void)state;
    tool_run(&said, "top", "-b", "-n", "1", "-d", "0.1", NULL);
    assert_string_equal(said.err, "");
    assert_int_equal(said.code, 0);
    assert_said("xen-vgpud 0.1.0, pid 77, up 0:00:02, over 1.00 s\n"
                "gfx: fair, slice 5ms, running 3.0, 1 waiting, 12.5 % idle, "
                "30.0 switches/s, switch p50 93us p99 410us\n"
                "sdma: fair, slice 5ms, idle, 0 waiting, 100.0 % idle, "
                "0.0 switches/s, ");
    assert_said("4.0      ca?[2Jd         gfx         50.0   25.0    300  "
                "37.5% quarantined    20.0   42us  4.2ms  850us   99ms     - "
                "    2     1     0\n"
                "3.0      web             gfx         25.0   12.5    100      "
                "- running        10.0   42us  4.2ms      -      -     1     0 "
                "    0     0\n"
                "3.0      web             sdma         0.0 ");
}

/* Where the rows begin, in their order. */
static void assert_order(const char *a, const char *b)
{
    const char *x = strstr(said.out, a), *y = strstr(said.out, b);

    assert_non_null(x);
    assert_non_null(y);
    assert_true(x < y);
}

static void order(void **state)
{
    static const struct {
        const char *key, *first, *second;
    } rows[] = {
        {"share", "\n4.0 ", "\n3.0 "},    {"vgpu", "\n3.0 ", "\n4.0 "},
        {"preempt", "\n4.0 ", "\n3.0 "},  {"switches", "\n4.0 ", "\n3.0 "},
        {"failures", "\n4.0 ", "\n3.0 "}, {"wait", "\n3.0 ", "\n4.0 "},
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        tool_run(&said, "top", "-bn1", "-d0.1", "-o", rows[i].key, NULL);
        assert_int_equal(said.code, 0);
        assert_order(rows[i].first, rows[i].second);
        tool_run(&said, "top", "-rbn1", "-d0.1", "-o", rows[i].key, NULL);
        assert_string_equal(said.err, "");
        assert_int_equal(said.code, 0);
        assert_order(rows[i].second, rows[i].first);
    }
}

static double real(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);

    assert_true(json_is_number(value));
    return json_number_value(value);
}

static void objects(void **state)
{
    const json_t *q, *v;
    json_error_t error;
    const char *line;
    unsigned int i;
    json_t *one;

    (void)state;
    restart_at = 4;
    tool_run(&said, "--json", "top", "-n", "4", "-d", "0.1", NULL);
    assert_int_equal(said.code, 0);
    for (i = 2, line = said.out; *line; i++, line = strchr(line, '\n') + 1) {
        one = json_loads(line, JSON_DISABLE_EOF_CHECK, &error);
        q = json_array_get(json_object_get(one, "queues"), 0);
        v = json_array_get(json_object_get(q, "vgpus"), 0);
        if (i == restart_at) { /* counts anew: there is no rate */
            assert_true(json_is_null(json_object_get(one, "interval_s")));
            assert_true(json_is_null(json_object_get(v, "share")));
            assert_true(json_is_null(json_object_get(q, "idle")));
        } else {
            assert_true(real(one, "interval_s") == 1);
            assert_true(real(v, "share") == 0.25);
            assert_true(real(v, "switches_per_s") == 10);
            assert_true(real(q, "idle") == 0.125);
        }
        assert_true(real(q, "waiting") == 1);
        assert_true(real(v, "faults") == 1);
        v = json_array_get(json_object_get(q, "vgpus"), 1);
        assert_true(json_is_true(json_object_get(v, "quarantined")));
        assert_true(real(v, "hangs") == 3);
        assert_true(json_is_null(json_object_get(v, "faults")));
        assert_true(real(json_object_get(v, "wait_us"), "p99") == 4200);
        json_decref(one);
    }
    assert_int_equal(i, 6);
}

static void failures(void **state)
{
    static const char *const words[] = {"-n0",  "-nx", "-d0",    "-d1e9",
                                        "-dx",  "-q",  "-o",     "-ocolour",
                                        "more", "-n",  "--what", "-d"};
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        tool_run(&said, "top", "-b", words[i], NULL);
        if (said.code != 2)
            fail_msg("%s: %d", words[i], said.code);
    }
    tool_run(&said, "top", "--help", NULL);
    assert_int_equal(said.code, 0);
    gone_at = 3;
    tool_run(&said, "top", "-b", "-d0.1", NULL);
    assert_int_equal(said.code, 1);
    assert_said("over 1.00 s");
    assert_string_equal(said.err, "xen-vgpu: top: xen-vgpud: no ?[2J\n");
}

/* Answers of no shape at all. */
static const char *nonsense[] = {
    "{\"return\":{}}",
    "{\"return\":{\"queues\":3,\"vgpus\":{}}}",
    "{\"return\":{\"pid\":1,\"uptime_ns\":-4,\"queues\":[3,[],{},"
    "{\"name\":4,\"vgpus\":[{},3,{\"vgpu\":\"99999999999.9\",\"cap\":-1}]}]}}",
};

static char *answer_nonsense(const char *socket, const json_t *request, int *fd)
{
    (void)socket;
    (void)request;
    (void)fd;
    return strdup(nonsense[n++ % 3]);
}

static void hostile(void **state)
{
    static const char *const names[] = {"xen-vgpud", NULL};

    (void)state;
    host_start(answer_nonsense, names);
    tool_run(&said, "top", "-b", "-n4", "-d0.1", NULL);
    assert_int_equal(said.code, 0);
    tool_run(&said, "--json", "top", "-n4", "-d0.1", NULL);
    assert_int_equal(said.code, 0);
    tool_run(&said, "sched", NULL);
    assert_int_equal(said.code, 0);
    tool_run(&said, "sched", NULL);
    assert_int_equal(said.code, 0);
    host_stop();
}

struct terminal {
    int fd;
    pid_t pid;
    size_t len;
    char seen[1 << 16];
};

static void open_terminal(struct terminal *t, const char *term,
                          unsigned short rows)
{
    const struct winsize size = {.ws_row = rows, .ws_col = 200};

    t->len = 0;
    t->pid = forkpty(&t->fd, NULL, NULL, &size);
    assert_true(t->pid >= 0);
    if (!t->pid) {
        setenv("TERM", term, 1);
        execl(tool_path(), "xen-vgpu", "top", "-d", "0.2", NULL);
        _exit(127);
    }
}

static void give_up(struct terminal *t, const char *text, const char *why)
{
    kill(t->pid, SIGKILL);
    waitpid(t->pid, NULL, 0);
    close(t->fd);
    fail_msg("\"%s\" did not come, but %s: \"%s\"", text, why, t->seen);
}

/* Reads on until the text comes, behind what was waited for before. */
static void wait_for(struct terminal *t, const char *text)
{
    const uint64_t end = clock_ns() + 30 * UINT64_C(1000000000);
    struct pollfd p = {.fd = t->fd, .events = POLLIN};
    const char *at;
    ssize_t got;

    t->seen[t->len] = '\0';
    while (!(at = strstr(t->seen, text))) {
        if (clock_ns() > end || poll(&p, 1, 30000) != 1)
            give_up(t, text, "nothing else");
        if (t->len > sizeof(t->seen) / 2) {
            memmove(t->seen, t->seen + t->len - 256, 256);
            t->len = 256;
        }
        got = read(t->fd, t->seen + t->len, sizeof(t->seen) / 2 - 1);
        if (got <= 0)
            give_up(t, text, "the end");
        t->len += (size_t)got;
        t->seen[t->len] = '\0';
    }
    at += strlen(text);
    t->len -= (size_t)(at - t->seen);
    memmove(t->seen, at, t->len + 1);
}

static int close_terminal(struct terminal *t)
{
    int status;

    /* What it says in the end must not hold it up. */
    while (read(t->fd, t->seen, sizeof(t->seen)) > 0)
        ;
    assert_int_equal(waitpid(t->pid, &status, 0), t->pid);
    close(t->fd);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void key(const struct terminal *t, const char *keys)
{
    assert_int_equal(write(t->fd, keys, strlen(keys)), strlen(keys));
}

static void screen(void **state)
{
    struct winsize size = {.ws_row = 9, .ws_col = 40};
    static struct terminal t;

    (void)state;
    open_terminal(&t, "vt100", 30);
    wait_for(&t, "no interval yet");
    wait_for(&t, "SHARE%");
    wait_for(&t, "quarantined");
    wait_for(&t, "sorted by share");
    wait_for(&t, "over 1.00 s");
    /* ^L: drawn whole, not only where it differs. */
    key(&t, "w\f");
    wait_for(&t, "sorted by wait, 0.2 s");
    key(&t, "r\f");
    wait_for(&t, "reversed by wait");
    key(&t, "+\f");
    wait_for(&t, "wait, 0.4 s");
    key(&t, " \f");
    wait_for(&t, "PAUSED reversed by wait");
    key(&t, "\x1bOB\x1bOBx\f"); /* two rows down */
    wait_for(&t, "SHARE%");
    wait_for(&t, "PAUSED reversed by switches, 0.4 s");
    key(&t, "\x1bOC\f"); /* to the right */
    wait_for(&t, "gfx         50.0   25.0    300  37.5% quarantined");
    key(&t, "\x1bOD\f");
    /* The whole of the smaller screen is drawn. */
    assert_int_equal(ioctl(t.fd, TIOCSWINSZ, &size), 0);
    wait_for(&t, "xen-vgpud");
    wait_for(&t, "PAUSED");
    key(&t, " ");
    gone_at = 1;
    wait_for(&t, "no ?[2J");
    gone_at = 0;
    wait_for(&t, "0.1.0, pid"); /* it is back */
    key(&t, "q");
    assert_int_equal(close_terminal(&t), 0);
}

static void no_screen(void **state)
{
    static struct terminal t;

    (void)state;
    open_terminal(&t, "no-such-terminal", 30);
    wait_for(&t, "TERM=no-such-terminal is not known");
    assert_int_equal(close_terminal(&t), 1);
    /* Nobody there: said on the terminal as it was. */
    gone_at = 1;
    open_terminal(&t, "vt100", 30);
    wait_for(&t, "xen-vgpu: top: xen-vgpud: no ?[2J");
    assert_int_equal(close_terminal(&t), 1);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, start, stop)
    const struct CMUnitTest tests[] = {
        TEST(shares),
        TEST(order),
        TEST(objects),
        TEST(failures),
        TEST(screen),
        TEST(no_screen),
        cmocka_unit_test(hostile),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
