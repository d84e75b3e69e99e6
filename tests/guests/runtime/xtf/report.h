/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a test defines, how it prints, and how it reports its result. */
#ifndef XTF_REPORT_H
#define XTF_REPORT_H

#include <xtf/base.h>

extern const char test_title[];
void test_main(void);

void vprintk(const char *fmt, va_list args) __printf(1, 0);
void printk(const char *fmt, ...) __printf(1, 2);

/*
 * The most severe of the reported results stays: success, skip (this set-up
 * can't run the test), error (the test is at fault), failure (what it tests
 * is at fault).  A warning changes nothing but the last line.  @fmt may be
 * NULL.
 */
void xtf_success(const char *fmt, ...) __printf(1, 2);
void xtf_warning(const char *fmt, ...) __printf(1, 2);
void xtf_skip(const char *fmt, ...) __printf(1, 2);
void xtf_error(const char *fmt, ...) __printf(1, 2);
void xtf_failure(const char *fmt, ...) __printf(1, 2);
bool xtf_status_reported(void);
void xtf_report_status(void);

/* Prints the result and powers the domain off. */
void __noreturn xtf_exit(void);

/* Prints, reports an error as the result and crashes the domain. */
void __noreturn panic(const char *fmt, ...) __printf(1, 2);

#define ASSERT(cond)                                                           \
    do {                                                                       \
        if (!(cond))                                                           \
            panic("ASSERT(%s) failed at %s:%u\n", #cond, __FILE__, __LINE__);  \
    } while (0)

int xtf_get_domid(void);

#endif
