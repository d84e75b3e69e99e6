/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the administrator asks, through the monitor. */
#include "dm/device/device.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct text {
    char *buf;
    size_t len, size;
};

static void add(struct text *t, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
static void add(struct text *t, const char *fmt, ...)
{
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(t->buf + t->len, t->size - t->len, fmt, ap);
    va_end(ap);
    if (n > 0 && (size_t)n < t->size - t->len)
        t->len += (size_t)n;
}

#define ADD(t, name, value)                                                    \
    add(t, "%s %llu\n", name, (unsigned long long)(value))

/* Takes the service's lock, which comes before the device's. */
static void show_ioreq(struct device *dev, struct text *t)
{
    struct ioreq_stats s;

    ioreq_get_stats(dev->ioreq, &s);
    ADD(t, "ioreq.mmio", s.served[IOREQ_MMIO]);
    ADD(t, "ioreq.pio", s.served[IOREQ_PIO]);
    ADD(t, "ioreq.config", s.served[IOREQ_CFG]);
    ADD(t, "ioreq.deferred", s.deferred);
    ADD(t, "ioreq.invalidations", s.invalidations);
    ADD(t, "ioreq.nonsense", s.nonsense);
    ADD(t, "ioreq.spurious", s.spurious);
    ADD(t, "ioreq.spin_hits", s.spin_hits);
    ADD(t, "ioreq.sleeps", s.sleeps);
    ADD(t, "guard.accesses_delayed", s.delayed);
    ADD(t, "guard.accesses_delayed_ns", s.delayed_ns);
}

static void show_guard(struct text *t, const char *what, const struct guard *g)
{
    add(t, "guard.%s_delayed %llu\nguard.%s_delayed_ns %llu\n", what,
        (unsigned long long)__atomic_load_n(&g->delayed, __ATOMIC_RELAXED),
        what,
        (unsigned long long)__atomic_load_n(&g->delayed_ns, __ATOMIC_RELAXED));
}

static void show_engine(struct vgpu *vgpu, unsigned int n, struct text *t)
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
        ADD(t, name, value);                                                   \
    } while (0)
    SHOW("process", e->process);
    SHOW("enabled", e->st->enabled);
    SHOW("status", e->st->status);
    SHOW("jobs", e->st->totals[0] + LINK_READ(g->jobs));
    SHOW("packets", e->st->totals[1] + LINK_READ(g->packets));
    SHOW("bytes", e->st->totals[2] + LINK_READ(g->bytes));
    SHOW("faults", csr_get64(vgpu, engine_csr(n, XVGPU_FAULTS)));
    SHOW("fault_code", csr_get32(vgpu, engine_csr(n, XVGPU_FAULT_CODE)));
    SHOW("resets", csr_get32(vgpu, engine_csr(n, XVGPU_RESETS)));
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
        ADD(t, name, LINK_READ(g->hist[i]));
    }
#undef SHOW
}

static void show(struct vgpu *vgpu, struct text *t)
{
    unsigned int n;

    show_guard(t, "bar_moves_and_resets", &vgpu->dev->slow_guard);
    show_guard(t, "ring_starts", &vgpu->dev->ctrl_guard);
    show_guard(t, "interrupts", &vgpu->dev->event_guard);
    ADD(t, "devfn", vgpu->devfn);
    ADD(t, "vram_size", vgpu->vram_size);
    ADD(t, "vram_base", vgpu->st->vram_gfn << 12);
    ADD(t, "uptime_ns", clock_ns() - vgpu->st->time_base_ns);
    ADD(t, "resets", csr_get32(vgpu, XVGPU_RESET_COUNT));
    ADD(t, "reset_reason", csr_get32(vgpu, XVGPU_RESET_REASON));
    ADD(t, "quarantine", vgpu->st->quarantine != 0);
    ADD(t, "bad_access", csr_get32(vgpu, XVGPU_BAD_ACCESS));
    ADD(t, "bar_refused", csr_get32(vgpu, XVGPU_BAR_REFUSED));
    ADD(t, "interrupts.intx", vgpu->st->irq.sent[IRQ_INTX]);
    ADD(t, "interrupts.msi", vgpu->st->irq.sent[IRQ_MSI]);
    ADD(t, "interrupts.msix", vgpu->st->irq.sent[IRQ_MSIX]);
    ADD(t, "interrupts.failed", vgpu->st->irq.failed);
    for (n = 0; n < XVGPU_NR_ENGINES; n++)
        if (vgpu->engines[n].present)
            show_engine(vgpu, n, t);
}

/* Two at a time fit into the memory that the process may have. */
#define SCREENSHOT_MAX (128ull << 20)

struct surface {
    uint32_t width, height, stride, format;
    uint64_t base;
};

/* The guest's scanout registers, read once, checked against VRAM. */
static const char *check_surface(const struct vgpu *vgpu, struct surface *s)
{
    s->width = csr_get32(vgpu, XVGPU_SCANOUT_WIDTH);
    s->height = csr_get32(vgpu, XVGPU_SCANOUT_HEIGHT);
    s->stride = csr_get32(vgpu, XVGPU_SCANOUT_STRIDE);
    s->format = csr_get32(vgpu, XVGPU_SCANOUT_FORMAT);
    s->base = csr_get64(vgpu, XVGPU_SCANOUT_BASE);
    if (!(csr_get32(vgpu, XVGPU_SCANOUT_CTRL) & 1))
        return "the guest shows no surface";
    if (s->format != XVGPU_FORMAT_XRGB8888)
        return "the guest's surface has an unknown format";
    if (!s->width || !s->height || s->width > XVGPU_SCANOUT_MAX ||
        s->height > XVGPU_SCANOUT_MAX)
        return "the guest's surface has no valid size";
    if ((uint64_t)s->width * s->height * 4 > SCREENSHOT_MAX)
        return "the guest's surface is larger than 128 MiB";
    if (s->stride % 4 || s->stride < s->width * 4 ||
        s->stride > XVGPU_SCANOUT_MAX * 16)
        return "the guest's surface has no valid stride";
    if (s->base % 4 || s->base > vgpu->vram_size ||
        (uint64_t)s->stride * s->height > vgpu->vram_size - s->base)
        return "the guest's surface is not within VRAM";
    return NULL;
}

