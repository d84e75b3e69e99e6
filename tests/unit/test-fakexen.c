/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The fake Xen keeps the promises that the other tests rely on. */
#ifndef __XEN_TOOLS__
#define __XEN_TOOLS__ 1 /* HVM_IOREQSRV_* */
#endif

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include <xen/memory.h>
#include <xenctrl.h>
#include <xendevicemodel.h>
#include <xenevtchn.h>
#include <xenforeignmemory.h>
#include <xenstore.h>
#include <xentoolcore.h>

#include "fakexen.h"

#define MB (1024 * 1024)
#define MMIO UINT64_C(0xf1000000)
#define BDF 0x80 /* 00:10.0 */

#define assert_errno(call, err)                                                \
    do {                                                                       \
        errno = 0;                                                             \
        assert_true((call) < 0);                                               \
        assert_int_equal(errno, err);                                          \
    } while (0)

/* ---- A small device model -------------------------------------------- */

struct dm {
    domid_t domid;
    xendevicemodel_handle *dmod;
    xenforeignmemory_handle *fmem;
    xenevtchn_handle *xce;
    xenforeignmemory_resource_handle *res;
    ioservid_t id;
    void *page;
    evtchn_port_t port[4];
    unsigned int vcpus;
    pthread_t thread;
    _Atomic bool stop;
    _Atomic unsigned int served, invalidates;
    int answer_state; /* what to write instead of STATE_IORESP_READY */
    uint64_t last_addr, last_data;
    uint8_t last_type;
    bool last_ptr, last_df;
    uint32_t last_count;
};

static struct ioreq *dm_slot(struct dm *m, unsigned int v)
{
    return (struct ioreq *)m->page + v;
}

static void dm_open(struct dm *m, domid_t domid, unsigned int vcpus)
{
    memset(m, 0, sizeof(*m));
    m->domid = domid;
    m->vcpus = vcpus;
    m->answer_state = STATE_IORESP_READY;
    m->dmod = xendevicemodel_open(NULL, 0);
    m->fmem = xenforeignmemory_open(NULL, 0);
    m->xce = xenevtchn_open(NULL, 0);
    assert_non_null(m->dmod);
    assert_non_null(m->fmem);
    assert_non_null(m->xce);
}

static void dm_map(struct dm *m)
{
    m->page = NULL;
    m->res = xenforeignmemory_map_resource(
        m->fmem, m->domid, XENMEM_resource_ioreq_server, m->id,
        XENMEM_resource_ioreq_server_frame_ioreq(0), 1, &m->page,
        PROT_READ | PROT_WRITE, 0);
    assert_non_null(m->res);
}

static void dm_bind(struct dm *m)
{
    for (unsigned int v = 0; v < m->vcpus; v++) {
        int port = xenevtchn_bind_interdomain(m->xce, m->domid,
                                              dm_slot(m, v)->vp_eport);

        assert_true(port > 0);
        m->port[v] = (evtchn_port_t)port;
    }
}

static void dm_create(struct dm *m, domid_t domid, unsigned int vcpus)
{
    dm_open(m, domid, vcpus);
    assert_int_equal(xendevicemodel_create_ioreq_server(
                         m->dmod, domid, HVM_IOREQSRV_BUFIOREQ_OFF, &m->id),
                     0);
    dm_map(m);
    assert_int_equal(xendevicemodel_map_io_range_to_ioreq_server(
                         m->dmod, domid, m->id, 1, MMIO, MMIO + 0xffff),
                     0);
    assert_int_equal(xendevicemodel_map_io_range_to_ioreq_server(
                         m->dmod, domid, m->id, 0, 0x500, 0x50f),
                     0);
    assert_int_equal(xendevicemodel_map_pcidev_to_ioreq_server(
                         m->dmod, domid, m->id, 0, 0, 0x10, 0),
                     0);
    assert_int_equal(dm_slot(m, 0)->vp_eport, 0);
    assert_int_equal(
        xendevicemodel_set_ioreq_server_state(m->dmod, domid, m->id, 1), 0);
    assert_int_not_equal(dm_slot(m, 0)->vp_eport, 0);
    dm_bind(m);
}

/* Answers a read with its address and remembers what it saw. What orders it
 * with the guest is the state in a page that both have mapped, each at an
 * address of its own: TSan can't know that these are one. */
__attribute__((no_sanitize("thread"))) static void dm_serve_slot(struct dm *m,
                                                                 unsigned int v)
{
    struct ioreq *p = dm_slot(m, v);
    uint8_t *state = (uint8_t *)p + 30;
    uint8_t byte = __atomic_load_n(state, __ATOMIC_ACQUIRE);

    if ((byte & 0xf) != STATE_IOREQ_READY)
        return;
    if (p->type == IOREQ_TYPE_INVALIDATE)
        m->invalidates++;
    m->last_addr = p->addr;
    m->last_data = p->data;
    m->last_type = p->type;
    m->last_ptr = byte >> 4 & 1;
    m->last_df = byte >> 6 & 1;
    m->last_count = p->count;
    if ((byte >> 5 & 1) == IOREQ_READ && !m->last_ptr)
        p->data = p->addr;
    m->served++; /* before the guest can go on and look */
    __atomic_store_n(state, (uint8_t)((byte & 0xf0) | m->answer_state),
                     __ATOMIC_RELEASE);
    xenevtchn_notify(m->xce, m->port[v]);
}

