/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The watchdog of what waits inside of the renderer. A driver that is given
 * more while it draws may wait for what it draws, for as long as that takes,
 * and the engine's own looks at the time (virgl_passed()) don't come then. So a
 * thread looks, too, while something is under way, or a call has not come back.
 * It may have to be patient: what is given may also be compiled.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "dm/engine/virtio/virgl.h"
#include "lib/proto.h"

#define NS_PER_MS 1000000ull
#define LOOK_S 1

struct watch {
    const struct engine *e;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    uint64_t since_ns; /* the last progress; 0: nothing is under way */
    bool asleep, ends;
};

static uint64_t since(struct watch *w)
{
    return __atomic_load_n(&w->since_ns, __ATOMIC_SEQ_CST);
}

static void sleep_until(struct watch *w)
{
    struct timespec at;

    __atomic_store_n(&w->asleep, true, __ATOMIC_SEQ_CST);
    if (!since(w)) {
        pthread_cond_wait(&w->changed, &w->lock);
    } else {
        clock_gettime(CLOCK_MONOTONIC, &at);
        at.tv_sec += LOOK_S;
        __atomic_store_n(&w->asleep, false, __ATOMIC_SEQ_CST);
        pthread_cond_timedwait(&w->changed, &w->lock, &at);
    }
}

static void *watch_thread(void *arg)
{
    struct watch *w = arg;
    const struct engine_limits *limits = &w->e->limits;
    uint64_t start, limit_ns;

    pthread_mutex_lock(&w->lock);
    while (!w->ends) {
        start = since(w);
        limit_ns =
            ((uint64_t)limits->watchdog_ms + limits->compile_ms) * NS_PER_MS;
        if (start && engine_since(w->e, start) > limit_ns) {
            log_warning("virtio: the renderer does not return: giving up");
            _exit(PROTO_EXIT_HUNG);
        }
        sleep_until(w);
    }
    pthread_mutex_unlock(&w->lock);
    return NULL;
}

int watch_start(struct virgl *v, const struct engine *e)
{
    struct watch *w = calloc(1, sizeof(*w));
    pthread_condattr_t attr;
    int rc;

    if (!w)
        return -ENOMEM;
    w->e = e;
    pthread_mutex_init(&w->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&w->changed, &attr);
    pthread_condattr_destroy(&attr);
    rc = pthread_create(&w->thread, NULL, watch_thread, w);
    if (rc) {
        free(w);
        return -rc;
    }
    v->watch = w;
    return 0;
}

void watch_stop(struct virgl *v)
{
    struct watch *w = v->watch;

    if (!w)
        return;
    pthread_mutex_lock(&w->lock);
    w->ends = true;
    pthread_cond_signal(&w->changed);
    pthread_mutex_unlock(&w->lock);
    pthread_join(w->thread, NULL);
    free(w);
    v->watch = NULL;
}

void watch_from(struct virgl *v, uint64_t ns)
{
    struct watch *w = v->watch;

    if (!w)
        return;
    /* Either the thread sees this before it sleeps, or it is seen to sleep. */
    __atomic_store_n(&w->since_ns, ns, __ATOMIC_SEQ_CST);
    if (!ns || !__atomic_load_n(&w->asleep, __ATOMIC_SEQ_CST))
        return;
    pthread_mutex_lock(&w->lock);
    __atomic_store_n(&w->asleep, false, __ATOMIC_RELAXED);
    pthread_cond_signal(&w->changed);
    pthread_mutex_unlock(&w->lock);
}
