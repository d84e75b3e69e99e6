/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest gives memory back to Xen that the engine uses: under an idle
 * cached mapping, under a job, under the ring, under VRAM. Jobs on it fault
 * with ADDRESS, the charge goes back, and all works again once the memory is
 * populated anew.  Arguments: races= (6) withdrawals at a random moment of a
 * job; turns=1 waits, with memory withdrawn, for 1 in xenstore's data/turn.
 */
#include "check.h"

const char test_title[] = "vgpu-balloon: memory withdrawn under the engine";

#define TIMEOUT (60 * PLAT_S)
#define POLL    (500 * PLAT_US)

#define AREA    MB(16)
#define HOLE    MB(1) /* in VRAM */
#define HOLE_AT MB(4)

#define IB_FILLS 64

/* Xen: public/memory.h, which XTF has in part and with other types. */
#define MEMORY_OP_DECREASE_RESERVATION 1
#define MEMORY_OP_CURRENT_RESERVATION  3
#define MEMORY_OP_POPULATE_PHYSMAP     6

struct reservation {
    uint64_t *gfns;
    uint64_t nr;
    uint32_t order, flags;
    uint16_t domid;
};

static const struct engine_config config;
static uint32_t *area, *ib, *word;

static bool reserve(unsigned int op, uint64_t addr, uint64_t bytes)
{
    static uint64_t gfns[AREA / PAGE_SIZE];
    struct reservation r = { gfns, bytes / PAGE_SIZE, 0, 0, DOMID_SELF };
    long rc;

    for (uint64_t i = 0; i < r.nr; i++)
        gfns[i] = addr / PAGE_SIZE + i;
    rc = hypercall_memory_op(op, &r);
    return CHECK(rc == (long)r.nr, "memory_op %u: %ld of %lu pages at %#lx", op,
                 rc, r.nr, addr);
}

static bool withdraw(uint64_t addr, uint64_t bytes)
{
    return reserve(MEMORY_OP_DECREASE_RESERVATION, addr, bytes);
}

static bool populate(uint64_t addr, uint64_t bytes)
{
    return reserve(MEMORY_OP_POPULATE_PHYSMAP, addr, bytes);
}

/* What Xen charges us for, in pages: also what somebody else has mapped. */
static long charged(void)
{
    uint16_t self = DOMID_SELF;

    return hypercall_memory_op(MEMORY_OP_CURRENT_RESERVATION, &self);
}

static bool is_uncharged(void *arg)
{
    return charged() <= *(long *)arg;
}

static void check_uncharged(const char *when, long before, uint64_t bytes)
{
    long want = before - (long)(bytes / PAGE_SIZE);
    uint64_t start = plat_now();

    if (CHECK(plat_wait(is_uncharged, &want, TIMEOUT, PLAT_MS),
              "%s: charged for %ld pages, not %ld", when, charged(), want))
        printk("STATS test=balloon case=%s mib=%lu uncharged_us=%lu\n", when,
               bytes >> 20, (plat_now() - start) / PLAT_US);
}

/*
 * After a job on [@addr, @addr + @bytes), which is not there.  A packet of an
 * indirect buffer that is skipped is followed by the next, which faults, too.
 */
static void check_fault(const char *when, enum engine_result result,
                        uint64_t fence, uint64_t addr, uint64_t bytes)
{
    for (unsigned int i = 0; i < IB_FILLS && result == ENGINE_FAULT; i++) {
        uint32_t code = engine_read(sdma(), XVGPU_FAULT_CODE);
        uint64_t at = engine_read64(sdma(), XVGPU_FAULT_ADDR);

        if (!CHECK(code == XVGPU_FAULT_ADDRESS && at - addr < bytes,
                   "%s: fault %u (%s) at %#lx", when, code,
                   engine_fault_name(code), at))
            engine_print_fault(sdma());
        engine_resume(sdma());
        result = engine_wait(sdma(), fence, TIMEOUT, POLL);
    }
    CHECK(result == ENGINE_DONE, "%s: result %u in the end", when, result);
    check_works(when);
}

static void run_into_hole(const char *when, const uint32_t *dw, unsigned int n,
                          uint64_t addr)
{
    enum engine_result result;
    uint64_t fence;

    engine_put(sdma(), dw, n);
    fence = engine_submit(sdma(), true);
    result = engine_wait(sdma(), fence, TIMEOUT, POLL);
    if (CHECK(result == ENGINE_FAULT, "%s: result %u", when, result))
        check_fault(when, result, fence, addr, PAGE_SIZE);
}

