/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What engines write to their pages, and monitors and administrators to their
 * sockets, as xen-vgpud takes it: all of libvgpud, in this process. Time passes
 * when the input says so, and so do CPU clocks; a timer that is set may fire
 * whenever it likes.
 *
 * Input: a byte of modes, then records: kind, a byte, what the kind takes.
 */
#include <ev.h>
#include <jansson.h>
#include <utlist.h>

#include "dm/sched/vgpud.h"
#include "fuzz.h"
#include "vgpud-rig.h"

#define MAX_RECORDS 96u
#define TURNS 2u /* of the loop after each record */
#define LIVELY_ROUNDS 400u

enum record_kind {
    REC_PAGE, /* a word of a page E */
    REC_ACK,  /* of the present epoch, or one near it; what is wanted */
    REC_KICK,
    REC_REGISTER, /* as it should be, but for one word */
    REC_ENGINE,   /* a process has started, or ended */
    REC_RAW,      /* what may be no message */
    REC_HANG_UP,
    REC_TIME,
    REC_TIMER, /* one of those that are set */
    REC_ADMIN, /* a line */
    REC_METRICS,
    REC_RESTART,     /* of xen-vgpud */
    REC_PREDECESSOR, /* what one has left in a page S */
    REC_DIE,         /* a process, before its monitor says so */
    NR_RECORDS,
};

enum modes { GANG = 1, POLICY = 6, SETTLE = 8 };

static struct bytes in;

/* ---- What must be true at any time ----------------------------------- */

/* Whoever is granted has the turn of his queue; one compiles at a time. */
static void check_grants(void)
{
    const struct vgpud *d = &rig.d;
    const struct engine *e;
    const struct vgpu *v;
    unsigned int i, compile = 0;

    DL_FOREACH (d->vgpus, v) {
        for (i = 0; i < XVGPU_NR_ENGINES; i++) {
            e = v->engines[i];
            if (!e || e->state == ENGINE_OFF)
                continue;
            if (grant_kind_now(e->s) == GRANT_RUN)
                FUZZ_CHECK(e->member->queue->current == e->member);
            /* One that has been used stays in its page. */
            if (e->state == ENGINE_COMPILE) {
                FUZZ_CHECK(d->compiling == e);
                compile++;
            }
            FUZZ_CHECK(e->want <= GRANT_COMPILE);
            FUZZ_CHECK((e->state == ENGINE_FROZEN) == !!e->s->frozen_at_ns);
        }
    }
    FUZZ_CHECK(compile <= 1);
}

static void check_counts(void)
{
    const struct vgpud *d = &rig.d;
    const uint64_t now = clock_ns();
    const struct member *m;
    const struct engine *e;
    const struct vgpu *v;
    unsigned int i, n = 0;

    DL_FOREACH (d->vgpus, v)
        n++;
    FUZZ_CHECK(n == d->nr_vgpus);
    DL_FOREACH (d->compile_queue, e)
        FUZZ_CHECK(e->compile_waits && e != d->compiling);
    for (i = 0; i < d->nr_queues; i++) {
        n = 0;
        DL_FOREACH (d->queues[i].members, m) {
            n++;
            FUZZ_CHECK(member_granted(m, now) <= now - d->start_ns);
        }
        FUZZ_CHECK(n == d->queues[i].q.member_count);
    }
}

static void turn(void)
{
    unsigned int i;

    for (i = 0; i < TURNS; i++) {
        ev_run(rig.d.loop, EVRUN_NOWAIT);
        rig_hear();
    }
    check_grants();
    check_counts();
}

/* ---- Records --------------------------------------------------------- */

static struct rig_monitor *monitor_of(uint8_t byte)
{
    return &rig.monitors[byte % RIG_MONITORS];
}

static struct rig_engine *engine_of(uint8_t byte)
{
    return &monitor_of(byte)->engines[byte / RIG_MONITORS % RIG_ENGINES];
}

