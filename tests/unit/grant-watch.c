/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "grant-watch.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/grant.h"

/* It has each page twice: once for itself, once for the engine. */
static bool known(const ino_t *inodes, unsigned int nr, ino_t inode)
{
    while (nr && inodes[nr - 1] != inode)
        nr--;
    return nr;
}

/* In the order in which they were made: engines by their numbers. */
static void find_pages(pid_t monitor, const struct grant_s **pages)
{
    char path[64], target[64];
    ino_t inodes[GRANT_WATCH_ENGINES];
    unsigned int nr = 0, i;
    struct stat st;
    void *page;
    ssize_t n;
    int fd;

    for (i = 0; i < 256 && nr < GRANT_WATCH_ENGINES; i++) {
        snprintf(path, sizeof(path), "/proc/%d/fd/%u", (int)monitor, i);
        n = readlink(path, target, sizeof(target) - 1);
        if (n < 0)
            continue;
        target[n] = '\0';
        if (strncmp(target, "/memfd:grant-s", 14) || stat(path, &st) ||
            known(inodes, nr, st.st_ino))
            continue;
        inodes[nr] = st.st_ino;
        fd = open(path, O_RDONLY | O_CLOEXEC);
        assert_true(fd >= 0);
        page = mmap(NULL, GRANT_SIZE, PROT_READ, MAP_SHARED, fd, 0);
        close(fd);
        assert_ptr_not_equal(page, MAP_FAILED);
        pages[nr++] = page;
    }
    assert_int_equal(nr, GRANT_WATCH_ENGINES);
}

static uint32_t epoch(const struct grant_s *s)
{
    return __atomic_load_n(&s->epoch, __ATOMIC_SEQ_CST);
}

static bool runs(const struct grant_s *s)
{
    return __atomic_load_n(&s->kind, __ATOMIC_SEQ_CST) == GRANT_RUN;
}

/* At one time: the first one's grant has not changed meanwhile. */
static bool both(const struct grant_s *a, const struct grant_s *b)
{
    const uint32_t before = epoch(a);

    return runs(a) && runs(b) && runs(a) && epoch(a) == before;
}

static void *watch_main(void *arg)
{
    struct grant_watch *w = arg;
    unsigned int i, k;

    while (!__atomic_load_n(&w->stop, __ATOMIC_ACQUIRE)) {
        for (i = 0; i < GRANT_WATCH_ENGINES; i++) {
            w->ganged += both(w->s[i][0], w->s[i][1]);
            for (k = 0; k < GRANT_WATCH_ENGINES; k++) {
                if (both(w->s[0][i], w->s[1][k]))
                    (*(i == k ? &w->same : &w->crossed))++;
            }
        }
        usleep(100);
    }
    return NULL;
}

void grant_watch_start(struct grant_watch *w, const pid_t monitors[2])
{
    memset(w, 0, sizeof(*w));
    find_pages(monitors[0], w->s[0]);
    find_pages(monitors[1], w->s[1]);
    assert_int_equal(pthread_create(&w->thread, NULL, watch_main, w), 0);
}

void grant_watch_stop(struct grant_watch *w)
{
    unsigned int i, k;

    __atomic_store_n(&w->stop, true, __ATOMIC_RELEASE);
    pthread_join(w->thread, NULL);
    for (i = 0; i < 2; i++) {
        for (k = 0; k < GRANT_WATCH_ENGINES; k++)
            munmap((void *)(uintptr_t)w->s[i][k], GRANT_SIZE);
    }
}
