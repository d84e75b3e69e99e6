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
        } else if (errno == ENOMEM || errno == EMFILE) {
            rc = -errno;
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
        if (!err[i] && gfn + i - vgpu->vram_gfn >= vram_frames)
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
    return for_each_chunk(vgpu, vgpu->vram_gfn, vgpu->vram_size >> 12,
                          PROT_READ | PROT_WRITE, clear);
}

/* Frames [0, frames) of VRAM from `src` to `dst`. Xen moves in ascending
 * order, frame by frame, and what a frame lands on is lost: where the ranges
 * overlap the chunks go so that none lands on what is still to be moved. */
static int relocate(struct vgpu *vgpu, uint64_t src, uint64_t dst,
                    uint64_t frames, uint64_t *moved)
{
    struct device *dev = vgpu->dev;
    const bool up = dst > src;
    const uint64_t distance = up ? dst - src : src - dst;
    const uint64_t chunk = distance < 8192 ? distance : 8192;
    uint64_t n, at;

    for (*moved = 0; *moved < frames; *moved += n) {
        n = frames - *moved < chunk ? frames - *moved : chunk;
        at = up ? frames - *moved - n : *moved;
        if (xendevicemodel_relocate_memory(dev->dmod, (domid_t)dev->domid,
                                           (uint32_t)n, src + at, dst + at))
            return -errno;
    }
    return 0;
}

/* Undo a relocation of which some chunks, and some frames of the next, may
 * have been moved: frame by frame, those that are at the target. */
static void put_back(struct vgpu *vgpu, uint64_t src, uint64_t dst,
                     uint64_t frames)
{
    struct device *dev = vgpu->dev;
    const bool up = dst > src;
    uint64_t i, at;

    for (i = 0; i < frames; i++) {
        at = up ? i : frames - 1 - i;
        /* Fails where nothing is, which is what we want. */
        xendevicemodel_relocate_memory(dev->dmod, (domid_t)dev->domid, 1,
                                       dst + at, src + at);
    }
}

void vram_pin_caching(struct vgpu *vgpu)
{
    struct device *dev = vgpu->dev;

    if (xendevicemodel_pin_memory_cacheattr(
            dev->dmod, (domid_t)dev->domid, vgpu->vram_gfn,
            vgpu->vram_gfn + (vgpu->vram_size >> 12) - 1,
            XEN_DMOP_MEM_CACHEATTR_WB))
        log_debug("vGPU %u: pinning write-back caching failed: %s", vgpu->index,
                  strerror(errno));
}

static void unpin_caching(struct vgpu *vgpu)
{
    struct device *dev = vgpu->dev;

    xendevicemodel_pin_memory_cacheattr(
        dev->dmod, (domid_t)dev->domid, vgpu->vram_gfn,
        vgpu->vram_gfn + (vgpu->vram_size >> 12) - 1,
        XEN_DMOP_DELETE_MEM_CACHEATTR);
}

int vram_move(struct vgpu *vgpu, uint64_t gfn)
{
    struct device *dev = vgpu->dev;
    const uint64_t frames = vgpu->vram_size >> 12;
    const uint64_t from = vgpu->vram_gfn;
    uint64_t moved;
    int rc;

    if (gfn == from)
        return 0;
    /* Xen would relocate over guest RAM without a word. */
    rc = for_each_chunk(vgpu, gfn, frames, PROT_READ, is_free);
    if (rc)
        return rc;
    unpin_caching(vgpu);
    rc = relocate(vgpu, from, gfn, frames, &moved);
    if (rc)
        put_back(vgpu, from, gfn, frames);
    pthread_mutex_lock(&dev->lock);
    if (!rc)
        vgpu->vram_gfn = gfn;
    engines_invalidate(vgpu);
    pthread_mutex_unlock(&dev->lock);
    pthread_mutex_lock(&dev->map_lock);
    guestmap_invalidate(dev->map);
    pthread_mutex_unlock(&dev->map_lock);
    vram_pin_caching(vgpu);
    log_debug("vGPU %u: VRAM %s 0x%llx", vgpu->index,
              rc ? "could not be moved to" : "moved to",
              (unsigned long long)gfn << 12);
    return rc;
}