static void *dm_loop(void *arg)
{
    struct dm *m = arg;
    struct pollfd p = {.fd = xenevtchn_fd(m->xce), .events = POLLIN};

    while (!m->stop) {
        int port;

        if (poll(&p, 1, 20) != 1)
            continue;
        port = xenevtchn_pending(m->xce);
        for (unsigned int v = 0; v < m->vcpus; v++)
            dm_serve_slot(m, v);
        xenevtchn_unmask(m->xce, (evtchn_port_t)port);
    }
    return NULL;
}

static void dm_start(struct dm *m)
{
    assert_int_equal(pthread_create(&m->thread, NULL, dm_loop, m), 0);
}

static void dm_stop(struct dm *m)
{
    m->stop = true;
    pthread_join(m->thread, NULL);
}

static void dm_close(struct dm *m)
{
    xenforeignmemory_unmap_resource(m->fmem, m->res);
    xenevtchn_close(m->xce);
    xenforeignmemory_close(m->fmem);
    xendevicemodel_close(m->dmod);
}

/* ---- Fixtures -------------------------------------------------------- */

static int setup(void **state)
{
    (void)state;
    fx_reset();
    return 0;
}

/* Every case leaves nothing behind. */
static int teardown(void **state)
{
    (void)state;
    for (domid_t d = 1; d < 200; d++) {
        if (fx_domain_exists(d))
            fx_domain_kill(d);
        if (fx_domain_exists(d) || fx_foreign_mappings(d))
            return -1;
    }
    return fx_open_handles() || fx_dom0_ports() ? -1 : 0;
}

static domid_t new_domain(unsigned int mb, unsigned int vcpus)
{
    int domid = fx_domain_new((uint64_t)mb * MB, vcpus);

    assert_true(domid > 0);
    return (domid_t)domid;
}

/* ---- Memory ---------------------------------------------------------- */

static sigjmp_buf bus_jump;

static void on_bus(int sig)
{
    (void)sig;
    siglongjmp(bus_jump, 1);
}

static bool faults(volatile uint8_t *p)
{
    struct sigaction sa = {.sa_handler = on_bus}, old;
    bool hit = true;

    sigaction(SIGBUS, &sa, &old);
    if (!sigsetjmp(bus_jump, 1)) {
        (void)*p;
        hit = false;
    }
    sigaction(SIGBUS, &old, NULL);
    return hit;
}

static void test_foreign_memory(void **state)
{
    domid_t d = new_domain(8, 1);
    xenforeignmemory_handle *f = xenforeignmemory_open(NULL, 0);
    xen_pfn_t gfn[5] = {7, 3, 0x80000, 4, 5};
    int err[5];
    uint32_t word = 0x12345678;
    uint8_t *p;

    (void)state;
    assert_int_equal(fx_write(d, 3 * 4096 + 8, &word, 4), 0);
    assert_null(xenforeignmemory_map(f, d, PROT_READ, 5, gfn, NULL));
    assert_int_equal(errno, EINVAL);
    p = xenforeignmemory_map(f, d, PROT_READ | PROT_WRITE, 5, gfn, err);
    assert_non_null(p);
    assert_int_equal(err[0], 0);
    assert_int_equal(err[2], -EINVAL);
    assert_int_equal(fx_foreign_mappings(d), 4);
    assert_memory_equal(p + 4096 + 8, &word, 4);
    p[3 * 4096] = 42;
    assert_int_equal(*(uint8_t *)fx_ptr(d, 4 * 4096, 1), 42);
    assert_false(faults(p));
    assert_true(faults(p + 2 * 4096));
    /* Part of it, then the rest. */
    assert_int_equal(xenforeignmemory_unmap(f, p, 2), 0);
    assert_int_equal(fx_foreign_mappings(d), 2);
    assert_int_equal(xenforeignmemory_unmap(f, p + 2 * 4096, 3), 0);
    assert_int_equal(fx_foreign_mappings(d), 0);
    /* No domain: each page says so. */
    p = xenforeignmemory_map(f, 999, PROT_READ, 1, gfn, err);
    assert_non_null(p);
    assert_int_equal(err[0], -ESRCH);
    xenforeignmemory_unmap(f, p, 1);
    assert_int_equal(fx_read(d, 8 * MB - 2, &word, 4), -EFAULT);
    xenforeignmemory_close(f);
}

static void test_withdrawn_stays_charged(void **state)
{
    domid_t d = new_domain(4, 1);
    xenforeignmemory_handle *f = xenforeignmemory_open(NULL, 0);
    xen_pfn_t gfn[2] = {10, 11};
    int err[2];
    long pages = fx_domain_pages(d);
    uint8_t *p = xenforeignmemory_map(f, d, PROT_READ, 2, gfn, err);

    (void)state;
    *(uint8_t *)fx_ptr(d, 10 * 4096, 1) = 9;
    assert_int_equal(fx_balloon_out(d, 0, 10, 1), 0);
    assert_false(fx_populated(d, 10));
    assert_int_equal(fx_domain_pages(d), pages);
    assert_int_equal(p[0], 9);
    assert_int_equal(xenforeignmemory_unmap(f, p, 2), 0);
    assert_int_equal(fx_domain_pages(d), pages - 1);
    assert_int_equal(fx_populate(d, 10, 1), 0);
    assert_int_equal(*(uint8_t *)fx_ptr(d, 10 * 4096, 1), 0);
    assert_int_equal(fx_populate(d, 0x50000, 1), -ENOMEM);
    xenforeignmemory_close(f);
}

