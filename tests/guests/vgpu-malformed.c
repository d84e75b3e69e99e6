/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every kind of malformed packet, address and ring: each is reported in the
 * registers, touches nothing, and the ring works again.
 */
#include "check.h"

const char test_title[] = "vgpu-malformed: each fault is reported";

#define TIMEOUT   (60 * PLAT_S)
#define POLL      (500 * PLAT_US)
#define RING_SIZE KB(64)

/* How the ring goes on: skip the packet, or start again from nothing. */
enum cure { RESUME, RESTART };

#define BIT(code) (1u << XVGPU_FAULT_##code)

static const struct engine_config config = { .ring_size = RING_SIZE };
static unsigned int nr_cases;

/* RAM that nothing may write to, in front of and behind what may be. */
static uint8_t *ram, *victim;
static uint32_t *ib;

static bool restart(const char *name)
{
    engine_stop(sdma());
    return CHECK(engine_start(sdma(), &config), "%s: no restart", name);
}

static bool code_is_one_of(const char *name, uint32_t codes)
{
    uint32_t code = engine_read(sdma(), XVGPU_FAULT_CODE);
    bool ok = code < 32 && (codes >> code & 1);

    if (!CHECK(ok, "%s: the fault is %u (%s)", name, code,
               engine_fault_name(code)))
        engine_print_fault(sdma());
    return ok;
}

static void check_victim(const char *name)
{
    for (unsigned int i = 0; i < PAGE_SIZE; i++)
        if (!CHECK(victim[i] == 0x5a, "%s: byte %u was written", name, i)) {
            memset(victim, 0x5a, PAGE_SIZE);
            return;
        }
}

/*
 * Puts @n dwords, then a fence that must not be reached.  @codes: what
 * FAULT_CODE may be.
 */
static void expect(const char *name, uint32_t codes, const uint32_t *dw,
                   unsigned int n, enum cure cure)
{
    struct vgpu_engine *e = sdma();
    uint32_t at = e->wptr, faults = engine_read64(e, XVGPU_FAULTS), val;
    enum engine_result result;
    uint64_t fence;

    nr_cases++;
    engine_put(e, dw, n);
    fence = engine_submit(e, true);
    result = engine_wait(e, fence, TIMEOUT, POLL);
    if (!CHECK(result == ENGINE_FAULT, "%s: result %u", name, result)) {
        engine_print_fault(e);
        restart(name);
        return;
    }
    code_is_one_of(name, codes);
    val = engine_read(e, XVGPU_STATUS);
    CHECK(val == XVGPU_STATUS_STOPPED, "%s: STATUS is %u", name, val);
    val = engine_read(e, XVGPU_FAULT_OFFSET);
    CHECK(val == at, "%s: FAULT_OFFSET is %#x, not %#x", name, val, at);
    if (engine_read64(e, XVGPU_FAULT_IB) == ~0UL) {
        val = engine_read(e, XVGPU_FAULT_HEADER);
        CHECK(val == dw[0], "%s: FAULT_HEADER is %#x, not %#x", name, val,
              dw[0]);
    }
    val = engine_read64(e, XVGPU_FAULTS);
    CHECK(val == faults + 1, "%s: FAULTS went from %u to %u", name, faults,
          val);
    CHECK(e->wb->fence < fence, "%s: the fence behind it is there", name);
    check_victim(name);

    if (cure == RESUME) {
        engine_resume(e);
        result = engine_wait(e, fence, TIMEOUT, POLL);
        if (!CHECK(result == ENGINE_DONE, "%s: resumed, result %u", name,
                   result)) {
            engine_print_fault(e);
            restart(name);
        }
    } else {
        restart(name);
    }
    check_works(name);
}

