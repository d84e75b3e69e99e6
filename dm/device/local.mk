# SPDX-License-Identifier: GPL-2.0-or-later
noinst_LTLIBRARIES += libdevice.la
pkglibexec_PROGRAMS += xen-vgpu-device

libdevice_la_SOURCES = \
	dm/device/bridge.c \
	dm/device/csr.c \
	dm/device/device.c \
	dm/device/device.h \
	dm/device/engines.c \
	dm/device/function.c \
	dm/device/model.h \
	dm/device/native-query.c \
	dm/device/native.c \
	dm/device/process.c \
	dm/device/query.c \
	dm/device/record.c \
	dm/device/reset.c \
	dm/device/virtio-engine.c \
	dm/device/virtio-query.c \
	dm/device/virtio-regs.c \
	dm/device/virtio.c \
	dm/device/virtio.h \
	dm/device/vram.c \
	dm/device/worker.c \
	$(NULL)
libdevice_la_CFLAGS = $(AM_CFLAGS) $(XENDM_CFLAGS)
libdevice_la_LIBADD = libxvgpu.la

xen_vgpu_device_SOURCES = dm/device/main.c
xen_vgpu_device_CFLAGS = $(AM_CFLAGS) $(XENDM_CFLAGS)
xen_vgpu_device_LDADD = libdevice.la $(XENDM_LIBS)