static void test_relocate(void **state)
{
    struct fx_domain_config c = {
        .ram_bytes = 4 * MB, .vcpus = 1, .extra_kb = 2048};
    domid_t d = (domid_t)fx_domain_create(&c);
    xendevicemodel_handle *m = xendevicemodel_open(NULL, 0);
    xenforeignmemory_handle *f = xenforeignmemory_open(NULL, 0);
    xc_interface *xch = xc_interface_open(NULL, NULL, 0);
    xen_pfn_t at = 0x140000, max;
    uint64_t val;
    long pages;
    uint8_t *p;

    (void)state;
    assert_int_equal(xc_domain_populate_physmap_exact(xch, d, 1, 9, 0, &at), 0);
    xc_domain_maximum_gpfn(xch, d, &max);
    assert_int_equal(max, at + 511);
    p = xenforeignmemory_map(f, d, PROT_READ | PROT_WRITE, 1, &at, NULL);
    strcpy((char *)p, "vram");
    assert_int_equal(xendevicemodel_relocate_memory(m, d, 512, at, 0xf2000), 0);
    assert_int_equal(fx_mmio_read(d, 0, 0xf2000000, 4, &val), 0);
    assert_memory_equal(&val, "vram", 4);
    assert_int_equal(fx_mmio_write(d, 0, 0xf2000000, 4, 0x21), 0);
    assert_string_equal((char *)p, "!");
    assert_false(fx_populated(d, at));
    assert_errno(xendevicemodel_relocate_memory(m, d, 1, at, 0xf3000), EINVAL);
    /* Over RAM: silently, and what was there is freed. */
    pages = fx_domain_pages(d);
    assert_int_equal(xendevicemodel_relocate_memory(m, d, 512, 0xf2000, 512),
                     0);
    assert_int_equal(fx_domain_pages(d), pages - 512);
    /* Populating over RAM frees nothing: the domain pays twice. */
    at = 0;
    pages = fx_domain_pages(d);
    assert_int_equal(xc_domain_populate_physmap_exact(xch, d, 1, 0, 0, &at), 0);
    assert_int_equal(fx_domain_pages(d), pages + 1);

    assert_int_equal(xendevicemodel_pin_memory_cacheattr(
                         m, d, 512, 1023, XEN_DMOP_MEM_CACHEATTR_WB),
                     0);
    assert_int_equal(fx_cacheattr(d, 700), XEN_DMOP_MEM_CACHEATTR_WB);
    assert_errno(xendevicemodel_pin_memory_cacheattr(m, d, 1000, 1100,
                                                     XEN_DMOP_MEM_CACHEATTR_WB),
                 EBUSY);
    assert_int_equal(xendevicemodel_pin_memory_cacheattr(
                         m, d, 512, 1023, XEN_DMOP_DELETE_MEM_CACHEATTR),
                     0);
    assert_int_equal(fx_cacheattr(d, 700), -ENOENT);
    xenforeignmemory_unmap(f, p, 1);
    xc_interface_close(xch);
    xenforeignmemory_close(f);
    xendevicemodel_close(m);
}

static void test_dirty(void **state)
{
    domid_t d = new_domain(4, 1);
    xendevicemodel_handle *m = xendevicemodel_open(NULL, 0);
    unsigned long bits[1];

    (void)state;
    assert_int_equal(xendevicemodel_track_dirty_vram(m, d, 64, 64, bits), 0);
    assert_true(bits[0] == ~0ul);
    assert_int_equal(fx_mmio_write(d, 0, 65 * 4096, 1, 1), 0);
    assert_int_equal(xendevicemodel_modified_memory(m, d, 70, 2), 0);
    assert_int_equal(xendevicemodel_track_dirty_vram(m, d, 64, 64, bits), 0);
    assert_true(bits[0] == (1ul << 1 | 3ul << 6));
    assert_int_equal(xendevicemodel_track_dirty_vram(m, d, 64, 64, bits), 0);
    assert_true(bits[0] == 0);
    fx_log_dirty(d, true);
    (void)fx_dirty(d, 80);
    assert_int_equal(xendevicemodel_modified_memory(m, d, 80, 1), 0);
    assert_true(fx_dirty(d, 80));
    assert_false(fx_dirty(d, 80));
    xendevicemodel_close(m);
}

/* ---- Ioreqs ---------------------------------------------------------- */

static void test_accesses(void **state)
{
    domid_t d = new_domain(4, 2);
    struct dm m;
    uint64_t val;
    uint32_t v32;

    (void)state;
    dm_create(&m, d, 2);
    dm_start(&m);
    assert_int_equal(fx_mmio_read(d, 1, MMIO + 8, 8, &val), 0);
    assert_true(val == MMIO + 8);
    assert_int_equal(fx_mmio_read(d, 0, MMIO + 3, 2, &val), 0);
    assert_true(val == 3);
    assert_int_equal(fx_mmio_write(d, 0, MMIO, 4, 0x1234567890), 0);
    assert_true(m.last_data == 0x34567890);
    /* Across a page: two requests. */
    m.served = 0;
    assert_int_equal(fx_mmio_read(d, 0, MMIO + 0xffe, 4, &val), 0);
    assert_int_equal(m.served, 2);
    assert_true(val == (0x0ffe | 0x1000u << 16));
    /* Nobody's. */
    assert_int_equal(fx_mmio_read(d, 0, MMIO + 0x10000, 4, &val), 0);
    assert_true(val == 0xffffffff);
    assert_int_equal(fx_mmio_write(d, 0, MMIO + 0xfffe, 4, 0), 0);

    assert_int_equal(
        fx_mmio_rep(d, 0, MMIO + 252, IOREQ_READ, 4, 64, true, 0x8000), 0);
    assert_true(m.last_ptr && m.last_df && m.last_count == 64 &&
                m.last_data == 0x8000 && m.last_addr == MMIO + 252);
    fx_write(d, 0x9000, "\xaa\xbb\xcc\xdd", 4);
    assert_int_equal(
        fx_mmio_rep(d, 0, MMIO + 0x20000, IOREQ_READ, 2, 2, false, 0x9000), 0);
    fx_read(d, 0x9000, &v32, 4);
    assert_true(v32 == 0xffffffff);

    assert_int_equal(fx_pio_read(d, 0, 0x504, 2, &v32), 0);
    assert_int_equal(v32, 0x504);
    assert_int_equal(fx_pci_cfg_read(d, 0, BDF, 0x10, 4, &v32), 0);
    assert_int_equal(v32, 0x10);
    assert_true(m.last_addr == ((uint64_t)BDF << 32 | 0x10));
    assert_int_equal(fx_pci_cfg_read(d, 0, BDF + 1, 0, 2, &v32), 0);
    assert_int_equal(v32, 0xffff);
    assert_int_equal(fx_pio_write(d, 0, 0xcf8, 4, 0x80000000u | BDF << 8 | 4),
                     0);
    assert_int_equal(fx_pio_read(d, 0, 0xcfe, 2, &v32), 0);
    assert_int_equal(v32, 6);
    assert_int_equal(m.last_type, IOREQ_TYPE_PCI_CONFIG);

    assert_int_equal(fx_balloon_out(d, 1, 100, 2), 0);
    assert_int_equal(m.invalidates, 1);
    assert_int_equal(fx_bad_ioreqs(d), 0);
    dm_stop(&m);
    dm_close(&m);
}

