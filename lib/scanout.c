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

static bool settled(const struct scanout *head, uint32_t seq)
{
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    return !(seq & 1u) && LINK_READ(head->seq) == seq;
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
    const struct scanout *head;
    uint32_t seq, frame = 0, at = 0;
    unsigned int i;

    if (n >= SCANOUT_MAX)
        return -ENODATA;
    head = scanout_head(base, n);
    for (i = 0; i < TRIES; i++) {
        seq = LINK_READ_ACQ(head->seq);
        view->width = LINK_READ(head->width);
        view->height = LINK_READ(head->height);
        view->flushes = LINK_READ(head->flushes);
        view->line = LINK_READ(head->line);
        frame = LINK_READ(head->frame);
        at = LINK_READ(head->at);
        if (settled(head, seq))
            break;
    }
    return locate(base, n, frame, at, view) ? 0 : -ENODATA;
}

int scanout_look_cursor(void *base, unsigned int n, struct scanout_cursor *to)
{
    const struct scanout *head;
    unsigned int i;
    uint32_t seq;

    if (n >= SCANOUT_MAX)
        return -ENODATA;
    head = scanout_head(base, n);
    for (i = 0; i < TRIES; i++) {
        seq = LINK_READ_ACQ(head->seq);
        memcpy(to, &head->cursor, sizeof(*to));
        if (settled(head, seq))
            break;
    }
    if (to->hot_x >= SCANOUT_CURSOR || to->hot_y >= SCANOUT_CURSOR)
        to->hot_x = to->hot_y = 0;
    return 0;
}