static void bad_headers(void)
{
    static const struct {
        uint32_t type, dwords;
    } kinds[] = {
        { XVGPU_PKT_IB, 4 },        { XVGPU_PKT_FENCE, 5 },
        { XVGPU_PKT_WAIT_MEM, 7 },  { XVGPU_PKT_TIMESTAMP, 3 },
        { XVGPU_PKT_WRITE, 4 },     { XVGPU_PKT_COPY_LINEAR, 7 },
        { XVGPU_PKT_COPY_RECT, 9 }, { XVGPU_PKT_FILL, 6 },
        { XVGPU_PKT_FILL_RECT, 7 },
    };
    static const uint8_t unknown[] = { 0x06, 0x0f, 0x14, 0x1f, 0x80, 0xff };
    uint32_t dw[16] = { 0 };
    char name[40];

    for (unsigned int i = 0; i < ARRAY_SIZE(unknown); i++) {
        dw[0] = XVGPU_PKT_HEADER(unknown[i], 0, 4);
        snprintf(name, sizeof(name), "unknown type %#x", unknown[i]);
        expect(name, BIT(PACKET_TYPE), dw, 4, RESUME);
    }
    for (unsigned int i = 0; i < ARRAY_SIZE(kinds); i++) {
        uint32_t type = kinds[i].type, n = kinds[i].dwords;

        dw[0] = XVGPU_PKT_HEADER(type, 0, n - 1);
        snprintf(name, sizeof(name), "type %#x too short", type);
        expect(name, BIT(PACKET_LENGTH), dw, n - 1, RESTART);

        if (type != XVGPU_PKT_WRITE) {
            dw[0] = XVGPU_PKT_HEADER(type, 0, n + 1);
            snprintf(name, sizeof(name), "type %#x too long", type);
            expect(name, BIT(PACKET_LENGTH), dw, n + 1, RESTART);
        }

        dw[0] = XVGPU_PKT_HEADER(type, 8, n);
        snprintf(name, sizeof(name), "type %#x, unknown flag", type);
        expect(name, BIT(PACKET_FIELD), dw, n, RESUME);

        dw[0] = XVGPU_PKT_HEADER(type, 0, n) | 1u << 12;
        snprintf(name, sizeof(name), "type %#x, VMID 1", type);
        expect(name, BIT(VMID), dw, n, RESUME);
    }
    dw[0] = XVGPU_PKT_HEADER(XVGPU_PKT_NOP, 0, 0);
    expect("NOP of no dwords", BIT(PACKET_LENGTH), dw, 1, RESTART);
    dw[0] = XVGPU_PKT_HEADER(XVGPU_PKT_NOP, 0, 4097);
    expect("NOP of 4097 dwords", BIT(PACKET_LENGTH), dw, 1, RESTART);
    dw[0] = XVGPU_PKT_HEADER(XVGPU_PKT_NOP, 0, 64);
    expect("packet beyond the write pointer", BIT(PACKET_LENGTH), dw, 1,
           RESTART);
}

