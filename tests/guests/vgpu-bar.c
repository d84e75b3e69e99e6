/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * BARs that move, decoding off and on, resets while a job runs, VRAM above
 * 4 GiB, and a BAR that RAM is in the way of.
 */
#include "check.h"

const char test_title[] = "vgpu-bar: moving BARs, decoding, resets";

#define TIMEOUT    (60 * PLAT_S)
#define PATTERN(i) (0x5eed000000000000UL + (i)*0x100000001UL)

/* Free places: what pci_assign() does not use from the hole's end down. */
#define OTHER_CSR_ADDR 0xfbf00000UL

static const struct engine_config config;

static void set_bar(unsigned int bar, uint64_t addr)
{
    pci_command(&vgpu.pci, 0, PCI_COMMAND_MEMORY);
    pci_set_bar(&vgpu.pci, bar, addr);
    pci_command(&vgpu.pci, PCI_COMMAND_MEMORY, 0);
    vgpu_remap(&vgpu);
}

/* One word in each of 1024 places all over VRAM. */
static volatile uint64_t *sample(unsigned int i)
{
    return (volatile uint64_t *)(vgpu.vram + vgpu.vram_size / 1024 * i);
}

static void mark_vram(void)
{
    for (unsigned int i = 0; i < 1024; i++)
        *sample(i) = PATTERN(i);
}

static void check_vram(const char *when)
{
    unsigned int bad = 0;

    for (unsigned int i = 0; i < 1024; i++)
        bad += *sample(i) != PATTERN(i);
    CHECK(!bad, "%s: %u of 1024 words in VRAM changed", when, bad);
}

static void check_vram_base(const char *when, uint64_t want)
{
    uint64_t base = vgpu_read64(&vgpu, XVGPU_VRAM_BASE);

    CHECK(base == want, "%s: VRAM_BASE is %#lx, not %#lx", when, base, want);
}

/* The engine finds VRAM where it is now. */
static void check_engine_in_vram(const char *when)
{
    volatile uint32_t *word = (volatile uint32_t *)(vgpu.vram + 64);
    uint32_t dw[8], saved = *word;

    if (check_run(dw, pkt_fill(dw, vgpu_vram_addr(&vgpu, 64), 0x600d600d, 4),
                  when))
        CHECK(*word == 0x600d600d, "%s: the engine wrote elsewhere", when);
    *word = saved;
}

static void move_csrs(void)
{
    uint64_t home = vgpu.pci.bar[XVGPU_BAR_CSR].addr;
    volatile char *old = vgpu.csr;
    uint32_t val;

    vgpu_write(&vgpu, XVGPU_SCRATCH, 0x12345678);
    set_bar(XVGPU_BAR_CSR, OTHER_CSR_ADDR);
    val = vgpu_read(&vgpu, XVGPU_SCRATCH);
    CHECK(val == 0x12345678, "CSRs moved: scratch is %#x", val);
    val = *(volatile uint32_t *)(old + XVGPU_SCRATCH);
    CHECK(val == ~0u, "CSRs moved: the old place reads %#x", val);
    check_works("with moved CSRs");
    set_bar(XVGPU_BAR_CSR, home);
    check_works("with CSRs moved back");
}

static void toggle_decoding(void)
{
    uint32_t val;

    for (unsigned int i = 0; i < 7; i++) {
        pci_command(&vgpu.pci, 0, PCI_COMMAND_MEMORY);
        val = vgpu_read(&vgpu, XVGPU_MAGIC);
        CHECK(val == ~0u, "decoding off: MAGIC reads %#x", val);
        pci_command(&vgpu.pci, PCI_COMMAND_MEMORY, 0);
        val = vgpu_read(&vgpu, XVGPU_MAGIC);
        CHECK(val == XVGPU_MAGIC_VALUE, "decoding on: MAGIC reads %#x", val);
    }
    check_vram("after decoding was toggled");
    check_works("after decoding was toggled");
}

static uint64_t vram_above(void)
{
    uint64_t size = vgpu.vram_size;

    return ROUNDUP(max(plat_ram_end(), (uint64_t)GB(4)) + GB(20), size);
}

static void move_vram(void)
{
    uint64_t home = vgpu.pci.bar[XVGPU_BAR_VRAM].addr, high = vram_above();

    set_bar(XVGPU_BAR_VRAM, high);
    check_vram_base("moved above 4 GiB", high);
    check_vram("moved above 4 GiB");
    check_engine_in_vram("moved above 4 GiB");

    set_bar(XVGPU_BAR_VRAM, high + vgpu.vram_size);
    check_vram_base("moved by its size", high + vgpu.vram_size);
    check_vram("moved by its size");

    set_bar(XVGPU_BAR_VRAM, home);
    check_vram_base("moved home", home);
    check_vram("moved home");
    check_engine_in_vram("moved home");
}

