/* SPDX-License-Identifier: GPL-2.0-or-later */
/* xen-vgpu disasm: every packet of the tables, whole and cut; recordings. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "guest/lib/gfx-stream.h"
#include "lib/packets.h"
#include "lib/trace.h"
#include "tools/disasm.h"

#define GFX (1u << XVGPU_ENGINE_GFX)

static uint32_t memory[XVGPU_PKT_MAX_DWORDS];
static struct disasm_counts counts;
static const char *trouble;

/* The text, to be freed. */
static char *print(const void *data, size_t len)
{
    char *text = NULL;
    size_t size = 0;
    struct disasm d = {.out = open_memstream(&text, &size), .engines = GFX};

    assert_non_null(d.out);
    trouble = disasm_file(&d, data, len);
    assert_int_equal(fclose(d.out), 0);
    counts = d.counts;
    return text;
}

static void text(void **state)
{
    static const struct xvgpu_gfx_binding bindings[] = {
        {.binding = 0, .type = 6, .count = 1, .stages = 0x11},
        {.binding = 3, .type = 1, .count = 2, .stages = 0x20},
    };
    static const char want[] =
        "         0: CREATE_SET_LAYOUT id=#4 bindings=2\n"
        "             BINDING type=6(uniform buffer) count=1 "
        "stages=17(vertex|fragment)\n"
        "             BINDING binding=3 type=1(combined image sampler) count=2 "
        "stages=32(compute)\n"
        "        2c: DRAW_INDEXED indices=36 instances=1 vertex_offset=-4\n"
        "        44: SET_BLEND_CONSTANTS r=0.5 a=-1\n"
        "        58: PUSH_CONSTANTS point=1(compute) bytes=8\n"
        "             deadbeef 00000001\n"
        "        70: END_RENDERING\n"
        "        74: FENCE flags=0x1 address=0x1000 value=0x100000002\n"
        "        88: unknown, type 0xfe, 2 dwords\n"
        "             00000000\n"
        "             !! malformed\n";
    static const uint32_t push[] = {0xdeadbeef, 1}, odd[2];
    struct xvgpu_stream s;
    char *got;

    (void)state;
    xvgpu_stream_init(&s, memory, sizeof(memory));
    XVGPU_GFX(&s, create_set_layout, .id = 4, .bindings = 2);
    xvgpu_gfx_add_binding(&s, bindings, 2);
    XVGPU_GFX(&s, draw_indexed, .indices = 36, .instances = 1,
              .vertex_offset = -4);
    XVGPU_GFX(&s, set_blend_constants, .r = 0.5f, .a = -1.0f);
    xvgpu_gfx_push(&s, 1, 0, push, sizeof(push));
    XVGPU_GFX(&s, end_rendering);
    xvgpu_put_fence(&s, 0x1000, 0x100000002ull, true);
    xvgpu_stream_put(&s, 0xfe, 0, odd, sizeof(odd));
    got = print(memory, xvgpu_stream_dwords(&s) * 4);
    assert_null(trouble);
    assert_string_equal(got, want);
    assert_int_equal(counts.packets, 7);
    assert_int_equal(counts.wrong, 1);
    free(got);
}

/* A packet with one of each structure that may follow it. */
static uint32_t example(const struct packet_desc *desc, uint32_t *dw)
{
    const struct packet_struct *s;
    uint32_t n = desc->dwords;
    unsigned int i, f;
    uint64_t count;

    memset(dw, 0, sizeof(uint32_t) * 256);
    /* Numbers of structures, and of bytes that are one dword. */
    for (i = 1, f = 0; f < desc->fields.nr_fields; f++) {
        if (desc->longer == 1)
            dw[i] = strcmp(desc->fields.fields[f].name, "bytes") ? 1 : 4;
        i += desc->fields.fields[f].kind == FIELD_U64 ? 2 : 1;
    }
    for (i = 0; (s = packet_tail(desc, dw, i, &count)); i++)
        n += (uint32_t)count * s->dwords;
    dw[0] = XVGPU_PKT_HEADER(desc->type, 0, n);
    return n;
}