static void bad_fields(void)
{
    uint64_t a = plat_gpa(ram), b = a + MB(1);
    const uint32_t field = BIT(PACKET_FIELD), align = BIT(ALIGNMENT);
    const uint32_t either = field | align;
    uint32_t dw[16], data = 1;

    expect("copy of 0 bytes", field, dw, pkt_copy(dw, a, b, 0), RESUME);
    expect("copy of more than 2^40 bytes", field, dw,
           pkt_copy(dw, a, b, (1ULL << 40) + 1), RESUME);
    expect("rect of no lines", field, dw,
           pkt_copy_rect(dw, a, 64, b, 64, 64, 0), RESUME);
    expect("rect of empty lines", field, dw,
           pkt_copy_rect(dw, a, 64, b, 64, 0, 4), RESUME);
    expect("rect of too many lines", field, dw,
           pkt_copy_rect(dw, a, 64, b, 64, 64, XVGPU_RECT_MAX_LINES + 1),
           RESUME);
    expect("rect of too long lines", field, dw,
           pkt_copy_rect(dw, a, ~0u, b, ~0u, XVGPU_RECT_MAX_LINE + 1, 1),
           RESUME);
    expect("rect with a source stride below its lines", field, dw,
           pkt_copy_rect(dw, a, 63, b, 64, 64, 4), RESUME);
    expect("rect with a target stride below its lines", field, dw,
           pkt_copy_rect(dw, a, 64, b, 63, 64, 4), RESUME);
    expect("fill of 0 bytes", field, dw, pkt_fill(dw, a, 0, 0), RESUME);
    expect("fill of 6 bytes", either, dw, pkt_fill(dw, a, 0, 6), RESUME);
    expect("fill of more than 2^40 bytes", field, dw,
           pkt_fill(dw, a, 0, (1ULL << 40) + 4), RESUME);
    expect("fill at an odd address", align, dw, pkt_fill(dw, a + 1, 0, 8),
           RESUME);
    expect("rect fill at an odd address", align, dw,
           pkt_fill_rect(dw, a + 2, 64, 0, 64, 2), RESUME);
    expect("rect fill with an odd stride", either, dw,
           pkt_fill_rect(dw, a, 66, 0, 64, 2), RESUME);
    expect("rect fill of odd lines", either, dw,
           pkt_fill_rect(dw, a, 64, 0, 62, 2), RESUME);
    expect("rect fill with a stride below its lines", field, dw,
           pkt_fill_rect(dw, a, 60, 0, 64, 2), RESUME);
    expect("write to an odd address", align, dw, pkt_write(dw, a + 2, &data, 1),
           RESUME);
    expect("fence at an odd address", align, dw, pkt_fence(dw, a + 4, 1, false),
           RESUME);
    expect("time stamp at an odd address", align, dw, pkt_timestamp(dw, a + 4),
           RESUME);
    expect("wait at an odd address", align, dw,
           pkt_wait_mem(dw, a + 1, XVGPU_WAIT_EQ, 0, 0, 1), RESUME);
    expect("wait with an unknown function", field, dw,
           pkt_wait_mem(dw, a, XVGPU_WAIT_LE + 1, 0, ~0u, 1), RESUME);
    expect("wait without time-out", field, dw,
           pkt_wait_mem(dw, a, XVGPU_WAIT_EQ, 0, ~0u, 0), RESUME);
    expect("wait beyond the limit", field, dw,
           pkt_wait_mem(dw, a, XVGPU_WAIT_EQ, 0, ~0u,
                        engine_read(sdma(), XVGPU_WAIT_LIMIT) + 1),
           RESUME);
    *(volatile uint32_t *)ram = 0;
    expect("wait that ends by its time-out", BIT(WAIT_TIMEOUT), dw,
           pkt_wait_mem(dw, a, XVGPU_WAIT_EQ, 1, ~0u, 20000), RESUME);
}

/* Addresses at which nothing is that an engine may touch. */
static void bad_addresses(void)
{
    struct bad {
        const char *name;
        uint64_t addr;
    } bad[] = {
        { "past RAM", plat_ram_end() + MB(64) },
        { "in the VGA hole", 0xa0000 },
        { "in our registers", vgpu.pci.bar[XVGPU_BAR_CSR].addr },
        { "in the LAPIC", APIC_DEFAULT_BASE },
        { "behind VRAM", vgpu_vram_addr(&vgpu, vgpu.vram_size) },
        { "at the top of the address space", ~0ULL << 12 },
        { "past 2^52", 1ULL << 52 },
    };
    uint64_t a = plat_gpa(ram);
    uint32_t dw[16], data = 0;
    char name[64];

#define EXPECT(what, packet)                                                   \
    do {                                                                       \
        snprintf(name, sizeof(name), what " %s", bad[i].name);                 \
        expect(name, BIT(ADDRESS), dw, packet, RESUME);                        \
    } while (0)

    for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
        uint64_t x = bad[i].addr;

        EXPECT("copy from", pkt_copy(dw, x, a, 256));
        EXPECT("copy to", pkt_copy(dw, a, x, 256));
        EXPECT("rect from", pkt_copy_rect(dw, x, 64, a, 64, 64, 2));
        EXPECT("rect to", pkt_copy_rect(dw, a, 64, x, 64, 64, 2));
        EXPECT("fill", pkt_fill(dw, x, 0, 256));
        EXPECT("rect fill", pkt_fill_rect(dw, x, 64, 0, 64, 2));
        EXPECT("write", pkt_write(dw, x, &data, 1));
        EXPECT("fence", pkt_fence(dw, x, 1, false));
        EXPECT("time stamp", pkt_timestamp(dw, x));
        EXPECT("wait", pkt_wait_mem(dw, x, XVGPU_WAIT_EQ, 0, ~0u, 1000));
        EXPECT("IB", pkt_ib(dw, x, 4));
    }
