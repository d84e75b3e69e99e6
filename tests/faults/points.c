/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "points.h"

#include <dirent.h>
#include <errno.h>
#include <ev.h>
#include <fcntl.h>
#include <glob.h>
#include <grp.h>
#include <ini.h>
#include <jansson.h>
#include <mntent.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>
#include <xenctrl.h>
#include <xendevicemodel.h>
#include <xenevtchn.h>
#include <xenforeignmemory.h>
#include <xenstore.h>
#include <xentoolcore.h>

/* Nobody else calls these. */
#pragma GCC diagnostic ignored "-Wmissing-prototypes"

#define FAULT(type, failure, err, name, params, args) P_##name,
#define INTR(type, failure, err, name, params, args) P_##name,
#define CODE(type, err, name, params, args) P_##name,
#define OWN(name) P_##name,
#define XEN(type, failure, err, name, params, args) P_##name,
#define XENINTR(type, failure, err, name, params, args) P_##name,
#define PASS(type, name, params, args)
#define KEEP(name)
enum {
#include "points.def"
    NR_POINTS
};
#undef FAULT
#undef INTR
#undef CODE
#undef OWN
#undef XEN
#undef XENINTR

_Static_assert(NR_POINTS <= POINTS_MAX, "more points than places");

#define FAULT(type, failure, err, name, params, args) {#name, false},
#define INTR(type, failure, err, name, params, args) {#name, true},
#define CODE(type, err, name, params, args) {#name, false},
#define OWN(name) {#name, false},
#define XEN(type, failure, err, name, params, args) {#name, false},
#define XENINTR(type, failure, err, name, params, args) {#name, true},
static const struct {
    const char *name;
    bool intr;
} rows[] = {
#include "points.def"
};
#undef FAULT
#undef INTR
#undef CODE
#undef OWN
#undef XEN
#undef XENINTR
#undef PASS
#undef KEEP

static struct points own, *points = &own;
static enum points_who me;
static pid_t my_pid;
static __thread unsigned int exempt;

void *__real_mmap(void *a, size_t n, int p, int f, int fd, off_t o);
int __real_open(const char *path, int f, int mode);
int __real_ftruncate(int fd, off_t n);

static struct points *map_file(const char *path, int flags)
{
    int fd = __real_open(path, flags | O_RDWR | O_CLOEXEC, 0600);
    void *p;

    if (fd < 0 || __real_ftruncate(fd, sizeof(*points)))
        abort();
    p = __real_mmap(NULL, sizeof(*points), PROT_READ | PROT_WRITE, MAP_SHARED,
                    fd, 0);
    if (p == MAP_FAILED)
        abort();
    close(fd);
    return p;
}

/* What follows main(), gcov's work for one, is nobody's. */
static void at_exit(void)
{
    exempt = 1;
}

__attribute__((constructor)) static void attach(void)
{
    const char *path = getenv(POINTS_ENV);

    if (strstr(program_invocation_short_name, "-engine"))
        me = POINTS_ENGINE;
    else if (strstr(program_invocation_short_name, "-device"))
        me = POINTS_DEVICE;
    else if (strstr(program_invocation_short_name, "-vgpud"))
        me = POINTS_VGPUD;
    else if (strstr(program_invocation_short_name, "-display"))
        me = POINTS_DISPLAY;
    if (!path)
        return;
    my_pid = getpid();
    points = map_file(path, 0);
    atexit(at_exit);
}

/* In their sandboxes the leak sanitizer can't do its work. */
int __lsan_is_turned_off(void);
int __lsan_is_turned_off(void)
{
    return me == POINTS_DEVICE || me == POINTS_ENGINE || me == POINTS_DISPLAY;
}

const char *points_name(unsigned int point)
{
    return point < NR_POINTS ? rows[point].name : NULL;
}

bool points_can_intr(unsigned int point)
{
    return rows[point].intr;
}

struct points *points_get(void)
{
    return points;
}

