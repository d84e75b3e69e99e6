# SPDX-License-Identifier: GPL-2.0-or-later
noinst_LTLIBRARIES += libxvgpu.la

libxvgpu_la_SOURCES = \
	lib/duration.c \
	lib/duration.h \
	lib/edid.c \
	lib/edid.h \
	lib/grant.c \
	lib/grant.h \
	lib/guard.c \
	lib/guard.h \
	lib/guestmap.c \
	lib/guestmap.h \
	lib/ioreq.c \
	lib/ioreq-private.h \
	lib/ioreq-range.c \
	lib/ioreq-serve.c \
	lib/ioreq.h \
	lib/irq.c \
	lib/irq.h \
	lib/link.h \
	lib/log.c \
	lib/log.h \
	lib/packets.c \
	lib/packets.h \
	lib/pci.c \
	lib/pci.h \
	lib/probes.h \
	lib/proto.c \
	lib/proto.h \
	lib/sandbox-calls.c \
	lib/sandbox-files.c \
	lib/sandbox-parts.h \
	lib/sandbox.c \
	lib/sandbox.h \
	lib/scanout.c \
	lib/scanout.h \
	lib/sched-record.h \
	lib/server.c \
	lib/server.h \
	lib/trace.c \
	lib/trace.h \
	lib/values.c \
	$(NULL)
libxvgpu_la_CFLAGS = $(AM_CFLAGS) $(XENDM_CFLAGS) $(SECCOMP_CFLAGS)
libxvgpu_la_LIBADD = $(SECCOMP_LIBS)