static void check_filled(const char *when, uint32_t value)
{
    unsigned int bad = 0;

    for (uint64_t i = 0; i < AREA / 4; i += KB(1))
        bad += ACCESS_ONCE(area[i]) != value;
    CHECK(!bad, "%s: %u of %u pages not filled", when, bad,
          (unsigned int)(AREA / PAGE_SIZE));
}

static void fill_area(const char *when, uint32_t value)
{
    uint32_t dw[8];

    if (check_run(dw, pkt_fill(dw, plat_gpa(area), value, AREA), when))
        check_filled(when, value);
}

static void under_an_idle_mapping(void)
{
    long before = charged();
    uint32_t dw[8];

    fill_area("before", 0x11111111);
    if (!withdraw(plat_gpa(area), AREA))
        return;
    check_uncharged("idle", before, AREA);
    if (plat_arg("turns", 0)) {
        printk("WITHDRAWN\n");
        check_wait_turn(1);
    }
    run_into_hole("idle", dw, pkt_fill(dw, plat_gpa(area), 2, AREA),
                  plat_gpa(area));
    if (populate(plat_gpa(area), AREA))
        fill_area("populated again", 0x22222222);
}

static bool is_word(void *arg)
{
    return ACCESS_ONCE(*word) == *(uint32_t *)arg;
}

/*
 * The job is between two packets that use the memory when it goes.  False
 * when its wait was over first, which ends after a second at most.
 */
static bool under_a_waiting_job(void)
{
    uint32_t dw[8], one = 1, two = 2;
    enum engine_result result;
    long before = charged();
    uint64_t fence;

    *word = 0;
    engine_put(sdma(), dw, pkt_fill(dw, plat_gpa(area), 3, AREA));
    engine_put(sdma(), dw, pkt_write(dw, plat_gpa(word), &one, 1));
    engine_put(sdma(), dw,
               pkt_wait_mem(dw, plat_gpa(word), XVGPU_WAIT_EQ, two, ~0u,
                            XVGPU_WAIT_LIMIT_US));
    engine_put(sdma(), dw, pkt_fill(dw, plat_gpa(area), 4, AREA));
    fence = engine_submit(sdma(), true);
    if (!CHECK(plat_wait(is_word, &one, TIMEOUT, POLL),
               "the job stands still") ||
        !withdraw(plat_gpa(area), AREA))
        return true;
    check_uncharged("waiting", before, AREA);
    ACCESS_ONCE(*word) = two;
    result = engine_wait(sdma(), fence, TIMEOUT, POLL);
    populate(plat_gpa(area), AREA);
    if (engine_read(sdma(), XVGPU_FAULT_CODE) == XVGPU_FAULT_WAIT_TIMEOUT) {
        engine_resume(sdma());
        engine_wait(sdma(), fence, TIMEOUT, POLL);
        return false;
    }
    if (CHECK(result == ENGINE_FAULT, "waiting: result %u", result))
        check_fault("waiting", result, fence, plat_gpa(area), PAGE_SIZE);
    return true;
}

/* At any moment: the job has ended or faults, and harms nobody. */
static void race(unsigned int nr, unsigned int *faults)
{
    uint64_t from = random_below(AREA / PAGE_SIZE) * PAGE_SIZE, fence;
    uint64_t bytes = AREA - from;
    enum engine_result result;
    unsigned int n = 0;
    long before = charged();
    uint32_t dw[8];

    for (unsigned int i = 0; i < IB_FILLS; i++)
        n += pkt_fill(ib + n, plat_gpa(area), nr, AREA);
    engine_put(sdma(), dw, pkt_ib(dw, plat_gpa(ib), n));
    fence = engine_submit(sdma(), true);
    plat_sleep(random_below(50) * PLAT_MS);
    if (!withdraw(plat_gpa(area) + from, bytes))
        return;
    result = engine_wait(sdma(), fence, TIMEOUT, POLL);
    if (result != ENGINE_DONE) {
        (*faults)++;
        check_fault("race", result, fence, plat_gpa(area) + from, bytes);
    }
    check_uncharged("race", before, bytes);
    populate(plat_gpa(area) + from, bytes);
}

static bool stands(void *arg)
{
    return engine_read(arg, XVGPU_STATUS) != XVGPU_STATUS_RUNNING;
}

static void restart(const char *when)
{
    engine_stop(sdma());
    if (check_start_sdma(&config))
        check_works(when);
}