#undef EXPECT

    expect("copy from RAM to behind its end", BIT(ADDRESS), dw,
           pkt_copy(dw, plat_low_ram_end() - 100, a, 200), RESUME);
    expect("copy over RAM's end", BIT(ADDRESS), dw,
           pkt_copy(dw, a, plat_low_ram_end() - 4096, 8192), RESUME);
    expect("copy over VRAM's end", BIT(ADDRESS), dw,
           pkt_copy(dw, a, vgpu_vram_addr(&vgpu, vgpu.vram_size - 100), 200),
           RESUME);
    expect("source that wraps around", BIT(ADDRESS), dw,
           pkt_copy(dw, -100ULL, a, 200), RESUME);
    expect("target that wraps around", BIT(ADDRESS), dw,
           pkt_copy(dw, a, -100ULL, 200), RESUME);
    expect("fill that wraps around", BIT(ADDRESS), dw,
           pkt_fill(dw, -128ULL, 0, 256), RESUME);
    expect("rect whose lines wrap around", BIT(ADDRESS), dw,
           pkt_copy_rect(dw, a, ~0u, a, ~0u, 16, XVGPU_RECT_MAX_LINES), RESUME);
    expect("the largest copy", BIT(ADDRESS), dw,
           pkt_copy(dw, plat_low_ram_end() - KB(64), vgpu_vram_addr(&vgpu, 0),
                    1ULL << 40),
           RESUME);
}

