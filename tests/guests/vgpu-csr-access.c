/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every size and alignment of access to BAR0, and string instructions. */
#include "check.h"

const char test_title[] = "vgpu-csr-access: sizes, alignment, rep movs/stos";

#define SCRATCH_BYTES 256

/* What the scratch registers must hold. */
static uint8_t model[SCRATCH_BYTES] __aligned(8);

static uint64_t load(const volatile void *p, unsigned int size)
{
    switch (size) {
    case 1:
        return *(const volatile uint8_t *)p;
    case 2:
        return *(const volatile uint16_t *)p;
    case 4:
        return *(const volatile uint32_t *)p;
    default:
        return *(const volatile uint64_t *)p;
    }
}

static void store(volatile void *p, unsigned int size, uint64_t val)
{
    switch (size) {
    case 1:
        *(volatile uint8_t *)p = val;
        break;
    case 2:
        *(volatile uint16_t *)p = val;
        break;
    case 4:
        *(volatile uint32_t *)p = val;
        break;
    default:
        *(volatile uint64_t *)p = val;
    }
}

static volatile uint8_t *scratch(unsigned int offset)
{
    return (volatile uint8_t *)vgpu.csr + XVGPU_SCRATCH + offset;
}

static void compare_all(const char *when)
{
    for (unsigned int i = 0; i < SCRATCH_BYTES; i += 4) {
        uint32_t val = load(scratch(i), 4), want = load(model + i, 4);

        if (!CHECK(val == want, "%s: scratch + %u is %#x, not %#x", when, i,
                   val, want))
            return;
    }
}

static void check_sizes(void)
{
    unsigned int bad = 0;

    for (unsigned int size = 1; size <= 8; size *= 2)
        for (unsigned int at = 0; at + size <= 24; at++) {
            uint64_t val = random_next(), got;

            store(scratch(at), size, val);
            store(model + at, size, val);
            got = load(scratch(at), size);
            if (got != load(model + at, size))
                bad += !CHECK(false, "%u bytes at %u read back as %#lx", size,
                              at, got);
            if (bad > 8)
                return;
        }
    compare_all("after single accesses");
}

/* @df: towards lower addresses, from the last element on. */
static void movs(volatile void *dst, const volatile void *src,
                 unsigned int size, unsigned long n, bool df)
{
    unsigned long back = df ? (n - 1) * size : 0;
    volatile char *d = (volatile char *)dst + back;
    const volatile char *s = (const volatile char *)src + back;

    if (df)
        __asm__ __volatile__("std");
    switch (size) {
    case 1:
        __asm__ __volatile__("rep movsb"
                             : "+D"(d), "+S"(s), "+c"(n)
                             :
                             : "memory");
        break;
    case 2:
        __asm__ __volatile__("rep movsw"
                             : "+D"(d), "+S"(s), "+c"(n)
                             :
                             : "memory");
        break;
    case 4:
        __asm__ __volatile__("rep movsl"
                             : "+D"(d), "+S"(s), "+c"(n)
                             :
                             : "memory");
        break;
    default:
        __asm__ __volatile__("rep movsq"
                             : "+D"(d), "+S"(s), "+c"(n)
                             :
                             : "memory");
    }
    __asm__ __volatile__("cld");
}

static void check_movs(uint8_t *buf)
{
    for (unsigned int df = 0; df < 2; df++)
        for (unsigned int size = 1; size <= 8; size *= 2) {
            uint64_t at;

            random_fill(model, SCRATCH_BYTES);
            movs(scratch(0), model, size, SCRATCH_BYTES / size, df);
            compare_all(df ? "rep movs to CSRs, downwards"
                           : "rep movs to CSRs");

            memset(buf, 0xee, SCRATCH_BYTES);
            movs(buf, scratch(0), size, SCRATCH_BYTES / size, df);
            at = first_difference(buf, model, SCRATCH_BYTES);
            CHECK(at == SCRATCH_BYTES,
                  "rep movs of %u bytes from CSRs, df %u: byte %lu differs",
                  size, df, at);
        }
}

static void check_stos(void)
{
    volatile uint8_t *d = scratch(0);
    unsigned long n = SCRATCH_BYTES / 4;

    __asm__ __volatile__("rep stosl"
                         : "+D"(d), "+c"(n)
                         : "a"(0x5aa5c33c)
                         : "memory");
    for (unsigned int i = 0; i < SCRATCH_BYTES; i += 4)
        store(model + i, 4, 0x5aa5c33c);
    compare_all("rep stosl");

    d = scratch(16);
    n = 37;
    __asm__ __volatile__("rep stosb" : "+D"(d), "+c"(n) : "a"(0x77) : "memory");
    memset(model + 16, 0x77, 37);
    compare_all("rep stosb");
}

/* From one CSR to others, and from RAM that crosses a page. */
static void check_sources(uint8_t *buf)
{
    movs(scratch(128), scratch(0), 4, 16, false);
    memcpy(model + 128, model, 64);
    compare_all("rep movs from CSRs to CSRs");

    random_fill(buf + PAGE_SIZE - 64, 128);
    movs(scratch(0), buf + PAGE_SIZE - 61, 4, 32, false);
    memcpy(model, buf + PAGE_SIZE - 61, 128);
    compare_all("rep movs from an unaligned source over a page's end");
}

static void check_nonsense(void)
{
    uint32_t before = vgpu_read(&vgpu, XVGPU_BAD_ACCESS), magic;

    CHECK(vgpu_read(&vgpu, 0x3ff0) == ~0u, "a hole does not read as ones");
    vgpu_write(&vgpu, 0x3ff0, 0);
    vgpu_write(&vgpu, XVGPU_MAGIC, 0);
    magic = vgpu_read(&vgpu, XVGPU_MAGIC);
    CHECK(magic == XVGPU_MAGIC_VALUE, "MAGIC is now %#x", magic);
    CHECK(vgpu_read(&vgpu, XVGPU_BAD_ACCESS) >= before + 2,
          "BAD_ACCESS went from %u to %u", before,
          vgpu_read(&vgpu, XVGPU_BAD_ACCESS));
}

void test_main(void)
{
    uint8_t *buf;

    if (!check_open())
        return;
    buf = plat_alloc(2 * PAGE_SIZE, 0);
    check_sizes();
    check_movs(buf);
    check_stos();
    check_sources(buf);
    check_nonsense();
    compare_all("at the end");
    xtf_success(NULL);
}