/* The ring itself, and where the engine writes fence and read pointer. */
static void under_the_ring(void)
{
    uint64_t ring = plat_gpa(sdma()->ring), wb = plat_gpa(sdma()->wb);
    uint32_t size = sdma()->size, code, dw[8];

    engine_put(sdma(), dw, pkt_nop(dw, 2));
    if (!withdraw(ring, size))
        return;
    engine_write(sdma(), XVGPU_WPTR, sdma()->wptr);
    CHECK(plat_wait(stands, sdma(), TIMEOUT, POLL),
          "a ring that is not there: no fault");
    code = engine_read(sdma(), XVGPU_FAULT_CODE);
    CHECK(code == XVGPU_FAULT_RING_ACCESS,
          "a ring that is not there: fault %u "
          "(%s)",
          code, engine_fault_name(code));
    if (populate(ring, size))
        restart("after the ring was populated");

    engine_put(sdma(), dw, pkt_fence(dw, wb, 1, true));
    if (!withdraw(wb, PAGE_SIZE))
        return;
    engine_write(sdma(), XVGPU_WPTR, sdma()->wptr);
    CHECK(plat_wait(stands, sdma(), TIMEOUT, POLL),
          "a fence that is not there: no fault");
    code = engine_read(sdma(), XVGPU_FAULT_CODE);
    CHECK(code == XVGPU_FAULT_ADDRESS,
          "a fence that is not there: fault %u "
          "(%s)",
          code, engine_fault_name(code));
    if (populate(wb, PAGE_SIZE))
        restart("after the write-back page was populated");
}

static void check_vram_at(const char *when, uint64_t want)
{
    uint64_t base = vgpu_read64(&vgpu, XVGPU_VRAM_BASE);

    CHECK(base == want, "%s: VRAM_BASE is %#lx, not %#lx", when, base, want);
}

static void set_vram(uint64_t addr)
{
    pci_command(&vgpu.pci, 0, PCI_COMMAND_MEMORY);
    pci_set_bar(&vgpu.pci, XVGPU_BAR_VRAM, addr);
    pci_command(&vgpu.pci, PCI_COMMAND_MEMORY, 0);
    vgpu_remap(&vgpu);
}

static void fill_hole(const char *when, bool there)
{
    uint64_t at = vgpu_vram_addr(&vgpu, HOLE_AT);
    uint32_t dw[8];
    unsigned int n =
        pkt_fill(dw, at - PAGE_SIZE, 0x600d600d, HOLE + 2 * PAGE_SIZE);

    if (there)
        check_run(dw, n, when);
    else
        run_into_hole(when, dw, n, at);
}

static void under_vram(void)
{
    uint64_t home = vgpu.pci.bar[XVGPU_BAR_VRAM].addr;
    uint64_t high =
        ROUNDUP(max(plat_ram_end(), (uint64_t)GB(4)) + GB(20), vgpu.vram_size);
    volatile uint32_t *mark = (volatile uint32_t *)vgpu.vram;
    long before = charged();
    uint32_t val;

    fill_hole("before", true);
    *mark = 0x5eed;
    if (!withdraw(home + HOLE_AT, HOLE))
        return;
    check_uncharged("vram", before, HOLE);
    fill_hole("vram", false);

    /* With a hole it can't be moved as a whole; it must not be torn. */
    set_vram(high);
    check_vram_at("moved with a hole", home);
    set_vram(home);
    check_vram_at("home with a hole", home);
    val = *mark;
    CHECK(val == 0x5eed, "moved with a hole: VRAM reads %#x", val);
    fill_hole("home with a hole", false);

    vgpu_write(&vgpu, XVGPU_RESET, 1);
    val = *mark;
    CHECK(!val, "reset with a hole: VRAM reads %#x", val);
    if (!check_start_sdma(&config) || !populate(home + HOLE_AT, HOLE))
        return;
    fill_hole("VRAM populated again", true);
    set_vram(high);
    check_vram_at("moved, populated again", high);
    fill_hole("moved, populated again", true);
    set_vram(home);
}

void test_main(void)
{
    unsigned int faults = 0, races;

    if (!check_open() || !check_start_sdma(&config))
        return;
    area = plat_alloc(AREA, MB(2));
    ib = plat_alloc(KB(4), 0);
    word = plat_alloc(PAGE_SIZE, 0);

    under_an_idle_mapping();
    for (unsigned int i = 0; i < 10 && !under_a_waiting_job(); i++)
        printk("The wait was over too soon: once more\n");
    races = plat_arg("races", 6);
    for (unsigned int i = 0; i < races; i++)
        race(i, &faults);
    printk("STATS test=balloon races=%u faults=%u\n", races, faults);
    check_works("after the races");
    under_the_ring();
    under_vram();
    xtf_success(NULL);
}
