/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <pthread.h>
#include <unistd.h>

#include "fakexen.h"
#include "lib/guard.h"
#include "lib/guestmap.h"
#include "lib/ioreq.h"

#define MMIO 0xf0000000ull
#define SIZE 0x1000ull
#define VCPUS 4

struct fixture {
    domid_t domid;
    xendevicemodel_handle *dmod;
    xenforeignmemory_handle *fmem;
    xenevtchn_handle *xce;
    struct guestmap *map;
    struct ioreq_service *svc;
    struct ioreq_range *mmio, *pio, *pci;
    uint8_t regs[SIZE];
    struct ioreq_access last;
    bool defer;
    pthread_t completer;
    unsigned int invalidations;
    bool waiting, over; /* for a completion; the test */
    unsigned int handed;
};

/* What the service writes before it answers is seen by who has the answer. The
 * thread sanitizer does not see that: they see the page at two addresses. */
static pthread_mutex_t order = PTHREAD_MUTEX_INITIALIZER;

static void in_order(void)
{
    pthread_mutex_lock(&order);
    pthread_mutex_unlock(&order);
}

static int ordered(int rc)
{
    in_order();
    return rc;
}

#define fx_mmio_read(...) (in_order(), ordered((fx_mmio_read)(__VA_ARGS__)))
#define fx_mmio_write(...) (in_order(), ordered((fx_mmio_write)(__VA_ARGS__)))
#define fx_mmio_rep(...) (in_order(), ordered((fx_mmio_rep)(__VA_ARGS__)))
#define fx_pci_cfg_read(...)                                                   \
    (in_order(), ordered((fx_pci_cfg_read)(__VA_ARGS__)))
#define fx_pci_cfg_write(...)                                                  \
    (in_order(), ordered((fx_pci_cfg_write)(__VA_ARGS__)))
#define fx_pio_read(...) (in_order(), ordered((fx_pio_read)(__VA_ARGS__)))
#define fx_pio_write(...) (in_order(), ordered((fx_pio_write)(__VA_ARGS__)))
#define fx_ioreq_raw(...) (in_order(), ordered((fx_ioreq_raw)(__VA_ARGS__)))

static int guest_read(void *opaque, uint64_t gpa, void *buf, unsigned int len)
{
    return guestmap_read(((struct fixture *)opaque)->map, gpa, buf, len, NULL);
}

static int guest_write(void *opaque, uint64_t gpa, const void *buf,
                       unsigned int len)
{
    return guestmap_write(((struct fixture *)opaque)->map, gpa, buf, len, NULL);
}

static void invalidate(void *opaque)
{
    ((struct fixture *)opaque)->invalidations++;
}

static void *complete_later(void *arg)
{
    struct fixture *f = arg;

    usleep(20000);
    ioreq_complete(f->svc, f->last.vcpu, 0x1122334455667788ull);
    return NULL;
}

static enum ioreq_verdict handle(void *opaque, struct ioreq_access *a)
{
    struct fixture *f = opaque;

    f->last = *a;
    if (f->defer) {
        pthread_create(&f->completer, NULL, complete_later, f);
        f->defer = false;
        return IOREQ_DEFER;
    }
    if (a->write)
        memcpy(f->regs + (a->offset & (SIZE - 1)), &a->data, a->size);
    else
        memcpy(&a->data, f->regs + (a->offset & (SIZE - 1)), a->size);
    return IOREQ_DONE;
}

static enum ioreq_verdict handler(void *opaque, struct ioreq_access *a)
{
    enum ioreq_verdict verdict = handle(opaque, a);

    ordered(0);
    return verdict;
}

