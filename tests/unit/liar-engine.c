/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An engine process that obeys its device, runs no packet, and treats its
 * scheduler as XVGPU_LIAR says (or the file PROGRAM.mode beside the program),
 * from the ring's start to its stop:
 *
 *  busy      honest: always has work, computes under its grant
 *  mute      has work, acknowledges nothing
 *  compute   has work, acknowledges everything, computes all the time
 *  idle      has no work, acknowledges everything, computes all the time
 *  nonsense  computes under its grant; page E is noise
 *  storm     busy, and kicks `notify` as fast as it can
 *  compile   wants to compile, and never ends
 */
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/grant.h"
#include "lib/link.h"
#include "lib/log.h"
#include "lib/proto.h"

enum { FD_LINK, FD_KICK, FD_EVENT, FD_S, FD_E, FD_WAKE, FD_NOTIFY };

#define STEP_NS 1000000ull
#define SLEEP_MS 10

enum mode { BUSY, MUTE, COMPUTE, IDLE, NONSENSE, STORM, COMPILE, MODES };
static const char *const mode_names[MODES] = {
    "busy", "mute", "compute", "idle", "nonsense", "storm", "compile"};

static struct liar {
    enum mode mode;
    bool on; /* the ring is */
    struct link_page *link;
    const struct grant_s *s;
    struct grant_e *e;
    const int *fds;
    uint32_t cmd_seq, acked, want;
} liar;

static struct proto_in in;

static enum mode mode_of(const char *program)
{
    const char *env = getenv("XVGPU_LIAR");
    char path[512], text[32] = "";
    unsigned int i;
    FILE *f;

    snprintf(path, sizeof(path), "%s.mode", program);
    f = env ? NULL : fopen(path, "r");
    if (f && !fgets(text, sizeof(text), f))
        text[0] = '\0';
    if (f)
        fclose(f);
    text[strcspn(text, "\n")] = '\0';
    for (i = 0; i < MODES; i++) {
        if (!strcmp(env ? env : text, mode_names[i]))
            return (enum mode)i;
    }
    return BUSY;
}

static void obey(struct liar *l)
{
    uint32_t seq = LINK_READ_ACQ(l->link->dev.cmd_seq);
    struct link_eng *eng = &l->link->eng;

    if (seq == l->cmd_seq)
        return;
    l->cmd_seq = seq;
    if (LINK_READ(l->link->dev.cmd) == LINK_CMD_START) {
        l->on = true;
        LINK_WRITE(eng->rptr, LINK_READ(l->link->dev.start_rptr));
    } else if (LINK_READ(l->link->dev.cmd) == LINK_CMD_STOP) {
        l->on = false;
    }
    LINK_WRITE(eng->state, l->on ? LINK_RUNNING : LINK_IDLE);
    LINK_WRITE(eng->ack_status, 0);
    LINK_WRITE_REL(eng->ack_seq, seq);
    link_kick(l->fds[FD_EVENT]);
}

static void say(struct liar *l)
{
    uint32_t epoch = __atomic_load_n(&l->s->epoch, __ATOMIC_ACQUIRE);
    enum grant_kind kind = grant_kind_now(l->s);
    uint32_t want = !l->on || l->mode == IDLE ? GRANT_NONE
                    : l->mode == COMPILE      ? GRANT_COMPILE
                                              : GRANT_RUN;
    bool tell = want != l->want;

    l->want = want;
    LINK_WRITE(l->e->want, want);
    if (l->on && l->mode == MUTE) {
        if (tell)
            link_kick(l->fds[FD_NOTIFY]);
        return;
    }
    if (kind == GRANT_RUN)
        LINK_WRITE(l->e->run_epoch, epoch);
    else if (l->acked != epoch && (kind == GRANT_NONE || want != kind)) {
        LINK_WRITE(l->e->preempted_ns, clock_ns());
        LINK_WRITE(l->e->saved_ns, clock_ns());
        l->acked = epoch;
        LINK_WRITE_REL(l->e->ack_epoch, epoch);
        tell = true;
    }
    if (tell)
        link_kick(l->fds[FD_NOTIFY]);
}

static void noise(struct liar *l)
{
    uint32_t *words = (uint32_t *)l->e;
    unsigned int i;

    for (i = 0; i < sizeof(*l->e) / sizeof(*words); i++)
        LINK_WRITE(words[i], rand() % 2 ? (uint32_t)rand() : (uint32_t)i % 4);
    link_kick(l->fds[FD_NOTIFY]);
}

static bool computes(const struct liar *l)
{
    enum grant_kind kind = grant_kind_now(l->s);

    if (!l->on || l->mode == MUTE)
        return false;
    return kind == GRANT_RUN || l->mode == COMPUTE || l->mode == IDLE ||
           (l->mode == COMPILE && kind == GRANT_COMPILE);
}

static void compute(const struct liar *l)
{
    uint64_t start = clock_ns(), now;

    do {
        if (l->mode == STORM)
            link_kick(l->fds[FD_NOTIFY]);
        now = clock_ns();
    } while (now - start < STEP_NS);
    LINK_WRITE(l->e->busy_ns, LINK_READ(l->e->busy_ns) + now - start);
}

/* False: the monitor is gone. */
static bool rest(const struct liar *l, int ms)
{
    struct pollfd pfds[] = {
        {.fd = l->fds[FD_KICK], .events = POLLIN},
        {.fd = l->fds[FD_WAKE], .events = POLLIN},
        {.fd = PROTO_FD, .events = POLLIN},
    };
    uint64_t n;
    int i;

    if (poll(pfds, 3, ms) < 0)
        return errno == EINTR;
    for (i = 0; i < 2; i++) {
        if (pfds[i].revents && read(pfds[i].fd, &n, sizeof(n)) < 0)
            continue;
    }
    return !pfds[2].revents;
}

static int start(struct liar *l, const char *program)
{
    void *link;

    if (proto_recv(PROTO_FD, &in) || in.msg.type != PROTO_ENGINE_START ||
        in.nr_fds < PROTO_ENGINE_FDS)
        return -EPROTO;
    l->fds = in.fds;
    link = mmap(NULL, LINK_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED,
                l->fds[FD_LINK], 0);
    if (link == MAP_FAILED)
        return -errno;
    l->link = link;
    l->mode = mode_of(program);
    l->cmd_seq = LINK_READ(l->link->dev.cmd_seq);
    return grant_map(l->fds[FD_S], l->fds[FD_E], &l->s, &l->e);
}

int main(int argc, char **argv)
{
    struct proto_msg msg = {.version = PROTO_VERSION,
                            .type = PROTO_ENGINE_READY,
                            .u.ready.memory = PROTO_MEMORY_COPIED};
    bool working = true;

    if (argc != 3 || start(&liar, argv[0]) ||
        proto_send(PROTO_FD, &msg, NULL, 0, "liar", 4))
        return 4;
    while (working) {
        obey(&liar);
        if (liar.on && liar.mode == NONSENSE)
            noise(&liar);
        else
            say(&liar);
        if (computes(&liar))
            compute(&liar);
        working = rest(&liar, computes(&liar) ? 0 : SLEEP_MS);
    }
    return 0;
}