static void write_page(struct rig_engine *e)
{
    const size_t word = take(&in, 1) % (sizeof(struct grant_e) / 4);

    ((uint32_t *)(void *)e->e)[word] = (uint32_t)take(&in, 4);
}

static void acknowledge(struct rig_engine *e, uint8_t how)
{
    e->e->ack_epoch = e->s->epoch + (how >> 4 & 3) - (how >> 6);
    e->e->run_epoch = e->s->epoch;
    e->e->want = how & 3;
    if (!(how & 8))
        rig_kick(e);
}

static void send_register(struct rig_monitor *m, uint8_t how)
{
    struct proto_msg msg;
    const uint8_t word = (uint8_t)take(&in, 1);

    rig_registration(m, how & 3 ? 0x3 : how >> 2 & 3, &msg);
    if (word)
        ((uint32_t *)(void *)&msg.u)[word % (sizeof(msg.u.sched_vgpu) / 4)] =
            (uint32_t)take(&in, 4);
    rig_send_registration(m, &msg, how >> 4);
}

static void send_engine(struct rig_monitor *m, struct rig_engine *e,
                        uint8_t how)
{
    struct proto_msg msg = {.version = PROTO_VERSION,
                            .type = PROTO_SCHED_ENGINE};
    enum rig_process process = how % NR_RIG_PROCESSES;

    msg.u.sched_engine.index = m->index + !(how & 0x70);
    msg.u.sched_engine.engine = e->number + (how & 0xf0 ? 0 : 2);
    msg.u.sched_engine.death = how >> 3 & 3;
    msg.u.sched_engine.processors = how >> 2 & 1;
    if (process != RIG_NO_PROCESS)
        msg.u.sched_engine.pid = (uint32_t)rig.processes[process].pid;
    rig_send(m, &msg, &rig.processes[process].pidfd, process != RIG_NO_PROCESS,
             NULL, 0);
}

static void send_raw(struct rig_monitor *m, uint8_t how)
{
    struct proto_msg msg = {.version = PROTO_VERSION, .type = 32 + how % 8};
    size_t n = take(&in, 1) % (sizeof(msg.u) + 1), i;
    char text[16];

    for (i = 0; i < n; i++)
        ((uint8_t *)&msg.u)[i] = (uint8_t)take(&in, 1);
    memset(text, how, sizeof(text));
    if (how & 0x80)
        msg.version++;
    rig_send(m, &msg, &rig.processes[RIG_SLEEPS].pidfd, how >> 4 & 1, text,
             how >> 3 & sizeof(text));
}

static void predecessor(struct rig_monitor *m, struct rig_engine *e,
                        uint8_t how)
{
    if (vgpu_find(&rig.d, m->domid, m->index))
        return; /* it is xen-vgpud's now */
    e->s->kind = how % (GRANT_COMPILE + 2);
    e->s->flags = how >> 2 & 3;
    e->s->epoch += how >> 4;
    e->s->frozen_at_ns = how >> 7;
    if (e->s->frozen_at_ns)
        e->s->kind = GRANT_NONE;
}

static void on_admin(void)
{
    char line[512], *answer;
    size_t n = take(&in, 1), i;
    json_t *json;

    for (i = 0; i < n; i++)
        line[i] = (char)take(&in, 1);
    line[n] = '\0';
    answer = rig_ask("xen-vgpud.sock", line);
    if (!answer)
        return;
    json = json_loads(answer, JSON_DISABLE_EOF_CHECK, NULL);
    FUZZ_CHECK(json_object_get(json, "return") ||
               json_object_get(json, "error"));
    json_decref(json);
    free(answer);
}

