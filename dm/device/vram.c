/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dm/device/device.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#define CHUNK 512u /* frames: 2 MiB */

/* Call fn on chunks of frames from `gfn` on, as far as they are populated.
 * `err` has one entry a frame. */
typedef int (*chunk_fn)(const struct vgpu *vgpu, uint64_t gfn,
                        unsigned int frames, uint8_t *va, const int *err);

static int for_each_chunk(struct vgpu *vgpu, uint64_t gfn, uint64_t frames,
                          int prot, chunk_fn fn)
{
    struct device *dev = vgpu->dev;
    xen_pfn_t gfns[CHUNK];
    int err[CHUNK];
    unsigned int n, i;
    uint8_t *va;
    int rc = 0;

    while (frames && !rc) {
        n = frames < CHUNK ? (unsigned int)frames : CHUNK;
        for (i = 0; i < n; i++)
            gfns[i] = gfn + i;
        memset(err, 0, sizeof(err));
        va = xenforeignmemory_map(dev->fmem, dev->domid, prot, n, gfns, err);
        if (va) {
            rc = fn(vgpu, gfn, n, va, err);
            xenforeignmemory_unmap(dev->fmem, va, n);
        } else if (errno != EFAULT && errno != EINVAL && errno != ENOENT) {
            rc = -errno; /* not just that nothing is there */
        }
        gfn += n;
        frames -= n;
    }
    return rc;
}

static int is_free(const struct vgpu *vgpu, uint64_t gfn, unsigned int frames,
                   uint8_t *va, const int *err)
{
    const uint64_t vram_frames = vgpu->vram_size >> 12;
    unsigned int i;

    (void)va;
    for (i = 0; i < frames; i++)
        if (!err[i] && gfn + i - vgpu->st->vram_gfn >= vram_frames)
            return -EBUSY;
    return 0;
}

static int clear(const struct vgpu *vgpu, uint64_t gfn, unsigned int frames,
                 uint8_t *va, const int *err)
{
    unsigned int i;

    (void)vgpu;
    (void)gfn;
    for (i = 0; i < frames; i++)
        if (!err[i])
            memset(va + 4096ull * i, 0, 4096);
    return 0;
}

int vram_scrub(struct vgpu *vgpu)
{
    return for_each_chunk(vgpu, vgpu->st->vram_gfn, vgpu->vram_size >> 12,
                          PROT_READ | PROT_WRITE, clear);
}

/* Frames of one hypercall. Where the ranges overlap, no more than they are
 * apart: Xen moves frame by frame, in ascending order, and what a frame lands
 * on is lost. */
static uint64_t move_chunk(uint64_t src, uint64_t dst)
{
    const uint64_t distance = dst > src ? dst - src : src - dst;

    return distance < 8192 ? distance : 8192;
}

/* Frames [0, frames) of VRAM from `src` to `dst`, chunk by chunk from the end
 * at which none lands on what is still to be moved. st->vram_moved counts
 * those that are done. */
static int relocate(struct vgpu *vgpu, uint64_t src, uint64_t dst,
                    uint64_t frames)
{
    struct device *dev = vgpu->dev;
    const uint64_t chunk = move_chunk(src, dst);
    uint64_t *moved = &vgpu->st->vram_moved;
    uint64_t n, at;

    for (*moved = 0; *moved < frames; *moved += n) {
        n = frames - *moved < chunk ? frames - *moved : chunk;
        at = dst > src ? frames - *moved - n : *moved;
        if (xendevicemodel_relocate_memory(dev->dmod, (domid_t)dev->domid,
                                           (uint32_t)n, src + at, dst + at))
            return -errno;
    }
    return 0;
}

/* Undo a relocation of which st->vram_moved frames, and some of the next
 * chunk, have been moved: frame by frame, those that may be at the target. */
static void put_back(struct vgpu *vgpu, uint64_t src, uint64_t dst,
                     uint64_t frames)
{
    struct device *dev = vgpu->dev;
    uint64_t touched = vgpu->st->vram_moved + move_chunk(src, dst), i, at;

    if (touched > frames)
        touched = frames;
    for (i = 0; i < touched; i++) {
        at = dst > src ? frames - touched + i : touched - 1 - i;
        /* Fails where nothing is, which is what we want. */
        xendevicemodel_relocate_memory(dev->dmod, (domid_t)dev->domid, 1,
                                       dst + at, src + at);
    }
}

static void moved_to(struct vgpu *vgpu, uint64_t gfn)
{
    struct device *dev = vgpu->dev;

    pthread_mutex_lock(&dev->lock);
    vgpu->st->vram_gfn = gfn;
    vgpu->st->vram_to = gfn;
    engines_invalidate(vgpu);
    pthread_mutex_unlock(&dev->lock);
    pthread_mutex_lock(&dev->map_lock);
    guestmap_invalidate(dev->map);
    pthread_mutex_unlock(&dev->map_lock);
}

void vram_settle(struct vgpu *vgpu)
{
    if (vgpu->st->vram_to == vgpu->st->vram_gfn)
        return;
    put_back(vgpu, vgpu->st->vram_gfn, vgpu->st->vram_to,
             vgpu->vram_size >> 12);
    moved_to(vgpu, vgpu->st->vram_gfn);
}

int vram_move(struct vgpu *vgpu, uint64_t gfn)
{
    const uint64_t frames = vgpu->vram_size >> 12;
    const uint64_t from = vgpu->st->vram_gfn;
    int rc;

    if (gfn == from)
        return 0;
    /* Xen would relocate over guest RAM without a word. */
    rc = for_each_chunk(vgpu, gfn, frames, PROT_READ, is_free);
    if (rc)
        return rc;
    worker_charge(vgpu->dev, &vgpu->dev->slow_guard);
    vgpu->st->vram_moved = 0;
    vgpu->st->vram_to = gfn;
    rc = relocate(vgpu, from, gfn, frames);
    if (rc)
        put_back(vgpu, from, gfn, frames);
    moved_to(vgpu, rc ? from : gfn);
    log_debug("vGPU %u: VRAM %s 0x%llx", vgpu->index,
              rc ? "could not be moved to" : "moved to",
              (unsigned long long)gfn << 12);
    return rc;
}
