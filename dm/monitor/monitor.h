/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One domain's monitor: what its files share.
 */
#ifndef MONITOR_MONITOR_H
#define MONITOR_MONITOR_H

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>

#include "dm/monitor/attach.h"
#include "dm/monitor/cache.h"
#include "dm/monitor/cgroup.h"
#include "dm/monitor/child.h"
#include "dm/monitor/domain.h"
#include "dm/monitor/launch.h"
#include "dm/monitor/options.h"
#include "dm/monitor/qmp.h"
#include "dm/monitor/vgpu.h"
#include "dm/monitor/vram.h"
#include "dm/monitor/xenstore.h"
#include "lib/server.h"

#define MONITOR_RUN_DIR "/run/xen-vgpu" /* or environment XVGPU_RUN_DIR */

#define MONITOR_QUERIES 8u

/* No more device processes than this in the window; then the vGPUs end. */
#define MONITOR_TAKEOVERS 10u
#define MONITOR_TAKEOVER_WINDOW_NS (UINT64_C(60) * 1000000000u)

enum monitor_state {
    MONITOR_STARTING,
    MONITOR_TAKEOVER, /* the device died: its successor starts */
    MONITOR_RUNNING,
    MONITOR_FAILED,   /* the device died: no vGPU, but libxl is answered */
    MONITOR_STOPPING, /* the device has been asked to end */
    MONITOR_ENDING,   /* everybody was killed and is being waited for */
};

/* The device's answer to a query, or why there is none. */
typedef void query_done(void *user, int rc, struct proto_in *in);

struct query {
    query_done *done; /* NULL: free */
    void *user;
    uint32_t tag;
    ev_timer timeout;
    struct monitor *m;
    int fd; /* what goes to the user when the device agrees, or -1 */
};

struct monitor {
    struct ev_loop *loop;
    enum monitor_state state;
    int exit_code;
    const struct options *opt;
    const struct launch
        *launch;      /* a monitor that xl does not know, else NULL */
    uint32_t sandbox; /* 0: tests only */
    enum qmp_state qmp_state;
    bool was_running; /* libxl, or who waits for us, has been told so */
    bool added_room;  /* for VRAM: videoram= gives a PVH domain none */

    char name[128]; /* the domain's */
    struct domain domain;
    struct xenstore xs;
    struct cgroups cgroups;
    struct cgroup own; /* with a launch */
    struct vram vram[PROTO_MAX_VGPUS];
    struct vgpu vgpus[PROTO_MAX_VGPUS];

    struct child device;
    bool have_server; /* the device has told the id of its ioreq server */
    uint32_t ioservid;
    uint32_t nr_vcpus;
    uint64_t takeover_ns[MONITOR_TAKEOVERS]; /* when the last ones were */
    unsigned int takeovers;
    struct query queries[MONITOR_QUERIES];
    uint32_t next_tag;

    struct server *qmp, *admin;
    ev_io xs_event;
    ev_io companion_exit; /* of the process that became QEMU */
    ev_timer timeout;     /* of the present state */
    ev_signal signals[3];
};

/* monitor.c ----------------------------------------------------------- */

/* Run a domain's vGPUs to the end of the domain or of QEMU beside us, or until
 * told to stop. The launch is NULL for the domain's only device model. Returns
 * the exit code. */
int monitor_run(const struct options *opt, const struct launch *launch);

/* The device is ready, or has failed; its process is gone. */
void monitor_device_ready(struct monitor *m, int status, uint32_t ioservid);
void monitor_device_gone(struct monitor *m);

/* End the vGPUs in order. Any number of calls, at any time. */
void monitor_stop(struct monitor *m, const char *why);

/* A child's process is gone. */
void monitor_child_gone(struct monitor *m);

/* device.c ------------------------------------------------------------ */

int device_start(struct monitor *m);

/* Ask the device to end. */
void device_stop(struct monitor *m);

/* Send a message to the device; one that does not read is killed. */
void device_send(struct monitor *m, const struct proto_msg *msg);

/* Ask the device about a vGPU; done is called once, later, unless an error is
 * returned: -ENODEV without a device, -EBUSY. With PROTO_QUERY_RECORD the
 * device gets one end of a pipe, done the one for reading as in->fds[0];
 * `scanout` is of a PROTO_QUERY_SCREENSHOT. */
int device_query(struct monitor *m, uint32_t index, uint32_t query,
                 uint32_t scanout, query_done *done, void *user);

/* Have the device reset a vGPU, for an XVGPU_RESET_*, in quarantine or out of
 * it; a device that is about to be replaced: its successor. */
void device_reset(struct monitor *m, struct vgpu *v, uint32_t reason,
                  bool quarantine);
/* A device has taken over: what its predecessor has not done. */
void device_resets(struct monitor *m);

/* Forget the queries of this user. */
void device_query_cancel(struct monitor *m, const void *user);

/* engines.c ----------------------------------------------------------- */

void engines_init(struct monitor *m);

/* What the device asks for. 0, or -EPROTO for nonsense. */
int engines_run(struct monitor *m, uint32_t index, uint32_t engine,
                uint32_t tag);
int engines_end(struct monitor *m, uint32_t index, uint32_t engine,
                uint32_t tag);
int engines_end_frozen(struct monitor *m, uint32_t index, uint32_t engine,
                       uint32_t tag);

/* The device that asked is gone: nobody waits for answers. */
void engines_forget(struct monitor *m);
/* The engines of a vGPU whose processes are ready, as a bit mask. */
uint32_t engines_running(const struct vgpu *v);

/* xen-vgpud wants this process gone (0: whichever runs), and its end told as
 * `death`. Not one that is not ready. */
void engine_doom(struct engine *e, uint32_t pid, enum proto_death death);

void engines_kill(struct vgpu *v);
void engines_kill_all(struct monitor *m);
bool engines_any(const struct monitor *m);

/* qmpserver.c, admin.c ------------------------------------------------ */

/* 0 or a negative errno, said on stderr. */
int qmp_start(struct monitor *m);
int admin_start(struct monitor *m);

#endif
