/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A device process that does what XVGPU_STUB says, for tests of the monitor.
 * It has no Xen handle.
 *
 *   fail       not ready, with a reason
 *   die        ends before it is ready
 *   deaf       does not end when asked to
 *   crash      at the first query
 *   silent     never answers a query
 *   short, type, index, engine, ready
 *              sends such a message, which makes no sense, after it is ready
 *   runs       asks for an engine more often than anybody honest would
 *   picture    sends one that could still change
 *   untagged   asks for an engine without a tag
 *   stuck      is never done with a reset
 *   undue      says that it is done with one that nobody wanted
 *   script S   R runs the engine, K kills it, each waiting for the answer; r
 *              and k don't; g is R for gfx; s says that it should stop; D waits
 *              for its death. `show` tells what came of it. An answer that
 *              nothing was asked for is the end.
 *   later S    the same, from the first time that it is asked for registers on
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/proto.h"

#define IOSERVID 5u

static const char *mode, *script;
static struct proto_in in;
static unsigned int nr_vgpus, vgpu_fds, started, refused, again, dead_asked,
    dead_alone, answers, hung, lost, resets, reset_reason, quarantine, wanted;
static uint64_t local_size;
static uint32_t open_ops[256]; /* by tag: the answer's type */
static uint32_t next_tag;

static bool is(const char *name)
{
    return !strcmp(mode, name);
}

static void send_msg(struct proto_msg *msg, const int *fds, unsigned int nr,
                     const char *text)
{
    msg->version = PROTO_VERSION;
    if (proto_send(PROTO_FD, msg, fds, nr, text, strlen(text)))
        exit(4);
}

static void send_op(uint32_t type, uint32_t index, uint32_t engine)
{
    struct proto_msg msg = {.type = type};

    msg.u.engine_op.index = index;
    msg.u.engine_op.engine = engine;
    msg.u.engine_op.tag = is("untagged") ? 0 : ++next_tag;
    open_ops[next_tag % 256] =
        type == PROTO_ENGINE_RUN ? PROTO_ENGINE_STARTED : PROTO_ENGINE_DEAD;
    send_msg(&msg, NULL, 0, "");
}

static void reset_done(uint32_t index)
{
    struct proto_msg msg = {.type = PROTO_RESET_DONE, .u.reset.index = index};

    send_msg(&msg, NULL, 0, "");
}

static void ready(int status)
{
    struct proto_msg msg = {.type = PROTO_DEVICE_READY};

    msg.u.ready.status = status;
    msg.u.ready.ioservid = IOSERVID;
    send_msg(&msg, NULL, 0, "");
}

static void picture(struct proto_msg *msg)
{
    int fd = memfd_create("stub", MFD_ALLOW_SEALING | MFD_CLOEXEC);
    unsigned char pixels[2 * 16];
    size_t i;

    for (i = 0; i < sizeof(pixels); i++)
        pixels[i] = (unsigned char)i;
    if (fd < 0 || write(fd, pixels, sizeof(pixels)) != sizeof(pixels))
        exit(4);
    if (!is("picture"))
        fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
    msg->u.reply.width = 3;
    msg->u.reply.height = 2;
    msg->u.reply.stride = 16;
    msg->u.reply.format = XVGPU_FORMAT_XRGB8888;
    send_msg(msg, &fd, 1, "");
    close(fd);
}

static void answer(void)
{
    struct proto_msg msg = {.type = PROTO_REPLY};
    uint32_t query = in.msg.u.query.query;
    char text[640];

    if (is("crash"))
        abort();
    if (is("silent"))
        return;
    msg.u.reply.tag = in.msg.u.query.tag;
    if (query == PROTO_QUERY_SCREENSHOT) {
        if (in.msg.u.query.index) {
            msg.u.reply.status = -ENODATA;
            send_msg(&msg, NULL, 0, "nothing \x1b[31mshown");
        } else {
            picture(&msg);
        }
        return;
    }
    snprintf(text, sizeof(text),
             "stub.vgpus %u\nstub.fds %u\nstub.started %u\nstub.refused %u\n"
             "stub.again %u\nstub.dead_asked %u\nstub.dead_alone %u\n"
             "stub.answers %u\nstub.hung %u\nstub.lost %u\n"
             "stub.local %llu\nstub.resets %u\nstub.reset_reason %u\n"
             "stub.quarantine %u\nstub.wanted %u\n"
             "sdma.jobs 12\nevil\x1b[2J 3\n",
             nr_vgpus, vgpu_fds, started, refused, again, dead_asked,
             dead_alone, answers, hung, lost, (unsigned long long)local_size,
             resets, reset_reason, quarantine, wanted);
    if (query == PROTO_QUERY_REGS && !strncmp(mode, "later ", 6))
        script = mode + 6;
    if (query == PROTO_QUERY_REGS)
        strcpy(text, "0x0 4 MAGIC 0x50475658\n");
    send_msg(&msg, NULL, 0, text);
}

