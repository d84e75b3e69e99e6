/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dm/engine/engine.h"

#include <errno.h>
#include <string.h>

int mem_failed(struct engine *e, int rc, uint64_t addr)
{
    if (rc != -EFAULT)
        log_limited(&e->host_log, LOG_WARNING,
                    "mapping guest memory at 0x%llx: %s",
                    (unsigned long long)addr, strerror(-rc));
    engine_fault(e, XVGPU_FAULT_ADDRESS, addr);
    return -1;
}

/* packet.h promises the result of a copy through a buffer. */
static int copy_overlapping(struct engine *e, uint64_t dst, uint64_t src,
                            uint32_t len)
{
    static unsigned char bounce[ENGINE_CHUNK];
    uint64_t bad;
    int rc;

    rc = guestmap_read(e->map, src, bounce, len, &bad);
    if (rc < 0)
        return mem_failed(e, rc, bad);
    return mem_write(e, dst, bounce, len);
}

int mem_copy(struct engine *e, uint64_t dst, uint64_t src, uint32_t len)
{
    struct guestmap_bucket *src_pin, *dst_pin;
    uint64_t src_n, n;
    void *src_va, *dst_va;
    int rc;

    if (src < dst ? dst - src < len : src - dst < len)
        return copy_overlapping(e, dst, src, len);
    while (len) {
        rc = guestmap_pin(e->map, src, len, &src_va, &src_n, &src_pin);
        if (rc < 0)
            return mem_failed(e, rc, src);
        rc = guestmap_pin(e->map, dst, src_n, &dst_va, &n, &dst_pin);
        if (rc < 0) {
            guestmap_unpin(e->map, src_pin);
            return mem_failed(e, rc, dst);
        }
        memcpy(dst_va, src_va, n);
        guestmap_unpin(e->map, dst_pin);
        guestmap_unpin(e->map, src_pin);
        e->stats.bytes += n;
        src += n;
        dst += n;
        len -= (uint32_t)n;
    }
    return 0;
}

int mem_fill(struct engine *e, uint64_t dst, const void *pattern, uint32_t len)
{
    struct guestmap_bucket *pin;
    uint64_t n, done, part;
    unsigned char *at;
    void *va;
    int rc;

    while (len) {
        rc = guestmap_pin(e->map, dst, len, &va, &n, &pin);
        if (rc < 0)
            return mem_failed(e, rc, dst);
        at = va;
        for (done = 0; done < n; done += part) {
            part = n - done < PATTERN_BYTES ? n - done : PATTERN_BYTES;
            memcpy(at + done, pattern, part);
        }
        guestmap_unpin(e->map, pin);
        e->stats.bytes += n;
        dst += n;
        len -= (uint32_t)n;
    }
    return 0;
}

int mem_write(struct engine *e, uint64_t dst, const void *buf, uint32_t len)
{
    uint64_t bad;
    int rc = guestmap_write(e->map, dst, buf, len, &bad);

    if (rc < 0)
        return mem_failed(e, rc, bad);
    e->stats.bytes += len;
    return 0;
}

int mem_store32(struct engine *e, uint64_t addr, uint32_t value)
{
    struct guestmap_bucket *pin;
    uint64_t n;
    void *va;
    int rc = guestmap_pin(e->map, addr, sizeof(value), &va, &n, &pin);

    if (rc < 0)
        return rc;
    __atomic_store_n((uint32_t *)va, value, __ATOMIC_RELEASE);
    guestmap_unpin(e->map, pin);
    return 0;
}

int mem_store64(struct engine *e, uint64_t addr, uint64_t value)
{
    struct guestmap_bucket *pin;
    uint64_t n;
    void *va;
    int rc = guestmap_pin(e->map, addr, sizeof(value), &va, &n, &pin);

    if (rc < 0)
        return mem_failed(e, rc, addr);
    __atomic_store_n((uint64_t *)va, value, __ATOMIC_RELEASE);
    guestmap_unpin(e->map, pin);
    return 0;
}

int mem_load32(struct engine *e, uint64_t addr, uint32_t *value)
{
    struct guestmap_bucket *pin;
    uint64_t n;
    void *va;
    int rc = guestmap_pin(e->map, addr, sizeof(*value), &va, &n, &pin);

    if (rc < 0)
        return mem_failed(e, rc, addr);
    *value = __atomic_load_n((uint32_t *)va, __ATOMIC_ACQUIRE);
    guestmap_unpin(e->map, pin);
    return 0;
}
