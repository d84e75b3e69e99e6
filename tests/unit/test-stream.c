/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The library for driver writers: streams of packets, numbers of objects. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "guest/lib/gfx-stream.h"
#include "guest/lib/ids.h"

static uint32_t memory[XVGPU_PKT_MAX_DWORDS * 2];

static void common(void **state)
{
    static const uint32_t data[] = {7, 8};
    static const uint32_t want[] = {
        0x00020000, 0,      0x00040001, 0x89abcdef, 0x1234567, 99,
        0x00050102, 0x1000, 0,          0x55555555, 1,         0x00070003,
        0x2000,     0,      5,          0xff,       2,         1000,
        0x00030004, 0x3000, 4,          0x00050005, 0x4000,    0,
        7,          8,      0x00070010, 0x1234,     8,         0x5678,
        0,          1,      0x100,
    };
    struct xvgpu_stream s;

    (void)state;
    xvgpu_stream_init(&s, memory, sizeof(memory));
    assert_int_equal(xvgpu_stream_dwords(&s), 0);
    xvgpu_put_nop(&s, 2);
    xvgpu_put_ib(&s, 0x123456789abcdefull, 99);
    xvgpu_put_fence(&s, 0x1000, 0x155555555ull, true);
    xvgpu_put_wait_mem(&s, 0x2000, XVGPU_WAIT_GE, 5, 0xff, 1000);
    xvgpu_put_timestamp(&s, 0x400003000ull);
    xvgpu_put_write(&s, 0x4000, data, sizeof(data));
    xvgpu_put_copy(&s, 0x800001234ull, 0x5678, 0x10000000001ull);
    assert_int_equal(xvgpu_stream_dwords(&s), sizeof(want) / 4);
    assert_memory_equal(memory, want, sizeof(want));
}

static void gfx(void **state)
{
    static const uint32_t want[] = {
        0x00050042, 3,     1, 0, 0, 0x00010041, 0x000b0026, 4,    2,
        0,          6,     1, 1, 1, 7,          1,          0x20, 0x00060032,
        1,          16,    8, 5, 6, 0x00070020, 9,          0,    0xdef000,
        0x1234,     0x100, 0,
    };
    static const struct xvgpu_gfx_binding bindings[] = {
        {.binding = 0, .type = 6, .count = 1, .stages = 1},
        {.binding = 1, .type = 7, .count = 1, .stages = 0x20},
    };
    static const uint32_t push[] = {5, 6};
    struct xvgpu_stream s;

    (void)state;
    xvgpu_stream_init(&s, memory, sizeof(memory));
    XVGPU_GFX(&s, draw, .vertices = 3, .instances = 1);
    XVGPU_GFX(&s, end_rendering);
    XVGPU_GFX(&s, create_set_layout, .id = 4, .bindings = 2);
    xvgpu_gfx_add_binding(&s, bindings, 2);
    xvgpu_gfx_push(&s, 1, 16, push, sizeof(push));
    XVGPU_GFX(&s, create_buffer, .id = 9, .address = 0x123400def000ull,
              .size = 256);
    assert_int_equal(xvgpu_stream_dwords(&s), sizeof(want) / 4);
    assert_memory_equal(memory, want, sizeof(want));
}

