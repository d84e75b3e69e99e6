/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vgpud-process.h"

#include <libgen.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define ARGS_MAX 24
#define SOCKETS 3

static pid_t vgpud;

static void program(char path[PATH_MAX + 32])
{
    char self[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

    assert_true(n > 0);
    self[n] = '\0';
    snprintf(path, PATH_MAX + 32, "%s/../../xen-vgpud", dirname(self));
}

static void await_answer(void)
{
    json_t *j = NULL;
    int i;

    for (i = 0; i < 4000 && !j; i++) {
        assert_int_equal(waitpid(vgpud, NULL, WNOHANG), 0);
        j = vgpud_ask("{\"command\":\"status\"}");
        usleep(5000);
    }
    assert_non_null(j);
    json_decref(j);
}

void vgpud_start(const char *const *options)
{
    char path[PATH_MAX + 32], run_dir[PATH_MAX];
    const char *argv[ARGS_MAX] = {"xen-vgpud", run_dir, "--config=/dev/null"};
    int n = 3;

    mkdir(getenv("XVGPU_RUN_DIR"), 0700);
    snprintf(run_dir, sizeof(run_dir), "--run-dir=%s", getenv("XVGPU_RUN_DIR"));
    for (; *options && n < ARGS_MAX - 1; options++)
        argv[n++] = *options;
    program(path);
    fflush(NULL);
    vgpud = fork();
    assert_true(vgpud >= 0);
    if (!vgpud) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        execv(path, (char **)(uintptr_t)argv);
        _exit(126);
    }
    await_answer();
}

void vgpud_kill(void)
{
    int status;

    assert_int_equal(kill(vgpud, SIGKILL), 0);
    assert_int_equal(waitpid(vgpud, &status, 0), vgpud);
    assert_true(WIFSIGNALED(status)); /* it had not ended by itself */
    vgpud = 0;
}

void vgpud_stop(void)
{
    static const char *const sockets[SOCKETS] = {"sched.sock", "xen-vgpud.sock",
                                                 "metrics.sock"};
    char path[PATH_MAX];
    int status, i;

    assert_int_equal(kill(vgpud, SIGTERM), 0);
    assert_int_equal(waitpid(vgpud, &status, 0), vgpud);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    vgpud = 0;
    for (i = 0; i < SOCKETS; i++) {
        snprintf(path, sizeof(path), "%s/%s", getenv("XVGPU_RUN_DIR"),
                 sockets[i]);
        assert_int_not_equal(access(path, F_OK), 0);
    }
}

json_t *vgpud_ask(const char *request)
{
    static char line[1 << 20];
    json_t *answer = NULL, *result = NULL;
    json_error_t error;
    char path[108];
    FILE *f;

    snprintf(path, sizeof(path), "%s/xen-vgpud.sock", getenv("XVGPU_RUN_DIR"));
    f = harness_connect(path);
    if (!f)
        return NULL;
    if (send(fileno(f), request, strlen(request), MSG_NOSIGNAL) > 0 &&
        send(fileno(f), "\n", 1, MSG_NOSIGNAL) > 0 &&
        fgets(line, sizeof(line), f))
        answer = json_loads(line, 0, &error);
    fclose(f);
    result = json_incref(json_object_get(answer, "return"));
    json_decref(answer);
    return result;
}

void vgpud_wait(size_t vgpus)
{
    size_t now = ~(size_t)0;
    json_t *j;
    int i;

    for (i = 0; i < 4000 && now != vgpus; i++) {
        usleep(5000);
        j = vgpud_ask("{\"command\":\"status\"}");
        now = json_array_size(json_object_get(j, "vgpus"));
        json_decref(j);
    }
    assert_int_equal(now, vgpus);
}

/* The vGPU's object in a list of `status`, borrowed. */
static json_t *find(json_t *list, int domid)
{
    char name[16];
    const char *is;
    json_t *v;
    size_t i;

    snprintf(name, sizeof(name), "%d.0", domid);
    json_array_foreach(list, i, v)
    {
        is = json_string_value(json_object_get(v, "vgpu"));
        if (is && !strcmp(is, name))
            return v;
    }
    return NULL;
}

json_int_t vgpud_number(const char *queue, int domid, const char *name)
{
    json_t *j = vgpud_ask("{\"command\":\"status\"}"), *q, *n;
    json_int_t value = -1;
    const char *is;
    size_t i;

    json_array_foreach(json_object_get(j, "queues"), i, q)
    {
        is = json_string_value(json_object_get(q, "name"));
        n = json_object_get(find(json_object_get(q, "vgpus"), domid), name);
        if (is && !strcmp(is, queue) && n)
            value = json_integer_value(n);
    }
    json_decref(j);
    return value;
}

bool vgpud_quarantined(int domid)
{
    json_t *j = vgpud_ask("{\"command\":\"status\"}");
    bool yes = json_is_true(json_object_get(
        find(json_object_get(j, "vgpus"), domid), "quarantined"));

    json_decref(j);
    return yes;
}
