/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tools/replay/memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xenevtchn.h>
#include <xenforeignmemory.h>

#define SLOTS (REPLAY_PAGES_MAX * 2) /* of a hash table; a power of two */

struct slot {
    uint64_t frame; /* + 1; 0: free */
    uint32_t page;
};

static struct slot *slots;
static uint32_t nr_pages;
static int file = -1;

/* ---- Memory ------------------------------------------------------------- */

int replay_memory_init(void)
{
    slots = calloc(SLOTS, sizeof(*slots));
    if (!slots)
        return -ENOMEM;
    file = memfd_create("guest", MFD_CLOEXEC);
    if (file < 0 || ftruncate(file, (off_t)REPLAY_PAGES_MAX * REPLAY_PAGE))
        return -errno;
    return 0;
}

/* Where a frame is, or would be: at most half of all slots are used. */
static struct slot *find(uint64_t frame)
{
    uint64_t h = frame * 0x9e3779b97f4a7c15ull >> 32;

    while (slots[h % SLOTS].frame && slots[h % SLOTS].frame != frame + 1)
        h++;
    return &slots[h % SLOTS];
}

int replay_memory_populate(uint64_t addr, uint64_t size)
{
    uint64_t frame = addr / REPLAY_PAGE;
    uint64_t end = (addr + size + REPLAY_PAGE - 1) / REPLAY_PAGE;

    for (; frame < end; frame++) {
        struct slot *s = find(frame);

        if (s->frame)
            continue;
        if (nr_pages == REPLAY_PAGES_MAX)
            return -ENOSPC;
        s->frame = frame + 1;
        s->page = nr_pages++;
    }
    return 0;
}

#define FREE_FROM (1ull << 40)
#define FREE_TRIES 4096u
#define MIB (1ull << 20)

uint64_t replay_memory_free(uint64_t size)
{
    uint64_t addr, at;
    unsigned int i;

    for (i = 0; i < FREE_TRIES; i++) {
        addr = FREE_FROM + i * MIB;
        for (at = 0; at < size && !find((addr + at) / REPLAY_PAGE)->frame;)
            at += REPLAY_PAGE;
        if (at == size)
            return addr;
    }
    return 0;
}

/* Where a byte lies in the file, and how many follow it there; -1: nowhere. */
static off_t place(uint64_t addr, uint64_t size, size_t *len)
{
    const struct slot *s = find(addr / REPLAY_PAGE);
    uint64_t at = addr % REPLAY_PAGE;

    *len = size < REPLAY_PAGE - at ? (size_t)size : (size_t)(REPLAY_PAGE - at);
    return s->frame ? (off_t)s->page * REPLAY_PAGE + (off_t)at : -1;
}

int replay_memory_write(uint64_t addr, const void *data, uint64_t size)
{
    static const uint8_t zeroes[REPLAY_PAGE];
    const uint8_t *from = data;
    size_t len;

    while (size) {
        off_t at = place(addr, size, &len);

        if (at < 0)
            return -EFAULT;
        if (pwrite(file, from ? from : zeroes, len, at) != (ssize_t)len)
            return -EIO;
        from = from ? from + len : NULL;
        addr += len;
        size -= len;
    }
    return 0;
}

int replay_memory_read(uint64_t addr, void *data, uint64_t size)
{
    uint8_t *to = data;
    size_t len;

    while (size) {
        off_t at = place(addr, size, &len);

        if (at < 0)
            return -EFAULT;
        if (pread(file, to, len, at) != (ssize_t)len)
            return -EIO;
        to += len;
        addr += len;
        size -= len;
    }
    return 0;
}

/* ---- libxenforeignmemory ------------------------------------------------ */

/* Not Xen's handles, but something to point to. */
static char handle;

xenforeignmemory_handle *xenforeignmemory_open(struct xentoollog_logger *logger,
                                               unsigned int open_flags)
{
    (void)logger;
    (void)open_flags;
    return (xenforeignmemory_handle *)&handle;
}

int xenforeignmemory_close(xenforeignmemory_handle *fmem)
{
    (void)fmem;
    return 0;
}

/* Pages that follow each other in the file are mapped together. */
static size_t run(const xen_pfn_t *frames, size_t i, size_t n)
{
    const struct slot *s = find(frames[i]), *next;
    size_t len = 1;

    for (; i + len < n; len++) {
        next = find(frames[i + len]);
        if (!next->frame != !s->frame ||
            (s->frame && next->page != s->page + len))
            break;
    }
    return len;
}

void *xenforeignmemory_map(xenforeignmemory_handle *fmem, uint32_t dom,
                           int prot, size_t pages,
                           const xen_pfn_t frames[/*pages*/],
                           int err[/*pages*/])
{
    uint8_t *va = mmap(NULL, pages * REPLAY_PAGE, PROT_NONE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    size_t i, j, n;

    (void)fmem;
    (void)dom;
    if (va == MAP_FAILED)
        return NULL;
    for (i = 0; i < pages; i += n) {
        const struct slot *s = find(frames[i]);

        n = run(frames, i, pages);
        for (j = i; err && j < i + n; j++)
            err[j] = s->frame ? 0 : -EINVAL;
        if (s->frame && mmap(va + i * REPLAY_PAGE, n * REPLAY_PAGE, prot,
                             MAP_SHARED | MAP_FIXED, file,
                             (off_t)s->page * REPLAY_PAGE) == MAP_FAILED)
            goto fail;
        if (!s->frame && !err) {
            errno = EINVAL;
            goto fail;
        }
    }
    return va;

fail:
    n = (size_t)errno;
    munmap(va, pages * REPLAY_PAGE);
    errno = (int)n;
    return NULL;
}

int xenforeignmemory_unmap(xenforeignmemory_handle *fmem, void *addr,
                           size_t pages)
{
    (void)fmem;
    return munmap(addr, pages * REPLAY_PAGE);
}

/* ---- libxenevtchn: nobody is there -------------------------------------- */

xenevtchn_handle *xenevtchn_open(struct xentoollog_logger *logger,
                                 unsigned int open_flags)
{
    (void)logger;
    (void)open_flags;
    return (xenevtchn_handle *)&handle;
}

int xenevtchn_close(xenevtchn_handle *xce)
{
    (void)xce;
    return 0;
}

int xenevtchn_fd(xenevtchn_handle *xce)
{
    static int fd = -1;

    (void)xce;
    if (fd < 0)
        fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    return fd;
}

static int nobody(void)
{
    errno = ENODEV;
    return -1;
}

int xenevtchn_notify(xenevtchn_handle *xce, evtchn_port_t port)
{
    (void)xce;
    (void)port;
    return nobody();
}

xenevtchn_port_or_error_t xenevtchn_bind_interdomain(xenevtchn_handle *xce,
                                                     uint32_t domid,
                                                     evtchn_port_t remote_port)
{
    (void)xce;
    (void)domid;
    (void)remote_port;
    return nobody();
}

int xenevtchn_unbind(xenevtchn_handle *xce, evtchn_port_t port)
{
    (void)xce;
    (void)port;
    return nobody();
}

xenevtchn_port_or_error_t xenevtchn_pending(xenevtchn_handle *xce)
{
    (void)xce;
    return nobody();
}

int xenevtchn_unmask(xenevtchn_handle *xce, evtchn_port_t port)
{
    (void)xce;
    (void)port;
    return nobody();
}
