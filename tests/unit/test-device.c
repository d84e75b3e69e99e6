/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The device process's objects, with this test as guest, monitor and engine. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <xen-vgpu/packet.h>

#include "device-host.h"
#include "dm/device/device.h"

#define DEVFN 0x80
#define SDMA XVGPU_ENGINE_BASE(XVGPU_ENGINE_SDMA)
#define RAM (64ull << 20)
#define VRAM (4ull << 20)
#define PARKED ((5ull << 30) >> 12)
#define BAR0 0xf0000000ull
#define BAR2 0xe0000000ull
#define BAR4 0xf0010000ull

static struct host f;

static void wr(unsigned int off, uint32_t v)
{
    assert_int_equal(fx_mmio_write(f.domid, 0, BAR0 + off, 4, v), 0);
}

static uint32_t rd(unsigned int off)
{
    uint64_t v = 0;

    assert_int_equal(fx_mmio_read(f.domid, 0, BAR0 + off, 4, &v), 0);
    return (uint32_t)v;
}

static uint32_t cfg_rd(unsigned int off, unsigned int size)
{
    uint32_t v = 0;

    assert_int_equal(fx_pci_cfg_read(f.domid, 0, DEVFN, off, size, &v), 0);
    return v;
}

static void cfg_wr(unsigned int off, unsigned int size, uint32_t v)
{
    assert_int_equal(fx_pci_cfg_write(f.domid, 0, DEVFN, off, size, v), 0);
}

