# SPDX-License-Identifier: GPL-2.0-or-later
noinst_LTLIBRARIES += libengine.la
pkglibexec_PROGRAMS += xen-vgpu-engine

libengine_la_SOURCES = \
	dm/engine/common.c \
	dm/engine/doorbell.c \
	dm/engine/engine.c \
	dm/engine/engine.h \
	dm/engine/grant.c \
	dm/engine/image.c \
	dm/engine/memory.c \
	dm/engine/ring-front.c \
	dm/engine/ring.c \
	dm/engine/sdma.c \
	$(NULL)
libengine_la_CFLAGS = $(AM_CFLAGS) $(XENDM_CFLAGS)
libengine_la_LIBADD = libxvgpu.la

xen_vgpu_engine_SOURCES = dm/engine/backend.c dm/engine/main.c
xen_vgpu_engine_CFLAGS = $(AM_CFLAGS) $(XENDM_CFLAGS)
xen_vgpu_engine_LDADD = libengine.la $(XENDM_LIBS)
