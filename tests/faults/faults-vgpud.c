/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Each call of xen-vgpud that can fail fails once, at each of its uses in a
 * whole life. This process is its monitors and its administrator; engines are
 * doubles that obey. No fault may cost one of them a job, or its life.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/log.h"
#include "report.h"
#include "sched-rig.h"

#define GFX (1u << XVGPU_ENGINE_GFX)
#define NR 2u
#define JOBS 30u
#define SHARE 40u

static struct rig rig;
static uint64_t wanted;

static struct rig_engine *engine(unsigned int i)
{
    return &rig.vgpu[i].engine[XVGPU_ENGINE_GFX];
}

static const char *registrations(void)
{
    unsigned int i;

    for (i = 0; i < NR; i++)
        rig_until(&rig, rig.vgpu[i].registered);
    return NULL;
}

static const char *work(void)
{
    unsigned int i;

    wanted += JOBS;
    for (i = 0; i < NR; i++)
        rig_more_jobs(engine(i), wanted - engine(i)->shared->todo);
    for (i = 0; i < NR; i++)
        rig_until(&rig, __atomic_load_n(&engine(i)->shared->done,
                                        __ATOMIC_SEQ_CST) == wanted);
    for (i = 0; i < NR; i++) {
        if (engine(i)->kills_asked)
            return "!an engine that obeys was to be killed";
    }
    return rig.room->overlaps ? "!two ran at the same time" : NULL;
}

static const char *engines(void)
{
    unsigned int i;

    for (i = 0; i < NR; i++) {
        engine(i)->shared->compile_at = 3 + i;
        rig_engine_start(&rig, &rig.vgpu[i], XVGPU_ENGINE_GFX, DOUBLE_HONEST,
                         0);
    }
    return work();
}

static const char *ask(const char *line)
{
    int fd = -1;
    json_t *json = rig_ask(&rig, line, &fd);

    if (fd >= 0)
        close(fd);
    if (json) {
        json_decref(json);
        return NULL;
    }
    log_error("xen-vgpud did not do it, or closed the connection");
    return "the question was refused";
}

static const char *status(void)
{
    return ask("{\"command\":\"status\"}");
}

static const char *set(void)
{
    return ask("{\"command\":\"set\",\"vgpu\":\"1\",\"weight\":50}");
}

static const char *policy(void)
{
    return ask("{\"command\":\"policy\",\"policy\":\"rr\"}");
}

static const char *trace(void)
{
    return ask("{\"command\":\"trace\"}");
}

static const char *metrics(void)
{
    return ask("{\"command\":\"metrics\"}");
}

/* Through the monitor, or past it if that could not be asked. */
static const char *reset_engine(void)
{
    struct rig_engine *e = engine(0);
    const pid_t pid = e->pid;
    unsigned int i;

    for (i = 0; i < 20; i++) {
        if (!ask("{\"command\":\"reset\",\"vgpu\":\"1\",\"engine\":\"gfx\"}"))
            break;
        rig_turn(&rig); /* it was being registered anew */
    }
    rig_until(&rig, !e->pid || waitpid(pid, NULL, WNOHANG) == pid);
    if (e->pid) {
        close(e->pidfd);
        e->pid = 0;
    }
    /* No process is there so soon that it finds the dead one's grant. */
    rig_until(&rig, rig_state_is(&rig, &rig.vgpu[0], 0, "none"));
    e->kills_asked = 0;
    e->shared->compile_at = 0;
    rig_engine_start(&rig, &rig.vgpu[0], XVGPU_ENGINE_GFX, DOUBLE_HONEST,
                     wanted);
    return work();
}

static const char *monitor_anew(void)
{
    close(rig.vgpu[1].sock);
    rig.vgpu[1].sock = -1;
    rig.vgpu[1].registered = false;
    registrations();
    return work();
}

static const struct act steps[] = {
    {"engines", engines},
    {"status", status},
    {"set", set},
    {"policy", policy},
    {"trace", trace},
    {"metrics", metrics},
    {"engine reset", reset_engine},
    {"monitor anew", monitor_anew},
};

/* It has ended by itself: with an error, or *o says so. */
static bool has_ended(struct outcome *o)
{
    int code;

    if (waitpid(rig.daemon, &code, WNOHANG) != rig.daemon)
        return false;
    rig.daemon = 0;
    o->refused = true;
    if (!WIFEXITED(code) || !WEXITSTATUS(code))
        o->failed = "xen-vgpud ended, but not with an error";
    return true;
}

static void life(struct outcome *o)
{
    unsigned int i;

    rig_program = "tests/faults/fake/xen-vgpud";
    wanted = 0;
    rig_start(&rig, NULL);
    for (i = 0; i < NR; i++)
        rig_add(&rig, GFX, 100);
    phase(o, "registration");
    rig_until(&rig, has_ended(o) ||
                        (rig.vgpu[0].registered && rig.vgpu[1].registered));
    if (rig.daemon)
        take_steps(o, steps, sizeof(steps) / sizeof(steps[0]));
    phase(o, "stop");
    rig_stop(&rig);
}

int main(void)
{
    char path[] = "/tmp/xvgpu-points-XXXXXX";
    int rc;

    points_exempt(true);
    log_init("test", LOG_INFO);
    close(mkstemp(path));
    points_share(path);
    setenv(POINTS_ENV, path, 1);
    rc = report_run("xen-vgpud", life, SHARE);
    unlink(path);
    return rc;
}
