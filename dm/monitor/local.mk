# SPDX-License-Identifier: GPL-2.0-or-later
noinst_LTLIBRARIES += libmonitor.la
sbin_PROGRAMS += xen-vgpu-dm

libmonitor_la_SOURCES = \
	$(NULL)
libmonitor_la_CFLAGS = $(AM_CFLAGS) $(XENDM_CFLAGS) $(XENCTRL_CFLAGS) \
	$(XENSTORE_CFLAGS) $(JANSSON_CFLAGS)
libmonitor_la_LIBADD = libxvgpu.la $(JANSSON_LIBS) $(EV_LIBS)

xen_vgpu_dm_SOURCES = dm/monitor/main.c
xen_vgpu_dm_CFLAGS = $(libmonitor_la_CFLAGS)
xen_vgpu_dm_LDADD = libmonitor.la $(XENCTRL_LIBS) $(XENSTORE_LIBS) \
	$(XENDM_LIBS)
