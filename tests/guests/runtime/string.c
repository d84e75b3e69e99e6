/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Strings and formatted output to memory. */
#include <xtf/libc.h>

size_t strlen(const char *s)
{
    return strnlen(s, SIZE_MAX);
}

size_t strnlen(const char *s, size_t max)
{
    size_t n = 0;

    while (n < max && s[n])
        n++;
    return n;
}

char *strcpy(char *dst, const char *src)
{
    return memcpy(dst, src, strlen(src) + 1);
}

char *strncpy(char *dst, const char *src, size_t n)
{
    size_t len = strnlen(src, n);

    memcpy(dst, src, len);
    memset(dst + len, 0, n - len);
    return dst;
}

int strcmp(const char *a, const char *b)
{
    return strncmp(a, b, SIZE_MAX);
}

int strncmp(const char *a, const char *b, size_t n)
{
    for (; n; n--, a++, b++) {
        if (*a != *b)
            return (unsigned char)*a - (unsigned char)*b;
        if (!*a)
            break;
    }
    return 0;
}

void *memset(void *dst, int c, size_t n)
{
    void *d = dst;

    __asm__ __volatile__("rep stosb" : "+D"(d), "+c"(n) : "a"(c) : "memory");
    return dst;
}

void *memcpy(void *dst, const void *src, size_t n)
{
    void *d = dst;

    __asm__ __volatile__("rep movsb"
                         : "+D"(d), "+S"(src), "+c"(n)
                         :
                         : "memory");
    return dst;
}

void *memmove(void *dst, const void *src, size_t n)
{
    char *d = dst;
    const char *s = src;

    if ((uintptr_t)d - (uintptr_t)s >= n)
        return memcpy(dst, src, n);
    while (n--)
        d[n] = s[n];
    return dst;
}

int memcmp(const void *a, const void *b, size_t n)
{
    const unsigned char *x = a, *y = b;

    for (; n; n--, x++, y++)
        if (*x != *y)
            return *x - *y;
    return 0;
}

struct out {
    char *buf;
    size_t size, len;
};

static void put(struct out *o, char c)
{
    if (o->len + 1 < o->size)
        o->buf[o->len] = c;
    o->len++;
}

static void pad(struct out *o, char c, int n)
{
    while (n-- > 0)
        put(o, c);
}

struct spec {
    bool left, zero, alt, upper;
    int width, precision, size;
};

static void put_text(struct out *o, const struct spec *sp, const char *s,
                     int len)
{
    if (!sp->left)
        pad(o, ' ', sp->width - len);
    for (int i = 0; i < len; i++)
        put(o, s[i]);
    if (sp->left)
        pad(o, ' ', sp->width - len);
}

static void put_number(struct out *o, const struct spec *sp, unsigned long val,
                       unsigned int base, bool negative)
{
    const char *digits = sp->upper ? "0123456789ABCDEF" : "0123456789abcdef";
    const char *prefix = negative                       ? "-"
                         : sp->alt && base == 16 && val ? "0x"
                                                        : "";
    char tmp[24];
    int n = 0, zeros, len, prefix_len = strlen(prefix);

    do {
        tmp[n++] = digits[val % base];
        val /= base;
    } while (val);

    if (sp->precision >= 0)
        zeros = sp->precision - n;
    else if (sp->zero && !sp->left)
        zeros = sp->width - n - prefix_len;
    else
        zeros = 0;
    if (zeros < 0)
        zeros = 0;
    len = n + zeros + prefix_len;

    if (!sp->left)
        pad(o, ' ', sp->width - len);
    while (*prefix)
        put(o, *prefix++);
    pad(o, '0', zeros);
    while (n)
        put(o, tmp[--n]);
    if (sp->left)
        pad(o, ' ', sp->width - len);
}

static int parse_number(const char **fmt, va_list *args)
{
    int n = 0;

    if (**fmt == '*') {
        ++*fmt;
        return va_arg(*args, int);
    }
    while (**fmt >= '0' && **fmt <= '9')
        n = n * 10 + *(*fmt)++ - '0';
    return n;
}

static void parse_flags(const char **fmt, struct spec *sp)
{
    for (;; ++*fmt)
        switch (**fmt) {
        case '-':
            sp->left = true;
            break;
        case '0':
            sp->zero = true;
            break;
        case '#':
            sp->alt = true;
            break;
        default:
            return;
        }
}

static void parse_spec(const char **fmt, va_list *args, struct spec *sp)
{
    *sp = (struct spec){ .precision = -1, .size = sizeof(int) };
    parse_flags(fmt, sp);
    sp->width = parse_number(fmt, args);
    if (sp->width < 0) {
        sp->left = true;
        sp->width = -sp->width;
    }
    if (**fmt == '.') {
        ++*fmt;
        sp->precision = parse_number(fmt, args);
    }
    for (;; ++*fmt)
        if (**fmt == 'h')
            sp->size /= 2;
        else if (**fmt == 'l' || **fmt == 'z' || **fmt == 'j' || **fmt == 't')
            sp->size = sizeof(long);
        else
            return;
}

static void put_integer(struct out *o, struct spec *sp, char conv,
                        va_list *args)
{
    unsigned long val = sp->size == sizeof(long) ? va_arg(*args, unsigned long)
                                                 : va_arg(*args, unsigned int);
    int drop = 64 - 8 * sp->size;

    sp->upper = conv == 'X';
    if (conv == 'd' || conv == 'i') {
        long sval = (long)(val << drop) >> drop;

        put_number(o, sp, sval < 0 ? -(unsigned long)sval : (unsigned long)sval,
                   10, sval < 0);
    } else {
        put_number(o, sp, val << drop >> drop,
                   conv == 'u'   ? 10
                   : conv == 'o' ? 8
                                 : 16,
                   false);
    }
}

int vsnprintf(char *buf, size_t size, const char *fmt, va_list args)
{
    struct out o = { buf, size, 0 };
    struct spec sp;
    va_list ap;
    const char *s;
    char c;

    va_copy(ap, args);
    for (; *fmt; fmt++) {
        if (*fmt != '%') {
            put(&o, *fmt);
            continue;
        }
        fmt++;
        parse_spec(&fmt, &ap, &sp);
        switch (*fmt) {
        case 'd':
        case 'i':
        case 'u':
        case 'x':
        case 'X':
        case 'o':
            put_integer(&o, &sp, *fmt, &ap);
            break;
        case 'p':
            sp.alt = true;
            put_number(&o, &sp, _u(va_arg(ap, void *)), 16, false);
            break;
        case 'c':
            c = va_arg(ap, int);
            put_text(&o, &sp, &c, 1);
            break;
        case 's':
            s = va_arg(ap, const char *);
            if (!s)
                s = "(null)";
            put_text(&o, &sp, s,
                     strnlen(s, sp.precision >= 0 ? sp.precision : INT_MAX));
            break;
        case '\0':
            fmt--;
            break;
        default:
            put(&o, *fmt);
        }
    }
    va_end(ap);

    if (size)
        buf[min(o.len, size - 1)] = '\0';
    return o.len;
}

int snprintf(char *buf, size_t size, const char *fmt, ...)
{
    va_list args;
    int rc;

    va_start(args, fmt);
    rc = vsnprintf(buf, size, fmt, args);
    va_end(args);
    return rc;
}
