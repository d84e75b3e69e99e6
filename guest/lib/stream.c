/* SPDX-License-Identifier: MIT */
#include "stream.h"

void xvgpu_stream_init(struct xvgpu_stream *s, void *memory, uint32_t bytes)
{
    s->dw = memory;
    s->room = bytes / 4;
    s->n = s->last = 0;
    s->error = XVGPU_STREAM_OK;
}

/* Where `dwords` dwords fit, or NULL. */
static uint32_t *room(struct xvgpu_stream *s, uint32_t dwords)
{
    if (s->error)
        return 0;
    if (dwords > s->room - s->n) {
        s->error = XVGPU_STREAM_FULL;
        return 0;
    }
    return s->dw + s->n;
}

/* A loop, not memcpy(): there may be none. Bytes, since the caller's
 * structures may be of any type. */
static void copy(uint32_t *to, const void *from, uint32_t bytes)
{
    const unsigned char *in = from;
    unsigned char *out = (unsigned char *)to;

    while (bytes--)
        *out++ = *in++;
}

void xvgpu_stream_put(struct xvgpu_stream *s, uint32_t type, uint32_t flags,
                      const void *packet, uint32_t bytes)
{
    uint32_t *to;

    if (bytes < 4 || bytes % 4) {
        s->error = s->error ? s->error : XVGPU_STREAM_ODD;
        return;
    }
    if (bytes / 4 > XVGPU_PKT_MAX_DWORDS) {
        s->error = s->error ? s->error : XVGPU_STREAM_LONG;
        return;
    }
    to = room(s, bytes / 4);
    if (!to)
        return;
    copy(to, packet, bytes);
    *to = XVGPU_PKT_HEADER(type, flags, bytes / 4);
    s->last = s->n;
    s->n += bytes / 4;
}

void xvgpu_stream_add(struct xvgpu_stream *s, const void *data, uint32_t bytes)
{
    uint32_t length = s->n - s->last, header, *to;

    if (bytes % 4 || !s->n) {
        s->error = s->error ? s->error : XVGPU_STREAM_ODD;
        return;
    }
    if (bytes / 4 > XVGPU_PKT_MAX_DWORDS - length) {
        s->error = s->error ? s->error : XVGPU_STREAM_LONG;
        return;
    }
    to = room(s, bytes / 4);
    if (!to)
        return;
    copy(to, data, bytes);
    s->n += bytes / 4;
    header = s->dw[s->last] & 0xffffu;
    s->dw[s->last] = header | (length + bytes / 4) << 16;
}

void xvgpu_put_nop(struct xvgpu_stream *s, uint32_t dwords)
{
    uint32_t *to, i;

    if (!dwords || dwords > XVGPU_PKT_MAX_DWORDS) {
        s->error = s->error ? s->error : XVGPU_STREAM_LONG;
        return;
    }
    to = room(s, dwords);
    if (!to)
        return;
    to[0] = XVGPU_PKT_HEADER(XVGPU_PKT_NOP, 0, dwords);
    for (i = 1; i < dwords; i++)
        to[i] = 0;
    s->last = s->n;
    s->n += dwords;
}

static uint32_t low(uint64_t value)
{
    return (uint32_t)value;
}

static uint32_t high(uint64_t value)
{
    return (uint32_t)(value >> 32);
}

void xvgpu_put_ib(struct xvgpu_stream *s, uint64_t address, uint32_t dwords)
{
    const uint32_t dw[] = {0, low(address), high(address), dwords};

    xvgpu_stream_put(s, XVGPU_PKT_IB, 0, dw, sizeof(dw));
}

void xvgpu_put_fence(struct xvgpu_stream *s, uint64_t address, uint64_t value,
                     bool signal)
{
    const uint32_t dw[] = {0, low(address), high(address), low(value),
                           high(value)};

    xvgpu_stream_put(s, XVGPU_PKT_FENCE, signal ? XVGPU_FENCE_SIGNAL : 0, dw,
                     sizeof(dw));
}

void xvgpu_put_wait_mem(struct xvgpu_stream *s, uint64_t address,
                        uint32_t function, uint32_t reference, uint32_t mask,
                        uint32_t timeout_us)
{
    const uint32_t dw[] = {0,    low(address), high(address), reference,
                           mask, function,     timeout_us};

    xvgpu_stream_put(s, XVGPU_PKT_WAIT_MEM, 0, dw, sizeof(dw));
}

void xvgpu_put_timestamp(struct xvgpu_stream *s, uint64_t address)
{
    const uint32_t dw[] = {0, low(address), high(address)};

    xvgpu_stream_put(s, XVGPU_PKT_TIMESTAMP, 0, dw, sizeof(dw));
}

void xvgpu_put_write(struct xvgpu_stream *s, uint64_t address, const void *data,
                     uint32_t bytes)
{
    const uint32_t dw[] = {0, low(address), high(address)};

    xvgpu_stream_put(s, XVGPU_PKT_WRITE, 0, dw, sizeof(dw));
    xvgpu_stream_add(s, data, bytes);
}

void xvgpu_put_copy(struct xvgpu_stream *s, uint64_t from, uint64_t to,
                    uint64_t bytes)
{
    const uint32_t dw[] = {0,        low(from),  high(from), low(to),
                           high(to), low(bytes), high(bytes)};

    xvgpu_stream_put(s, XVGPU_PKT_COPY_LINEAR, 0, dw, sizeof(dw));
}