static int setup_with(void **state, unsigned int poll_us, unsigned int rate)
{
    static struct fixture f;
    struct ioreq_config cfg = {.nr_vcpus = VCPUS,
                               .poll_us = poll_us,
                               .rate = rate,
                               .guest_read = guest_read,
                               .guest_write = guest_write,
                               .invalidate = invalidate,
                               .opaque = &f};

    memset(&f, 0, sizeof(f));
    *state = &f;
    fx_reset();
    f.domid = (domid_t)fx_domain_new(16 << 20, VCPUS);
    cfg.domid = f.domid;
    cfg.dmod = f.dmod = xendevicemodel_open(NULL, 0);
    cfg.fmem = f.fmem = xenforeignmemory_open(NULL, 0);
    cfg.xce = f.xce = xenevtchn_open(NULL, 0);
    return guestmap_new(f.fmem, f.domid, 8, &f.map) ||
           ioreq_new(&cfg, &f.svc) ||
           ioreq_claim(f.svc, IOREQ_MMIO, MMIO, SIZE, handler, &f, &f.mmio) ||
           ioreq_claim(f.svc, IOREQ_PIO, 0x500, 16, handler, &f, &f.pio) ||
           ioreq_claim_pci(f.svc, 0x80, handler, &f, &f.pci) ||
           ioreq_enable(f.svc) || ioreq_start(f.svc);
}

static int setup(void **state)
{
    return setup_with(state, 0, 0);
}

static int setup_spinning(void **state)
{
    return setup_with(state, 200, 0);
}

static int setup_guarded(void **state)
{
    return setup_with(state, 0, 100);
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    const bool crashed = fx_domain_crashed(f->domid, NULL);

    ioreq_free(f->svc);
    guestmap_free(f->map);
    xenevtchn_close(f->xce);
    xenforeignmemory_close(f->fmem);
    xendevicemodel_close(f->dmod);
    if (crashed || fx_servers(f->domid) || fx_foreign_mappings(f->domid) ||
        fx_dom0_ports() || fx_open_handles())
        return -1;
    fx_domain_kill(f->domid);
    return 0;
}

static void all_sizes(void **state)
{
    static const unsigned int sizes[] = {1, 2, 4, 8};
    struct fixture *f = *state;
    uint64_t want, got;
    unsigned int i, at;

    for (i = 0; i < 4; i++)
        for (at = 0; at < 9; at++) {
            want = 0x8877665544332211ull + i + at;
            if (sizes[i] < 8)
                want &= (1ull << (8 * sizes[i])) - 1;
            assert_int_equal(
                fx_mmio_write(f->domid, 0, MMIO + at, sizes[i], want), 0);
            assert_int_equal(f->last.size, sizes[i]);
            assert_int_equal(
                fx_mmio_read(f->domid, 1, MMIO + at, sizes[i], &got), 0);
            assert_true(got == want);
            assert_int_equal(f->last.vcpu, 1);
        }
}

static void port_io_and_config(void **state)
{
    struct fixture *f = *state;
    uint32_t v;

    assert_int_equal(fx_pio_write(f->domid, 2, 0x504, 4, 0xdeadbeef), 0);
    assert_int_equal(fx_pio_read(f->domid, 2, 0x506, 2, &v), 0);
    assert_int_equal(v, 0xdead);
    assert_int_equal(f->last.space, IOREQ_PIO);
    assert_int_equal(fx_pci_cfg_write(f->domid, 0, 0x80, 0x40, 4, 0x12345678),
                     0);
    assert_int_equal(fx_pci_cfg_read(f->domid, 0, 0x80, 0x41, 1, &v), 0);
    assert_int_equal(v, 0x56);
    assert_int_equal(f->last.space, IOREQ_CFG);
    /* By 0xcf8, as an old guest does. */
    assert_int_equal(fx_pio_write(f->domid, 0, 0xcf8, 4, 0x80008040), 0);
    assert_int_equal(fx_pio_read(f->domid, 0, 0xcfc, 4, &v), 0);
    assert_int_equal(v, 0x12345678);
    /* Nobody's. */
    assert_int_equal(fx_pci_cfg_read(f->domid, 0, 0x88, 0, 4, &v), 0);
    assert_int_equal(v, ~0u);
}

