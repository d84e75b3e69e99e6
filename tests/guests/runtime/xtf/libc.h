/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The C library's part of the API: strings and formatted output to memory. */
#ifndef XTF_LIBC_H
#define XTF_LIBC_H

#include <xtf/base.h>

size_t strlen(const char *s);
size_t strnlen(const char *s, size_t max);
char *strcpy(char *dst, const char *src);
char *strncpy(char *dst, const char *src, size_t n);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
void *memset(void *dst, int c, size_t n);
void *memcpy(void *dst, const void *src, size_t n);
void *memmove(void *dst, const void *src, size_t n);
int memcmp(const void *a, const void *b, size_t n);

/*
 * Integers in all lengths, c, s, p and %; flags - and 0 and #; width and
 * precision, also as *.  Returns what would have been written.
 */
int vsnprintf(char *buf, size_t size, const char *fmt, va_list args)
    __printf(3, 0);
int snprintf(char *buf, size_t size, const char *fmt, ...) __printf(3, 4);

#endif
