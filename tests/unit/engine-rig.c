/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine-rig.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define CHECK(cond)                                                            \
    do {                                                                       \
        if (!(cond)) {                                                         \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #cond);         \
            exit(99);                                                          \
        }                                                                      \
    } while (0)

static void kick(struct rig *rig)
{
    const uint64_t one = 1;

    CHECK(write(rig->config.kick, &one, sizeof(one)) == sizeof(one));
}

void rig_new(struct rig *rig, uint64_t ram, uint32_t max_buckets)
{
    rig_new_ops(rig, &sdma_ops, ram, max_buckets);
}

static void make(struct rig *rig, domid_t domid, const struct engine_ops *ops,
                 uint64_t ring, uint32_t max_buckets)
{
    struct engine_config *c = &rig->config;

    memset(rig, 0, sizeof(*rig));
    rig->domid = domid;
    rig->fmem = xenforeignmemory_open(NULL, 0);
    rig->xce = xenevtchn_open(NULL, 0);
    CHECK(rig->fmem && rig->xce);
    CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, rig->socks) == 0);
    c->domid = rig->domid;
    c->ops = ops;
    c->max_buckets = max_buckets;
    c->limits = (struct engine_limits){
        .local_size = 256u << 20, .watchdog_ms = 60000, .compile_ms = 60000};
    c->fmem = rig->fmem;
    c->xce = rig->xce;
    c->sock = rig->socks[1];
    c->context = memfd_create("context", 0);
    c->scanout = -1;
    c->kick = eventfd(0, EFD_NONBLOCK);
    c->event = eventfd(0, EFD_NONBLOCK);
    c->wake = eventfd(0, EFD_NONBLOCK);
    c->notify = eventfd(0, EFD_NONBLOCK);
    if (ops->front != &ring_front) {
        c->scanout = memfd_create("scanout", MFD_ALLOW_SEALING);
        CHECK(ftruncate(c->scanout, SCANOUT_SIZE) == 0);
        CHECK(fcntl(c->scanout, F_ADD_SEALS, F_SEAL_SHRINK) == 0);
    }
    c->link = memfd_create("link", 0);
    CHECK(ftruncate(c->link, LINK_SIZE) == 0);
    rig->link =
        mmap(NULL, LINK_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, c->link, 0);
    CHECK(rig->link != MAP_FAILED);
    CHECK(grant_create(GRANT_RUN, GRANT_F_COMPILE, NULL, &c->grant_s,
                       &rig->grant, &c->grant_e) == 0);
    rig->link->dev.version = LINK_VERSION;
    rig->link->dev.bus_master = 1;
    rig->link->dev.time_base_ns = clock_ns();
    rig->link->dev.ring_base = ring;
    rig->link->dev.ring_size = RIG_RING_SIZE;
    CHECK(engine_new(c, &rig->e) == 0);
    CHECK(engine_init(rig->e) == 0);
}

void rig_new_ops(struct rig *rig, const struct engine_ops *ops, uint64_t ram,
                 uint32_t max_buckets)
{
    log_init("engine", getenv("XVGPU_TEST_LOG") ? LOG_INFO : LOG_ERROR);
    fx_reset();
    make(rig, (domid_t)fx_domain_new(ram, 1), ops, RIG_RING, max_buckets);
}

void rig_new_beside(struct rig *rig, const struct rig *other,
                    const struct engine_ops *ops, uint32_t max_buckets)
{
    make(rig, other->domid, ops, other->link->dev.ring_base + RIG_RING_SIZE,
         max_buckets);
}

void rig_respawn(struct rig *rig)
{
    engine_free(rig->e);
    CHECK(engine_new(&rig->config, &rig->e) == 0);
    CHECK(engine_init(rig->e) == 0);
}

void rig_free(struct rig *rig)
{
    const struct engine_config *c = &rig->config;
    const int fds[] = {c->kick,       c->event,   c->wake,    c->notify,
                       c->link,       c->grant_s, c->grant_e, rig->socks[0],
                       rig->socks[1], c->context, c->scanout};
    size_t i;

    engine_free(rig->e);
    xenforeignmemory_close(rig->fmem);
    xenevtchn_close(rig->xce);
    munmap(rig->link, LINK_SIZE);
    munmap(rig->grant, GRANT_SIZE);
    for (i = 0; i < sizeof(fds) / sizeof(fds[0]); i++) {
        if (fds[i] >= 0)
            close(fds[i]);
    }
}

int rig_command(struct rig *rig, enum link_cmd cmd)
{
    LINK_WRITE(rig->link->dev.cmd, cmd);
    LINK_WRITE_REL(rig->link->dev.cmd_seq, rig->link->dev.cmd_seq + 1);
    kick(rig);
    engine_turn(rig->e, 0);
    CHECK(rig->link->eng.ack_seq == rig->link->dev.cmd_seq);
    return rig->link->eng.ack_status;
}

int rig_start(struct rig *rig)
{
    rig->ring = rig->link->dev.ring_base;
    rig->size = rig->link->dev.ring_size;
    rig->wptr = rig->link->dev.start_rptr;
    rig->link->dev.wptr = rig->wptr;
    return rig_command(rig, LINK_CMD_START);
}

void rig_put(struct rig *rig, const uint32_t *dw, uint32_t n)
{
    uint32_t i;

    for (i = 0; i < n; i++) {
        CHECK(fx_write(rig->domid, rig->ring + rig->wptr, &dw[i], 4) == 0);
        rig->wptr = (rig->wptr + 4) % rig->size;
    }
}

void rig_copy(struct rig *rig, uint64_t src, uint64_t dst, uint64_t bytes)
{
    RIG_PUT(rig, PKT(COPY_LINEAR, 0, 7), LO(src), HI(src), LO(dst), HI(dst),
            LO(bytes), HI(bytes));
}

void rig_fill(struct rig *rig, uint64_t dst, uint32_t value, uint64_t bytes)
{
    RIG_PUT(rig, PKT(FILL, 0, 6), LO(dst), HI(dst), value, LO(bytes),
            HI(bytes));
}

void rig_fence(struct rig *rig, uint64_t addr, uint64_t value, bool signal)
{
    RIG_PUT(rig, PKT(FENCE, signal ? XVGPU_FENCE_SIGNAL : 0, 5), LO(addr),
            HI(addr), LO(value), HI(value));
}

void rig_doorbell(struct rig *rig)
{
    LINK_WRITE_REL(rig->link->dev.wptr, rig->wptr);
    kick(rig);
}

void rig_go(struct rig *rig)
{
    int turns = 0;

    rig_doorbell(rig);
    do {
        CHECK(engine_turn(rig->e, 0) == 0);
        CHECK(++turns < 1000000);
    } while (engine_has_work(rig->e) ||
             LINK_READ(rig->link->dev.wptr) != rig->e->ring.csr_wptr);
}

uint64_t rig_events(struct rig *rig)
{
    uint64_t n;

    return read(rig->config.event, &n, sizeof(n)) == sizeof(n) ? n : 0;
}

uint32_t rig_grant(struct rig *rig, enum grant_kind kind)
{
    uint32_t epoch = grant_set(rig->grant, kind);

    CHECK(link_kick(rig->config.wake) == 0);
    return epoch;
}

uint64_t rig_notified(struct rig *rig)
{
    uint64_t n;

    return read(rig->config.notify, &n, sizeof(n)) == sizeof(n) ? n : 0;
}

void *rig_ptr(struct rig *rig, uint64_t gpa, size_t len)
{
    void *p = fx_ptr(rig->domid, gpa, len);

    CHECK(p);
    return p;
}