static void bad_indirect_buffers(void)
{
    uint64_t at = plat_gpa(ib), second = at + KB(4), third = at + KB(8);
    uint32_t dw[8];
    unsigned int n = 0;

    expect("IB at an odd address", BIT(ALIGNMENT), dw, pkt_ib(dw, at + 2, 1),
           RESUME);
    expect("IB of no dwords", BIT(IB_SIZE) | BIT(PACKET_FIELD), dw,
           pkt_ib(dw, at, 0), RESUME);
    expect("IB too large", BIT(IB_SIZE), dw,
           pkt_ib(dw, at, XVGPU_IB_MAX_DWORDS + 1), RESUME);

    pkt_ib(ib, at, 4);
    expect("IB that calls itself", BIT(IB_DEPTH), dw, pkt_ib(dw, at, 4),
           RESUME);

    for (unsigned int i = 0; i <= XVGPU_IB_MAX_DEPTH; i++)
        pkt_ib(ib + 4 * i, at + 16 * (i + 1), 4);
    expect("IBs one too deep", BIT(IB_DEPTH), dw, pkt_ib(dw, at, 4), RESUME);

    /* 65 calls of 64 calls: more than one packet may cause. */
    pkt_nop(ib + KB(8) / 4, 1);
    for (unsigned int i = 0; i < 64; i++)
        pkt_ib(ib + KB(4) / 4 + 4 * i, third, 1);
    for (unsigned int i = 0; i < 65; i++)
        n += pkt_ib(ib + n, second, 64 * 4);
    expect("too many IBs", BIT(IB_SIZE), dw, pkt_ib(dw, at, n), RESUME);

    pkt_nop(ib, 8);
    expect("packet over its IB's end", BIT(PACKET_LENGTH), dw,
           pkt_ib(dw, at, 4), RESUME);
    ib[0] = XVGPU_PKT_HEADER(0x7f, 0, 1);
    expect("unknown type in an IB", BIT(PACKET_TYPE), dw, pkt_ib(dw, at, 1),
           RESUME);

    /* The register names the place within the buffer. */
    pkt_nop(ib, 3);
    ib[3] = XVGPU_PKT_HEADER(0x7e, 0, 1);
    nr_cases++;
    engine_put(sdma(), dw, pkt_ib(dw, at, 4));
    if (CHECK(engine_wait(sdma(), engine_submit(sdma(), true), TIMEOUT, POLL) ==
                  ENGINE_FAULT,
              "bad packet at an IB's end")) {
        uint64_t where = engine_read64(sdma(), XVGPU_FAULT_IB);
        uint32_t header = engine_read(sdma(), XVGPU_FAULT_HEADER);

        CHECK(where == at + 12, "FAULT_IB is %#lx, not %#lx", where, at + 12);
        CHECK(header == ib[3], "FAULT_HEADER is %#x, not %#x", header, ib[3]);
    }
    restart("bad packet at an IB's end");

    /* As deep as allowed: no fault. */
    for (unsigned int i = 0; i + 1 < XVGPU_IB_MAX_DEPTH; i++)
        pkt_ib(ib + 4 * i, at + 16 * (i + 1), 4);
    pkt_nop(ib + 4 * (XVGPU_IB_MAX_DEPTH - 1), 4);
    check_run(dw, pkt_ib(dw, at, 4), "IBs as deep as allowed");
}

/* Programs the ring, lets @reg be @val, enables; a fault must follow. */
static void expect_start(const char *name, uint32_t codes, unsigned int reg,
                         uint64_t val, bool wide)
{
    struct vgpu_engine *e = sdma();
    uint32_t status;

    nr_cases++;
    engine_stop(e);
    engine_program(e, &config);
    pkt_nop(e->ring, 1);
    if (wide)
        engine_write64(e, reg, val);
    else
        engine_write(e, reg, val);
    engine_write(e, XVGPU_CTRL, XVGPU_CTRL_ENABLE);
    if (engine_read(e, XVGPU_STATUS) == XVGPU_STATUS_RUNNING) {
        /* Seen only when it is used: give it something to do. */
        engine_write(e, XVGPU_WPTR, 4);
        for (unsigned int i = 0; i < 100; i++) {
            if (engine_read(e, XVGPU_STATUS) != XVGPU_STATUS_RUNNING)
                break;
            plat_sleep(10 * PLAT_MS);
        }
    }
    status = engine_read(e, XVGPU_STATUS);
    CHECK(status != XVGPU_STATUS_RUNNING, "%s: STATUS is %u", name, status);
    code_is_one_of(name, codes);
    if (restart(name))
        check_works(name);
}