/* Every packet and structure of the tables has its type and its length. */
static void tables(void **state)
{
    struct xvgpu_stream s;

    (void)state;
#define PACKET(NAME, name, type, more, text)                                   \
    xvgpu_stream_init(&s, memory, sizeof(memory));                             \
    XVGPU_GFX(&s, name);                                                       \
    assert_int_equal(                                                          \
        memory[0],                                                             \
        XVGPU_PKT_HEADER(type, 0, sizeof(struct xvgpu_gfx_##name) / 4));       \
    assert_int_equal(XVGPU_PKT_GFX_##NAME, type);
    XVGPU_GFX_PACKETS(PACKET)
#undef PACKET
#define STRUCT(NAME, name)                                                     \
    xvgpu_stream_init(&s, memory, sizeof(memory));                             \
    xvgpu_put_nop(&s, 1);                                                      \
    xvgpu_gfx_add_##name(&s, &(struct xvgpu_gfx_##name){0}, 1);                \
    assert_int_equal(s.n, 1 + sizeof(struct xvgpu_gfx_##name) / 4);
    XVGPU_GFX_STRUCTS(STRUCT)
#undef STRUCT
}

/* Nothing is written beyond the memory, and the first error stays. */
static void full(void **state)
{
    struct xvgpu_stream s;
    uint32_t room;

    (void)state;
    for (room = 0; room < 11; room++) {
        memset(memory, 0xee, sizeof(memory));
        xvgpu_stream_init(&s, memory, room * 4);
        XVGPU_GFX(&s, create_set_layout, .bindings = 1);
        XVGPU_GFX_MORE(&s, binding, .count = 1);
        xvgpu_put_ib(&s, 0, 1);
        assert_int_equal(s.error, XVGPU_STREAM_FULL);
        assert_int_equal(xvgpu_stream_dwords(&s), 0);
        assert_int_equal(memory[room], 0xeeeeeeee);
        /* What would fit now comes too late. */
        XVGPU_GFX(&s, end_rendering);
        assert_int_equal(s.n, room < 3 ? 0 : room < 7 ? 3 : 7);
    }
    xvgpu_stream_init(&s, memory, room * 4);
    XVGPU_GFX(&s, create_set_layout, .bindings = 1);
    XVGPU_GFX_MORE(&s, binding, .count = 1);
    xvgpu_put_ib(&s, 0, 1);
    assert_int_equal(xvgpu_stream_dwords(&s), 11);
}

static void limits(void **state)
{
    static const struct xvgpu_gfx_viewport viewport;
    struct xvgpu_stream s;

    (void)state;
    xvgpu_stream_init(&s, memory, sizeof(memory));
    xvgpu_put_nop(&s, XVGPU_PKT_MAX_DWORDS);
    assert_int_equal(xvgpu_stream_dwords(&s), XVGPU_PKT_MAX_DWORDS);
    XVGPU_GFX_MORE(&s, dword, .value = 1);
    assert_int_equal(s.error, XVGPU_STREAM_LONG);
    xvgpu_put_nop(&s, 0);
    assert_int_equal(s.error, XVGPU_STREAM_LONG);

    xvgpu_stream_init(&s, memory, sizeof(memory));
    XVGPU_GFX(&s, set_viewports);
    /* The product would wrap around 32 bits. */
    xvgpu_gfx_add_viewport(&s, &viewport, 0x0aaaaaab);
    assert_int_equal(s.error, XVGPU_STREAM_LONG);

    xvgpu_stream_init(&s, memory, sizeof(memory));
    XVGPU_GFX_MORE(&s, dword, .value = 1);
    assert_int_equal(s.error, XVGPU_STREAM_ODD);

    xvgpu_stream_init(&s, memory, sizeof(memory));
    xvgpu_gfx_push(&s, 0, 0, memory, 3);
    assert_int_equal(s.error, XVGPU_STREAM_ODD);
    assert_int_equal(xvgpu_stream_dwords(&s), 0);
}

static void ids(void **state)
{
    struct xvgpu_ids i;
    uint32_t n;

    (void)state;
    xvgpu_ids_init(&i, 100);
    for (n = 1; n <= 100; n++)
        assert_int_equal(xvgpu_ids_get(&i), n);
    assert_int_equal(xvgpu_ids_get(&i), 0);
    assert_int_equal(xvgpu_ids_put(&i, 0), -1);
    assert_int_equal(xvgpu_ids_put(&i, 101), -1);
    assert_int_equal(xvgpu_ids_put(&i, 70), 0);
    assert_int_equal(xvgpu_ids_put(&i, 70), -1);
    assert_int_equal(xvgpu_ids_put(&i, 64), 0);
    assert_int_equal(xvgpu_ids_get(&i), 64);
    assert_int_equal(xvgpu_ids_get(&i), 70);
    assert_int_equal(xvgpu_ids_get(&i), 0);

    xvgpu_ids_init(&i, ~0u);
    for (n = 1; n <= XVGPU_IDS_MAX; n++)
        assert_int_equal(xvgpu_ids_get(&i), n);
    assert_int_equal(xvgpu_ids_get(&i), 0);
    assert_int_equal(xvgpu_ids_put(&i, XVGPU_IDS_MAX), 0);
    assert_int_equal(xvgpu_ids_get(&i), XVGPU_IDS_MAX);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(common), cmocka_unit_test(gfx),
        cmocka_unit_test(tables), cmocka_unit_test(full),
        cmocka_unit_test(limits), cmocka_unit_test(ids),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
