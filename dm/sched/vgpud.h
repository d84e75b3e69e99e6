/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-vgpud: what its files share (docs/design.md, "The scheduler").
 *
 * A vGPU has engines, each with its grant pages and, mostly, a process. A
 * member of a run queue is one engine, or all of a vGPU's that are ganged. All
 * is one thread and one event loop; nothing here blocks.
 *
 * What page E says, and how often its engine kicks, is hostile. Monitors are
 * root's, but what they send is checked, too.
 */
#ifndef SCHED_VGPUD_H
#define SCHED_VGPUD_H

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "dm/sched/conf.h"
#include "dm/sched/histogram.h"
#include "dm/sched/queue.h"
#include "dm/sched/records.h"
#include "lib/grant.h"
#include "lib/guard.h"
#include "lib/log.h"
#include "lib/proto.h"

#define VGPUD_RUN_DIR "/run/xen-vgpu" /* or environment XVGPU_RUN_DIR */
#define VGPUD_MAX_VGPUS 1024u
#define VGPUD_NAME_MAX 64u

#define NS_PER_S UINT64_C(1000000000)
#define NS_PER_MS UINT64_C(1000000)

/* A monitor that is asked to kill has this long; then the kill is ours. */
#define VGPUD_KILL_NS (100 * NS_PER_MS)
/* Of the time without a grant, besides config.idle_cpu_ns a window. */
#define VGPUD_IDLE_CPU_PERCENT 5u
/* Kicks of one engine, a second; more are answered late. */
#define VGPUD_KICKS 4000u
#define VGPUD_KICKS_BURST 400u
/* So many in a row that bring nothing, and it is not heard for a while: 1 ms,
 * then twice as long, up to 16 ms. More than so much news while its grant does
 * not change is none. */
#define VGPUD_KICKS_EMPTY 32u
#define VGPUD_KICKS_EMPTY_NS NS_PER_MS
#define VGPUD_KICKS_DOUBLINGS 4u
#define VGPUD_KICKS_NEWS 8u

struct vgpud;
struct vgpu;
struct member;
struct runq;

enum engine_state {
    ENGINE_OFF,      /* no process, page S says "none" */
    ENGINE_HELD,     /* may not run, and has said so */
    ENGINE_RUN,      /* may run */
    ENGINE_STOPPING, /* may not run any more, and has not said so yet */
    ENGINE_COMPILE,  /* may run the one packet that compiles */
    ENGINE_FROZEN,   /* STOPPING, but its process is stopped: see freeze.c */
};

struct engine {
    struct vgpu *vgpu;
    struct member *member;
    uint32_t number; /* XVGPU_ENGINE_* */
    char name[24];   /* "3.0 gfx", for messages */
    enum engine_state state;
    bool inherited; /* its process may have been granted by one before us */
    uint32_t want;  /* enum grant_kind; what E said when it was looked at */

    struct grant_s *s;
    const struct grant_e *e;
    int wake_fd, notify_fd;
    ev_io notify;
    struct guard kicks;
    unsigned int empty_kicks; /* in a row */
    unsigned int news;        /* that kicks brought in this epoch */
    uint32_t news_epoch;
    ev_timer quiet; /* it has kicked too often */

    /* Of its process; pid 0: none is known. */
    pid_t pid;
    int pidfd;
    bool processors; /* it computes on them, so it says */
    clockid_t clock;
    ev_io exit;

    enum sched_why killed; /* 0: not */
    bool kill_by_us;       /* the monitor was silent */
    /* Of the process that has gone: what we did to it is not counted again
     * when the monitor tells how it ended. */
    enum sched_why ended_by;
    ev_timer deadline;   /* of a stop, of compiling, of the kill */
    uint64_t stop_ns;    /* when it was asked to stop, or could go on with it */
    uint64_t overrun_ns; /* what it has had since it was asked, in turns over */

    bool compile_waits;  /* in vgpud.compile_queue */
    uint64_t compile_ns; /* since when it waits, or compiles */
    struct engine *prev, *next;

    /* CPU time without a grant, in a window of watch.c. */
    uint64_t held_at_ns, held_cpu_ns; /* when it was last looked at */
    uint64_t held_ns, spent_ns;       /* before, in this window */

    struct log_limit kill_limit;
};

#define MEMBER_ENGINES 2u

struct member {
    struct sched_entity entity; /* first: the queue knows only that */
    struct vgpu *vgpu;
    struct runq *queue;
    struct engine *engines[MEMBER_ENGINES];
    unsigned int nr_engines;
    struct member *prev, *next; /* in the queue's list */