static void string_instructions(void **state)
{
    struct fixture *f = *state;
    uint8_t buf[256], got[256];
    unsigned int i;

    for (i = 0; i < sizeof(buf); i++)
        buf[i] = (uint8_t)(i * 7 + 3);
    /* Data that cross a page. */
    assert_int_equal(fx_write(f->domid, 0x1f80, buf, sizeof(buf)), 0);
    assert_int_equal(
        fx_mmio_rep(f->domid, 0, MMIO, IOREQ_WRITE, 4, 64, false, 0x1f80), 0);
    assert_memory_equal(f->regs, buf, sizeof(buf));
    assert_int_equal(
        fx_mmio_rep(f->domid, 0, MMIO, IOREQ_READ, 8, 32, false, 0x3000), 0);
    assert_int_equal(fx_read(f->domid, 0x3000, got, sizeof(got)), 0);
    assert_memory_equal(got, buf, sizeof(got));
    /* Downwards: the address is the first element's. */
    memset(f->regs, 0, sizeof(f->regs));
    assert_int_equal(fx_mmio_rep(f->domid, 0, MMIO + 252, IOREQ_WRITE, 4, 64,
                                 true, 0x1f80 + 252),
                     0);
    assert_memory_equal(f->regs, buf, sizeof(buf));
}

static void nonsense_reads_as_ones(void **state)
{
    struct fixture *f = *state;
    struct ioreq_stats before, after;
    struct ioreq req = {.addr = MMIO,
                        .count = 1,
                        .size = 3,
                        .dir = IOREQ_READ,
                        .type = IOREQ_TYPE_COPY};

    ioreq_get_stats(f->svc, &before);
    assert_int_equal(fx_ioreq_raw(f->domid, 0, ioreq_server_id(f->svc), &req),
                     0);
    assert_true(req.data == ~0ull);
    req = (struct ioreq){.addr = MMIO + SIZE - 2,
                         .count = 1,
                         .size = 4,
                         .dir = IOREQ_READ,
                         .type = IOREQ_TYPE_COPY};
    assert_int_equal(fx_ioreq_raw(f->domid, 0, ioreq_server_id(f->svc), &req),
                     0);
    assert_true(req.data == 0xffffffffu);
    req = (struct ioreq){.count = 0xffffffffu,
                         .size = 8,
                         .addr = MMIO,
                         .data_is_ptr = 1,
                         .type = IOREQ_TYPE_COPY};
    assert_int_equal(fx_ioreq_raw(f->domid, 0, ioreq_server_id(f->svc), &req),
                     0);
    req = (struct ioreq){.count = 1, .size = 4, .type = 77};
    assert_int_equal(fx_ioreq_raw(f->domid, 0, ioreq_server_id(f->svc), &req),
                     0);
    /* Data pointer to nowhere. */
    req = (struct ioreq){.addr = MMIO,
                         .count = 2,
                         .size = 8,
                         .data = 0x7ffffffff000ull,
                         .data_is_ptr = 1,
                         .dir = IOREQ_READ,
                         .type = IOREQ_TYPE_COPY};
    assert_int_equal(fx_ioreq_raw(f->domid, 0, ioreq_server_id(f->svc), &req),
                     0);
    ioreq_get_stats(f->svc, &after);
    assert_int_equal(after.nonsense - before.nonsense, 6);
}