static void test_no_answer(void **state)
{
    domid_t d = new_domain(4, 1);
    struct dm m;
    uint64_t val;

    (void)state;
    fx_domain_set_timeout(d, 30);
    dm_create(&m, d, 1);
    assert_int_equal(fx_mmio_read(d, 0, MMIO, 4, &val), -ETIMEDOUT);
    assert_true(val == 0xffffffff);
    /* Still pending: it is served first, then the next. */
    dm_start(&m);
    fx_domain_set_timeout(d, 5000);
    assert_int_equal(fx_mmio_read(d, 0, MMIO + 4, 4, &val), 0);
    assert_true(val == (uint32_t)(MMIO + 4));
    assert_int_equal(m.served, 2);
    dm_stop(&m);
    /* A server that goes away leaves its vCPU hanging. */
    fx_domain_set_timeout(d, 30);
    assert_int_equal(fx_mmio_read(d, 0, MMIO, 4, &val), -ETIMEDOUT);
    xendevicemodel_destroy_ioreq_server(m.dmod, d, m.id);
    assert_int_equal(fx_mmio_read(d, 0, MMIO, 4, &val), 0);
    assert_true(val == 0xffffffff);
    dm_close(&m);
}

static void test_bad_answers(void **state)
{
    domid_t d = new_domain(4, 1);
    const char *why;
    struct dm m;
    uint64_t val;

    (void)state;
    dm_create(&m, d, 1);
    dm_slot(&m, 0)->vp_eport++;
    assert_int_equal(fx_mmio_read(d, 0, MMIO, 4, &val), -EIO);
    dm_slot(&m, 0)->vp_eport--;
    assert_int_equal(fx_bad_ioreqs(d), 1);
    assert_false(fx_domain_crashed(d, NULL));
    m.answer_state = 7;
    dm_start(&m);
    assert_int_equal(fx_mmio_read(d, 0, MMIO, 4, &val), -ESHUTDOWN);
    assert_true(fx_domain_crashed(d, &why));
    assert_non_null(strstr(why, "state"));
    assert_int_equal(fx_mmio_read(d, 0, 0, 4, &val), -ESHUTDOWN);
    dm_stop(&m);
    dm_close(&m);
}

static void test_server_limits(void **state)
{
    domid_t d = new_domain(4, 1);
    xendevicemodel_handle *m = xendevicemodel_open(NULL, 0);
    xenforeignmemory_handle *f = xenforeignmemory_open(NULL, 0);
    ioservid_t id;
    void *page = NULL;

    (void)state;
    for (int i = 0; i < 8; i++) {
        assert_int_equal(xendevicemodel_create_ioreq_server(m, d, 0, &id), 0);
        assert_int_equal(id, i);
    }
    assert_errno(xendevicemodel_create_ioreq_server(m, d, 0, &id), ENOSPC);
    assert_int_equal(fx_servers(d), 8);
    for (uint64_t i = 0; i < 256; i++) {
        assert_int_equal(xendevicemodel_map_io_range_to_ioreq_server(
                             m, d, 0, 1, i * 0x100, i * 0x100 + 0x7f),
                         0);
    }
    assert_errno(xendevicemodel_map_io_range_to_ioreq_server(
                     m, d, 0, 1, 0x100000, 0x1000ff),
                 ENOMEM);
    assert_errno(
        xendevicemodel_map_io_range_to_ioreq_server(m, d, 0, 1, 0x70, 0x80),
        EEXIST);
    /* Filling a gap joins two, which makes room. */
    assert_int_equal(
        xendevicemodel_map_io_range_to_ioreq_server(m, d, 0, 1, 0x80, 0xff), 0);
    assert_int_equal(fx_ranges(d, 0, XEN_DMOP_IO_RANGE_MEMORY), 255);
    assert_errno(xendevicemodel_unmap_io_range_from_ioreq_server(m, d, 0, 1,
                                                                 0x100, 0x180),
                 ENOENT);
    assert_errno(
        xendevicemodel_get_ioreq_server_info(m, d, 9, NULL, NULL, NULL),
        ENOENT);
    assert_null(xenforeignmemory_map_resource(
        f, d, XENMEM_resource_ioreq_server, 0,
        XENMEM_resource_ioreq_server_frame_bufioreq, 2, &page,
        PROT_READ | PROT_WRITE, 0));
    assert_int_equal(errno, ENOENT);
    xenforeignmemory_close(f);
    xendevicemodel_close(m);
}

