/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One cgroup (v2) per child: CGROUP2/xen-vgpu/DOMID/NAME. Without cgroup2
 * everything here succeeds and does nothing: children are then killed by
 * their pidfds alone. Without the controllers there are no limits. Both are
 * said once.
 */
#ifndef MONITOR_CGROUP_H
#define MONITOR_CGROUP_H

#include <stdbool.h>
#include <stdint.h>

struct cgroups {
    uint32_t domid;
    bool usable;
    bool memory, pids; /* the controllers there are */
    char root[128];    /* where cgroup2 is mounted */
};

struct cgroup {
    char path[192]; /* "" when there is none */
};

/* Find cgroup2 and make the domain's folder; what is left in it from a
 * monitor that was killed goes. Environment XVGPU_CGROUP names
 * another root, for tests. */
void cgroups_init(struct cgroups *cgs, uint32_t domid);

/* Remove the domain's folder, and xen-vgpu with the last. */
void cgroups_remove(struct cgroups *cgs);

/* Kill what runs in another domain's folder and remove it: its monitor is
 * dead. */
void cgroups_remove_other(const struct cgroups *cgs, uint32_t domid);

/* Make the child's cgroup. A limit of 0 means none. */
void cgroup_create(const struct cgroups *cgs, struct cgroup *cg,
                   const char *name, uint64_t memory_max, uint32_t pids_max);

/* An open cgroup.procs: a process enters by writing "0". -1 without cgroup.
 * The caller closes it. */
int cgroup_procs(const struct cgroup *cg);

/* SIGKILL to all in it. */
void cgroup_kill(const struct cgroup *cg);

/* The calling process enters it. */
void cgroup_enter(struct cgroup *cg);

/* The calling process leaves it for the uppermost one, and removes it. */
void cgroup_leave(const struct cgroups *cgs, struct cgroup *cg);

/* Remove it; waits up to a second for what was killed in it to go. */
void cgroup_remove(struct cgroup *cg);

#endif