    uint64_t grant_ns;   /* of the present turn */
    uint64_t stop_ns;    /* 0: it was not asked to stop yet */
    uint64_t wait_ns;    /* since when it waits; 0: it does not */
    uint64_t extra_ns;   /* compiled in the present turn */
    uint64_t granted_ns; /* of turns that are over */
    uint64_t compiled_ns;
    uint64_t turns, preempted, frozen, missed, resets, innocent;
    struct histogram wait, preempt;
};

enum switch_step {
    STEP_STOP,   /* stop requested .. at a boundary */
    STEP_SAVE,   /* .. the context is saved */
    STEP_SWITCH, /* .. the other one is granted */
    STEP_LOAD,   /* .. its context is loaded */
    STEP_RUN,    /* .. its first packet runs */
    NR_STEPS
};

struct runq {
    struct vgpud *d;
    const char *name;
    uint8_t number;
    uint32_t engines; /* mask of the XVGPU_ENGINE_* that it is for */
    struct config_queue config;
    struct sched_queue q;
    struct member *members;

    struct member *current;
    bool stopping;
    bool dirty;   /* runq_go() is due */
    int timer_fd; /* of the turn; libev counts in ms */
    uint64_t armed_ns;
    ev_io timer;
    ev_timer retry; /* in its place, if it could not be set */
    uint64_t idle_since_ns, idle_ns;

    /* The switch under way: filled until the next one runs. */
    struct {
        uint64_t stop_ns, preempted_ns, saved_ns, grant_ns;
        struct engine *to; /* NULL: none is to be seen */
        uint32_t epoch;
    } sw;
    uint64_t switches;
    struct histogram total, steps[NR_STEPS];
};

#define LADDER_MAX 16u /* of config.resets_to_flr, .flrs_to_quarantine */

struct ladder {
    uint64_t hangs_ns[LADDER_MAX], flrs_ns[LADDER_MAX]; /* rings of times */
    uint64_t hangs, flrs;                               /* in all */
    uint64_t hangs_from, flrs_from; /* those before don't count any more */
    bool quarantined;
};

struct vgpu {
    struct vgpud *d;
    struct monitor_conn *conn; /* NULL: gone, engines are being stopped */
    pid_t monitor_pid;
    uint32_t domid, index;
    char id[16]; /* "3.0" */
    char name[VGPUD_NAME_MAX];
    struct engine *engines[XVGPU_NR_ENGINES];
    struct member *members[XVGPU_NR_ENGINES];
    unsigned int nr_members;
    struct ladder ladder;
    /* When it last asked to compile, or did, for how long and until when. */
    uint64_t compile_asked_ns, compile_took_ns, compile_end_ns;
    struct vgpu *prev, *next;
};

struct vgpud {
    struct ev_loop *loop;
    struct config config;
    const char *run_dir;
    uint64_t start_ns;
    struct runq queues[CONFIG_QUEUES];
    unsigned int nr_queues;
    struct vgpu *vgpus;
    unsigned int nr_vgpus;
    struct engine *compiling, *compile_queue;
    ev_timer compile_again; /* who waits has to wait on */
    ev_timer watch;
    uint64_t processors;
    /* What is left to do when all events of a turn of the loop are known. */
    ev_prepare finish;
    ev_timer finish_again; /* there was more than is done at a time */
    bool compile_dirty, reap;
    bool settling; /* restarted: who runs may not have registered yet */
    ev_timer settle;
    struct records records;

    int sched_fd;
    char sched_path[108];
    ev_io accept;
    ev_timer accept_again; /* there were too many descriptors */
    struct monitor_conn *conns;
    unsigned int nr_conns;
    struct log_limit limit;

    struct server *admin, *metrics;
};

/* --- vgpus.c -------------------------------------------------------------- */

struct vgpu *vgpu_find(struct vgpud *d, uint32_t domid, uint32_t index);
/* By "3.0", or "3" for the first. */
struct vgpu *vgpu_find_id(struct vgpud *d, const char *id);
/* A checked PROTO_SCHED_REGISTER; takes the descriptors that it uses out of
 * `in`. 0 or a negative errno. */
int vgpu_add(struct vgpud *d, struct proto_in *in, struct monitor_conn *conn,
             pid_t monitor);
/* Its monitor has gone. It stays until its engines have stopped, or died. */
void vgpu_leave(struct vgpu *v);
/* Free those of which that is so. */
void vgpus_reap(struct vgpud *d);
void vgpu_remove(struct vgpu *v);
int vgpu_set(struct vgpu *v, uint32_t weight, uint32_t cap,
             enum proto_latency latency, uint64_t slice_ns);
const char *vgpud_engine_name(uint32_t number);

/* --- engines.c: one engine's pages and process ------------------------------
 */