/* Each request has one answer. */
static void take_answer(void)
{
    const uint32_t tag = in.msg.u.engine_op.tag;

    if (tag > 255 || open_ops[tag] != in.msg.type)
        exit(6);
    open_ops[tag] = 0;
    answers++;
}

/* One message; the type of what came. */
static uint32_t serve(void)
{
    int rc = proto_recv(PROTO_FD, &in);
    int status = in.msg.u.engine_op.status;

    if (rc)
        exit(rc == -EPIPE ? 0 : 5);
    switch (in.msg.type) {
    case PROTO_QUERY:
        answer();
        break;
    case PROTO_STOP:
        if (!is("deaf"))
            exit(0);
        break;
    case PROTO_RESET:
        resets++;
        reset_reason = in.msg.u.reset.reason;
        quarantine = in.msg.u.reset.quarantine;
        if (!is("stuck"))
            reset_done(in.msg.u.reset.index);
        break;
    case PROTO_DISPLAY_RESIZE:
        wanted = in.msg.u.display_size.scanout * 100000000 +
                 in.msg.u.display_size.width * 10000 +
                 in.msg.u.display_size.height;
        break;
    case PROTO_ENGINE_STARTED:
        take_answer();
        if (!status)
            started++;
        else if (status == -EAGAIN)
            again++;
        else
            refused++;
        break;
    case PROTO_ENGINE_DEAD:
        if (!in.msg.u.engine_op.tag) {
            dead_alone++;
            hung += status == PROTO_DEATH_HUNG;
            lost += status == PROTO_DEATH_LOST;
            break;
        }
        take_answer();
        dead_asked++;
        break;
    }
    proto_close_fds(&in);
    return in.msg.type;
}

static void run_script(const char *s)
{
    for (; *s; s++) {
        if (*s == 'R' || *s == 'r')
            send_op(PROTO_ENGINE_RUN, 0, XVGPU_ENGINE_SDMA);
        else if (*s == 'K' || *s == 'k')
            send_op(PROTO_ENGINE_KILL, 0, XVGPU_ENGINE_SDMA);
        else if (*s == 's')
            send_op(PROTO_ENGINE_STOPPING, 0, XVGPU_ENGINE_SDMA);
        else if (*s == 'g')
            send_op(PROTO_ENGINE_RUN, 0, XVGPU_ENGINE_GFX);
        if (*s == 'r' || *s == 'k' || *s == 's')
            continue;
        while (serve() != (*s == 'R' || *s == 'g' ? PROTO_ENGINE_STARTED
                                                  : PROTO_ENGINE_DEAD))
            ;
    }
}

static void misbehave(void)
{
    int i;

    if (is("short") && write(PROTO_FD, "abc", 3) != 3)
        exit(4);
    if (is("type"))
        send_op(77, 0, 0);
    if (is("index"))
        send_op(PROTO_ENGINE_RUN, 1u << 31, XVGPU_ENGINE_SDMA);
    if (is("engine"))
        send_op(PROTO_ENGINE_KILL, 0, XVGPU_ENGINE_MM);
    if (is("untagged"))
        send_op(PROTO_ENGINE_RUN, 0, XVGPU_ENGINE_SDMA);
    if (is("ready"))
        ready(0);
    if (is("undue"))
        reset_done(0);
    for (i = 0; is("runs") && i < 100; i++)
        send_op(PROTO_ENGINE_RUN, 0, XVGPU_ENGINE_SDMA);
}

int main(int argc, char **argv)
{
    unsigned int i;

    (void)argv;
    mode = getenv("XVGPU_STUB");
    mode = mode ? mode : "";
    signal(SIGABRT, SIG_DFL);
    if (argc != 3 || proto_recv(PROTO_FD, &in) ||
        in.msg.type != PROTO_DEVICE_START)
        return 4;
    nr_vgpus = in.msg.u.start.nr_vgpus;
    for (i = 0; i < nr_vgpus; i++) {
        if (proto_recv(PROTO_FD, &in) || in.msg.type != PROTO_DEVICE_VGPU ||
            in.msg.u.vgpu.index != i)
            return 4;
        vgpu_fds += in.nr_fds;
        local_size = in.msg.u.vgpu.local_size;
        proto_close_fds(&in);
    }
    if (is("die"))
        return 3;
    ready(is("fail") ? -ENODEV : 0);
    if (is("fail"))
        return 1;
    misbehave();
    if (!strncmp(mode, "script ", 7))
        run_script(mode + 7);
    while (!script)
        serve();
    run_script(script);
    for (;;)
        serve();
}
