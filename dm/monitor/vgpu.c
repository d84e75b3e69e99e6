/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dm/monitor/vgpu.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xen-vgpu/pci.h>

#include "lib/link.h"
#include "lib/log.h"
#include "lib/proto.h"
#include "lib/scanout.h"

const char *engine_name(uint32_t number)
{
    static const char *const names[XVGPU_NR_ENGINES] = {
        [XVGPU_ENGINE_GFX] = "gfx",
        [XVGPU_ENGINE_SDMA] = "sdma",
        [XVGPU_ENGINE_MM] = "mm",
    };

    return number < XVGPU_NR_ENGINES ? names[number] : "?";
}

/* The size is sealed: no process that shares it can pull pages from under
 * another. */
static int make_memfd(const char *name, off_t size)
{
    int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    int rc;

    if (fd < 0)
        return -errno;
    if (ftruncate(fd, size) ||
        fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)) {
        rc = -errno;
        close(fd);
        return rc;
    }
    return fd;
}

/* Non-blocking: the other side, which may be hostile, can fill the counter,
 * and a writer must not hang on it. */
static int make_eventfd(void)
{
    int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

    return fd < 0 ? -errno : fd;
}

static int engine_init(struct engine *e, bool sched)
{
    int rc;

    rc = e->link_fd = make_memfd("xvgpu-link", LINK_SIZE);
    if (rc < 0)
        return rc;
    rc = e->kick_fd = make_eventfd();
    if (rc < 0)
        return rc;
    rc = e->event_fd = make_eventfd();
    if (rc < 0)
        return rc;
    rc = e->wake_fd = make_eventfd();
    if (rc < 0)
        return rc;
    rc = e->notify_fd = make_eventfd();
    if (rc < 0)
        return rc;
    if (e->number == XVGPU_ENGINE_GFX) {
        rc = e->context_fd = make_memfd("xvgpu-context", LINK_CONTEXT_SIZE);
        if (rc < 0)
            return rc;
    }
    return grant_create(sched ? GRANT_NONE : GRANT_RUN,
                        sched ? 0 : GRANT_F_COMPILE, &e->grant_s_fd,
                        &e->grant_ro_fd, &e->grant, &e->grant_e_fd);
}

int vgpu_init(struct vgpu *v, uint32_t index, uint32_t engines,
              const struct vgpu_options *opt, struct vram *vram)
{
    struct engine *e;
    uint32_t i;
    int rc;

    memset(v, 0, sizeof(*v));
    v->index = index;
    v->engines = engines;
    v->opt = opt;
    v->vram = vram;
    guard_init(&v->start_cpu, VGPU_START_CPU_RATE, VGPU_START_CPU_BURST);
    v->csr_fd = v->scanout_fd = -1;
    v->sched.weight = opt->weight;
    v->sched.cap = opt->cap;
    v->sched.latency = opt->latency;
    for (i = 0; i < XVGPU_NR_ENGINES; i++) {
        e = &v->engine[i];
        e->vgpu = v;
        e->number = i;
        e->link_fd = e->kick_fd = e->event_fd = e->wake_fd = -1;
        e->grant_s_fd = e->grant_ro_fd = e->grant_e_fd = -1;
        e->notify_fd = e->context_fd = -1;
        snprintf(e->name, sizeof(e->name), "engine %u.%s", index,
                 engine_name(i));
        snprintf(e->cgroup, sizeof(e->cgroup), "%s.%u", engine_name(i), index);
    }
    rc = v->csr_fd = make_memfd("xvgpu-state", PROTO_STATE_SIZE);
    if (rc < 0)
        goto out;
    if (opt->model == PROTO_MODEL_VIRTIO_GPU) {
        rc = v->scanout_fd = make_memfd("xvgpu-scanouts", (off_t)SCANOUT_SIZE);
        if (rc < 0)
            goto out;
    }
    for (i = 0; i < XVGPU_NR_ENGINES; i++) {
        if (!(engines & 1u << i))
            continue;
        rc = engine_init(&v->engine[i], opt->sched);
        if (rc < 0)
            goto out;
    }
    rc = 0;

out:
    if (rc)
        log_error("make the shared pages of vGPU %u: %s", index, strerror(-rc));
    return rc;
}

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

void vgpu_fini(struct vgpu *v)
{
    struct engine *e;
    uint32_t i;

    display_fini(v);
    for (i = 0; i < XVGPU_NR_ENGINES; i++) {
        e = &v->engine[i];
        if (!e->vgpu)
            return; /* never initialized */
        close_fd(&e->link_fd);
        close_fd(&e->kick_fd);
        close_fd(&e->event_fd);
        close_fd(&e->wake_fd);
        close_fd(&e->context_fd);
        close_fd(&e->notify_fd);
        close_fd(&e->grant_s_fd);
        close_fd(&e->grant_ro_fd);
        close_fd(&e->grant_e_fd);
        if (e->grant)
            munmap(e->grant, GRANT_SIZE);
        e->grant = NULL;
    }
    close_fd(&v->csr_fd);
    close_fd(&v->scanout_fd);
}

bool vgpu_may_start(struct vgpu *v, uint64_t now_ns)
{
    uint64_t oldest = v->start_ns[v->next_start];

    if ((oldest && now_ns - oldest < VGPU_STARTS_WINDOW_NS) ||
        guard_charge(&v->start_cpu, 0, now_ns))
        return false;
    v->start_ns[v->next_start] = now_ns;
    v->next_start = (v->next_start + 1) % VGPU_STARTS_MAX;
    return true;
}

void vgpu_charge_start(struct vgpu *v, uint64_t cpu_ns, uint64_t now_ns)
{
    const uint64_t ms = cpu_ns / 1000000;

    v->start_cpu_ns += cpu_ns;
    guard_charge(&v->start_cpu, ms < UINT32_MAX ? (uint32_t)ms : UINT32_MAX,
                 now_ns);
}
