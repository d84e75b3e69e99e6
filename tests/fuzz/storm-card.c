/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <linux/virtio_config.h>
#include <linux/virtio_ring.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "storm.h"
#include "virtio-requests.h"

#define BDF 0x80 /* slot 0x10 */
#define BAR1 UINT64_C(0xf0010000)
#define BAR4 UINT64_C(0xf0000000)

/* Registers of the common configuration (virtio 1.2, 4.1.4.3). */
#define FEATURE_SELECT 0x00
#define FEATURE 0x04
#define DRIVER_SELECT 0x08
#define DRIVER_FEATURE 0x0c
#define STATUS 0x14
#define QUEUE_SELECT 0x16
#define QUEUE_SIZE 0x18
#define QUEUE_VECTOR 0x1a
#define QUEUE_ENABLE 0x1c
#define QUEUE_DESC 0x20
#define NOTIFY 0x3000

#define REVIVE_MS 180000u

/* ---- Chance ----------------------------------------------------------------
 */

/* splitmix64 */
uint64_t chance(struct chance *c)
{
    uint64_t z = c->state += 0x9e3779b97f4a7c15u;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

/* Not a sum: a step of chance() is one, and inputs would only be shifted. */
struct chance storm_chance(uint64_t seed, uint64_t salt, uint64_t input)
{
    struct chance c = {seed + salt};

    c.state = chance(&c) ^ input;
    c.state = chance(&c);
    return c;
}

uint32_t below(struct chance *c, uint32_t n)
{
    return (uint32_t)(chance(c) >> 32) % n;
}

uint32_t odd_number(struct chance *c)
{
    static const uint32_t known[] = {
        0,          1,          2,          3,          4,         15,
        16,         64,         255,        256,        4095,      4096,
        0xffff,     0x10000,    0x7fffffff, 0x80000000, ~0u,       ~0u - 3,
        0x7f800000, 0x7fc00000, 0xff800000, 0x7f7fffff, 0x3f800000};

    switch (below(c, 4)) {
    case 0:
        return below(c, 16);
    case 1:
        return 1u << below(c, 32);
    case 2:
        return (uint32_t)chance(c);
    default:
        return known[below(c, sizeof(known) / sizeof(known[0]))];
    }
}

/* ---- Access ----------------------------------------------------------------
 */

void card_write(struct card *c, uint32_t reg, unsigned int size, uint64_t value)
{
    if (fx_mmio_write(c->domid, 0, BAR4 + reg, size, value))
        c->mute = true;
}

uint32_t card_read(struct card *c, uint32_t reg, unsigned int size)
{
    uint64_t value = 0;

    if (fx_mmio_read(c->domid, 0, BAR4 + reg, size, &value))
        c->mute = true;
    return (uint32_t)(size < 4 ? value & ((1u << (8 * size)) - 1) : value);
}

void card_config(struct card *c, unsigned int reg, uint32_t value)
{
    if (fx_pci_cfg_write(c->domid, 0, BDF, reg, 4, value))
        c->mute = true;
}

void *card_ptr(struct card *c, uint32_t gpa)
{
    return fx_ptr(c->domid, gpa, 1);
}

static void nap(long us)
{
    const struct timespec ts = {.tv_nsec = us * 1000};

    nanosleep(&ts, NULL);
}

static uint64_t now_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

/* ---- The driver ------------------------------------------------------------
 */

static void place(struct card *c)
{
    card_config(c, 0x44, 0); /* powered (D0) */
    card_config(c, 0x04, 0);
    card_config(c, 0x20, (uint32_t)BAR4);
    card_config(c, 0x24, 0);
    card_config(c, 0x14, (uint32_t)BAR1);
    card_config(c, 0x04, 0x6);
}

void card_new(struct card *c, domid_t domid)
{
    memset(c, 0, sizeof(*c));
    c->domid = domid;
    place(c);
    card_write(c, FEATURE_SELECT, 4, 0);
    c->features = card_read(c, FEATURE, 4);
    card_write(c, FEATURE_SELECT, 4, 1);
    c->features |= (uint64_t)card_read(c, FEATURE, 4) << 32;
}

static void give_queue(struct card *c, uint16_t q)
{
    card_write(c, QUEUE_SELECT, 2, q);
    card_write(c, QUEUE_SIZE, 2, CARD_QUEUE);
    card_write(c, QUEUE_VECTOR, 2, q + 1);
    card_write(c, QUEUE_DESC, 8, CARD_DESC(q));
    card_write(c, QUEUE_DESC + 8, 8, CARD_AVAIL(q));
    card_write(c, QUEUE_DESC + 16, 8, CARD_USED(q));
    card_write(c, QUEUE_ENABLE, 2, 1);
}

bool card_drive(struct card *c, uint64_t without)
{
    const uint64_t features = c->features & ~without;
    uint16_t q;

    place(c);
    card_write(c, STATUS, 1, 0);
    if (card_read(c, STATUS, 1))
        return false;
    memset(card_ptr(c, CARD_DESC(0)), 0, 0x20000);
    c->offered[0] = c->offered[1] = 0;
    c->request = c->chains = 0;
    card_write(c, STATUS, 1, 3);
    card_write(c, DRIVER_SELECT, 4, 0);
    card_write(c, DRIVER_FEATURE, 4, features & 0xffffffff);
    card_write(c, DRIVER_SELECT, 4, 1);
    card_write(c, DRIVER_FEATURE, 4, features >> 32);
    card_write(c, STATUS, 1, 11);
    for (q = 0; q < 2; q++)
        give_queue(c, q);
    card_write(c, STATUS, 1, 15);
    return card_read(c, STATUS, 1) == 15;
}

bool card_revive(struct card *c)
{
    const uint64_t until = now_ms() + REVIVE_MS;

    while (!card_drive(c, 0) && !c->mute) {
        if (now_ms() > until)
            return false;
        nap(100000);
    }
    return !c->mute;
}

/* ---- Commands --------------------------------------------------------------
 */

/* Two descriptors each. */
#define BATCH (CARD_QUEUE / 2)

void card_put(struct card *c, const void *request, uint32_t len)
{
    struct vring_desc *d = card_ptr(c, CARD_DESC(0));
    struct vring_avail *avail = card_ptr(c, CARD_AVAIL(0));
    const uint32_t room = CARD_RESPONSE - CARD_REQUEST;
    uint32_t n;

    if (c->chains == BATCH || len > room - c->request)
        card_go(c, 20000);
    if (len > room)
        return;
    n = c->chains++;
    memcpy(card_ptr(c, CARD_REQUEST + c->request), request, len);
    d[2 * n] = (struct vring_desc){CARD_REQUEST + c->request, len,
                                   VRING_DESC_F_NEXT, (uint16_t)(2 * n + 1)};
    d[2 * n + 1] =
        (struct vring_desc){CARD_RESPONSE + n * CARD_RESPONSE_SIZE,
                            CARD_RESPONSE_SIZE, VRING_DESC_F_WRITE, 0};
    avail->ring[c->offered[0]++ % CARD_QUEUE] = (uint16_t)(2 * n);
    c->request += (len + 7) & ~7u;
}

bool card_go(struct card *c, unsigned int ms)
{
    struct vring_avail *avail = card_ptr(c, CARD_AVAIL(0));
    struct vring_used *used = card_ptr(c, CARD_USED(0));
    const uint64_t until = now_ms() + ms;
    unsigned int round;

    c->request = c->chains = 0;
    __atomic_store_n(&avail->idx, c->offered[0], __ATOMIC_RELEASE);
    card_write(c, NOTIFY, 2, 0);
    for (round = 1; !c->mute; round++) {
        if (__atomic_load_n(&used->idx, __ATOMIC_ACQUIRE) == c->offered[0])
            return true;
        nap(50);
        if (round % 32)
            continue;
        if (card_read(c, STATUS, 1) & CARD_NEEDS_RESET || now_ms() > until)
            return false;
    }
    return false;
}

uint32_t card_command(struct card *c, const void *request, uint32_t len)
{
    struct virtio_gpu_ctrl_hdr *hdr = card_ptr(c, CARD_RESPONSE);

    memset(hdr, 0, sizeof(*hdr));
    card_put(c, request, len);
    return card_go(c, 60000) ? hdr->type : 0;
}

void card_backing(struct card *c, uint32_t id, uint32_t addr, uint32_t len)
{
    const struct request_backing r = request_backing(id, addr, len);

    card_put(c, &r, sizeof(r));
}

void card_context(struct card *c)
{
    const struct virtio_gpu_ctx_create r = request_context(1, 0);

    card_put(c, &r, sizeof(r));
}

void card_in_context(struct card *c, uint32_t id)
{
    const struct virtio_gpu_ctx_resource r =
        request_on_context(VIRTIO_GPU_CMD_CTX_ATTACH_RESOURCE, 1, id);

    card_put(c, &r, sizeof(r));
}

void card_stream(struct card *c, const uint32_t *dw, uint32_t n)
{
    static struct {
        struct virtio_gpu_cmd_submit c;
        uint32_t dw[65536];
    } s;

    s.c = (struct virtio_gpu_cmd_submit){
        .hdr = {.type = VIRTIO_GPU_CMD_SUBMIT_3D, .ctx_id = 1}, .size = 4 * n};
    memcpy(s.dw, dw, 4 * n);
    card_put(c, &s, (uint32_t)sizeof(s.c) + 4 * n);
}