static void program_bars(void)
{
    cfg_wr(PCI_BAR(0), 4, BAR0);
    cfg_wr(PCI_BAR(2), 4, (uint32_t)BAR2);
    cfg_wr(PCI_BAR(3), 4, 0);
    cfg_wr(PCI_BAR(4), 4, (uint32_t)BAR4);
    cfg_wr(PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
}

static int setup_at(uint64_t parked)
{
    static struct host_config c;

    c = (struct host_config){.ram = RAM,
                             .vram = VRAM,
                             .parked = parked,
                             .devfn = DEVFN,
                             .log_level = LOG_ERROR};
    log_init("test-device", LOG_ERROR);
    return host_begin(&f, &c) && host_up(&f) ? 0 : -1;
}

static int setup(void **state)
{
    int rc = setup_at(PARKED);

    (void)state;
    if (!rc)
        program_bars();
    return rc;
}

/* Parked half way into where the BAR will go. */
#define OVERLAPPING (PARKED + (VRAM >> 13))

static int setup_overlapping(void **state)
{
    (void)state;
    return setup_at(OVERLAPPING);
}

static int teardown(void **state)
{
    (void)state;
    if (host_end(&f, true) || fx_servers(f.domid) ||
        fx_foreign_mappings(f.domid) || fx_dom0_ports() || fx_open_handles())
        return -1;
    fx_domain_kill(f.domid);
    return 0;
}

static void registers(void **state)
{
    uint64_t v;
    uint32_t bad;
    unsigned int i;

    (void)state;
    assert_int_equal(rd(XVGPU_MAGIC), XVGPU_MAGIC_VALUE);
    assert_int_equal(rd(XVGPU_ENGINES), 1u << XVGPU_ENGINE_SDMA);
    assert_int_equal(rd(XVGPU_VRAM_SIZE), VRAM);
    assert_int_equal(rd(XVGPU_RESET_COUNT), 0);
    bad = rd(XVGPU_BAD_ACCESS);
    wr(XVGPU_MAGIC, 0); /* read-only */
    wr(XVGPU_RESET, 2); /* no such command */
    wr(0x200, 1);       /* nothing there */
    assert_int_equal(rd(0x200), ~0u);
    assert_int_equal(rd(XVGPU_ENGINE_BASE(0) + XVGPU_CTRL), ~0u);
    assert_int_equal(rd(XVGPU_BAD_ACCESS), bad + 5);
    assert_int_equal(rd(XVGPU_MAGIC), XVGPU_MAGIC_VALUE);

    /* Bytes, words and unaligned accesses merge. */
    for (i = 0; i < 8; i++)
        fx_mmio_write(f.domid, 0, BAR0 + XVGPU_SCRATCH + 1 + i, 1, 0xa0 + i);
    fx_mmio_read(f.domid, 0, BAR0 + XVGPU_SCRATCH + 1, 8, &v);
    assert_true(v == 0xa7a6a5a4a3a2a1a0ull);
    fx_mmio_write(f.domid, 0, BAR0 + XVGPU_SCRATCH + 2, 8, ~0ull);
    fx_mmio_read(f.domid, 0, BAR0 + XVGPU_SCRATCH, 8, &v);
    assert_true(v == 0xffffffffffffa000ull);
    /* 8-byte registers whole and in halves. */
    fx_mmio_write(f.domid, 0, BAR0 + SDMA + XVGPU_RING_BASE, 8, 0x123456789000);
    assert_int_equal(rd(SDMA + XVGPU_RING_BASE + 4), 0x1234);
    wr(SDMA + XVGPU_RING_BASE + 4, 5);
    fx_mmio_read(f.domid, 0, BAR0 + SDMA + XVGPU_RING_BASE, 8, &v);
    assert_true(v == 0x556789000ull);
    /* A partial write is no command. */
    bad = rd(XVGPU_BAD_ACCESS);
    fx_mmio_write(f.domid, 0, BAR0 + SDMA + XVGPU_CTRL, 1, 1);
    assert_int_equal(rd(SDMA + XVGPU_CTRL), 0);
    assert_int_equal(rd(XVGPU_BAD_ACCESS), bad + 1);
    /* The last bytes of the BAR. */
    fx_mmio_read(f.domid, 0, BAR0 + XVGPU_CSR_BAR_SIZE - 8, 8, &v);
    assert_true(v == ~0ull);
}

static void time_runs(void **state)
{
    uint64_t a, b;

    (void)state;
    fx_mmio_read(f.domid, 0, BAR0 + XVGPU_TIMESTAMP, 8, &a);
    fx_mmio_read(f.domid, 0, BAR0 + XVGPU_TIMESTAMP, 8, &b);
    assert_true(b > a);
    assert_true(b < 3600ull * 1000000000ull);
}

static void decoding_toggles(void **state)
{
    uint64_t v;
    uint32_t word;

    (void)state;
    wr(XVGPU_SCRATCH, 77);
    fx_write(f.domid, BAR2, "vram", 4);
    cfg_wr(PCI_COMMAND, 2, 0);
    fx_mmio_read(f.domid, 0, BAR0, 4, &v);
    assert_int_equal((uint32_t)v, ~0u);
    /* VRAM stays. */
    assert_int_equal(fx_read(f.domid, BAR2, &word, 4), 0);
    assert_memory_equal(&word, "vram", 4);
    cfg_wr(PCI_BAR(0), 4, BAR0 + 0x100000);
    cfg_wr(PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
    fx_mmio_read(f.domid, 0, BAR0 + 0x100000 + XVGPU_SCRATCH, 4, &v);
    assert_int_equal((uint32_t)v, 77);
}

static void vram_moves(void **state)
{
    char buf[8] = "";
    uint64_t v;

    (void)state;
    assert_false(fx_populated(f.domid, PARKED));
    fx_write(f.domid, BAR2 + VRAM - 8, "the end", 8);
    /* By half its size upwards would need an unaligned BAR; by its size: */
    cfg_wr(PCI_BAR(2), 4, (uint32_t)(BAR2 + VRAM));
    assert_int_equal(fx_read(f.domid, BAR2 + 2 * VRAM - 8, buf, 8), 0);
    assert_string_equal(buf, "the end");
    assert_false(fx_populated(f.domid, BAR2 >> 12));
    /* Above 4 GiB: the halves one after the other, decoding off. */
    cfg_wr(PCI_COMMAND, 2, 0);
    cfg_wr(PCI_BAR(2), 4, 0);
    cfg_wr(PCI_BAR(3), 4, 0x10);
    cfg_wr(PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
    assert_int_equal(fx_read(f.domid, (0x10ull << 32) + VRAM - 8, buf, 8), 0);
    assert_string_equal(buf, "the end");
    fx_mmio_read(f.domid, 0, BAR0 + XVGPU_VRAM_BASE, 8, &v);
    assert_true(v == 0x10ull << 32);
    assert_int_equal(rd(XVGPU_BAR_REFUSED), 0);
}

static void vram_is_not_placed_over_ram(void **state)
{
    char buf[8] = "";
    uint64_t v;

    (void)state;
    fx_write(f.domid, RAM - VRAM, "mine", 5);
    fx_write(f.domid, BAR2, "vram", 5);
    cfg_wr(PCI_BAR(2), 4, (uint32_t)(RAM - VRAM)); /* its last page is RAM */
    assert_int_equal(rd(XVGPU_BAR_REFUSED), 1);
    fx_read(f.domid, RAM - VRAM, buf, 5);
    assert_string_equal(buf, "mine");
    fx_mmio_read(f.domid, 0, BAR0 + XVGPU_VRAM_BASE, 8, &v);
    assert_true(v == BAR2);
    fx_read(f.domid, BAR2, buf, 5);
    assert_string_equal(buf, "vram");
    /* Nor over the interrupt controllers, nor over BAR 0. */
    cfg_wr(PCI_BAR(2), 4, 0xfec00000);
    assert_int_equal(rd(XVGPU_BAR_REFUSED), 2);
    cfg_wr(PCI_BAR(2), 4, BAR0);
    assert_int_equal(rd(XVGPU_BAR_REFUSED), 3);
    assert_int_equal(rd(XVGPU_MAGIC), XVGPU_MAGIC_VALUE);
}

static void mark_vram(uint64_t at)
{
    uint64_t i;

    for (i = 0; i < VRAM; i += 4096)
        fx_write(f.domid, at + i, &i, sizeof(i));
}

static void check_vram(uint64_t at)
{
    uint64_t i, got;

    for (i = 0; i < VRAM; i += 4096) {
        assert_int_equal(fx_read(f.domid, at + i, &got, sizeof(got)), 0);
        assert_true(got == i);
    }
}

/* A move that fails half way, onto itself, leaves VRAM as it was. */
static void overlapping_move_is_undone(void **state)
{
    uint64_t v;

    (void)state;
    cfg_wr(PCI_BAR(0), 4, BAR0);
    cfg_wr(PCI_BAR(2), 4, (uint32_t)(PARKED << 12));
    cfg_wr(PCI_BAR(3), 4, (uint32_t)(PARKED >> 20));
    mark_vram((uint64_t)OVERLAPPING << 12);
    fx_fail_at("xendevicemodel_relocate_memory", 2, ENOMEM);
    cfg_wr(PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
    fx_fail_clear();
    assert_int_equal(rd(XVGPU_BAR_REFUSED), 1);
    fx_mmio_read(f.domid, 0, BAR0 + XVGPU_VRAM_BASE, 8, &v);
    assert_true(v == (uint64_t)OVERLAPPING << 12);
    check_vram((uint64_t)OVERLAPPING << 12);
    /* The next one succeeds, downwards and onto itself. */
    cfg_wr(PCI_COMMAND, 2, 0);
    cfg_wr(PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
    check_vram((uint64_t)PARKED << 12);
}

static void start_ring(void)
{
    wr(SDMA + XVGPU_RING_BASE, 0x10000);
    wr(SDMA + XVGPU_RING_BASE + 4, 0);
    wr(SDMA + XVGPU_RING_SIZE, 0x1000);
    wr(SDMA + XVGPU_CTRL, XVGPU_CTRL_ENABLE);
}

/* Until a register has a value, for what another thread must notice. */
static void await(unsigned int off, uint32_t want)
{
    unsigned int i;

    for (i = 0; i < 2000 && rd(off) != want; i++)
        usleep(1000);
    assert_int_equal(rd(off), want);
}

static void ring_starts_and_stops(void **state)
{
    uint32_t bad;

    (void)state;
    start_ring();
    assert_int_equal(rd(SDMA + XVGPU_STATUS), XVGPU_STATUS_RUNNING);
    assert_int_equal(rd(SDMA + XVGPU_CTRL), XVGPU_CTRL_ENABLE);
    assert_int_equal(f.runs, 1);
    assert_int_equal(f.link->dev.ring_base, 0x10000);
    assert_int_equal(f.link->dev.bus_master, 1);
    wr(SDMA + XVGPU_WPTR, 0x20);
    assert_int_equal(LINK_READ(f.link->dev.wptr), 0x20);
    assert_int_equal(rd(SDMA + XVGPU_WPTR), 0x20);
    /* Configuration is fixed while it runs. */
    bad = rd(XVGPU_BAD_ACCESS);
    wr(SDMA + XVGPU_RING_SIZE, 0x2000);
    assert_int_equal(rd(SDMA + XVGPU_RING_SIZE), 0x1000);
    assert_int_equal(rd(XVGPU_BAD_ACCESS), bad + 1);
    cfg_wr(PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
    assert_int_equal(f.link->dev.bus_master, 0);
    wr(SDMA + XVGPU_CTRL, 0);
    assert_int_equal(rd(SDMA + XVGPU_STATUS), XVGPU_STATUS_DISABLED);
    assert_int_equal(f.kills, 0);
    assert_int_equal(f.runs, 1);
}

static void ring_that_does_not_start(void **state)
{
    (void)state;
    LINK_WRITE(f.ack_status, XVGPU_FAULT_RING_BASE);
    start_ring();
    assert_int_equal(rd(SDMA + XVGPU_STATUS), XVGPU_STATUS_STOPPED);
    assert_int_equal(rd(SDMA + XVGPU_FAULT_CODE), XVGPU_FAULT_RING_BASE);
    assert_int_equal(rd(SDMA + XVGPU_CTRL), 0);
    LINK_WRITE(f.ack_status, 0);
    start_ring();
    assert_int_equal(rd(SDMA + XVGPU_STATUS), XVGPU_STATUS_RUNNING);
    assert_int_equal(rd(SDMA + XVGPU_FAULT_CODE), 0);
}

static void engine_that_can_not_be_had(void **state)
{
    (void)state;
    LINK_WRITE(f.refuse_start, true);
    start_ring();
    assert_int_equal(rd(SDMA + XVGPU_STATUS), XVGPU_STATUS_STOPPED);
    assert_int_equal(rd(SDMA + XVGPU_FAULT_CODE), XVGPU_FAULT_NO_ENGINE);
}

static void completions_interrupt(void **state)
{
    uint32_t data;
    uint64_t addr;

    (void)state;
    cfg_wr(PCI_CAP_MSIX + 2, 2, 0x8000);
    assert_int_equal(rd(XVGPU_INTR_ROUTE), IRQ_MSIX);
    fx_mmio_write(f.domid, 0, BAR4 + 0x20, 8, 0xfee00000);
    fx_mmio_write(f.domid, 0, BAR4 + 0x28, 8, 0x55);
    wr(SDMA + XVGPU_VECTOR, 2);
    wr(XVGPU_INTR_ENABLE, ~0u);
    start_ring();
    LINK_WRITE_REL(f.link->eng.done_count, 1);
    host_event(&f);
    assert_true(fx_msi_wait(f.domid, &addr, &data, 5000) >= 0);
    assert_int_equal(data, 0x55);
    assert_int_equal(rd(XVGPU_INTR_STATUS), XVGPU_INTR_DONE(XVGPU_ENGINE_SDMA));
    wr(XVGPU_INTR_STATUS, XVGPU_INTR_DONE(XVGPU_ENGINE_SDMA));
    assert_int_equal(rd(XVGPU_INTR_STATUS), 0);
    /* A kick without news is none. */
    host_event(&f);
    assert_int_equal(fx_msi_wait(f.domid, &addr, &data, 50) < 0, 1);

    /* INTx: a level until acknowledged. */
    cfg_wr(PCI_CAP_MSIX + 2, 2, 0);
    LINK_WRITE_REL(f.link->eng.done_count, 2);
    host_event(&f);
    await(XVGPU_INTR_STATUS, XVGPU_INTR_DONE(XVGPU_ENGINE_SDMA));
    assert_int_equal(fx_intx_level(f.domid, DEVFN >> 3, 0), 1);
    wr(XVGPU_INTR_STATUS, ~0u);
    assert_int_equal(fx_intx_level(f.domid, DEVFN >> 3, 0), 0);
}

static void faults_are_reported(void **state)
{
    (void)state;
    start_ring();
    f.link->eng.fault_code = XVGPU_FAULT_ADDRESS;
    f.link->eng.fault_offset = 0x40;
    f.link->eng.fault_addr = 0xabcd00000000ull;
    LINK_WRITE_REL(f.link->eng.fault_count, 1);
    host_event(&f);
    await(SDMA + XVGPU_STATUS, XVGPU_STATUS_STOPPED);
    assert_int_equal(rd(SDMA + XVGPU_FAULT_CODE), XVGPU_FAULT_ADDRESS);
    assert_int_equal(rd(SDMA + XVGPU_FAULT_OFFSET), 0x40);
    assert_int_equal(rd(SDMA + XVGPU_FAULT_ADDR + 4), 0xabcd);
    assert_int_equal(rd(SDMA + XVGPU_FAULTS), 1);
    assert_int_equal(rd(XVGPU_INTR_STATUS),
                     XVGPU_INTR_FAULT(XVGPU_ENGINE_SDMA));
    wr(SDMA + XVGPU_CTRL, XVGPU_CTRL_ENABLE | XVGPU_CTRL_RESUME);
    assert_int_equal(rd(SDMA + XVGPU_STATUS), XVGPU_STATUS_RUNNING);
    assert_int_equal(f.link->dev.cmd, LINK_CMD_RESUME);
}

static void dead_engine_is_replaced(void **state)
{
    (void)state;
    start_ring();
    wr(SDMA + XVGPU_WPTR, 0x40);
    f.link->eng.jobs = 9;
    f.link->eng.fence = 9;
    f.link->eng.rptr = 0x20;
    f.link->eng.cur_offset = 0x20;
    f.link->eng.cur_header = XVGPU_PKT_HEADER(XVGPU_PKT_FENCE, 0, 5);
    LINK_WRITE(f.running, false);
    host_engine_op(&f, PROTO_ENGINE_DEAD, 0, 0);
    await(SDMA + XVGPU_RESETS, 1);
    assert_int_equal(rd(SDMA + XVGPU_FAULT_CODE), XVGPU_FAULT_ENGINE_RESET);
    assert_int_equal(rd(SDMA + XVGPU_FAULT_OFFSET), 0x20);
    assert_int_equal(rd(SDMA + XVGPU_STATUS), XVGPU_STATUS_STOPPED);
    wr(SDMA + XVGPU_CTRL, XVGPU_CTRL_ENABLE | XVGPU_CTRL_RESUME);
    assert_int_equal(f.runs, 2);
    assert_int_equal(f.link->dev.start_stopped, 1);
    assert_int_equal(f.link->dev.start_rptr, 0x34);
    assert_int_equal(f.link->dev.wptr, 0x40);
    assert_int_equal(f.link->dev.start_fence, 9);
    assert_int_equal(rd(SDMA + XVGPU_JOBS), 9);
    assert_int_equal(rd(SDMA + XVGPU_STATUS), XVGPU_STATUS_RUNNING);
}

/* What a process that ended by itself says is the packet's fault. */
static void hung_engine_is_replaced(void **state)
{
    static const struct {
        enum proto_death death;
        uint32_t code;
    } rows[] = {{PROTO_DEATH_HUNG, XVGPU_FAULT_ENGINE_HUNG},
                {PROTO_DEATH_LOST, XVGPU_FAULT_ENGINE_RESET},
                {PROTO_DEATH_HUNG, XVGPU_FAULT_ENGINE_HUNG}};
    uint32_t i;

    (void)state;
    start_ring();
    wr(SDMA + XVGPU_WPTR, 0x400);
    for (i = 0; i < 3; i++) {
        f.link->eng.cur_offset = 0x20 * i;
        f.link->eng.cur_header = XVGPU_PKT_HEADER(XVGPU_PKT_FENCE, 0, 5);
        LINK_WRITE(f.running, false);
        host_engine_op(&f, PROTO_ENGINE_DEAD, (int)rows[i].death, 0);
        await(SDMA + XVGPU_RESETS, i + 1);
        assert_int_equal(rd(SDMA + XVGPU_FAULT_CODE), rows[i].code);
        assert_int_equal(rd(SDMA + XVGPU_FAULT_OFFSET), 0x20 * i);
        wr(SDMA + XVGPU_CTRL, XVGPU_CTRL_ENABLE | XVGPU_CTRL_RESUME);
        assert_int_equal(f.link->dev.start_rptr, 0x20 * i + 0x14);
        assert_int_equal(rd(SDMA + XVGPU_STATUS), XVGPU_STATUS_RUNNING);
    }
}

/* Interrupts of a ring must not be taken for those of its predecessor. */
static void fault_of_a_new_process_is_seen(void **state)
{
    (void)state;
    start_ring();
    f.link->eng.fault_code = XVGPU_FAULT_VMID;
    LINK_WRITE_REL(f.link->eng.fault_count, 1);
    host_event(&f);
    await(SDMA + XVGPU_STATUS, XVGPU_STATUS_STOPPED);
    wr(SDMA + XVGPU_CTRL, 0);
    LINK_WRITE(f.running, false);
    host_engine_op(&f, PROTO_ENGINE_DEAD, 0, 0);
    /* The device may not have heard yet: that start fails. */
    do
        start_ring();
    while (rd(SDMA + XVGPU_STATUS) != XVGPU_STATUS_RUNNING);
    f.link->eng.fault_code = XVGPU_FAULT_ADDRESS;
    LINK_WRITE_REL(f.link->eng.fault_count, f.link->eng.fault_count + 1);
    host_event(&f);
    await(SDMA + XVGPU_STATUS, XVGPU_STATUS_STOPPED);
    assert_int_equal(rd(SDMA + XVGPU_FAULT_CODE), XVGPU_FAULT_ADDRESS);
}

/* A KILL and a RUN were given up waiting for. */
static void late_answers_are_not_taken(void **state)
{
    (void)state;
    start_ring();
    wr(SDMA + XVGPU_CTRL, 0);
    wr(XVGPU_RESET, 1);
    assert_int_equal(f.kills, 1);
    f.late = true;
    start_ring();
    assert_int_equal(rd(SDMA + XVGPU_STATUS), XVGPU_STATUS_RUNNING);
    assert_int_equal(f.runs, 2);
    assert_int_equal(rd(SDMA + XVGPU_FAULTS), 0);
}

static void resume_without_an_engine(void **state)
{
    (void)state;
    start_ring();
    wr(SDMA + XVGPU_WPTR, 0x40);
    LINK_WRITE(f.refuse_start, true);
    LINK_WRITE(f.running, false);
    host_engine_op(&f, PROTO_ENGINE_DEAD, 0, 0);
    await(SDMA + XVGPU_FAULT_CODE, XVGPU_FAULT_NO_ENGINE);
    LINK_WRITE(f.refuse_start, false);
    wr(SDMA + XVGPU_CTRL, XVGPU_CTRL_ENABLE | XVGPU_CTRL_RESUME);
    /* Nothing is run again from the ring's start. */
    assert_int_equal(rd(SDMA + XVGPU_STATUS), XVGPU_STATUS_STOPPED);
    assert_int_equal(rd(SDMA + XVGPU_FAULT_CODE), XVGPU_FAULT_NO_ENGINE);
    start_ring();
    assert_int_equal(rd(SDMA + XVGPU_STATUS), XVGPU_STATUS_RUNNING);
}

static void reset_by_csr_keeps_config_space(void **state)
{
    uint64_t v;

    (void)state;
    cfg_wr(PCI_CAP_MSIX + 2, 2, 0x8000);
    fx_mmio_write(f.domid, 0, BAR4, 8, 0xfee00000);
    fx_mmio_write(f.domid, 0, BAR4 + 8, 8, 0x66);
    wr(XVGPU_RESET, 1);
    assert_int_equal(rd(XVGPU_INTR_ROUTE), IRQ_MSIX);
    fx_mmio_read(f.domid, 0, BAR4 + 8, 8, &v);
    assert_int_equal(v, 0x66);
}

static void resets(void **state)
{
    char buf[8] = "secret";
    uint64_t v;

    (void)state;
    start_ring();
    wr(XVGPU_SCRATCH, 1);
    fx_write(f.domid, BAR2 + 5000, buf, sizeof(buf));
    wr(XVGPU_RESET, 1);
    assert_int_equal(rd(XVGPU_RESET_COUNT), 1);
    assert_int_equal(rd(XVGPU_RESET_REASON), XVGPU_RESET_CSR);
    assert_int_equal(rd(XVGPU_SCRATCH), 0);
    assert_int_equal(rd(SDMA + XVGPU_RING_SIZE), 0);
    assert_int_equal(f.kills, 1);
    fx_read(f.domid, BAR2 + 5000, buf, sizeof(buf));
    assert_memory_equal(buf, "\0\0\0\0\0\0\0", 8);

    /* FLR: config space too. */
    cfg_wr(PCI_CAP_AF + 4, 1, 1);
    assert_int_equal(cfg_rd(PCI_COMMAND, 2), 0);
    assert_int_equal(cfg_rd(PCI_BAR(0), 4), 0);
    fx_mmio_read(f.domid, 0, BAR0, 4, &v);
    assert_int_equal((uint32_t)v, ~0u);
    program_bars();
    assert_int_equal(rd(XVGPU_RESET_COUNT), 2);
    assert_int_equal(rd(XVGPU_RESET_REASON), XVGPU_RESET_FLR);
    start_ring();
    assert_int_equal(rd(SDMA + XVGPU_STATUS), XVGPU_STATUS_RUNNING);
}

/* The host's: the guest can still be told, and look. */
static void reset_by_the_host_is_told(void **state)
{
    char buf[8] = "secret";
    uint32_t data;
    uint64_t addr;
    int port;

    (void)state;
    port = fx_evtchn_alloc_unbound(f.domid);
    assert_true(port > 0);
    cfg_wr(PCI_CAP_MSIX + 2, 2, 0x8000);
    fx_mmio_write(f.domid, 0, BAR4 + 0x20, 8, 0xfee00000);
    fx_mmio_write(f.domid, 0, BAR4 + 0x28, 8, 0x55);
    wr(SDMA + XVGPU_VECTOR, 2);
    wr(SDMA + XVGPU_COMPLETION_PORT, (uint32_t)port);
    wr(XVGPU_INTR_ENABLE, 0xff00);
    wr(XVGPU_SCRATCH, 1);
    fx_write(f.domid, BAR2 + 5000, buf, sizeof(buf));
    start_ring();
    assert_true(host_reset(&f, XVGPU_RESET_GUARD, false));
    assert_int_equal(f.kills, 1);
    assert_true(fx_msi_wait(f.domid, &addr, &data, 5000) >= 0);
    assert_int_equal(data, 0x55);
    assert_int_equal(fx_evtchn_wait(f.domid, (evtchn_port_t)port, 5000), 0);
    assert_false(fx_evtchn_bound(f.domid, (evtchn_port_t)port));
    assert_int_equal(rd(XVGPU_RESET_REASON), XVGPU_RESET_GUARD);
    assert_int_equal(rd(XVGPU_RESET_COUNT), 1);
    assert_int_equal(rd(SDMA + XVGPU_STATUS), XVGPU_STATUS_DISABLED);
    assert_int_equal(rd(SDMA + XVGPU_CTRL), 0);
    assert_int_equal(rd(SDMA + XVGPU_FAULT_CODE), XVGPU_FAULT_GUARD);
    assert_int_equal(rd(SDMA + XVGPU_FAULTS), 1);
    assert_int_equal(rd(SDMA + XVGPU_VECTOR), 2);
    assert_int_equal(rd(SDMA + XVGPU_RING_SIZE), 0);
    assert_int_equal(rd(SDMA + XVGPU_COMPLETION_PORT), 0);
    assert_int_equal(rd(XVGPU_SCRATCH), 0);
    assert_int_equal(rd(XVGPU_INTR_ENABLE), 0xff00);
    assert_int_equal(rd(XVGPU_INTR_STATUS),
                     XVGPU_INTR_FAULT(XVGPU_ENGINE_SDMA));
    fx_read(f.domid, BAR2 + 5000, buf, sizeof(buf));
    assert_memory_equal(buf, "\0\0\0\0\0\0\0", 8);
    start_ring();
    assert_int_equal(rd(SDMA + XVGPU_STATUS), XVGPU_STATUS_RUNNING);
    assert_int_equal(rd(SDMA + XVGPU_FAULT_CODE), 0);

    /* By INTx: a level until acknowledged. A port that the guest does not
     * have is its own affair. */
    cfg_wr(PCI_CAP_MSIX + 2, 2, 0);
    wr(XVGPU_INTR_STATUS, ~0u);
    wr(SDMA + XVGPU_CTRL, 0);
    wr(SDMA + XVGPU_COMPLETION_PORT, 0x7fff);
    start_ring();
    assert_true(host_reset(&f, XVGPU_RESET_ADMIN, false));
    assert_int_equal(fx_intx_level(f.domid, DEVFN >> 3, 0), 1);
    assert_int_equal(rd(XVGPU_RESET_REASON), XVGPU_RESET_ADMIN);
    assert_int_equal(rd(SDMA + XVGPU_FAULT_CODE), XVGPU_FAULT_ENGINE_RESET);
    wr(XVGPU_INTR_STATUS, ~0u);
    assert_int_equal(fx_intx_level(f.domid, DEVFN >> 3, 0), 0);

    /* Of rings that it does not have it hears nothing. */
    assert_true(host_reset(&f, XVGPU_RESET_ADMIN, false));
    assert_int_equal(rd(XVGPU_INTR_STATUS), 0);
    assert_int_equal(rd(SDMA + XVGPU_FAULT_CODE), 0);
}

/* An engine that is frozen in the midst of a draw does not stop: the monitor
 * knows, and ends it, instead of the device after its patience. */
static void stops_frozen(void **state)
{
    (void)state;
    start_ring();
    LINK_WRITE(f.deaf, true);
    LINK_WRITE(f.frozen, true);
    wr(SDMA + XVGPU_CTRL, 0);
    assert_int_equal(f.thaws, 1);
    assert_int_equal(f.kills, 0);
    assert_int_equal(rd(SDMA + XVGPU_STATUS), XVGPU_STATUS_DISABLED);
    LINK_WRITE(f.deaf, false);
    LINK_WRITE(f.frozen, false);
    start_ring();
    assert_int_equal(rd(SDMA + XVGPU_STATUS), XVGPU_STATUS_RUNNING);
    assert_int_equal(f.runs, 2);
}

static void quarantine(void **state)
{
    (void)state;
    wr(XVGPU_INTR_ENABLE, ~0u);
    start_ring();
    assert_true(host_reset(&f, XVGPU_RESET_GUARD, true));
    assert_int_equal(rd(SDMA + XVGPU_FAULT_CODE), XVGPU_FAULT_QUARANTINE);
    assert_int_equal(rd(SDMA + XVGPU_STATUS), XVGPU_STATUS_DISABLED);
    start_ring();
    assert_int_equal(rd(SDMA + XVGPU_STATUS), XVGPU_STATUS_STOPPED);
    assert_int_equal(rd(SDMA + XVGPU_FAULT_CODE), XVGPU_FAULT_QUARANTINE);
    wr(SDMA + XVGPU_CTRL, XVGPU_CTRL_ENABLE | XVGPU_CTRL_RESUME);
    assert_int_equal(rd(SDMA + XVGPU_STATUS), XVGPU_STATUS_STOPPED);
    /* The guest's resets change nothing. */
    wr(XVGPU_RESET, 1);
    start_ring();
    assert_int_equal(rd(SDMA + XVGPU_FAULT_CODE), XVGPU_FAULT_QUARANTINE);
    cfg_wr(PCI_CAP_AF + 4, 1, 1);
    program_bars();
    start_ring();
    assert_int_equal(rd(SDMA + XVGPU_FAULT_CODE), XVGPU_FAULT_QUARANTINE);
    assert_int_equal(f.runs, 1);
    /* Who has been refused is told that it is over. */
    wr(XVGPU_INTR_STATUS, ~0u);
    assert_true(host_reset(&f, XVGPU_RESET_ADMIN, false));
    assert_int_equal(rd(XVGPU_INTR_STATUS),
                     XVGPU_INTR_FAULT(XVGPU_ENGINE_SDMA));
    assert_int_equal(rd(SDMA + XVGPU_FAULT_CODE), XVGPU_FAULT_ENGINE_RESET);
    start_ring();
    assert_int_equal(rd(SDMA + XVGPU_STATUS), XVGPU_STATUS_RUNNING);
    assert_int_equal(f.runs, 2);
}

static void ask(uint32_t what)
{
    unsigned int i;

    assert_true(host_query(&f, what, 42));
    for (i = 0; i < 5000; i++) {
        if (__atomic_load_n(&f.replied, __ATOMIC_ACQUIRE))
            break;
        usleep(1000);
    }
    assert_true(f.replied);
    assert_int_equal(f.reply.msg.u.reply.tag, 42);
}

static void queries(void **state)
{
    const uint32_t pixel = 0x00123456;
    uint32_t got;

    (void)state;
    ask(PROTO_QUERY_SHOW);
    assert_non_null(strstr(f.reply.text, "sdma.jobs 0\n"));
    assert_non_null(strstr(f.reply.text, "quarantine 0\n"));
    assert_non_null(strstr(f.reply.text, "vram_size 4194304\n"));
    ask(PROTO_QUERY_REGS);
    assert_non_null(strstr(f.reply.text, "0x0000 4 MAGIC 0x50475658\n"));
    assert_non_null(strstr(f.reply.text, " SDMA.FAULTS 0x"));
    ask(PROTO_QUERY_SCREENSHOT);
    assert_int_equal(f.reply.msg.u.reply.status, -ENODATA);
    assert_int_equal(f.reply.nr_fds, 0);
    ask(99);
    assert_int_equal(f.reply.msg.u.reply.status, -ENOSYS);

    wr(XVGPU_SCANOUT_FORMAT, XVGPU_FORMAT_XRGB8888);
    wr(XVGPU_SCANOUT_WIDTH, 100);
    wr(XVGPU_SCANOUT_HEIGHT, 50);
    wr(XVGPU_SCANOUT_STRIDE, 512);
    wr(XVGPU_SCANOUT_BASE, 0x1004);
    wr(XVGPU_SCANOUT_CTRL, 1);
    fx_write(f.domid, BAR2 + 0x1004 + 512 * 49 + 99 * 4, &pixel, 4);
    ask(PROTO_QUERY_SCREENSHOT);
    assert_int_equal(f.reply.msg.u.reply.status, 0);
    assert_int_equal(f.reply.msg.u.reply.height, 50);
    assert_int_equal(f.reply.nr_fds, 1);
    assert_int_equal(pread(f.reply.fds[0], &got, 4, 400 * 49 + 99 * 4), 4);
    assert_int_equal(got, pixel);
    proto_close_fds(&f.reply);
    /* Hostile geometry. */
    wr(XVGPU_SCANOUT_STRIDE, 0xfffffffc);
    ask(PROTO_QUERY_SCREENSHOT);
    assert_int_equal(f.reply.msg.u.reply.status, -ENODATA);
    wr(XVGPU_SCANOUT_STRIDE, 512);
    wr(XVGPU_SCANOUT_BASE, VRAM - 512 * 49);
    ask(PROTO_QUERY_SCREENSHOT);
    assert_int_equal(f.reply.msg.u.reply.status, -ENODATA);
    wr(XVGPU_SCANOUT_BASE + 4, 0xffffffff);
    ask(PROTO_QUERY_SCREENSHOT);
    assert_int_equal(f.reply.msg.u.reply.status, -ENODATA);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(registers),
        TEST(time_runs),
        TEST(decoding_toggles),
        TEST(vram_moves),
        TEST(vram_is_not_placed_over_ram),
        cmocka_unit_test_setup_teardown(overlapping_move_is_undone,
                                        setup_overlapping, teardown),
        TEST(fault_of_a_new_process_is_seen),
        TEST(late_answers_are_not_taken),
        TEST(resume_without_an_engine),
        TEST(reset_by_csr_keeps_config_space),
        TEST(ring_starts_and_stops),
        TEST(ring_that_does_not_start),
        TEST(engine_that_can_not_be_had),
        TEST(completions_interrupt),
        TEST(faults_are_reported),
        TEST(dead_engine_is_replaced),
        TEST(hung_engine_is_replaced),
        TEST(resets),
        TEST(reset_by_the_host_is_told),
        TEST(stops_frozen),
        TEST(quarantine),
        TEST(queries),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
