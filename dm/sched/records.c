/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dm/sched/records.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL)

int records_init(struct records *r)
{
    r->next = 0;
    r->ring = calloc(SCHED_RECORDS, sizeof(*r->ring));
    return r->ring ? 0 : -ENOMEM;
}

void records_fini(struct records *r)
{
    free(r->ring);
    r->ring = NULL;
}

void records_add(struct records *r, const struct sched_record *record)
{
    r->ring[r->next++ % SCHED_RECORDS] = *record;
}

static int write_all(int fd, const void *data, size_t len)
{
    const char *p = data;
    ssize_t n;

    while (len) {
        n = write(fd, p, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        p += n;
        len -= (size_t)n;
    }
    return 0;
}

int records_export(const struct records *r, uint64_t since, int *fd,
                   uint64_t *count, uint64_t *lost)
{
    uint64_t from = r->next > SCHED_RECORDS ? r->next - SCHED_RECORDS : 0;
    uint64_t first, n;
    int rc = 0;

    *lost = since < from ? from - since : 0;
    if (from < since)
        from = since < r->next ? since : r->next;
    *count = r->next - from;
    *fd = memfd_create("sched-records", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (*fd < 0)
        return -errno;
    first = from % SCHED_RECORDS;
    n = SCHED_RECORDS - first < *count ? SCHED_RECORDS - first : *count;
    rc = write_all(*fd, r->ring + first, n * sizeof(*r->ring));
    if (!rc)
        rc = write_all(*fd, r->ring, (*count - n) * sizeof(*r->ring));
    if (!rc && fcntl(*fd, F_ADD_SEALS, SEALS))
        rc = -errno;
    if (rc) {
        close(*fd);
        *fd = -1;
    }
    return rc;
}
