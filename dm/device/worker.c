/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <string.h>

#include "dm/device/model.h"

void worker_queue(struct device *dev, struct job job)
{
    /* Sized for all vCPUs and engines at once; a full queue would mean that
     * one of them waits twice. */
    if (dev->nr_jobs == MAX_JOBS) {
        log_limited(&dev->limit, LOG_ERROR, "the worker's queue is full");
        return;
    }
    dev->jobs[(dev->job_head + dev->nr_jobs++) % MAX_JOBS] = job;
    pthread_cond_signal(&dev->work);
}

void worker_charge(struct device *dev, struct guard *guard)
{
    const uint64_t now = clock_ns();
    const uint64_t until = now + guard_charge(guard, 1, now);
    const struct timespec ts = {.tv_sec = (time_t)(until / 1000000000u),
                                .tv_nsec = (long)(until % 1000000000u)};

    pthread_mutex_lock(&dev->lock);
    while (until > now && !dev->stopping &&
           !pthread_cond_timedwait(&dev->changed, &dev->lock, &ts))
        ;
    pthread_mutex_unlock(&dev->lock);
}

static void run_job(struct device *dev, const struct job *job)
{
    const struct device_model *model = job->vgpu->model;

    switch (job->type) {
    case JOB_REMAP:
        model->remap(job->vgpu);
        break;
    case JOB_RESET:
        model->reset_by_guest(job->vgpu, job->value);
        break;
    case JOB_CTRL:
        worker_charge(dev, &dev->ctrl_guard);
        model->control(job->vgpu, job->engine, job->value);
        break;
    case JOB_DEATH:
        model->engine_died(job->vgpu, job->engine);
        break;
    case JOB_HOST_RESET:
        model->reset_by_host(job->vgpu, job->value, job->quarantine);
        break;
    }
    if (job->vcpu != NO_VCPU)
        ioreq_complete(dev->ioreq, job->vcpu, 0);
}

static void *worker_thread(void *arg)
{
    struct device *dev = arg;
    struct job job;

    pthread_mutex_lock(&dev->lock);
    while (!dev->stopping) {
        if (!dev->nr_jobs) {
            pthread_cond_wait(&dev->work, &dev->lock);
            continue;
        }
        job = dev->jobs[dev->job_head];
        dev->job_head = (dev->job_head + 1) % MAX_JOBS;
        dev->nr_jobs--;
        pthread_mutex_unlock(&dev->lock);
        run_job(dev, &job);
        pthread_mutex_lock(&dev->lock);
    }
    pthread_mutex_unlock(&dev->lock);
    return NULL;
}

/* Resets and moves of VRAM cost all of VRAM each, starts and resumes of rings
 * a message to the engine and back. An honest guest does either now and
 * then. */
#define SLOW_RATE 4u
#define SLOW_BURST 16u
#define CTRL_RATE 50u
#define CTRL_BURST 256u

int worker_start(struct device *dev)
{
    int rc;

    guard_init(&dev->slow_guard, SLOW_RATE, SLOW_BURST);
    guard_init(&dev->ctrl_guard, CTRL_RATE, CTRL_BURST);
    rc = pthread_create(&dev->worker, NULL, worker_thread, dev);

    if (rc)
        return -rc;
    dev->worker_started = true;
    return 0;
}

void worker_stop(struct device *dev)
{
    pthread_mutex_lock(&dev->lock);
    dev->stopping = true;
    pthread_cond_broadcast(&dev->work);
    pthread_cond_broadcast(&dev->changed);
    pthread_mutex_unlock(&dev->lock);
    if (dev->worker_started)
        pthread_join(dev->worker, NULL);
    dev->worker_started = false;
}

void worker_engine_message(struct device *dev, const struct proto_msg *msg)
{
    const unsigned int index = msg->u.engine_op.index;
    const unsigned int n = msg->u.engine_op.engine;
    const uint32_t tag = msg->u.engine_op.tag;
    struct engine *e;

    if (index >= dev->nr_vgpus || n >= XVGPU_NR_ENGINES ||
        !dev->vgpus[index].engines[n].present)
        return;
    pthread_mutex_lock(&dev->lock);
    e = &dev->vgpus[index].engines[n];
    /* A late answer tells how things are, but not to whoever asks now. */
    if (tag && tag == e->tag) {
        e->answer =
            msg->type == PROTO_ENGINE_STARTED ? msg->u.engine_op.status : 0;
        e->answered = true;
    }
    if (msg->type == PROTO_ENGINE_STARTED) {
        e->process = !msg->u.engine_op.status;
        e->features = msg->u.engine_op.features;
        e->capsets = msg->u.engine_op.capsets;
    } else {
        e->process = false;
        e->deaths++;
        e->hung = !tag && msg->u.engine_op.status == PROTO_DEATH_HUNG;
        if (!tag && !e->death_queued) {
            e->death_queued = true;
            worker_queue(dev, (struct job){.type = JOB_DEATH,
                                           .vgpu = &dev->vgpus[index],
                                           .engine = n,
                                           .vcpu = NO_VCPU});
        }
    }
    pthread_cond_broadcast(&dev->changed);
    pthread_mutex_unlock(&dev->lock);
}
