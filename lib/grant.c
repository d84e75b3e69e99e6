/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/grant.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

int grant_create(enum grant_kind kind, int *s_fd, struct grant_s **s, int *e_fd)
{
    int fds[2] = {-1, -1};
    struct grant_s *page = MAP_FAILED;
    int rc;

    fds[0] = memfd_create("grant-s", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    fds[1] = memfd_create("grant-e", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fds[0] < 0 || fds[1] < 0 || ftruncate(fds[0], GRANT_SIZE) < 0 ||
        ftruncate(fds[1], GRANT_SIZE) < 0)
        goto fail;
    page =
        mmap(NULL, GRANT_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fds[0], 0);
    if (page == MAP_FAILED)
        goto fail;
    page->kind = kind;
    page->epoch = 1;
    if (fcntl(fds[0], F_ADD_SEALS,
              F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE | F_SEAL_SEAL) <
            0 ||
        fcntl(fds[1], F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) <
            0)
        goto fail;
    *s_fd = fds[0];
    *e_fd = fds[1];
    *s = page;
    return 0;

fail:
    rc = -errno;
    if (page != MAP_FAILED)
        munmap(page, GRANT_SIZE);
    if (fds[0] >= 0)
        close(fds[0]);
    if (fds[1] >= 0)
        close(fds[1]);
    return rc;
}

void grant_set(struct grant_s *s, enum grant_kind kind)
{
    __atomic_store_n(&s->kind, (uint32_t)kind, __ATOMIC_RELAXED);
    __atomic_store_n(&s->epoch, s->epoch + 1, __ATOMIC_RELEASE);
}

int grant_map(int s_fd, int e_fd, const struct grant_s **s, struct grant_e **e)
{
    const struct grant_s *sp;
    struct grant_e *ep;
    int rc;

    sp = mmap(NULL, GRANT_SIZE, PROT_READ, MAP_SHARED, s_fd, 0);
    if (sp == MAP_FAILED)
        return -errno;
    ep = mmap(NULL, GRANT_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, e_fd, 0);
    if (ep == MAP_FAILED) {
        rc = -errno;
        munmap((void *)(uintptr_t)sp, GRANT_SIZE);
        return rc;
    }
    *s = sp;
    *e = ep;
    return 0;
}
