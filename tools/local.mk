# SPDX-License-Identifier: GPL-2.0-or-later
bin_PROGRAMS += xen-vgpu

xen_vgpu_SOURCES = \
	$(NULL)
xen_vgpu_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS) $(LIBPNG_CFLAGS)
xen_vgpu_LDADD = libxvgpu.la $(JANSSON_LIBS) $(LIBPNG_LIBS)