/* RAM is where the BAR shall go: it must not be replaced. */
static void put_vram_over_ram(void)
{
    uint64_t home = vgpu.pci.bar[XVGPU_BAR_VRAM].addr, size = vgpu.vram_size;
    uint32_t before = vgpu_read(&vgpu, XVGPU_BAR_REFUSED), after;
    volatile uint64_t *ram;
    uint64_t where;

    /* Past the image, if it is to be no more than a range that ends in RAM. */
    where = size < plat_low_ram_end() ? size : 0;
    if (!where) {
        printk("VRAM is larger than RAM: no place to test the refusal\n");
        return;
    }
    ram = _p(where);
    *ram = 0xabcdef;
    set_bar(XVGPU_BAR_VRAM, where);
    CHECK(*ram == 0xabcdef, "RAM reads %#lx below a refused BAR", *ram);
    after = vgpu_read(&vgpu, XVGPU_BAR_REFUSED);
    CHECK(after == before + 1, "BAR_REFUSED went from %u to %u", before, after);
    check_vram_base("refused", home);

    set_bar(XVGPU_BAR_VRAM, home);
    check_vram_base("home after a refusal", home);
    check_vram("after a refusal");
}

/* Long enough that a reset finds it at work: 256 copies of 4 MiB or so. */
static void start_long_job(void)
{
    static uint32_t *ib, *ram;
    uint64_t bytes = min((uint64_t)MB(4), vgpu.vram_size / 4);
    uint32_t dw[8];
    unsigned int n = 0;

    if (!ib) {
        ib = plat_alloc(KB(16), 0);
        ram = plat_alloc(bytes, 0);
    }
    for (unsigned int i = 0; i < 256; i++)
        n += pkt_copy(ib + n, plat_gpa(ram),
                      vgpu_vram_addr(&vgpu, (i & 3) * bytes), bytes);
    engine_put(sdma(), dw, pkt_ib(dw, plat_gpa(ib), n));
    engine_submit(sdma(), true);
}

static void check_after_reset(const char *what, uint32_t reason, uint32_t count)
{
    uint64_t base = vgpu_read64(&vgpu, XVGPU_VRAM_BASE);
    uint32_t val;

    val = vgpu_read(&vgpu, XVGPU_RESET_REASON);
    CHECK(val == reason, "%s: RESET_REASON is %u", what, val);
    val = vgpu_read(&vgpu, XVGPU_RESET_COUNT);
    CHECK(val == count + 1, "%s: RESET_COUNT went from %u to %u", what, count,
          val);
    val = engine_read(sdma(), XVGPU_STATUS);
    CHECK(val == XVGPU_STATUS_DISABLED, "%s: engine's STATUS is %u", what, val);
    CHECK(!engine_read64(sdma(), XVGPU_RING_BASE), "%s: RING_BASE is kept",
          what);
    CHECK(!vgpu_read(&vgpu, XVGPU_SCRATCH), "%s: SCRATCH is kept", what);
    CHECK(base == vgpu.pci.bar[XVGPU_BAR_VRAM].addr, "%s: VRAM at %#lx", what,
          base);
    CHECK(!*sample(0) && !*sample(1000), "%s: VRAM is not empty", what);
    if (check_start_sdma(&config)) {
        check_works(what);
        check_engine_in_vram(what);
    }
}

static void reset_by_flr(void)
{
    uint32_t count = vgpu_read(&vgpu, XVGPU_RESET_COUNT), cmd;

    vgpu_write(&vgpu, XVGPU_SCRATCH, 1);
    start_long_job();
    if (!CHECK(pci_flr(&vgpu.pci), "no FLR"))
        return;
    cmd = pci_read(&vgpu.pci, PCI_COMMAND, 2);
    CHECK(!(cmd & (PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER)),
          "FLR: the command register is %#x", cmd);
    pci_restore(&vgpu.pci);
    check_after_reset("FLR", XVGPU_RESET_FLR, count);
}

static void reset_by_csr(void)
{
    uint32_t count = vgpu_read(&vgpu, XVGPU_RESET_COUNT);

    mark_vram();
    vgpu_write(&vgpu, XVGPU_SCRATCH, 1);
    start_long_job();
    vgpu_write(&vgpu, XVGPU_RESET, 1);
    check_after_reset("CSR reset", XVGPU_RESET_CSR, count);
}

/* A job that does not touch VRAM must not notice that it moves. */
static void move_during_job(void)
{
    uint64_t home = vgpu.pci.bar[XVGPU_BAR_VRAM].addr, bytes = MB(1), at;
    uint8_t *src = plat_alloc(bytes, 0), *dst = plat_alloc(bytes, 0);
    uint32_t dw[8];
    uint64_t fence = 0;

    random_fill(src, bytes);
    for (unsigned int i = 0; i < 64; i++) {
        engine_put(sdma(), dw,
                   pkt_copy(dw, plat_gpa(src), plat_gpa(dst), bytes));
        fence = engine_submit(sdma(), false);
    }
    set_bar(XVGPU_BAR_VRAM, vram_above());
    if (CHECK(engine_wait(sdma(), fence, TIMEOUT, PLAT_MS) == ENGINE_DONE,
              "VRAM moved during a job in RAM")) {
        at = first_difference(src, dst, bytes);
        CHECK(at == bytes, "VRAM moved during a job: byte %lu differs", at);
    } else {
        engine_print_fault(sdma());
    }
    set_bar(XVGPU_BAR_VRAM, home);
}

void test_main(void)
{
    if (!check_open() || !check_start_sdma(&config))
        return;
    mark_vram();
    move_csrs();
    toggle_decoding();
    move_vram();
    put_vram_over_ram();
    move_during_job();
    check_works("before the resets");
    reset_by_flr();
    reset_by_csr();
    stats_print("vgpu-bar", sdma(), NULL);
    xtf_success(NULL);
}
