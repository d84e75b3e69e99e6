# SPDX-License-Identifier: GPL-2.0-or-later
noinst_LTLIBRARIES += libmonitor.la
sbin_PROGRAMS += xen-vgpu-dm

libmonitor_la_SOURCES = \
	dm/monitor/admin.c \
	dm/monitor/attach.c \
	dm/monitor/attach.h \
	dm/monitor/cache.c \
	dm/monitor/cache.h \
	dm/monitor/cgroup.c \
	dm/monitor/cgroup.h \
	dm/monitor/child.c \
	dm/monitor/child.h \
	dm/monitor/device.c \
	dm/monitor/display.c \
	dm/monitor/display.h \
	dm/monitor/domain.c \
	dm/monitor/domain.h \
	dm/monitor/engines.c \
	dm/monitor/launch.c \
	dm/monitor/launch.h \
	dm/monitor/monitor.c \
	dm/monitor/monitor.h \
	dm/monitor/options-parts.h \
	dm/monitor/options-vgpu.c \
	dm/monitor/options-vnc.c \
	dm/monitor/options.c \
	dm/monitor/options.h \
	dm/monitor/orphans.c \
	dm/monitor/orphans.h \
	dm/monitor/qmp.c \
	dm/monitor/qmp.h \
	dm/monitor/qmpserver.c \
	dm/monitor/sched.c \
	dm/monitor/sched.h \
	dm/monitor/sweep.c \
	dm/monitor/vgpu.c \
	dm/monitor/vgpu.h \
	dm/monitor/vram.c \
	dm/monitor/vram.h \
	dm/monitor/xenstore.c \
	dm/monitor/xenstore.h \
	$(NULL)
libmonitor_la_CFLAGS = $(AM_CFLAGS) $(XENDM_CFLAGS) $(XENCTRL_CFLAGS) \
	$(XENSTORE_CFLAGS) $(JANSSON_CFLAGS)
libmonitor_la_LIBADD = libxvgpu.la $(JANSSON_LIBS) $(EV_LIBS)

xen_vgpu_dm_SOURCES = dm/monitor/main.c
xen_vgpu_dm_CFLAGS = $(libmonitor_la_CFLAGS)
xen_vgpu_dm_LDADD = libmonitor.la $(XENCTRL_LIBS) $(XENSTORE_LIBS) \
	$(XENDM_LIBS)