static void deferred_access_holds_up_nobody(void **state)
{
    struct fixture *f = *state;
    uint64_t v;

    f->defer = true;
    assert_int_equal(fx_mmio_read(f->domid, 3, MMIO, 8, &v), 0);
    assert_true(v == 0x1122334455667788ull);
    pthread_join(f->completer, NULL);
    assert_int_equal(fx_mmio_read(f->domid, 3, MMIO + 8, 4, &v), 0);
    assert_int_equal(v, 0);
    /* A second completion is one too many and does nothing. */
    ioreq_complete(f->svc, 3, 5);
    ioreq_complete(f->svc, VCPUS, 5);
    assert_int_equal(fx_bad_ioreqs(f->domid), 0);

    /* In the middle of a string instruction. */
    f->defer = true;
    assert_int_equal(
        fx_mmio_rep(f->domid, 2, MMIO, IOREQ_READ, 8, 4, false, 0x5000), 0);
    pthread_join(f->completer, NULL);
    assert_int_equal(fx_read(f->domid, 0x5000, &v, 8), 0);
    assert_true(v == 0x1122334455667788ull);
}

static void invalidation(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(fx_balloon_out(f->domid, 0, 0x100, 1), 0);
    assert_int_equal(f->invalidations, 1);
}

static void claims(void **state)
{
    struct fixture *f = *state;
    struct ioreq_range *r[300];
    unsigned int i, n = 0;
    uint64_t v;
    int rc = 0;

    assert_int_equal(
        ioreq_claim(f->svc, IOREQ_MMIO, MMIO, 0, handler, f, &r[0]), -EINVAL);
    assert_int_equal(
        ioreq_claim(f->svc, IOREQ_MMIO, ~0ull - 3, 8, handler, f, &r[0]),
        -EINVAL);
    assert_int_equal(
        ioreq_claim(f->svc, IOREQ_MMIO, MMIO, 8, handler, f, &r[0]), -EEXIST);
    while (n < 300 && !rc) {
        rc = ioreq_claim(f->svc, IOREQ_MMIO, MMIO + SIZE * (n + 1), SIZE,
                         handler, f, &r[n]);
        n += !rc;
    }
    assert_true(rc == -ENOSPC || rc == -ENOMEM);
    assert_true(n >= 250);
    for (i = 0; i < n; i++)
        ioreq_release(f->svc, r[i]);
    assert_int_equal(fx_mmio_read(f->domid, 0, MMIO + SIZE, 4, &v), 0);
    assert_int_equal(v, 0xffffffff);
    assert_int_equal(ioreq_alive(f->svc), 0);
}

#define ROUNDS 2000

static void *hammer(void *arg)
{
    struct fixture *f = ((void **)arg)[0];
    const unsigned int vcpu = (unsigned int)(uintptr_t)((void **)arg)[1];
    uint64_t want, got;
    unsigned int i;

    for (i = 0; i < ROUNDS; i++) {
        want = (uint64_t)vcpu << 32 | i;
        if (fx_mmio_write(f->domid, vcpu, MMIO + 64 * vcpu, 8, want) ||
            fx_mmio_read(f->domid, vcpu, MMIO + 64 * vcpu, 8, &got) ||
            got != want)
            return (void *)1;
    }
    return NULL;
}

static void vcpus_at_once(void **state)
{
    struct fixture *f = *state;
    pthread_t t[VCPUS];
    void *arg[VCPUS][2], *rc;
    unsigned int i;

    for (i = 0; i < VCPUS; i++) {
        arg[i][0] = f;
        arg[i][1] = (void *)(uintptr_t)i;
        pthread_create(&t[i], NULL, hammer, arg[i]);
    }
    for (i = 0; i < VCPUS; i++) {
        pthread_join(t[i], &rc);
        assert_null(rc);
    }
    assert_int_equal(fx_bad_ioreqs(f->domid), 0);
}

static void *complete_at_once(void *arg)
{
    struct fixture *f = arg;
    uint64_t n = 0;

    while (!__atomic_load_n(&f->over, __ATOMIC_ACQUIRE)) {
        if (!__atomic_load_n(&f->waiting, __ATOMIC_ACQUIRE))
            continue;
        __atomic_store_n(&f->waiting, false, __ATOMIC_RELEASE);
        ioreq_complete(f->svc, 0, ++n);
    }
    return NULL;
}