#define CHUNK 512u /* frames mapped at a time */

/* Copy the lines of a surface, one behind the other; what does not map stays
 * as it is. */
static int copy_lines(struct vgpu *vgpu, const struct surface *s, uint8_t *to)
{
    struct device *dev = vgpu->dev;
    const uint64_t end = s->base + (uint64_t)s->stride * s->height;
    xen_pfn_t gfns[CHUNK];
    int err[CHUNK];
    uint64_t at, chunk_end, line, in_line, n;
    unsigned int frames, i;
    uint8_t *va;

    for (at = s->base; at < end; at = chunk_end) {
        chunk_end = (at & ~4095ull) + 4096ull * CHUNK;
        if (chunk_end > end)
            chunk_end = end;
        frames = (unsigned int)((chunk_end - (at & ~4095ull) + 4095) >> 12);
        for (i = 0; i < frames; i++)
            gfns[i] = vgpu->st->vram_gfn + (at >> 12) + i;
        memset(err, 0, sizeof(err));
        va = xenforeignmemory_map(dev->fmem, dev->domid, PROT_READ, frames,
                                  gfns, err);
        if (!va && (errno == ENOMEM || errno == EMFILE))
            return -errno;
        for (uint64_t p = at; va && p < chunk_end; p += n) {
            /* To the end of the page, the line's pixels or its padding. */
            n = 4096 - (p & 4095);
            if (n > chunk_end - p)
                n = chunk_end - p;
            line = (p - s->base) / s->stride;
            in_line = (p - s->base) % s->stride;
            if (in_line >= s->width * 4ull) {
                if (n > s->stride - in_line)
                    n = s->stride - in_line;
                continue;
            }
            if (n > s->width * 4ull - in_line)
                n = s->width * 4ull - in_line;
            i = (unsigned int)((p >> 12) - (at >> 12));
            if (!err[i])
                memcpy(to + line * s->width * 4ull + in_line,
                       va + 4096ull * i + (p & 4095), n);
        }
        if (va)
            xenforeignmemory_unmap(dev->fmem, va, frames);
    }
    return 0;
}

static int screenshot(struct vgpu *vgpu, const struct surface *s, int *out)
{
    const uint64_t len = s->width * 4ull * s->height;
    uint8_t *to;
    int fd, rc = 0;

    fd = memfd_create("screenshot", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0)
        return -errno;
    if (ftruncate(fd, (off_t)len) < 0) {
        rc = -errno;
        goto out;
    }
    to = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (to == MAP_FAILED) {
        rc = -errno;
        goto out;
    }
    rc = copy_lines(vgpu, s, to);
    munmap(to, len);
    if (!rc &&
        fcntl(fd, F_ADD_SEALS,
              F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) < 0)
        rc = -errno;
out:
    if (rc)
        close(fd);
    else
        *out = fd;
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

void query_answer(struct device *dev, struct proto_in *in)
{
    const struct proto_msg *msg = &in->msg;
    static char buf[PROTO_TEXT];
    struct text t = {.buf = buf, .size = sizeof(buf)};
    struct proto_msg reply = {.version = PROTO_VERSION, .type = PROTO_REPLY};
    const char *why = NULL;
    struct surface s = {0};
    struct vgpu *vgpu;
    int fd = -1, rc = 0;

    reply.u.reply.tag = msg->u.query.tag;
    if (msg->u.query.index >= dev->nr_vgpus) {
        rc = -ENOENT;
        goto out;
    }
    vgpu = &dev->vgpus[msg->u.query.index];
    if (msg->u.query.query == PROTO_QUERY_SHOW)
        show_ioreq(dev, &t);
    pthread_mutex_lock(&dev->lock);
    switch (msg->u.query.query) {
    case PROTO_QUERY_SHOW:
        show(vgpu, &t);
        break;
    case PROTO_QUERY_REGS:
        t.len = csr_dump(vgpu, buf, sizeof(buf));
        break;
    case PROTO_QUERY_SCREENSHOT:
        why = check_surface(vgpu, &s);
        break;
    case PROTO_QUERY_RECORD:
        break;
    default:
        rc = -ENOSYS;
    }
    pthread_mutex_unlock(&dev->lock);
    /* Takes the service's lock, which comes before the device's. */
    if (msg->u.query.query == PROTO_QUERY_RECORD) {
        rc = record(dev, in);
        if (rc == -EBUSY)
            add(&t, "the domain is being recorded already");
    }
    if (why) {
        rc = -ENODATA;
        add(&t, "%s", why);
    } else if (!rc && msg->u.query.query == PROTO_QUERY_SCREENSHOT) {
        reply.u.reply.width = s.width;
        reply.u.reply.height = s.height;
        reply.u.reply.stride = s.width * 4;
        reply.u.reply.format = s.format;
        rc = screenshot(vgpu, &s, &fd);
        if (rc)
            add(&t, "the picture could not be taken: %s", strerror(-rc));
    }
out:
    reply.u.reply.status = rc;
    rc = proto_send(dev->sock, &reply, &fd, fd >= 0 ? 1 : 0, t.buf, t.len);
    if (rc)
        log_warning("answering a query failed: %s", strerror(-rc));
    if (fd >= 0)
        close(fd);
}