static void bad_rings(void)
{
    const uint32_t base = BIT(RING_BASE), access = BIT(RING_ACCESS);
    const uint32_t nowhere = base | access | BIT(ADDRESS);

    expect_start("ring at an odd address", base, XVGPU_RING_BASE,
                 plat_gpa(ram) + 64, true);
    expect_start("ring of no bytes", base, XVGPU_RING_SIZE, 0, false);
    expect_start("ring of 5000 bytes", base, XVGPU_RING_SIZE, 5000, false);
    expect_start("ring too small", base, XVGPU_RING_SIZE,
                 XVGPU_RING_SIZE_MIN / 2, false);
    expect_start("ring too large", base, XVGPU_RING_SIZE,
                 XVGPU_RING_SIZE_MAX * 2, false);
    expect_start("ring past RAM", nowhere, XVGPU_RING_BASE,
                 plat_ram_end() + MB(64), true);
    expect_start("ring in our registers", nowhere, XVGPU_RING_BASE,
                 vgpu.pci.bar[XVGPU_BAR_CSR].addr, true);
    expect_start("ring that wraps around", nowhere, XVGPU_RING_BASE,
                 -(uint64_t)PAGE_SIZE, true);
    expect_start("read pointer to nowhere", nowhere, XVGPU_RPTR_ADDR,
                 plat_ram_end() + MB(64), true);
    expect_start("odd address for the read pointer", BIT(ALIGNMENT),
                 XVGPU_RPTR_ADDR, plat_gpa(ram) + 2, true);
    expect_start("unbindable doorbell port", BIT(EVTCHN), XVGPU_DOORBELL_PORT,
                 0x3ff, false);
    expect_start("unbindable completion port", BIT(EVTCHN),
                 XVGPU_COMPLETION_PORT, 0xfffffff0, false);
}

static void expect_wptr(const char *name, uint32_t wptr)
{
    nr_cases++;
    engine_write(sdma(), XVGPU_WPTR, wptr);
    for (unsigned int i = 0; i < 200; i++) {
        if (engine_read(sdma(), XVGPU_STATUS) == XVGPU_STATUS_STOPPED)
            break;
        plat_sleep(10 * PLAT_MS);
    }
    code_is_one_of(name, BIT(WPTR));
    if (restart(name))
        check_works(name);
}

static void bad_pointers(void)
{
    uint32_t dw[8];

    expect_wptr("write pointer behind the ring", RING_SIZE);
    expect_wptr("write pointer far away", 0xfffffffc);
    expect_wptr("odd write pointer", 6);

    pci_command(&vgpu.pci, 0, PCI_COMMAND_MASTER);
    engine_put(sdma(), dw, pkt_nop(dw, 1));
    engine_ring(sdma());
    for (unsigned int i = 0; i < 200; i++) {
        if (engine_read(sdma(), XVGPU_STATUS) == XVGPU_STATUS_STOPPED)
            break;
        plat_sleep(10 * PLAT_MS);
    }
    code_is_one_of("bus mastering off", BIT(BUS_MASTER));
    pci_command(&vgpu.pci, PCI_COMMAND_MASTER, 0);
    if (restart("bus mastering off"))
        check_works("bus mastering on again");
}

/* Not malformed at all: packets of all lengths over the ring's end. */
static void wrap_ring(void)
{
    struct engine_config small = { .ring_size = XVGPU_RING_SIZE_MIN };
    static uint32_t dw[256];
    uint64_t before;

    engine_stop(sdma());
    if (!CHECK(engine_start(sdma(), &small), "small ring"))
        return;
    before = engine_read64(sdma(), XVGPU_PACKETS);
    for (unsigned int i = 0; i < 2000; i++)
        if (!CHECK(engine_put(sdma(), dw, pkt_nop(dw, 1 + i % 201)),
                   "small ring: full at packet %u", i))
            break;
    check_works("small ring");
    CHECK(engine_read64(sdma(), XVGPU_PACKETS) >= before + 2000,
          "small ring: %lu packets",
          engine_read64(sdma(), XVGPU_PACKETS) - before);
    restart("small ring");
}

void test_main(void)
{
    if (!check_open())
        return;
    ram = plat_alloc(MB(4), 0);
    victim = plat_alloc(PAGE_SIZE, 0);
    memset(victim, 0x5a, PAGE_SIZE);
    ib = plat_alloc(KB(16), 0);
    if (!check_start_sdma(&config))
        return;

    bad_headers();
    bad_fields();
    bad_addresses();
    bad_indirect_buffers();
    bad_rings();
    bad_pointers();
    wrap_ring();
    printk("%u malformed things tried\n", nr_cases);
    stats_print("vgpu-malformed", sdma(), NULL);
    xtf_success(NULL);
}
