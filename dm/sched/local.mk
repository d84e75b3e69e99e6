# SPDX-License-Identifier: GPL-2.0-or-later
noinst_LTLIBRARIES += libsched.la libvgpud.la
sbin_PROGRAMS += xen-vgpud

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

libvgpud_la_SOURCES = \
	dm/sched/admin.c \
	dm/sched/compile.c \
	dm/sched/conf.c \
	dm/sched/conf.h \
	dm/sched/engines.c \
	dm/sched/freeze.c \
	dm/sched/histogram.c \
	dm/sched/histogram.h \
	dm/sched/kill.c \
	dm/sched/ladder.c \
	dm/sched/metrics.c \
	dm/sched/monitors.c \
	dm/sched/protect.c \
	dm/sched/records.c \
	dm/sched/records.h \
	dm/sched/status.c \
	dm/sched/switch.c \
	dm/sched/vgpud.c \
	dm/sched/vgpud.h \
	dm/sched/vgpus.c \
	dm/sched/watch.c \
	$(NULL)
libvgpud_la_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS) $(INIH_CFLAGS) \
	$(SECCOMP_CFLAGS)
libvgpud_la_LIBADD = libsched.la libxvgpu.la $(JANSSON_LIBS) $(INIH_LIBS) \
	$(EV_LIBS)

xen_vgpud_SOURCES = dm/sched/main.c
xen_vgpud_CFLAGS = $(libvgpud_la_CFLAGS)
xen_vgpud_LDADD = libvgpud.la

dist_doc_DATA = dm/sched/xen-vgpud.conf
systemdunitdir = $(prefix)/lib/systemd/system
systemdunit_DATA = dm/sched/xen-vgpud.service
dm/sched/xen-vgpud.service: $(top_srcdir)/dm/sched/xen-vgpud.service.in
	@$(MKDIR_P) dm/sched
	$(AM_V_GEN)sed 's|@sbindir[@]|$(sbindir)|' \
		$(top_srcdir)/dm/sched/xen-vgpud.service.in > $@
CLEANFILES += dm/sched/xen-vgpud.service
EXTRA_DIST += dm/sched/xen-vgpud.service.in
