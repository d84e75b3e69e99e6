/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the administrator asks, through the monitor. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "dm/device/model.h"

void answer_text(struct answer *to, const char *fmt, ...)
{
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(to->buf + to->len, to->size - to->len, fmt, ap);
    va_end(ap);
    if (n > 0 && (size_t)n < to->size - to->len)
        to->len += (size_t)n;
}

void answer_number(struct answer *to, const char *name, uint64_t value)
{
    answer_text(to, "%s %llu\n", name, (unsigned long long)value);
}

/* Takes the service's lock, which comes before the device's. */
static void show_ioreq(struct device *dev, struct answer *t)
{
    struct ioreq_stats s;

    ioreq_get_stats(dev->ioreq, &s);
    answer_number(t, "ioreq.mmio", s.served[IOREQ_MMIO]);
    answer_number(t, "ioreq.pio", s.served[IOREQ_PIO]);
    answer_number(t, "ioreq.config", s.served[IOREQ_CFG]);
    answer_number(t, "ioreq.deferred", s.deferred);
    answer_number(t, "ioreq.invalidations", s.invalidations);
    answer_number(t, "ioreq.nonsense", s.nonsense);
    answer_number(t, "ioreq.spurious", s.spurious);
    answer_number(t, "ioreq.spin_hits", s.spin_hits);
    answer_number(t, "ioreq.sleeps", s.sleeps);
    answer_number(t, "guard.accesses_delayed", s.delayed);
    answer_number(t, "guard.accesses_delayed_ns", s.delayed_ns);
}

static void show_guard(struct answer *t, const char *what,
                       const struct guard *g)
{
    answer_text(
        t, "guard.%s_delayed %llu\nguard.%s_delayed_ns %llu\n", what,
        (unsigned long long)__atomic_load_n(&g->delayed, __ATOMIC_RELAXED),
        what,
        (unsigned long long)__atomic_load_n(&g->delayed_ns, __ATOMIC_RELAXED));
}

void answer_guards(struct vgpu *vgpu, struct answer *to)
{
    show_guard(to, "bar_moves_and_resets", &vgpu->dev->slow_guard);
    show_guard(to, "ring_starts", &vgpu->dev->ctrl_guard);
    show_guard(to, "interrupts", &vgpu->dev->event_guard);
}

void answer_irq(struct vgpu *vgpu, struct answer *to)
{
    const struct irq *irq = &vgpu->st->irq;

    answer_number(to, "interrupts.intx", irq->sent[IRQ_INTX]);
    answer_number(to, "interrupts.msi", irq->sent[IRQ_MSI]);
    answer_number(to, "interrupts.msix", irq->sent[IRQ_MSIX]);
    answer_number(to, "interrupts.failed", irq->failed);
}

void answer_engine(struct vgpu *vgpu, unsigned int n, struct answer *t)
{
    static const char *const names[XVGPU_NR_ENGINES] = {"gfx", "sdma", "mm"};
    const struct engine *e = &vgpu->engines[n];
    const struct link_eng *g = &e->link->eng;
    const char *p = names[n];
    unsigned int i;
    char name[64];

#define SHOW(field, value)                                                     \
    do {                                                                       \
        snprintf(name, sizeof(name), "%s.%s", p, field);                       \
        answer_number(t, name, value);                                         \
    } while (0)
    SHOW("process", e->process);
    SHOW("enabled", e->st->enabled);
    SHOW("status", e->st->status);
    SHOW("jobs", e->st->totals[0] + LINK_READ(g->jobs));
    SHOW("packets", e->st->totals[1] + LINK_READ(g->packets));
    SHOW("bytes", e->st->totals[2] + LINK_READ(g->bytes));
    SHOW("maps", LINK_READ(g->maps));
    SHOW("map_hits", LINK_READ(g->map_hits));
    SHOW("map_misses", LINK_READ(g->map_misses));
    SHOW("maps_live", LINK_READ(g->maps_live));
    SHOW("done_interrupt", LINK_READ(g->done_count));
    SHOW("done_evtchn", LINK_READ(g->done_evtchn));
    SHOW("doorbells_evtchn", LINK_READ(g->doorbells_evtchn));
    SHOW("preempted", LINK_READ(g->preempted));
    SHOW("busy_ns", LINK_READ(g->busy_ns));
    for (i = 0; i < LINK_HIST; i++) {
        snprintf(name, sizeof(name), "%s.hist.%u", p, i);
        answer_number(t, name, LINK_READ(g->hist[i]));
    }
#undef SHOW
}