static void test_interrupts(void **state)
{
    domid_t d = new_domain(4, 1);
    xendevicemodel_handle *m = xendevicemodel_open(NULL, 0);
    uint64_t addr;
    uint32_t data;

    (void)state;
    assert_int_equal(fx_msi_wait(d, NULL, NULL, 1), -ETIMEDOUT);
    assert_int_equal(xendevicemodel_inject_msi(m, d, 0xfee37000, 0x700), 0);
    assert_int_equal(fx_msi_wait(d, &addr, &data, 1000), 0);
    assert_true(addr == 0xfee37000 && data == 0x700);
    assert_int_equal(xendevicemodel_set_pci_intx_level(m, d, 0, 0, 16, 0, 1),
                     0);
    assert_int_equal(fx_intx_level(d, 16, 0), 1);
    assert_int_equal(fx_intx_level(d, 16, 1), 0);
    assert_errno(xendevicemodel_set_pci_intx_level(m, d, 0, 0, 32, 0, 1),
                 EINVAL);
    xendevicemodel_close(m);
}

/* ---- Event channels -------------------------------------------------- */

static bool readable(xenevtchn_handle *xce)
{
    struct pollfd p = {.fd = xenevtchn_fd(xce), .events = POLLIN};

    return poll(&p, 1, 0) == 1;
}

static void test_evtchn(void **state)
{
    domid_t d = new_domain(4, 1);
    xenevtchn_handle *xce = xenevtchn_open(NULL, 0);
    xenevtchn_handle *other = xenevtchn_open(NULL, 0);
    int g = fx_evtchn_alloc_unbound(d), l, u;

    (void)state;
    assert_true(g > 0);
    assert_errno(xenevtchn_bind_interdomain(xce, d, (evtchn_port_t)g + 1),
                 EINVAL);
    assert_errno(xenevtchn_bind_interdomain(xce, 999, 1), ESRCH);
    l = xenevtchn_bind_interdomain(xce, d, (evtchn_port_t)g);
    assert_true(l > 0 && fx_evtchn_bound(d, (evtchn_port_t)g));
    assert_errno(xenevtchn_bind_interdomain(other, d, (evtchn_port_t)g),
                 EINVAL);
    /* The first event is spurious; while masked two count as one. */
    assert_int_equal(xenevtchn_pending(xce), l);
    fx_evtchn_notify(d, (evtchn_port_t)g);
    fx_evtchn_notify(d, (evtchn_port_t)g);
    assert_false(readable(xce));
    xenevtchn_unmask(other, (evtchn_port_t)l); /* not its port: no effect */
    assert_false(readable(xce));
    xenevtchn_unmask(xce, (evtchn_port_t)l);
    assert_int_equal(xenevtchn_pending(xce), l);
    xenevtchn_unmask(xce, (evtchn_port_t)l);
    assert_false(readable(xce));
    fcntl(xenevtchn_fd(xce), F_SETFL, O_NONBLOCK);
    assert_errno(xenevtchn_pending(xce), EAGAIN);

    assert_errno(xenevtchn_notify(other, (evtchn_port_t)l), ENOTCONN);
    assert_int_equal(xenevtchn_notify(xce, (evtchn_port_t)l), 0);
    assert_int_equal(fx_evtchn_wait(d, (evtchn_port_t)g, 1000), 0);
    assert_int_equal(fx_evtchn_wait(d, (evtchn_port_t)g, 1), -ETIMEDOUT);

    /* dom0's end closed: the guest's may be bound again. */
    assert_int_equal(xenevtchn_unbind(xce, (evtchn_port_t)l), 0);
    assert_errno(xenevtchn_unbind(xce, (evtchn_port_t)l), ENOTCONN);
    l = xenevtchn_bind_interdomain(other, d, (evtchn_port_t)g);
    assert_true(l > 0);

    u = xenevtchn_bind_unbound_port(xce, d);
    assert_true(u > 0);
    g = fx_evtchn_bind(d, (evtchn_port_t)u);
    assert_true(g > 0);
    xenevtchn_notify(xce, (evtchn_port_t)u);
    assert_int_equal(fx_evtchn_wait(d, (evtchn_port_t)g, 1000), 0);
    fx_domain_kill(d);
    assert_int_equal(xenevtchn_notify(xce, (evtchn_port_t)u), 0);
    xenevtchn_close(other);
    xenevtchn_close(xce);
}

static void on_alarm(int sig)
{
    (void)sig;
}

static void test_evtchn_interrupted(void **state)
{
    xenevtchn_handle *xce = xenevtchn_open(NULL, 0);
    struct sigaction sa = {.sa_handler = on_alarm};

    (void)state;
    sigaction(SIGALRM, &sa, NULL);
    ualarm(20000, 20000);
    assert_errno(xenevtchn_pending(xce), EINTR);
    ualarm(0, 0);
    xenevtchn_close(xce);
}

/* ---- Restriction ----------------------------------------------------- */

