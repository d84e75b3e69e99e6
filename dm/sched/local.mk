# SPDX-License-Identifier: GPL-2.0-or-later
noinst_LTLIBRARIES += libsched.la

# Run queue and policies; xen-vgpud and the simulator link it.
libsched_la_SOURCES = \
	dm/sched/fair.c \
	dm/sched/fixed.c \
	dm/sched/heap.c \
	dm/sched/ondemand.c \
	dm/sched/queue.c \
	dm/sched/queue.h \
	dm/sched/rr.c \
	$(NULL)
