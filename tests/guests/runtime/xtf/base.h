/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Types, compiler attributes and number helpers. */
#ifndef XTF_BASE_H
#define XTF_BASE_H

#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PRIx32 "x"
#define PRIu32 "u"
#define PRIx64 "lx"
#define PRIu64 "lu"

#define __aligned(x)       __attribute__((__aligned__(x)))
#define __noreturn         __attribute__((__noreturn__))
#define __packed           __attribute__((__packed__))
#define __printf(f, v)     __attribute__((__format__(__printf__, f, v)))
#define __maybe_unused     __attribute__((__unused__))
#define __used             __attribute__((__used__))
#define __weak             __attribute__((__weak__))
#define __noinline         __attribute__((__noinline__))
#define __section(s)       __attribute__((__section__(s)))
#define __page_aligned_bss __section(".bss.page_aligned") __aligned(4096)

#define barrier()     __asm__ __volatile__("" ::: "memory")
#define unreachable() __builtin_unreachable()

#define mb()      __asm__ __volatile__("mfence" ::: "memory")
#define rmb()     __asm__ __volatile__("lfence" ::: "memory")
#define wmb()     __asm__ __volatile__("sfence" ::: "memory")
#define smp_mb()  mb()
#define smp_rmb() barrier()
#define smp_wmb() barrier()

#define ACCESS_ONCE(x)  (*(volatile __typeof__(x) *)&(x))
#define ARRAY_SIZE(a)   (sizeof(a) / sizeof(*(a)))
#define BUILD_BUG_ON(c) _Static_assert(!(c), "!(" #c ")")

#define _p(v)            ((void *)(unsigned long)(v))
#define _u(v)            ((unsigned long)(v))
#define KB(n)            (n##ULL << 10)
#define MB(n)            (n##ULL << 20)
#define GB(n)            (n##ULL << 30)
#define IS_ALIGNED(v, a) (((v) & ((a)-1)) == 0)
#define ROUNDUP(v, a)    (((v) + (a)-1) & ~((a)-1))
#define MASK_EXTR(v, m)  (((v) & (m)) / ((m) & -(m)))
#define MASK_INSR(v, m)  (((v) * ((m) & -(m))) & (m))

#define min(a, b)                                                              \
    ({                                                                         \
        __typeof__(a) min_a = (a);                                             \
        __typeof__(b) min_b = (b);                                             \
        (void)(&min_a == &min_b);                                              \
        min_a < min_b ? min_a : min_b;                                         \
    })
#define max(a, b)                                                              \
    ({                                                                         \
        __typeof__(a) max_a = (a);                                             \
        __typeof__(b) max_b = (b);                                             \
        (void)(&max_a == &max_b);                                              \
        max_a > max_b ? max_a : max_b;                                         \
    })

#define PAGE_SHIFT 12
#define PAGE_SIZE  (1UL << PAGE_SHIFT)
#define PAGE_MASK  (~(PAGE_SIZE - 1))

typedef uint64_t paddr_t;

#endif