static void record(void)
{
    const uint8_t kind = (uint8_t)take(&in, 1);
    const uint8_t who = (uint8_t)take(&in, 1);
    struct rig_monitor *m = monitor_of(who);
    struct rig_engine *e = engine_of(who);

    switch (kind % NR_RECORDS) {
    case REC_PAGE:
        write_page(e);
        break;
    case REC_ACK:
        acknowledge(e, (uint8_t)take(&in, 1));
        break;
    case REC_KICK:
        rig_kick(e);
        break;
    case REC_REGISTER:
        send_register(m, (uint8_t)take(&in, 1));
        break;
    case REC_ENGINE:
        send_engine(m, e, (uint8_t)take(&in, 1));
        break;
    case REC_RAW:
        send_raw(m, (uint8_t)take(&in, 1));
        break;
    case REC_HANG_UP:
        rig_hang_up(m);
        break;
    case REC_TIME:
        rig_pass(take(&in, 2) * 100000, 0);
        rig_pass(0, take(&in, 1) * 1000000);
        break;
    case REC_TIMER:
        rig_fire(who);
        break;
    case REC_ADMIN:
        on_admin();
        break;
    case REC_METRICS:
        free(rig_ask("metrics.sock", "GET /metrics HTTP/1.0\r\n\r"));
        break;
    case REC_RESTART:
        rig_close();
        rig_open();
        break;
    case REC_PREDECESSOR:
        predecessor(m, e, (uint8_t)take(&in, 1));
        break;
    case REC_DIE:
        rig_die(m->domid, m->index, e->number);
        break;
    }
    turn();
}

/* ---- The end --------------------------------------------------------- */

/* From now on all is as it should be: engines do what they are told, and are
 * there. */
static void all_honest(void)
{
    struct proto_msg msg;
    struct vgpu *v;
    unsigned int i, k;

    for (i = 0; i < RIG_MONITORS; i++) {
        struct rig_monitor *m = &rig.monitors[i];

        rig_hang_up(m);
        for (k = 0; k < RIG_ENGINES; k++)
            m->engines[k].e->ack_epoch = m->engines[k].s->epoch;
    }
    for (i = 0; i < 16; i++) {
        rig_pass(NS_PER_S, 0);
        rig_fire_all();
        rig_bury();
        turn();
        for (k = 0; k < RIG_MONITORS * RIG_ENGINES; k++)
            rig_obey(engine_of((uint8_t)k), GRANT_NONE);
    }
    FUZZ_CHECK(!rig.d.vgpus && !rig.d.nr_conns);
    for (i = 0; i < RIG_MONITORS; i++) {
        struct rig_monitor *m = &rig.monitors[i];

        rig_registration(m, 3, &msg);
        rig_send_registration(m, &msg, 0);
        turn();
        v = vgpu_find(&rig.d, m->domid, m->index);
        FUZZ_CHECK(v && v->conn);
        for (k = 0; k < RIG_ENGINES; k++)
            send_engine(m, &m->engines[k], 0xf0 | RIG_SLEEPS);
    }
}

/* Then everybody who wants to run does. */
static void check_lively(void)
{
    bool ran[RIG_MONITORS * RIG_ENGINES] = {false};
    unsigned int i, round, left = RIG_MONITORS * RIG_ENGINES;
    struct rig_engine *e;

    all_honest();
    for (round = 0; left && round < LIVELY_ROUNDS; round++) {
        for (i = 0; i < RIG_MONITORS * RIG_ENGINES; i++) {
            e = engine_of((uint8_t)i);
            rig_obey(e, GRANT_RUN);
            if (!ran[i] && grant_kind_now(e->s) == GRANT_RUN) {
                ran[i] = true;
                left--;
            }
        }
        rig_pass(NS_PER_MS, 0);
        rig_fire_all();
        turn();
    }
    FUZZ_CHECK(!left);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned int records;
    uint8_t modes;

    in = (struct bytes){data, data + size};
    modes = (uint8_t)take(&in, 1);
    rig_start(modes & GANG, (modes & POLICY) >> 1, modes & SETTLE);
    for (records = 0; bytes_left(&in) && records < MAX_RECORDS; records++)
        record();
    check_lively();
    rig_end();
    return 0;
}