static void all(void **state)
{
    unsigned int i;
    uint32_t n;
    char *got;

    (void)state;
    for (i = 0; i < nr_packets; i++) {
        const struct packet_desc *desc = &packets[i];

        if (!(desc->engines & GFX))
            continue;
        n = example(desc, memory);
        assert_true(n >= desc->dwords && n < 256);
        if (desc->longer == 1)
            assert_true(n > desc->dwords);
        got = print(memory, n * 4);
        assert_int_equal(counts.packets, 1);
        assert_int_equal(counts.wrong, 0);
        assert_non_null(strstr(got, desc->name));
        free(got);
        /* A dword more than its fields say. */
        memory[0] = XVGPU_PKT_HEADER(desc->type, 0, n + 1);
        got = print(memory, (n + 1) * 4);
        assert_int_equal(counts.wrong, desc->longer == 2 ? 0 : 1);
        free(got);
        if (n == 1)
            continue;
        /* One less, and one that the file has no more. */
        memory[0] = XVGPU_PKT_HEADER(desc->type, 0, n - 1);
        got = print(memory, (n - 1) * 4);
        assert_int_equal(counts.wrong, 1);
        free(got);
        memory[0] = XVGPU_PKT_HEADER(desc->type, 0, n);
        got = print(memory, (n - 1) * 4);
        assert_int_equal(counts.wrong, 1);
        free(got);
    }
}

static void nonsense(void **state)
{
    static const uint32_t zero[2];
    char *got;

    (void)state;
    free(print(memory, 0));
    assert_null(trouble);
    assert_int_equal(counts.packets, 0);
    got = print(zero, sizeof(zero));
    assert_int_equal(counts.wrong, 1);
    free(got);
    free(print(zero, 7));
    assert_non_null(trouble);
}

struct file {
    uint8_t bytes[65536];
    size_t len;
};

static void append(struct file *f, const void *data, size_t len)
{
    static const uint8_t padding[8];

    assert_true(f->len + len + 8 < sizeof(f->bytes));
    memcpy(f->bytes + f->len, data, len);
    f->len += len;
    memcpy(f->bytes + f->len, padding, (8 - len % 8) % 8);
    f->len += (8 - len % 8) % 8;
}

static void begin(struct file *f)
{
    struct trace_header h = {
        .magic = TRACE_MAGIC,
        .version = TRACE_VERSION,
        .kind = TRACE_COMMANDS,
        .header_size = sizeof(h),
        .record_size = sizeof(struct trace_block),
        .nr_vcpus = 1,
        .nr_vgpus = 1,
        .vgpus = {{.engines = GFX, .vram_size = 16u << 20}},
    };

    f->len = 0;
    append(f, &h, sizeof(h));
}

static void block(struct file *f, uint32_t type, uint64_t addr,
                  const void *data, size_t len)
{
    const struct trace_block b = {
        .type = type,
        .addr = addr,
        .size = len,
    };

    append(f, &b, sizeof(b));
    if (data)
        append(f, data, len);
}

/* The ring runs a buffer, that one itself and another; the last word on
 * memory counts. */
static void recording(void **state)
{
    static struct file f;
    struct xvgpu_stream s;
    char *got;
    size_t at;

    (void)state;
    begin(&f);
    xvgpu_stream_init(&s, memory, sizeof(memory));
    xvgpu_put_ib(&s, 0x1008, 4);
    XVGPU_GFX(&s, end_rendering);
    block(&f, TRACE_MEMORY, 0x2000, memory, s.n * 4);
    xvgpu_stream_init(&s, memory, sizeof(memory));
    xvgpu_put_nop(&s, 2);
    xvgpu_put_ib(&s, 0x2000, 5);
    block(&f, TRACE_MEMORY, 0x1000, memory, s.n * 4);
    block(&f, TRACE_ZEROES, 0x8000, NULL, 4096);
    xvgpu_stream_init(&s, memory, sizeof(memory));
    xvgpu_put_ib(&s, 0x1008, 4);
    xvgpu_put_ib(&s, 0x1008, 5);
    block(&f, TRACE_RING, 0, memory, s.n * 4);
    got = print(f.bytes, f.len);
    assert_null(trouble);
    assert_int_equal(counts.wrong, 0);
    assert_int_equal(counts.packets, 2 + 1 + 2);
    assert_non_null(strstr(got, "buffer at 0x1008, 5 dwords: not in the file"));
    assert_non_null(strstr(got, "      2010: END_RENDERING\n"));
    free(got);
    /* Cut anywhere it is said so, but between blocks. */
    for (at = sizeof(TRACE_MAGIC) - 1; at < f.len; at++) {
        free(print(f.bytes, at));
        assert_true(trouble || at == 144 || at == 144 + 32 + 24 ||
                    at == 144 + 32 + 24 + 32 + 24 ||
                    at == 144 + 32 + 24 + 32 + 24 + 32);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(text),
        cmocka_unit_test(all),
        cmocka_unit_test(nonsense),
        cmocka_unit_test(recording),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