static void test_restrict(void **state)
{
    domid_t d = new_domain(4, 1), e = new_domain(4, 1);
    xendevicemodel_handle *m = xendevicemodel_open(NULL, 0);
    xenforeignmemory_handle *f = xenforeignmemory_open(NULL, 0);
    xenevtchn_handle *x = xenevtchn_open(NULL, 0);
    xc_interface *xch = xc_interface_open(NULL, NULL, 0);
    struct xs_handle *xs = xs_open(0);
    xc_dominfo_t info;
    xen_pfn_t gfn = 0;
    unsigned int n;
    int port;
    void *p;

    (void)state;
    assert_int_equal(xentoolcore_restrict_all(d), 0);
    assert_int_equal(xendevicemodel_nr_vcpus(m, d, &n), 0);
    assert_errno(xendevicemodel_nr_vcpus(m, e, &n), EPERM);
    p = xenforeignmemory_map(f, d, PROT_READ, 1, &gfn, NULL);
    assert_non_null(p);
    xenforeignmemory_unmap(f, p, 1);
    assert_null(xenforeignmemory_map(f, e, PROT_READ, 1, &gfn, NULL));
    assert_int_equal(errno, EPERM);
    port = fx_evtchn_alloc_unbound(d);
    assert_true(xenevtchn_bind_interdomain(x, d, (evtchn_port_t)port) > 0);
    port = fx_evtchn_alloc_unbound(e);
    assert_errno(xenevtchn_bind_interdomain(x, e, (evtchn_port_t)port), EACCES);
    assert_errno(xenevtchn_bind_unbound_port(x, d), EACCES);
    assert_true(xc_domain_getinfo(xch, d, 1, &info) < 0);
    assert_null(xs_read(xs, XBT_NULL, "/", &n));
    assert_true(xentoolcore_restrict_all(e) < 0);
    xs_close(xs);
    xc_interface_close(xch);
    xenevtchn_close(x);
    xenforeignmemory_close(f);
    xendevicemodel_close(m);
}

/* ---- Control and store ----------------------------------------------- */

static void test_ctrl(void **state)
{
    domid_t d = new_domain(4, 2);
    xc_interface *xch = xc_interface_open(NULL, NULL, 0);
    xen_pfn_t gfn = 0x2000;
    xc_dominfo_t info[3];
    uint64_t v = 0;

    (void)state;
    assert_int_equal(xc_domain_getinfo(xch, 0, 3, info), 2);
    assert_int_equal(info[1].domid, d);
    assert_int_equal(info[1].nr_pages, 1024);
    assert_int_equal(info[1].nr_online_vcpus, 2);
    assert_errno(xc_domain_getinfo(xch, d + 1u, 1, info), ESRCH);
    assert_errno(xc_domain_populate_physmap_exact(xch, d, 1, 0, 0, &gfn),
                 EBUSY);
    assert_int_equal(xc_domain_setmaxmem(xch, d, 4096 + 4), 0);
    assert_int_equal(xc_domain_populate_physmap_exact(xch, d, 1, 0, 0, &gfn),
                     0);
    assert_int_equal(xc_domain_decrease_reservation_exact(xch, d, 1, 0, &gfn),
                     0);
    assert_true(xc_domain_decrease_reservation_exact(xch, d, 1, 0, &gfn) < 0);
    assert_int_equal(xc_hvm_param_set(xch, d, 5, 77), 0);
    assert_int_equal(xc_hvm_param_get(xch, d, 5, &v), 0);
    assert_int_equal(v, 77);
    xc_interface_close(xch);
}

static bool next_is(struct xs_handle *xs, const char *path, const char *token)
{
    char **vec = xs_check_watch(xs);
    bool is = vec && !strcmp(vec[XS_WATCH_PATH], path) &&
              !strcmp(vec[XS_WATCH_TOKEN], token);

    free(vec);
    return is;
}

static void test_store(void **state)
{
    struct xs_handle *xs = xs_open(0), *ys = xs_open(0);
    unsigned int n;
    xs_transaction_t t;
    char **dir, *v;

    (void)state;
    assert_true(xs_write(xs, XBT_NULL, "/a/b/c", "one", 3));
    v = xs_read(xs, XBT_NULL, "/a/b/c", &n);
    assert_string_equal(v, "one");
    free(v);
    assert_null(xs_read(xs, XBT_NULL, "/a/x", NULL));
    assert_int_equal(errno, ENOENT);
    dir = xs_directory(xs, XBT_NULL, "/a", &n);
    assert_int_equal(n, 1);
    assert_string_equal(dir[0], "b");
    free(dir);

    assert_true(xs_watch(ys, "/a", "tok"));
    assert_false(xs_watch(ys, "/a", "tok"));
    assert_true(next_is(ys, "/a", "tok"));
    assert_null(xs_check_watch(ys));
    assert_int_equal(errno, EAGAIN);
    t = xs_transaction_start(xs);
    assert_true(xs_write(xs, t, "/a/d", "two", 3));
    assert_null(xs_read(ys, XBT_NULL, "/a/d", NULL));
    assert_null(xs_check_watch(ys));
    assert_true(xs_transaction_end(xs, t, false));
    assert_true(next_is(ys, "/a/d", "tok"));
    t = xs_transaction_start(xs);
    assert_true(xs_write(xs, t, "/a/d", "three", 5));
    assert_true(xs_write(ys, XBT_NULL, "/a/d", "four", 4));
    assert_false(xs_transaction_end(xs, t, false));
    assert_int_equal(errno, EAGAIN);
    assert_true(next_is(ys, "/a/d", "tok"));
    assert_true(xs_rm(xs, XBT_NULL, "/a"));
    assert_true(next_is(ys, "/a", "tok"));
    assert_null(xs_directory(xs, XBT_NULL, "/a/b", &n));
    assert_false(xs_rm(xs, XBT_NULL, "/a/b"));
    assert_true(xs_write(xs, XBT_NULL, "/a", "", 0));
    assert_true(xs_unwatch(ys, "/a", "tok"));
    assert_null(xs_check_watch(ys));
    assert_true(xs_watch(ys, "relative", "r"));
    assert_true(next_is(ys, "relative", "r"));
    xs_mkdir(xs, XBT_NULL, "/local/domain/0/relative/x");
    assert_true(next_is(ys, "relative/x", "r"));
    xs_close(ys);
    xs_close(xs);
}

