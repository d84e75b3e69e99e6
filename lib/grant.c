/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/grant.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)

/* The owner's only: by default anybody who sees a memfd can open it anew. */
static int make_page(const char *name)
{
    int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    int rc;

    if (fd < 0)
        return -errno;
    if (ftruncate(fd, GRANT_SIZE) < 0 || fchmod(fd, 0600) < 0 ||
        fcntl(fd, F_ADD_SEALS, SEALS) < 0) {
        rc = -errno;
        close(fd);
        return rc;
    }
    return fd;
}

static int open_for_reading(int fd)
{
    char path[32];
    int ro;

    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    ro = open(path, O_RDONLY | O_CLOEXEC);
    return ro < 0 ? -errno : ro;
}

static int map_page(int fd, int prot, void **page)
{
    *page = mmap(NULL, GRANT_SIZE, prot, MAP_SHARED, fd, 0);
    if (*page != MAP_FAILED)
        return 0;
    *page = NULL;
    return -errno;
}

int grant_create(enum grant_kind kind, uint32_t flags, int *s_fd, int *s_ro_fd,
                 struct grant_s **s, int *e_fd)
{
    int fds[3] = {-1, -1, -1};
    void *page;
    int rc, i;

    rc = fds[0] = make_page("grant-s");
    if (rc >= 0)
        rc = fds[1] = open_for_reading(fds[0]);
    if (rc >= 0)
        rc = fds[2] = make_page("grant-e");
    if (rc >= 0)
        rc = map_page(fds[0], PROT_READ | PROT_WRITE, &page);
    if (rc < 0)
        goto fail;
    *s = page;
    (*s)->kind = kind;
    (*s)->flags = flags;
    (*s)->epoch = 1;
    if (s_fd)
        *s_fd = fds[0];
    else
        close(fds[0]);
    *s_ro_fd = fds[1];
    *e_fd = fds[2];
    return 0;

fail:
    for (i = 0; i < 3; i++) {
        if (fds[i] >= 0)
            close(fds[i]);
    }
    return rc;
}

uint32_t grant_set(struct grant_s *s, enum grant_kind kind)
{
    uint32_t epoch = s->epoch + 1;

    __atomic_store_n(&s->kind, (uint32_t)kind, __ATOMIC_RELAXED);
    __atomic_store_n(&s->epoch, epoch, __ATOMIC_RELEASE);
    return epoch;
}

static int map_both(int s_fd, int s_prot, void **s, int e_fd, int e_prot,
                    void **e)
{
    int rc = map_page(s_fd, s_prot, s);

    if (rc < 0)
        return rc;
    rc = map_page(e_fd, e_prot, e);
    if (rc < 0) {
        munmap(*s, GRANT_SIZE);
        *s = NULL;
    }
    return rc;
}

int grant_map(int s_fd, int e_fd, const struct grant_s **s, struct grant_e **e)
{
    void *sp = NULL, *ep = NULL;
    int rc;

    rc = map_both(s_fd, PROT_READ, &sp, e_fd, PROT_READ | PROT_WRITE, &ep);
    if (rc < 0)
        return rc;
    *s = sp;
    *e = ep;
    return 0;
}

/* Of the right size for good: else a read could end in SIGBUS. */
static int check_page(int fd)
{
    struct stat st;
    int seals = fcntl(fd, F_GET_SEALS);

    if (seals < 0 || (seals & SEALS) != SEALS || fstat(fd, &st) < 0 ||
        st.st_size != GRANT_SIZE)
        return -EINVAL;
    return 0;
}

int grant_map_scheduler(int s_fd, int e_fd, struct grant_s **s,
                        const struct grant_e **e)
{
    void *sp = NULL, *ep = NULL;
    int rc;

    rc = check_page(s_fd);
    if (rc == 0)
        rc = check_page(e_fd);
    if (rc == 0)
        rc = map_both(s_fd, PROT_READ | PROT_WRITE, &sp, e_fd, PROT_READ, &ep);
    if (rc < 0)
        return rc;
    *s = sp;
    *e = ep;
    return 0;
}
