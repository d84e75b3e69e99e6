/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Many jobs of mixed packets between RAM and VRAM, every byte verified.
 * Arguments: jobs=, seed=, max= (bytes of one packet), doorbell=1 and
 * completion=1 (event channels), route= (enum vgpu_route), high=1; turns=1
 * holds at the end until xenstore's data/turn says 1; until=1 goes on with
 * jobs until then, however many they are; pause= (ms) after each job.
 */
#include "check.h"

const char test_title[] = "vgpu-copy: mixed copies, every byte verified";

#define AREA            KB(512)
#define GUARD           64
#define VRAM_AREA_START MB(1)
#define MAX_PER_JOB     8
#define JOBS_A_LOOK     16 /* at xenstore, with until= */

/* One area per kind of memory, and what it must hold. */
struct area {
    uint8_t *mem;
    uint64_t addr;
    uint8_t *model;
};

static struct area areas[2];
static uint64_t max_bytes;

/* Packets of one job; a few of them go into an indirect buffer. */
static uint32_t job[2048], *ib;
static unsigned int job_dwords;

/* What the job wrote, to look at when it is done. */
static struct span {
    struct area *area;
    uint64_t offset, bytes;
} spans[MAX_PER_JOB];
static unsigned int nr_spans;

static void init_areas(void)
{
    areas[0].mem = plat_alloc(AREA, 0);
    areas[1].mem = (uint8_t *)vgpu.vram + VRAM_AREA_START;
    areas[0].addr = plat_gpa(areas[0].mem);
    areas[1].addr = vgpu_vram_addr(&vgpu, VRAM_AREA_START);
    for (unsigned int i = 0; i < ARRAY_SIZE(areas); i++) {
        areas[i].model = plat_alloc(AREA, 0);
        random_fill(areas[i].mem, AREA);
        memcpy(areas[i].model, areas[i].mem, AREA);
    }
}

static struct span *new_span(uint64_t offset, uint64_t bytes)
{
    struct span *s = &spans[nr_spans++];

    s->area = &areas[random_below(2)];
    s->offset = offset;
    s->bytes = bytes;
    return s;
}

/* The lower half is source, the upper half destination: no overlap. */
static uint64_t source_offset(uint64_t bytes)
{
    return random_below(AREA / 2 - bytes);
}

static uint64_t target_offset(uint64_t bytes)
{
    return AREA / 2 + GUARD + random_below(AREA / 2 - bytes - 2 * GUARD);
}

static unsigned int add_copy(uint32_t *p)
{
    uint64_t bytes = 1 + random_below(max_bytes);
    struct area *src = &areas[random_below(2)];
    uint64_t from = source_offset(bytes);
    struct span *s = new_span(target_offset(bytes), bytes);

    memcpy(s->area->model + s->offset, src->model + from, bytes);
    return pkt_copy(p, src->addr + from, s->area->addr + s->offset, bytes);
}

static unsigned int add_copy_rect(uint32_t *p)
{
    uint32_t line = 1 + random_below(200), lines = 1 + random_below(40);
    uint32_t src_stride = line + random_below(100);
    uint32_t dst_stride = line + random_below(100);
    struct area *src = &areas[random_below(2)];
    uint64_t from = source_offset((uint64_t)src_stride * lines);
    struct span *s = new_span(target_offset((uint64_t)dst_stride * lines),
                              (uint64_t)dst_stride * lines);

    for (uint32_t i = 0; i < lines; i++)
        memcpy(s->area->model + s->offset + i * dst_stride,
               src->model + from + i * src_stride, line);
    return pkt_copy_rect(p, src->addr + from, src_stride,
                         s->area->addr + s->offset, dst_stride, line, lines);
}

static void model_fill(uint8_t *at, uint32_t value, uint64_t bytes)
{
    for (uint64_t i = 0; i < bytes; i += 4)
        memcpy(at + i, &value, 4);
}

static unsigned int add_fill(uint32_t *p)
{
    uint64_t bytes = 4 + (random_below(max_bytes / 4) & ~3UL);
    struct span *s = new_span(target_offset(bytes) & ~3UL, bytes);
    uint32_t value = random_next();

    model_fill(s->area->model + s->offset, value, bytes);
    return pkt_fill(p, s->area->addr + s->offset, value, bytes);
}

static unsigned int add_fill_rect(uint32_t *p)
{
    uint32_t line = 4 + 4 * random_below(50), lines = 1 + random_below(20);
    uint32_t stride = line + 4 * random_below(20), value = random_next();
    struct span *s = new_span(target_offset((uint64_t)stride * lines) & ~3UL,
                              (uint64_t)stride * lines);

    for (uint32_t i = 0; i < lines; i++)
        model_fill(s->area->model + s->offset + i * stride, value, line);
    return pkt_fill_rect(p, s->area->addr + s->offset, stride, value, line,
                         lines);
}