static void test_death(void **state)
{
    domid_t d = new_domain(4, 1);
    struct xs_handle *xs = xs_open(0);
    struct dm m;
    uint64_t val;
    char **vec;
    unsigned int n;

    (void)state;
    assert_true(xs_watch(xs, "@releaseDomain", "rel"));
    assert_true(next_is(xs, "@releaseDomain", "rel"));
    dm_create(&m, d, 1);
    assert_int_equal(xenevtchn_pending(m.xce), m.port[0]);
    fx_domain_kill(d);
    vec = xs_read_watch(xs, &n);
    assert_string_equal(vec[XS_WATCH_PATH], "@releaseDomain");
    free(vec);
    /* It lingers: we hold the ioreq page. */
    assert_true(fx_domain_exists(d));
    assert_errno(
        xendevicemodel_get_ioreq_server_info(m.dmod, d, m.id, NULL, NULL, NULL),
        ENOENT);
    assert_int_equal(dm_slot(&m, 0)->state, STATE_IOREQ_NONE);
    assert_false(readable(m.xce));
    assert_int_equal(fx_mmio_read(d, 0, MMIO, 4, &val), -ESHUTDOWN);
    xenforeignmemory_unmap_resource(m.fmem, m.res);
    assert_false(fx_domain_exists(d));
    assert_errno(
        xendevicemodel_get_ioreq_server_info(m.dmod, d, m.id, NULL, NULL, NULL),
        ESRCH);
    xenevtchn_close(m.xce);
    xenforeignmemory_close(m.fmem);
    xendevicemodel_close(m.dmod);
    xs_close(xs);
}

static void test_faults(void **state)
{
    domid_t d = new_domain(4, 1);
    xendevicemodel_handle *m = xendevicemodel_open(NULL, 0);
    uint64_t before = fx_calls("xendevicemodel_nr_vcpus");
    unsigned int n;

    (void)state;
    assert_int_equal(fx_fail_at("no_such_function", 1, EIO), -ENOENT);
    assert_int_equal(fx_fail_at("xendevicemodel_nr_vcpus", 2, ENOMEM), 0);
    assert_int_equal(xendevicemodel_nr_vcpus(m, d, &n), 0);
    assert_errno(xendevicemodel_nr_vcpus(m, d, &n), ENOMEM);
    assert_int_equal(xendevicemodel_nr_vcpus(m, d, &n), 0);
    assert_int_equal(fx_calls("xendevicemodel_nr_vcpus"), before + 3);
    fx_fail_at("*", 1, EIO);
    assert_null(xenforeignmemory_open(NULL, 0));
    assert_int_equal(errno, EIO);
    xendevicemodel_close(m);
}

/* ---- Several processes ----------------------------------------------- */

static const char *self;

static pid_t spawn(const char *what, domid_t domid, unsigned int id)
{
    char dom[16], server[16];
    pid_t pid;

    snprintf(dom, sizeof(dom), "%u", domid);
    snprintf(server, sizeof(server), "%u", id);
    pid = fork();
    if (!pid) {
        execl(self, self, "child", what, dom, server, (char *)NULL);
        _exit(127);
    }
    assert_true(pid > 0);
    return pid;
}

/* The device model as a process of its own; runs until it is killed. */
static int child(const char *what, domid_t domid, unsigned int id)
{
    static struct dm m;
    unsigned int n;

    if (!strcmp(what, "fail")) {
        m.dmod = xendevicemodel_open(NULL, 0);
        if (xendevicemodel_nr_vcpus(m.dmod, domid, &n))
            return 1;
        return xendevicemodel_nr_vcpus(m.dmod, domid, &n) && errno == ENOMEM
                   ? 0
                   : 2;
    }
    if (!strcmp(what, "takeover")) {
        dm_open(&m, domid, 1);
        m.id = (ioservid_t)id;
        dm_map(&m);
        dm_bind(&m);
        /* What its predecessor left unanswered. */
        dm_serve_slot(&m, 0);
    } else {
        dm_create(&m, domid, 1);
    }
    dm_loop(&m);
    return 0;
}

static int read_when_served(domid_t d, uint64_t addr, uint64_t *val)
{
    int rc = 0;

    for (int i = 0; i < 2000; i++) {
        rc = fx_mmio_read(d, 0, addr, 4, val);
        if (rc || *val != 0xffffffff)
            break;
        usleep(5000);
    }
    return rc;
}

static void stop(pid_t pid)
{
    int status;

    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
    for (int i = 0; i < 2000 && fx_broker_clients(); i++)
        usleep(5000);
}

static void test_processes(void **state)
{
    char path[64];
    domid_t d = new_domain(4, 1);
    uint64_t val;
    pid_t pid;

    (void)state;
    snprintf(path, sizeof(path), "/tmp/fakexen-%d.sock", (int)getpid());
    assert_int_equal(fx_broker_listen(path), 0);
    setenv("XEN_FAKE_SOCKET", path, 1);
    pid = spawn("create", d, 0);
    assert_int_equal(read_when_served(d, MMIO + 4, &val), 0);
    assert_true(val == (uint32_t)(MMIO + 4));
    assert_int_equal(fx_broker_clients(), 1);
    stop(pid);
    /* The kernel cleans up; the ioreq server stays. */
    assert_int_equal(fx_foreign_mappings(d), 0);
    assert_int_equal(fx_dom0_ports(), 0);
    assert_int_equal(fx_open_handles(), 0);
    assert_int_equal(fx_servers(d), 1);
    fx_domain_set_timeout(d, 30);
    assert_int_equal(fx_mmio_read(d, 0, MMIO, 4, &val), -ETIMEDOUT);
    fx_domain_set_timeout(d, 20000);
    pid = spawn("takeover", d, 0);
    assert_int_equal(fx_mmio_read(d, 0, MMIO + 8, 4, &val), 0);
    assert_true(val == (uint32_t)(MMIO + 8));
    stop(pid);
    unsetenv("XEN_FAKE_SOCKET");
    fx_broker_stop();
}

