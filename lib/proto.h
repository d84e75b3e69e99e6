/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages between xen-vgpu-dm (monitor) and its children, on a
 * SOCK_SEQPACKET pair that the child inherits as descriptor PROTO_FD (its
 * only argument besides --domid, which is there for ps and for people); and
 * between the monitor and xen-vgpud, which listens on PROTO_SCHED_SOCKET
 * (SOCK_SEQPACKET, in the folder of all our sockets).
 *
 * A message is a struct proto_msg, with descriptors where its type says so,
 * and up to PROTO_TEXT bytes of text behind it. What the monitor receives is
 * hostile: proto_recv() checks lengths; the monitor checks the rest.
 */
#ifndef LIB_PROTO_H
#define LIB_PROTO_H

#include <stddef.h>
#include <stdint.h>
#include <xen-vgpu/csr.h>

#define PROTO_FD 3
#define PROTO_VERSION 1u
#define PROTO_TEXT 32768u
#define PROTO_MAX_FDS 16
#define PROTO_ENGINE_FDS 7u /* of PROTO_ENGINE_START */
#define PROTO_MAX_VGPUS 4u
#define PROTO_DISPLAY_VIEWERS 8u
#define PROTO_WEIGHT_DEFAULT 100u
#define PROTO_WEIGHT_MAX 10000u

/* Bytes of the state memfd of a vGPU: CSRs, then what else the device must
 * not lose when its process dies (dm/device/device.h). */
#define PROTO_STATE_SIZE 0x8000u

enum proto_type {
    /* Monitor to device, once, first. u.start. No descriptors. */
    PROTO_DEVICE_START = 1,
    /* Monitor to device, nr_vgpus times, in order. u.vgpu. Descriptors: the
     * state memfd, for a virtio-gpu the scanout memfd, then for each engine of
     * the bit mask, lowest first: link memfd, kick eventfd, event eventfd. */
    PROTO_DEVICE_VGPU = 2,
    /* Device to monitor, when the ioreq server is enabled and the sandbox is
     * closed, or has failed. u.ready. */
    PROTO_DEVICE_READY = 3,
    /* Monitor to engine, once, first. u.engine. Descriptors: link memfd,
     * kick eventfd, event eventfd, grant S (to be read only), grant E, the
     * eventfds wake and notify of the grant; for gfx the context memfd, too,
     * and for a virtio-gpu's engine behind that the scanout memfd. Text, gfx
     * and virtio-gpu only: the cache folder, a line feed, the Vulkan driver's
     * manifest; either may be empty. */
    PROTO_ENGINE_START = 4,
    /* Engine to monitor, when the sandbox is closed, or has failed. u.ready;
     * text, gfx only: the Vulkan device's name, virtio-gpu: the renderer's.
     * Later its exit status is all that it says. */
    PROTO_ENGINE_READY = 5,
    /* Device to monitor: start an engine, kill it. u.engine_op, with a tag
     * other than 0. The monitor answers each, with the same tag, with
     * PROTO_ENGINE_STARTED (u.engine_op.status: 0 also when it already ran; and
     * what the process has said of its renderer) or
     * PROTO_ENGINE_DEAD. Who has not waited knows a late answer by its tag. */
    PROTO_ENGINE_RUN = 6,
    PROTO_ENGINE_KILL = 7,
    PROTO_ENGINE_STARTED = 8,
    /* Monitor to device: the engine's process is gone: answer to KILL (also
     * when none ran), or by itself (tag 0; then status is an enum
     * proto_death). */
    PROTO_ENGINE_DEAD = 9,
    /* Monitor to device: describe the vGPU. u.query. The device answers with
     * PROTO_REPLY and the same tag; text and, for a screenshot, one sealed
     * memfd of height * stride bytes. */
    PROTO_QUERY = 10,
    PROTO_REPLY = 11,
    /* Monitor to device: end. The device destroys its ioreq server. */
    PROTO_STOP = 12,
    /* Monitor to device: reset vGPU u.reset.index as an FLR does, with
     * u.reset.reason in RESET_REASON. `quarantine` 1: its engines don't start
     * until a PROTO_RESET with 0 comes. One of a vGPU at a time. */
    PROTO_RESET = 13,
    /* Device to monitor: that is done. u.reset.index. */
    PROTO_RESET_DONE = 14,
    /* Monitor to the process that shows a vGPU, once, first. u.display.
     * Descriptors: the scanout memfd, to be read only, and for each scanout a
     * listening socket that does not block. Text: the password, if any. */
    PROTO_DISPLAY_START = 15,
    /* Its answer when the sandbox is closed, or has failed. u.ready. */
    PROTO_DISPLAY_READY = 16,
    /* And later, passed on to the device: somebody who looks at a scanout
     * would like it to have this size. u.display_size. */
    PROTO_DISPLAY_RESIZE = 17,
    /* Device to monitor: the driver has had this engine stopped, and it has not
     * answered. u.engine_op, with a tag. If xen-vgpud has frozen it, it can't:
     * it is killed then, and the answer is PROTO_ENGINE_DEAD with this tag;
     * otherwise there is none. */
    PROTO_ENGINE_STOPPING = 18,

