/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/scanout.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "lib/link.h"

/* A reader's patience with a writer in the middle of things; then it takes
 * what it has read: each field is checked by itself. */
#define TRIES 1000u

int scanout_map(int fd, int write, void **base)
{
    struct stat st;
    int seals;
    void *p;

    seals = fcntl(fd, F_GET_SEALS);
    if (seals < 0 || fstat(fd, &st) < 0)
        return -errno;
    if (!(seals & F_SEAL_SHRINK) || st.st_size < (off_t)SCANOUT_SIZE)
        return -EINVAL;
    p = mmap(NULL, SCANOUT_SIZE, write ? PROT_READ | PROT_WRITE : PROT_READ,
             MAP_SHARED, fd, 0);
    if (p == MAP_FAILED)
        return -errno;
    *base = p;
    return 0;
}

void scanout_unmap(void *base)
{
    if (base)
        munmap(base, SCANOUT_SIZE);
}

void scanout_begin(struct scanout *head)
{
    LINK_WRITE(head->seq, LINK_READ(head->seq) | 1u);
    __atomic_thread_fence(__ATOMIC_RELEASE);
}

void scanout_end(struct scanout *head)
{
    LINK_WRITE_REL(head->seq, (LINK_READ(head->seq) | 1u) + 1u);
}

/* Of a head, until nothing was written to it meanwhile. */
struct reading {
    const struct scanout *head;
    uint32_t seq;
    unsigned int tries;
};

static bool settled(const struct reading *r)
{
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    return !(r->seq & 1u) && LINK_READ(r->head->seq) == r->seq;
}

/* Whether to read, for the first time or once more. */
static bool read_on(struct reading *r)
{
    if (r->tries && (settled(r) || r->tries == TRIES))
        return false;
    r->tries++;
    r->seq = LINK_READ_ACQ(r->head->seq);
    return true;
}

/* Where the picture is that a head describes. False: not in here. */
static bool locate(void *base, unsigned int n, uint32_t frame, uint32_t at,
                   struct scanout_view *view)
{
    if (!view->width || !view->height || view->width > SCANOUT_WIDTH_MAX ||
        view->height > SCANOUT_HEIGHT_MAX)
        return false;
    if (!frame) {
        view->pixels = scanout_pixels(base, n);
        view->line = view->width;
        return true;
    }
    if (frame > SCANOUT_FRAMES || view->line < view->width ||
        at + (view->height - 1ull) * view->line + view->width > SCANOUT_PIXELS)
        return false;
    view->pixels = scanout_frame(base, frame - 1) + at;
    return true;
}

int scanout_look(void *base, unsigned int n, struct scanout_view *view)
{
    struct reading r = {0};
    uint32_t frame = 0, at = 0;

    if (n >= SCANOUT_MAX)
        return -ENODATA;
    r.head = scanout_head(base, n);
    while (read_on(&r)) {
        view->width = LINK_READ(r.head->width);
        view->height = LINK_READ(r.head->height);
        view->flushes = LINK_READ(r.head->flushes);
        view->line = LINK_READ(r.head->line);
        frame = LINK_READ(r.head->frame);
        at = LINK_READ(r.head->at);
    }
    return locate(base, n, frame, at, view) ? 0 : -ENODATA;
}

int scanout_look_cursor(void *base, unsigned int n, struct scanout_cursor *to)
{
    struct reading r = {0};

    if (n >= SCANOUT_MAX)
        return -ENODATA;
    r.head = scanout_head(base, n);
    while (read_on(&r))
        memcpy(to, &r.head->cursor, sizeof(*to));
    if (to->hot_x >= SCANOUT_CURSOR || to->hot_y >= SCANOUT_CURSOR)
        to->hot_x = to->hot_y = 0;
    return 0;
}