static void test_planned_by_environment(void **state)
{
    char path[64];
    domid_t d = new_domain(4, 1);
    int status;

    (void)state;
    snprintf(path, sizeof(path), "/tmp/fakexen-%d.sock", (int)getpid());
    assert_int_equal(fx_broker_listen(path), 0);
    setenv("XEN_FAKE_SOCKET", path, 1);
    setenv("XEN_FAKE_FAIL",
           "nobody/xendevicemodel_open:1:5,xendevicemodel_nr_vcpus:2:12", 1);
    waitpid(spawn("fail", d, 0), &status, 0);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    unsetenv("XEN_FAKE_FAIL");
    unsetenv("XEN_FAKE_SOCKET");
    fx_broker_stop();
}

struct prober {
    domid_t domid;
    _Atomic bool stop;
    _Atomic unsigned int answers, wrong;
};

static void *probe(void *arg)
{
    struct prober *p = arg;
    uint64_t val;

    while (!p->stop) {
        int rc = fx_mmio_read(p->domid, 0, MMIO + 16, 4, &val);

        if (!rc && val == (uint32_t)(MMIO + 16))
            p->answers++;
        else if (rc != -ETIMEDOUT)
            p->wrong++;
    }
    return NULL;
}

/* Killed anywhere, even inside a call of the fake. */
static void test_kills(void **state)
{
    char path[64];
    struct prober p = {.domid = new_domain(4, 1)};
    pthread_t t;
    uint64_t val;
    pid_t pid;

    (void)state;
    snprintf(path, sizeof(path), "/tmp/fakexen-%d.sock", (int)getpid());
    assert_int_equal(fx_broker_listen(path), 0);
    setenv("XEN_FAKE_SOCKET", path, 1);
    pid = spawn("create", p.domid, 0);
    assert_int_equal(read_when_served(p.domid, MMIO, &val), 0);
    fx_domain_set_timeout(p.domid, 5);
    pthread_create(&t, NULL, probe, &p);
    for (int i = 0; i < 10; i++) {
        unsigned int seen = p.answers;

        for (int ms = 0; ms < 20000 && p.answers < seen + 20; ms++)
            usleep(1000);
        assert_true(p.answers >= seen + 20);
        usleep((unsigned int)i * 313);
        stop(pid);
        pid = spawn("takeover", p.domid, 0);
    }
    p.stop = true;
    pthread_join(t, NULL);
    assert_int_equal(p.wrong, 0);
    assert_int_equal(fx_servers(p.domid), 1);
    stop(pid);
    unsetenv("XEN_FAKE_SOCKET");
    fx_broker_stop();
}

/* ---- Threads and speed ----------------------------------------------- */

struct worker {
    domid_t domid;
    unsigned int vcpu;
    int failed;
};

static void *hammer(void *arg)
{
    struct worker *w = arg;
    uint64_t val;

    for (unsigned int i = 0; i < 2000; i++) {
        uint64_t addr = MMIO + w->vcpu * 0x100 + i % 32 * 8;

        if (fx_mmio_read(w->domid, w->vcpu, addr, 8, &val) || val != addr)
            w->failed++;
    }
    return NULL;
}

static void test_two_vcpus(void **state)
{
    domid_t d = new_domain(4, 2);
    struct worker w[2] = {{d, 0, 0}, {d, 1, 0}};
    struct timespec a, b;
    pthread_t t[2];
    struct dm m;

    (void)state;
    dm_create(&m, d, 2);
    dm_start(&m);
    clock_gettime(CLOCK_MONOTONIC, &a);
    for (int i = 0; i < 2; i++)
        pthread_create(&t[i], NULL, hammer, &w[i]);
    for (int i = 0; i < 2; i++)
        pthread_join(t[i], NULL);
    clock_gettime(CLOCK_MONOTONIC, &b);
    print_message("# %.1f us an MMIO read, two vCPUs at once\n",
                  ((double)(b.tv_sec - a.tv_sec) * 1e6 +
                   (double)(b.tv_nsec - a.tv_nsec) / 1e3) /
                      4000);
    assert_int_equal(w[0].failed + w[1].failed, 0);
    dm_stop(&m);
    dm_close(&m);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        CASE(test_foreign_memory),
        CASE(test_withdrawn_stays_charged),
        CASE(test_relocate),
        CASE(test_dirty),
        CASE(test_accesses),
        CASE(test_no_answer),
        CASE(test_bad_answers),
        CASE(test_server_limits),
        CASE(test_interrupts),
        CASE(test_evtchn),
        CASE(test_evtchn_interrupted),
        CASE(test_restrict),
        CASE(test_ctrl),
        CASE(test_store),
        CASE(test_death),
        CASE(test_faults),
        CASE(test_processes),
        CASE(test_planned_by_environment),
        CASE(test_kills),
        CASE(test_two_vcpus),
    };

    self = "/proc/self/exe";
    if (argc == 5 && !strcmp(argv[1], "child"))
        return child(argv[2], (domid_t)atoi(argv[3]),
                     (unsigned int)atoi(argv[4]));
    alarm(120);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