int picture_new(struct answer *to, uint8_t **pixels)
{
    const uint64_t len = to->width * 4ull * to->height;
    int rc = 0;

    to->fd = memfd_create("screenshot", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (to->fd < 0)
        return -errno;
    if (ftruncate(to->fd, (off_t)len) < 0) {
        rc = -errno;
        goto out;
    }
    *pixels = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, to->fd, 0);
    if (*pixels == MAP_FAILED)
        rc = -errno;
out:
    if (rc) {
        close(to->fd);
        to->fd = -1;
    }
    return rc;
}

int picture_seal(struct answer *to, uint8_t *pixels, int rc)
{
    munmap(pixels, to->width * 4ull * to->height);
    if (!rc &&
        fcntl(to->fd, F_ADD_SEALS,
              F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) < 0)
        rc = -errno;
    if (rc) {
        close(to->fd);
        to->fd = -1;
    }
    return rc;
}

/* The descriptor of a PROTO_QUERY_RECORD. */
static int record(struct device *dev, struct proto_in *in)
{
    int rc;

    if (in->nr_fds != 1)
        return -EPROTO;
    rc = record_start(dev, in->fds[0]);
    if (!rc)
        in->nr_fds = 0;
    return rc;
}

static int screenshot(struct vgpu *vgpu, uint32_t scanout, struct answer *to,
                      struct proto_msg *reply)
{
    int rc = vgpu->model->screenshot(vgpu, scanout, to);

    if (rc && !to->len)
        answer_text(to, "the picture could not be taken: %s", strerror(-rc));
    reply->u.reply.width = to->width;
    reply->u.reply.height = to->height;
    reply->u.reply.stride = to->width * 4;
    reply->u.reply.format = XVGPU_FORMAT_XRGB8888;
    return rc;
}

void query_answer(struct device *dev, struct proto_in *in)
{
    const struct proto_msg *msg = &in->msg;
    static char buf[PROTO_TEXT];
    struct answer to = {.buf = buf, .size = sizeof(buf), .fd = -1};
    struct proto_msg reply = {.version = PROTO_VERSION, .type = PROTO_REPLY};
    struct vgpu *vgpu;
    int rc = 0;

    reply.u.reply.tag = msg->u.query.tag;
    if (msg->u.query.index >= dev->nr_vgpus) {
        rc = -ENOENT;
        goto out;
    }
    vgpu = &dev->vgpus[msg->u.query.index];
    switch (msg->u.query.query) {
    case PROTO_QUERY_SHOW:
        show_ioreq(dev, &to);
        pthread_mutex_lock(&dev->lock);
        vgpu->model->show(vgpu, &to);
        pthread_mutex_unlock(&dev->lock);
        break;
    case PROTO_QUERY_REGS:
        pthread_mutex_lock(&dev->lock);
        vgpu->model->regs(vgpu, &to);
        pthread_mutex_unlock(&dev->lock);
        break;
    case PROTO_QUERY_SCREENSHOT:
        rc = screenshot(vgpu, msg->u.query.scanout, &to, &reply);
        break;
    case PROTO_QUERY_RECORD:
        rc = record(dev, in);
        if (rc == -EBUSY)
            answer_text(&to, "the domain is being recorded already");
        else if (rc == -EOPNOTSUPP)
            answer_text(&to, "only native vGPUs can be recorded");
        break;
    default:
        rc = -ENOSYS;
    }
out:
    reply.u.reply.status = rc;
    rc = proto_send(dev->sock, &reply, &to.fd, to.fd >= 0 ? 1 : 0, buf, to.len);
    if (rc)
        log_warning("answering a query failed: %s", strerror(-rc));
    if (to.fd >= 0)
        close(to.fd);
}