int engine_open(struct engine *e, const int fds[PROTO_SCHED_FDS]);
void engine_close(struct engine *e);
/* What do its pages say? A process is ready, or we have been restarted. */
void engine_adopt(struct engine *e);
/* Takes pidfd. 0 or a negative errno; -ESRCH: it has ended already. */
int engine_started(struct engine *e, pid_t pid, int pidfd, bool processors);
/* The process has ended. */
void engine_gone(struct engine *e);
/* The monitor tells how. */
void engine_told_dead(struct engine *e, enum proto_death death);
void engine_run(struct engine *e, uint32_t flags);
void engine_stop(struct engine *e);
void engine_compile(struct engine *e);
/* Read page E. True: it says something new. */
bool engine_look(struct engine *e);
/* Could it be granted? Nobody whose monitor has gone is. */
bool engine_may_run(const struct engine *e);
/* Could it run now, and does it want to? */
bool engine_ready(const struct engine *e);

/* --- kill.c: deadlines ------------------------------------------------------
 */

void engine_kill(struct engine *e, enum sched_why why);
void engine_deadline(struct engine *e, uint64_t ns);
void engine_on_deadline(struct ev_loop *loop, ev_timer *w, int revents);

/* --- freeze.c: turns that end in the midst of a packet ---------------------
 */

/* Its deadline is over. True: its process is stopped, and goes on in its next
 * turn. False: it can't be, or has had its time. */
bool engine_freeze(struct engine *e);
/* Its next turn, of ns at most; and when it must not stay so. */
void engine_thaw(struct engine *e, uint64_t ns);
/* Is it, of a xen-vgpud before us? */
bool engine_found_frozen(struct engine *e);

/* --- switch.c: turns --------------------------------------------------------
 */

int runq_init(struct runq *r, struct vgpud *d, const char *name,
              uint32_t engines, const struct config_queue *config);
void runq_fini(struct runq *r);
/* An engine of it has changed: tell the queue; runq_go() will be called. */
void member_changed(struct member *m);
/* Its present turn, found under way in its page, or asked to stop already.
 * False: another one has the engine, or it is to stop. */
bool member_adopt(struct member *m, bool stopping);
/* Whatever is to be done now: stop, end a turn, pick. */
void runq_go(struct runq *r);
uint64_t member_granted(const struct member *m, uint64_t now);
uint64_t member_compiled(const struct member *m, uint64_t now);
/* Look whether the last switch has been completed. */
void runq_steps(struct runq *r);

/* --- compile.c --------------------------------------------------------------
 */

void compile_init(struct vgpud *d);
void compile_wait(struct engine *e);
/* It wants no more, has compiled, or is gone. */
void compile_end(struct engine *e);
void compile_go(struct vgpud *d);

/* --- watch.c: CPU time without a grant --------------------------------------
 */

void watch_init(struct vgpud *d);
void watch_start(struct vgpud *d);
void watch_held(struct engine *e);   /* from now on it has no grant */
void watch_unheld(struct engine *e); /* from now on it has */

/* --- ladder.c ---------------------------------------------------------------
 */

void ladder_hang(struct vgpu *v);
int ladder_reset(struct vgpu *v);
int ladder_quarantine(struct vgpu *v, bool on, uint32_t reason);

/* --- monitors.c: sched.sock -------------------------------------------------
 */

int monitors_open(struct vgpud *d);
void monitors_reap(struct vgpud *d);
void monitors_close(struct vgpud *d);
/* 0, or a negative errno: the connection is over then. */
int monitor_send(struct vgpu *v, const struct proto_msg *msg);

/* --- admin.c, status.c, metrics.c --------------------------------------------
 */

int admin_open(struct vgpud *d);
void admin_close(struct vgpud *d);
struct json_t *status_json(struct vgpud *d);
int metrics_open(struct vgpud *d);
void metrics_close(struct vgpud *d);
/* Prometheus' text format; the caller frees it. NULL: no memory. */
char *metrics_text(struct vgpud *d, size_t *len);

/* --- vgpud.c ----------------------------------------------------------------
 */

/* Queues, sockets, timers on d->loop; the rest of *d is zero but for config
 * and run_dir. 0 or a negative errno, said on stderr. */
int vgpud_open(struct vgpud *d);
void vgpud_close(struct vgpud *d);
void vgpud_record(struct vgpud *d, const struct vgpu *v, const struct runq *r,
                  uint8_t event, uint64_t value);

/* --- protect.c --------------------------------------------------------------
 */

/* After vgpud_open(): no rights but the few that are needed from then on. 0 or
 * a negative errno, said on stderr. */
int vgpud_protect(void);

#endif