    /* Monitor to xen-vgpud, once a vGPU and connection, first. u.sched_vgpu;
     * text: the domain's name. Descriptors for each engine of the bit mask,
     * lowest first: grant S, grant E, wake eventfd, notify eventfd. */
    PROTO_SCHED_REGISTER = 32,
    /* xen-vgpud to monitor: the answer. u.sched_status. */
    PROTO_SCHED_REGISTERED = 33,
    /* Monitor to xen-vgpud: an engine's process is ready (u.sched_engine.pid
     * is not 0; one descriptor, its pidfd), or gone (pid 0, with `death`). */
    PROTO_SCHED_ENGINE = 34,
    /* xen-vgpud to monitor: kill an engine; `death` says how the guest is to be
     * told, `pid` which process is meant (0: whichever runs). The monitor
     * answers with PROTO_SCHED_ENGINE when it is gone. */
    PROTO_SCHED_KILL = 35,
    /* xen-vgpud to monitor: pass PROTO_RESET on. u.reset. */
    PROTO_SCHED_RESET = 36,
    /* xen-vgpud to monitor: u.sched_vgpu has what the next registration is to
     * say: the administrator has changed it. */
    PROTO_SCHED_SET = 37,
};

/* Exit statuses of an engine. */
#define PROTO_EXIT_HUNG 86 /* the packet under way did not end */
#define PROTO_EXIT_LOST 87 /* the host's GPU was lost, by no fault of ours */

enum proto_death {
    PROTO_DEATH_OTHER = 0, /* killed, crashed, or ended by itself */
    PROTO_DEATH_HUNG = 1,
    PROTO_DEATH_LOST = 2,
};

/* What a vGPU is to its guest. */
enum proto_model {
    PROTO_MODEL_NATIVE = 0,
    PROTO_MODEL_VIRTIO_GPU = 1, /* its engine runs as XVGPU_ENGINE_GFX */
};

/* How an engine gets at guest memory. */
enum proto_memory {
    PROTO_MEMORY_UNSAID = 0,
    PROTO_MEMORY_IN_PLACE = 1, /* the driver has imported it */
    PROTO_MEMORY_COPIED = 2,
};

#define PROTO_SCHED_SOCKET "sched.sock"
#define PROTO_SCHED_FDS 4u /* an engine, of PROTO_SCHED_REGISTER */

/* What delays of its work a vGPU's user would notice (ondemand, fair). */
enum proto_latency {
    PROTO_LATENCY_NORMAL = 0,
    PROTO_LATENCY_LOW = 1, /* interactive */
    PROTO_LATENCY_BATCH = 2,
};

enum proto_query {
    PROTO_QUERY_SHOW = 1,       /* text: a "name value" pair a line */
    PROTO_QUERY_REGS = 2,       /* text: "offset width name value" a line */
    PROTO_QUERY_SCREENSHOT = 3, /* u.reply: the surface; one memfd */
    /* Record what the ioreq server is asked (lib/trace.h), until nobody reads
     * any more. The query comes with a pipe's end for writing. */
    PROTO_QUERY_RECORD = 4,
};