static unsigned int add_write(uint32_t *p)
{
    unsigned int n = 1 + random_below(64);
    struct span *s = new_span(target_offset(n * 4) & ~3UL, n * 4);
    uint32_t data[64];

    for (unsigned int i = 0; i < n; i++)
        data[i] = random_next();
    memcpy(s->area->model + s->offset, data, n * 4);
    return pkt_write(p, s->area->addr + s->offset, data, n);
}

static unsigned int add_any(uint32_t *p)
{
    static unsigned int (*const kinds[])(uint32_t *) = {
        add_copy, add_copy,      add_copy,  add_copy_rect,
        add_fill, add_fill_rect, add_write,
    };

    return kinds[random_below(ARRAY_SIZE(kinds))](p);
}

static void make_job(void)
{
    unsigned int packets = 1 + random_below(MAX_PER_JOB), in_ib = 0;

    job_dwords = nr_spans = 0;
    if (random_below(4) == 0) {
        unsigned int n = 0;

        in_ib = random_below(packets) + 1;
        for (unsigned int i = 0; i < in_ib; i++)
            n += add_any(ib + n);
        job_dwords = pkt_ib(job, plat_gpa(ib), n);
    }
    for (unsigned int i = in_ib; i < packets; i++)
        job_dwords += add_any(job + job_dwords);
}

static bool verify(struct area *a, uint64_t from, uint64_t bytes,
                   uint64_t number)
{
    uint64_t at = first_difference(a->mem + from, a->model + from, bytes);

    return CHECK(at == bytes,
                 "job %lu: %s + %#lx is %#x, not %#x (%lu bytes at %#lx)",
                 number, a == areas ? "RAM" : "VRAM", from + at,
                 a->mem[from + at], a->model[from + at], bytes, from);
}

static bool verify_job(uint64_t number)
{
    for (unsigned int i = 0; i < nr_spans; i++)
        if (!verify(spans[i].area, spans[i].offset - GUARD,
                    spans[i].bytes + 2 * GUARD, number))
            return false;
    return true;
}

static bool run_job(uint64_t number, bool signal, struct stats *latency)
{
    uint64_t start, fence;
    enum engine_result result;

    make_job();
    if (!CHECK(engine_put(sdma(), job, job_dwords), "job %lu: ring is full",
               number))
        return false;
    start = plat_now();
    fence = engine_submit(sdma(), signal);
    result =
        engine_wait(sdma(), fence, 60 * PLAT_S, signal ? 0 : 200 * PLAT_US);
    stats_add(latency, plat_now() - start);
    if (!CHECK(result == ENGINE_DONE, "job %lu: result %u", number, result)) {
        engine_print_fault(sdma());
        return false;
    }
    return verify_job(number);
}

/* Also what no job was to touch. */
static bool verify_all(uint64_t number)
{
    for (unsigned int i = 0; i < ARRAY_SIZE(areas); i++)
        if (!verify(&areas[i], 0, AREA, number))
            return false;
    return true;
}

static bool is_enough(uint64_t done, uint64_t jobs, uint64_t until)
{
    return until ? done % JOBS_A_LOOK == 0 && check_turn() >= until
                 : done == jobs;
}

void test_main(void)
{
    struct engine_config config = { .ring_size = KB(16) };
    enum vgpu_route route;
    struct stats latency;
    uint64_t jobs, until, pause, done;
    bool signal;

    if (!check_open())
        return;
    jobs = plat_arg("jobs", 1000);
    until = plat_arg("until", 0);
    pause = plat_arg("pause", 0);
    max_bytes = plat_arg("max", KB(16));
    route = plat_arg("route", VGPU_ROUTE_MSIX);
    config.doorbell_evtchn = plat_arg("doorbell", 0);
    config.completion_evtchn = plat_arg("completion", 0);
    signal = route != VGPU_ROUTE_NONE || config.completion_evtchn;

    ib = plat_alloc(KB(16), 0);
    stats_init(&latency);
    init_areas();
    if (!CHECK(vgpu_set_route(&vgpu, route), "route %u", route) ||
        !check_start_sdma(&config))
        return;

    for (done = 0; !is_enough(done, jobs, until); done++) {
        if (!run_job(done, signal, &latency) ||
            (done % 100 == 99 && !verify_all(done)))
            return;
        if (pause)
            plat_sleep(pause * PLAT_MS);
    }
    if (!verify_all(done))
        return;
    printk("VERIFIED %lu\n", done);
    stats_print("vgpu-copy", sdma(), &latency);
    check_wait_turn(plat_arg("turns", 0));
    engine_stop(sdma());
    xtf_success(NULL);
}
