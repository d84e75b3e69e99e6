/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The shared state, how a process gets at it, locks, counters, faults. */
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "internal.h"

#define FD_BASE 512

struct fx_process fx = {
    .shared_fd = -1, .memory_fd = -1, .hole_fd = -1, .socket = -1};

static pthread_mutex_t attach_lock = PTHREAD_MUTEX_INITIALIZER;

static const char *const call_names[FX_NR_CALLS] = {
#define X(name) #name,
    FX_CALLS(X)
#undef X
};

/* The last plan is for "*". */
static struct {
    unsigned int n;
    int err;
} plans[FX_NR_CALLS + 1];
static pthread_mutex_t plan_lock = PTHREAD_MUTEX_INITIALIZER;

static void fatal(const char *what)
{
    fprintf(stderr, "fakexen: %s: %s\n", what, strerror(errno));
    abort();
}

/* ---- Locks, time, futexes -------------------------------------------- */

void fx_lock(pthread_mutex_t *lock)
{
    /*
     * A killed holder may leave a half-done change. The same tests run on
     * real Xen, where that cannot be; here going on is the best there is.
     */
    if (pthread_mutex_lock(lock) == EOWNERDEAD)
        pthread_mutex_consistent(lock);
}

void fx_unlock(pthread_mutex_t *lock)
{
    pthread_mutex_unlock(lock);
}

uint64_t fx_now_ns(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

int fx_futex_wait(_Atomic uint32_t *word, uint32_t value, uint64_t deadline)
{
    struct timespec ts = {.tv_sec = (time_t)(deadline / 1000000000u),
                          .tv_nsec = (long)(deadline % 1000000000u)};

    if (syscall(SYS_futex, word, FUTEX_WAIT_BITSET, value, &ts, NULL,
                FUTEX_BITSET_MATCH_ANY) &&
        errno == ETIMEDOUT)
        return -ETIMEDOUT;
    return 0;
}

void fx_futex_wake(_Atomic uint32_t *word)
{
    syscall(SYS_futex, word, FUTEX_WAKE, INT32_MAX, NULL, NULL, 0);
}

int fx_result(int rc)
{
    if (rc >= 0)
        return rc;
    errno = -rc;
    return -1;
}

/* ---- Start ----------------------------------------------------------- */

static void init_lock(pthread_mutex_t *lock)
{
    pthread_mutexattr_t attr;

    pthread_mutexattr_init(&attr);
    pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(lock, &attr);
    pthread_mutexattr_destroy(&attr);
}

void fx_shared_init(struct fx_shared *s)
{
    init_lock(&s->event_lock);
    init_lock(&s->memory_lock);
    init_lock(&s->table_lock);
    init_lock(&s->store.lock);
    for (unsigned int i = 0; i < FX_MAX_DOMAINS; i++)
        init_lock(&s->domain[i].lock);
    s->next_domid = 1;
}

static int sparse_file(const char *name, uint64_t size)
{
    int fd = memfd_create(name, MFD_CLOEXEC);

    if (fd < 0 || ftruncate(fd, (off_t)size))
        fatal(name);
    return fd;
}

static void *map_file(int fd, uint64_t size, const char *name)
{
    void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
                   MAP_SHARED | MAP_NORESERVE, fd, 0);

    if (p == MAP_FAILED)
        fatal(name);
    /* Gigabytes of address space, mostly never touched. */
    madvise(p, size, MADV_DONTDUMP);
    return p;
}

static void read_environment_plan(void);

/*
 * Out of the way: programs that limit their number of descriptors after this
 * (the limit is on the number, not the count) keep the low ones for
 * themselves.
 */
static void raise_fd(int *fd)
{
    int high = fcntl(*fd, F_DUPFD_CLOEXEC, FD_BASE);

    if (high < 0)
        return;
    close(*fd);
    *fd = high;
}

static void raise_fds(void)
{
    raise_fd(&fx.memory_fd);
    raise_fd(&fx.hole_fd);
    for (unsigned int i = 0; i < FX_MAX_QUEUES; i++)
        raise_fd(&fx.efd[i]);
}

static void become_host(void)
{
    uint64_t memory = (uint64_t)FX_NR_FRAMES << FX_PAGE_SHIFT;
    struct fx_shared *s;

    fx.shared_fd = sparse_file("fakexen-state", sizeof(*s));
    fx.memory_fd = sparse_file("fakexen-memory", memory);
    fx.hole_fd = sparse_file("fakexen-hole", 0);
    for (unsigned int i = 0; i < FX_MAX_QUEUES; i++) {
        fx.efd[i] = eventfd(0, EFD_CLOEXEC | EFD_SEMAPHORE);
        if (fx.efd[i] < 0)
            fatal("eventfd");
    }
    raise_fds();
    raise_fd(&fx.shared_fd);
    fx.memory = map_file(fx.memory_fd, memory, "memory");
    s = map_file(fx.shared_fd, sizeof(*s), "state");
    fx_shared_init(s);
    __atomic_store_n(&fx.shared, s, __ATOMIC_RELEASE);
}