struct proto_msg {
    uint32_t version; /* PROTO_VERSION */
    uint32_t type;    /* enum proto_type */
    union {
        struct {
            uint32_t domid;
            uint32_t own_domid; /* of the domain that we run in */
            uint32_t nr_vcpus;
            uint32_t nr_vgpus;
            uint32_t uid, gid; /* to drop to; 0: stay (tests) */
            uint32_t sandbox;  /* 0: none (tests only) */
            uint32_t poll_us;  /* longest spin of the ioreq service, us */
            uint32_t rate;     /* accesses a second, 0: no limit */
            uint32_t log_level;
            /* 1: a device process has died; take over its ioreq server and
             * the state that it left. */
            uint32_t takeover;
            uint32_t ioservid;
            /* 1: a PVH domain: PCI bus 0, its host bridge and port 0xcf8 are
             * ours, and there is no INTx. */
            uint32_t pvh;
        } start;
        struct {
            uint32_t index;      /* N of DOMID.N */
            uint32_t devfn;      /* on bus 0 */
            uint32_t engines;    /* bit mask, XVGPU_ENGINE_* */
            uint32_t running;    /* bit mask: engine processes, at a takeover */
            uint64_t vram_size;  /* bytes, a multiple of 2 MiB, power of two */
            uint64_t vram_gfn;   /* where the monitor has populated it */
            uint64_t local_size; /* bytes of gfx's local heap */
            uint32_t model;      /* enum proto_model */
            /* virtio-gpu: up to SCANOUT_MAX, and the size of each. */
            uint32_t scanouts, width, height;
        } vgpu;
        struct {
            int32_t status; /* 0 or a negative errno */
            uint32_t ioservid;
            uint32_t memory; /* enum proto_memory */
            /* 1: it computes on processors, in its own process alone: who
             * stops that stops its work, and loses none. */
            uint32_t processors;
            /* Of a virtio-gpu's engine: the features of virtio 1.2, 5.7.3,
             * that its renderer has (bits 1 << VIRTIO_GPU_F_*), and the number
             * of its capability sets. */
            uint32_t features, capsets;
        } ready;
        struct {
            uint32_t domid;
            uint32_t index;
            uint32_t engine; /* XVGPU_ENGINE_* */
            uint32_t uid, gid, sandbox, log_level;
            uint32_t max_buckets; /* of the guest memory map */
            /* gfx: */
            uint32_t watchdog_ms; /* a packet may run */
            uint32_t compile_ms;  /* a pipeline's first use may take */
            uint32_t threads;     /* of a driver that draws on processors */
            uint64_t local_size;  /* bytes of the local heap; virtio-gpu:
                                   * that all resources may take */
            uint32_t plain;       /* virtio-gpu: 1: without 3D */
        } engine;
        struct {
            uint32_t index;
            uint32_t engine;
            int32_t status;
            uint32_t tag;
            uint32_t features, capsets; /* as in `ready` */
        } engine_op;
        struct {
            uint32_t tag;
            uint32_t index;
            uint32_t query;
            uint32_t scanout; /* of a screenshot */
        } query;
        struct {
            uint32_t index;
            uint32_t reason; /* XVGPU_RESET_* */
            uint32_t quarantine;
        } reset;
        struct {
            uint32_t domid, index;
            uint32_t uid, gid, sandbox, log_level;
            uint32_t scanouts; /* 1 to SCANOUT_MAX */
            uint32_t viewers;  /* at once, up to PROTO_DISPLAY_VIEWERS */
        } display;
        struct {
            uint32_t index, scanout, width, height;
        } display_size;
        struct {
            uint32_t domid, index;
            uint32_t engines; /* bit mask, XVGPU_ENGINE_* */
            uint32_t weight;  /* 1 to PROTO_WEIGHT_MAX */
            uint32_t cap;     /* of an engine's time, per mille; 0: none */
            uint32_t latency; /* enum proto_latency */
            uint32_t quarantined;
        } sched_vgpu;
        struct {
            uint32_t index;
            int32_t status; /* 0 or a negative errno */
        } sched_status;
        struct {
            uint32_t index;
            uint32_t engine;
            uint32_t pid;
            uint32_t death;      /* enum proto_death */
            uint32_t processors; /* as of PROTO_ENGINE_READY */
        } sched_engine;
        struct {
            uint32_t tag;
            int32_t status; /* 0 or a negative errno; text says why */
            uint32_t width, height, stride, format;
        } reply;
    } u;
};

/* Send a message, its descriptors and its text. The descriptors stay the
 * caller's. 0 or a negative errno (-EPIPE: the other side is gone). Blocks
 * while the socket's buffer is full unless the descriptor is non-blocking
 * (-EAGAIN). */
int proto_send(int sock, const struct proto_msg *msg, const int *fds,
               unsigned int nr_fds, const char *text, size_t text_len);

struct proto_in {
    struct proto_msg msg;
    int fds[PROTO_MAX_FDS]; /* close-on-exec; the caller closes them */
    unsigned int nr_fds;
    size_t text_len;
    char text[PROTO_TEXT + 1]; /* zero-terminated */
};

/* Receive one message into *in. 0; -EPIPE at the end of the connection;
 * -EPROTO for a message that is cut, too short or of another version (its
 * descriptors are closed); another negative errno (-EAGAIN, -EINTR). */
int proto_recv(int sock, struct proto_in *in);
void proto_close_fds(struct proto_in *in);

#endif
