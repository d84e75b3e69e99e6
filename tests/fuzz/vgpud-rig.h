/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-vgpud in this process, with monitors that are sockets and engines that
 * are pages. Its time is the rig's; so are the CPU clocks of processes, and
 * none is killed.
 */
#ifndef TESTS_FUZZ_VGPUD_RIG_H
#define TESTS_FUZZ_VGPUD_RIG_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "dm/sched/vgpud.h"
#include "lib/grant.h"
#include "lib/proto.h"

#define RIG_MONITORS 4u
#define RIG_ENGINES 2u /* gfx and sdma */

struct rig_engine {
    uint32_t number;
    int s_fd, e_fd, wake_fd, notify_fd;
    struct grant_s *s;
    struct grant_e *e;
};

struct rig_monitor {
    uint32_t domid, index;
    int sock; /* -1: not connected */
    struct rig_engine engines[RIG_ENGINES];
};

enum rig_process {
    RIG_NO_PROCESS,
    RIG_SLEEPS,
    RIG_ZOMBIE,
    RIG_REAPED,
    NR_RIG_PROCESSES,
};

struct rig {
    struct vgpud d;
    struct rig_monitor monitors[RIG_MONITORS];
    struct {
        pid_t pid;
        int pidfd;
    } processes[NR_RIG_PROCESSES];
};

extern struct rig rig;

void rig_start(bool gang, unsigned int policy, bool settles);
void rig_end(void); /* checks that no descriptor is left */
/* xen-vgpud alone; monitors lose their connections. */
void rig_open(void);
void rig_close(void);

/* What an honest monitor registers, its engines a mask of 3 bits. */
void rig_registration(const struct rig_monitor *m, uint32_t engines,
                      struct proto_msg *msg);
/* how: 0 is right, otherwise some descriptor is not what it should be. */
void rig_send_registration(struct rig_monitor *m, const struct proto_msg *msg,
                           unsigned int how);
/* Connects if it isn't. */
void rig_send(struct rig_monitor *m, const struct proto_msg *msg,
              const int *fds, unsigned int nr, const char *text, size_t len);
void rig_hang_up(struct rig_monitor *m);
/* All monitors read what was sent to them. */
void rig_hear(void);

void rig_kick(const struct rig_engine *e);
/* Do as page S says; want what is given, if it can be had. */
void rig_obey(struct rig_engine *e, uint32_t want);

/* A process ends: this one's, or all that were killed. */
void rig_die(uint32_t domid, uint32_t index, uint32_t number);
void rig_bury(void);

/* Time, and CPU time of every process. */
void rig_pass(uint64_t ns, uint64_t cpu_ns);
/* One timer, if it is set; all of them but deadlines. */
void rig_fire(unsigned int which);
void rig_fire_all(void);

/* A line to one of its sockets; the answer, the caller's, or NULL. */
char *rig_ask(const char *socket, const char *line);

#endif