static enum ioreq_verdict hand_over(void *opaque, struct ioreq_access *a)
{
    struct fixture *f = opaque;

    (void)a;
    f->handed++;
    __atomic_store_n(&f->waiting, true, __ATOMIC_RELEASE);
    return IOREQ_DEFER;
}

/* While the service looks for more it meets a slot whose answer another
 * thread is about to write. */
static void deferred_access_is_served_once(void **state)
{
    struct fixture *f = *state;
    struct ioreq_range *range;
    uint64_t v, i;

    assert_int_equal(ioreq_claim(f->svc, IOREQ_MMIO, MMIO + SIZE, SIZE,
                                 hand_over, f, &range),
                     0);
    pthread_create(&f->completer, NULL, complete_at_once, f);
    for (i = 1; i <= 5000; i++) {
        assert_int_equal(fx_mmio_read(f->domid, 0, MMIO + SIZE, 8, &v), 0);
        assert_true(v == i);
        /* What keeps it awake. */
        assert_int_equal(fx_mmio_read(f->domid, 0, MMIO, 8, &v), 0);
    }
    __atomic_store_n(&f->over, true, __ATOMIC_RELEASE);
    pthread_join(f->completer, NULL);
    assert_int_equal(f->handed, 5000);
    assert_int_equal(fx_bad_ioreqs(f->domid), 0);
}

static void death_of_the_domain(void **state)
{
    struct fixture *f = *state;

    fx_domain_kill(f->domid);
    assert_int_equal(ioreq_alive(f->svc) < 0, 1);
}

/* 100 at once, then 100 a second. */
static void storm_is_slowed_down(void **state)
{
    struct fixture *f = *state;
    struct ioreq_stats s;
    unsigned int i;
    uint64_t v;

    for (i = 0; i < 96; i++)
        assert_int_equal(fx_mmio_read(f->domid, 0, MMIO, 4, &v), 0);
    ioreq_get_stats(f->svc, &s);
    assert_int_equal(s.delayed, 0);
    for (i = 0; i < 200; i++)
        assert_int_equal(fx_mmio_read(f->domid, 0, MMIO, 4, &v), 0);
    ioreq_get_stats(f->svc, &s);
    assert_true(s.delayed >= 1);
    assert_true(s.delayed_ns > 0);
}

static void guard_arithmetic(void **state)
{
    const uint64_t t = 1000000000000ull;
    struct guard g;

    (void)state;
    guard_init(&g, 10, 5); /* 100 ms each */
    assert_int_equal(guard_charge(&g, 5, t), 0);
    assert_int_equal(guard_charge(&g, 1, t), 100000000);
    assert_int_equal(guard_charge(&g, 1, t + 200000000), 0);
    assert_int_equal(g.delayed, 1);
    /* Time that was not used is not saved up beyond the burst. */
    assert_int_equal(guard_charge(&g, 5, t + 3600 * 1000000000ull), 0);
    assert_int_equal(guard_charge(&g, 2, t + 3600 * 1000000000ull), 200000000);
    guard_init(&g, 0, 0);
    assert_int_equal(guard_charge(&g, ~0u, t), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(all_sizes),
        TEST(port_io_and_config),
        TEST(string_instructions),
        TEST(nonsense_reads_as_ones),
        TEST(deferred_access_holds_up_nobody),
        TEST(invalidation),
        TEST(claims),
        TEST(vcpus_at_once),
        cmocka_unit_test_setup_teardown(vcpus_at_once, setup_spinning,
                                        teardown),
        cmocka_unit_test_setup_teardown(deferred_access_is_served_once,
                                        setup_spinning, teardown),
        TEST(death_of_the_domain),
        cmocka_unit_test_setup_teardown(storm_is_slowed_down, setup_guarded,
                                        teardown),
        cmocka_unit_test(guard_arithmetic),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
