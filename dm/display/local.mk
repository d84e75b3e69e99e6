# SPDX-License-Identifier: GPL-2.0-or-later
if HAVE_VNC
noinst_LTLIBRARIES += libdisplay.la
pkglibexec_PROGRAMS += xen-vgpu-display

libdisplay_la_SOURCES = \
	dm/display/display.c \
	dm/display/display.h \
	dm/display/message.c \
	dm/display/picture.c \
	dm/display/pointer.c \
	dm/display/rfb.h \
	dm/display/viewer.c \
	dm/display/viewer.h \
	$(NULL)
libdisplay_la_CFLAGS = $(AM_CFLAGS) $(VNC_CFLAGS)
libdisplay_la_LIBADD = libxvgpu.la $(VNC_LIBS)

xen_vgpu_display_SOURCES = dm/display/main.c
xen_vgpu_display_CFLAGS = $(AM_CFLAGS)
xen_vgpu_display_LDADD = libdisplay.la $(XENDM_LIBS)
endif HAVE_VNC
