/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the administrator asks of a native vGPU. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "dm/device/model.h"

static void show_faults(struct vgpu *vgpu, unsigned int n, struct answer *to)
{
    static const char *const names[XVGPU_NR_ENGINES] = {"gfx", "sdma", "mm"};

    answer_text(
        to, "%s.faults %llu\n%s.fault_code %u\n%s.resets %u\n", names[n],
        (unsigned long long)csr_get64(vgpu, engine_csr(n, XVGPU_FAULTS)),
        names[n], csr_get32(vgpu, engine_csr(n, XVGPU_FAULT_CODE)), names[n],
        csr_get32(vgpu, engine_csr(n, XVGPU_RESETS)));
}

void native_show(struct vgpu *vgpu, struct answer *to)
{
    unsigned int n;

    answer_guards(vgpu, to);
    answer_number(to, "devfn", vgpu->devfn);
    answer_number(to, "vram_size", vgpu->vram_size);
    answer_number(to, "vram_base", vgpu->st->vram_gfn << 12);
    answer_number(to, "uptime_ns", clock_ns() - vgpu->st->time_base_ns);
    answer_number(to, "resets", csr_get32(vgpu, XVGPU_RESET_COUNT));
    answer_number(to, "reset_reason", csr_get32(vgpu, XVGPU_RESET_REASON));
    answer_number(to, "quarantine", vgpu->st->quarantine != 0);
    answer_number(to, "bad_access", csr_get32(vgpu, XVGPU_BAD_ACCESS));
    answer_number(to, "bar_refused", csr_get32(vgpu, XVGPU_BAR_REFUSED));
    answer_irq(vgpu, to);
    for (n = 0; n < XVGPU_NR_ENGINES; n++) {
        if (!vgpu->engines[n].present)
            continue;
        answer_engine(vgpu, n, to);
        show_faults(vgpu, n, to);
    }
}

void native_regs(struct vgpu *vgpu, struct answer *to)
{
    to->len = csr_dump(vgpu, to->buf, to->size);
}

/* Two at a time fit into the memory that the process may have. */
#define SCREENSHOT_MAX (128ull << 20)

struct surface {
    uint32_t width, height, stride, format;
    uint64_t base;
};

/* The guest's scanout registers, read once, checked against VRAM. NULL, or what
 * is wrong with them. */
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

int native_screenshot(struct vgpu *vgpu, uint32_t scanout, struct answer *to)
{
    struct surface s;
    const char *why;
    uint8_t *pixels;
    int rc;

    pthread_mutex_lock(&vgpu->dev->lock);
    why = scanout ? "there is scanout 0 only" : check_surface(vgpu, &s);
    pthread_mutex_unlock(&vgpu->dev->lock);
    if (why) {
        answer_text(to, "%s", why);
        return -ENODATA;
    }
    to->width = s.width;
    to->height = s.height;
    rc = picture_new(to, &pixels);
    if (rc)
        return rc;
    return picture_seal(to, pixels, copy_lines(vgpu, &s, pixels));
}