const char *points_who(unsigned int who)
{
    static const char *const names[POINTS_WHO] = {
        "xen-vgpu-dm",     "its fork",  "xen-vgpu-device",
        "xen-vgpu-engine", "xen-vgpud", "xen-vgpu-display"};

    return names[who];
}

struct points *points_share(const char *path)
{
    me = POINTS_WHO; /* it only looks */
    points = map_file(path, O_CREAT | O_TRUNC);
    return points;
}

void points_of_forks(void)
{
    points = __real_mmap(NULL, sizeof(*points), PROT_READ | PROT_WRITE,
                         MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (points == MAP_FAILED)
        abort();
}

void points_clear(struct points *p)
{
    memset(p, 0, sizeof(*p));
}

void points_plan(struct points *p, unsigned int who, unsigned int point,
                 uint32_t n, bool intr)
{
    points_clear(p);
    p->who = who;
    p->point = point;
    p->n = n;
    p->intr = intr;
    atomic_store(&p->on, 1);
}

bool points_fired(const char *part_of_name)
{
    return points->fired && strstr(rows[points->point].name, part_of_name);
}

void points_exempt(bool yes)
{
    exempt = yes;
}

/* One use of a call. The errno that it shall fail with, usually 0. */
static int use(unsigned int point, int err)
{
    enum points_who who = me;
    uint32_t n;

    if (exempt || me == POINTS_WHO ||
        !atomic_load_explicit(&points->on, memory_order_acquire))
        return 0;
    if (who == POINTS_DM && my_pid && getpid() != my_pid)
        who = POINTS_FORKED;
    n = atomic_fetch_add(&points->uses[who][point], 1) + 1;
    if (who != points->who || point != points->point || n != points->n)
        return 0;
    atomic_fetch_add(&points->fired, 1);
    return points->intr ? EINTR : err;
}

static void hold(_Atomic long *counter, long n)
{
    if (!exempt && atomic_load_explicit(&points->on, memory_order_relaxed))
        atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
}

/* ---- Memory: what is held is counted ---------------------------------- */

#define MEMORY(name, params, args, gained)                                     \
    void *__real_##name params;                                                \
    void *__wrap_##name params;                                                \
    void *__wrap_##name params                                                 \
    {                                                                          \
        int err_ = use(P_##name, ENOMEM);                                      \
        void *r_;                                                              \
        if (err_) {                                                            \
            errno = err_;                                                      \
            return NULL;                                                       \
        }                                                                      \
        r_ = __real_##name args;                                               \
        hold(&points->memory, r_ != NULL && (gained));                         \
        return r_;                                                             \
    }
MEMORY(malloc, (size_t n), (n), true)
MEMORY(calloc, (size_t n, size_t size), (n, size), true)
MEMORY(aligned_alloc, (size_t a, size_t n), (a, n), true)

void *__real_realloc(void *p, size_t n);
void *__wrap_realloc(void *p, size_t n);
void *__wrap_realloc(void *p, size_t n)
{
    const bool first = !p;
    void *r;

    if (use(P_realloc, ENOMEM)) {
        errno = ENOMEM;
        return NULL;
    }
    r = __real_realloc(p, n);
    hold(&points->memory, r != NULL && first);
    return r;
}

void __real_free(void *p);
void __wrap_free(void *p);
void __wrap_free(void *p)
{
    hold(&points->memory, p ? -1 : 0);
    __real_free(p);
}

void *__wrap_mmap(void *a, size_t n, int p, int f, int fd, off_t o);
void *__wrap_mmap(void *a, size_t n, int p, int f, int fd, off_t o)
{
    void *r;

    if (use(P_mmap, ENOMEM)) {
        errno = ENOMEM;
        return MAP_FAILED;
    }
    r = __real_mmap(a, n, p, f, fd, o);
    hold(&points->mappings, r != MAP_FAILED);
    return r;
}

int __real_munmap(void *a, size_t n);
int __wrap_munmap(void *a, size_t n);
int __wrap_munmap(void *a, size_t n)
{
    hold(&points->mappings, -1);
    return __real_munmap(a, n);
}

/* ---- Calls that take references, or any number of arguments ------------ */

/* References are taken on failure, too. */
json_t *__wrap_json_pack(const char *fmt, ...);
json_t *__wrap_json_pack(const char *fmt, ...)
{
    json_t *j;
    va_list ap;

    va_start(ap, fmt);
    j = json_vpack_ex(NULL, 0, fmt, ap);
    va_end(ap);
    if (!use(P_json_pack, ENOMEM))
        return j;
    json_decref(j);
    return NULL;
}

int __real_json_object_set_new(json_t *o, const char *key, json_t *v);
int __wrap_json_object_set_new(json_t *o, const char *key, json_t *v);
int __wrap_json_object_set_new(json_t *o, const char *key, json_t *v)
{
    if (!use(P_json_object_set_new, ENOMEM))
        return __real_json_object_set_new(o, key, v);
    json_decref(v);
    return -1;
}

int __real_json_array_append_new(json_t *a, json_t *v);
int __wrap_json_array_append_new(json_t *a, json_t *v);
int __wrap_json_array_append_new(json_t *a, json_t *v)
{
    if (!use(P_json_array_append_new, ENOMEM))
        return __real_json_array_append_new(a, v);
    json_decref(v);
    return -1;
}

int __wrap_seccomp_rule_add(scmp_filter_ctx ctx, uint32_t action, int nr,
                            unsigned int n, ...);
int __wrap_seccomp_rule_add(scmp_filter_ctx ctx, uint32_t action, int nr,
                            unsigned int n, ...)
{
    struct scmp_arg_cmp args[6];
    unsigned int i;
    va_list ap;

    if (use(P_seccomp_rule_add, ENOMEM))
        return -ENOMEM;
    va_start(ap, n);
    for (i = 0; i < n && i < 6; i++)
        args[i] = va_arg(ap, struct scmp_arg_cmp);
    va_end(ap);
    return seccomp_rule_add_array(ctx, action, nr, n, args);
}

/* ---- The rest, from the table ------------------------------------------ */

#define FAULT(type, failure, err, name, params, args)                          \
    type __real_##name params;                                                 \
    type __wrap_##name params;                                                 \
    type __wrap_##name params                                                  \
    {                                                                          \
        int err_ = use(P_##name, err);                                         \
        if (err_) {                                                            \
            errno = err_;                                                      \
            return failure;                                                    \
        }                                                                      \
        return __real_##name args;                                             \
    }
#define INTR FAULT
#define CODE(type, err, name, params, args)                                    \
    type __real_##name params;                                                 \
    type __wrap_##name params;                                                 \
    type __wrap_##name params                                                  \
    {                                                                          \
        return use(P_##name, EIO) ? err : __real_##name args;                  \
    }
#define XEN(type, failure, err, name, params, args)                            \
    type __real_##name params;                                                 \
    type __wrap_##name params;                                                 \
    type __wrap_##name params                                                  \
    {                                                                          \
        int err_ = use(P_##name, err);                                         \
        type r_;                                                               \
        if (err_) {                                                            \
            errno = err_;                                                      \
            return failure;                                                    \
        }                                                                      \
        exempt++;                                                              \
        r_ = __real_##name args;                                               \
        exempt--;                                                              \
        return r_;                                                             \
    }
#define XENINTR XEN
#define PASS(type, name, params, args)                                         \
    type __real_##name params;                                                 \
    type __wrap_##name params;                                                 \
    type __wrap_##name params                                                  \
    {                                                                          \
        exempt++;                                                              \
        PASS_##type(__real_##name args);                                       \
    }
#define PASS_int(call)                                                         \
    int r_ = call;                                                             \
    exempt--;                                                                  \
    return r_
#define PASS_void(call)                                                        \
    call;                                                                      \
    exempt--
#define OWN(name)
#define KEEP(name)
#include "points.def"