static void become_client(const char *path)
{
    struct fx_shared *s;

    fx_broker_join(path);
    s = map_file(fx.shared_fd, sizeof(*s), "state");
    /* The mapping stays; a process that counts its descriptors is happier. */
    close(fx.shared_fd);
    fx.shared_fd = -1;
    raise_fd(&fx.socket);
    raise_fds();
    __atomic_store_n(&fx.shared, s, __ATOMIC_RELEASE);
}

struct fx_shared *fx_attach(void)
{
    const char *path;

    if (__atomic_load_n(&fx.shared, __ATOMIC_ACQUIRE))
        return fx.shared;
    pthread_mutex_lock(&attach_lock);
    if (!fx.shared) {
        read_environment_plan();
        path = getenv("XEN_FAKE_SOCKET");
        if (path && *path)
            become_client(path);
        else
            become_host();
    }
    pthread_mutex_unlock(&attach_lock);
    return fx.shared;
}

void fx_init(void)
{
    pthread_mutex_lock(&attach_lock);
    if (!fx.shared) {
        read_environment_plan();
        become_host();
    }
    pthread_mutex_unlock(&attach_lock);
}

static void punch(int fd, uint64_t size)
{
    if (fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
                  (off_t)size))
        fatal("fallocate");
}

void fx_reset(void)
{
    domid_t next;

    fx_init();
    /* A domid that meant something before must not mean something else. */
    next = fx.shared->next_domid;
    punch(fx.shared_fd, sizeof(*fx.shared));
    punch(fx.memory_fd, (uint64_t)FX_NR_FRAMES << FX_PAGE_SHIFT);
    fx_shared_init(fx.shared);
    fx.shared->next_domid = next;
    fx_fail_clear();
}

/* ---- Counters and faults --------------------------------------------- */

static int call_index(const char *name)
{
    for (int i = 0; i < FX_NR_CALLS; i++) {
        if (!strcmp(call_names[i], name))
            return i;
    }
    return !strcmp(name, "*") ? FX_NR_CALLS : -1;
}

uint64_t fx_calls(const char *name)
{
    int i = call_index(name);

    if (i < 0 || i >= FX_NR_CALLS)
        return i < 0 ? 0 : fx_calls_total();
    return atomic_load(&fx_attach()->calls[i]);
}

uint64_t fx_calls_total(void)
{
    struct fx_shared *s = fx_attach();
    uint64_t sum = 0;

    for (int i = 0; i < FX_NR_CALLS; i++)
        sum += atomic_load(&s->calls[i]);
    return sum;
}

int fx_open_handles(void)
{
    struct fx_shared *s = fx_attach();
    int sum = 0;

    for (int i = 0; i < FX_MAX_CLIENTS; i++)
        sum += atomic_load(&s->handles[i]);
    return sum;
}

static void update_armed(void)
{
    bool armed = false;

    for (int i = 0; i <= FX_NR_CALLS; i++)
        armed |= plans[i].n != 0;
    atomic_store(&fx.fail_armed, armed);
}

int fx_fail_at(const char *name, unsigned int n, int err)
{
    int i = call_index(name);

    if (i < 0)
        return -ENOENT;
    pthread_mutex_lock(&plan_lock);
    plans[i].n = n;
    plans[i].err = err;
    update_armed();
    pthread_mutex_unlock(&plan_lock);
    return 0;
}

void fx_fail_clear(void)
{
    pthread_mutex_lock(&plan_lock);
    memset(plans, 0, sizeof(plans));
    update_armed();
    pthread_mutex_unlock(&plan_lock);
}

int fx_enter_slow(enum fx_call call)
{
    const int which[] = {(int)call, FX_NR_CALLS};
    int err = 0;

    pthread_mutex_lock(&plan_lock);
    for (unsigned int i = 0; i < 2; i++) {
        if (plans[which[i]].n && !--plans[which[i]].n)
            err = plans[which[i]].err;
    }
    update_armed();
    pthread_mutex_unlock(&plan_lock);
    return err;
}

static void read_environment_plan(void)
{
    const char *env = getenv("XEN_FAKE_FAIL");
    char *copy, *save = NULL;

    copy = env ? strdup(env) : NULL;
    if (!copy)
        return;
    for (char *item = strtok_r(copy, ",", &save); item;
         item = strtok_r(NULL, ",", &save)) {
        char *slash = strchr(item, '/'), *n, *err;

        if (slash) {
            *slash = '\0';
            if (strcmp(item, program_invocation_short_name))
                continue;
            item = slash + 1;
        }
        n = strchr(item, ':');
        err = n ? strchr(n + 1, ':') : NULL;
        if (err)
            *n = *err = '\0';
        if (!err || fx_fail_at(item, (unsigned int)strtoul(n + 1, NULL, 0),
                               (int)strtol(err + 1, NULL, 0))) {
            /* A plan that silently does nothing would pass its test. */
            fprintf(stderr, "fakexen: bad XEN_FAKE_FAIL \"%s\"\n", env);
            abort();
        }
    }
    free(copy);
}
