# SPDX-License-Identifier: GPL-2.0-or-later
noinst_LTLIBRARIES += libvirtio.la

libvirtio_la_SOURCES = \
	dm/engine/virtio/account.c \
	dm/engine/virtio/answer.c \
	dm/engine/virtio/blob.c \
	dm/engine/virtio/command-2d.c \
	dm/engine/virtio/command-3d.c \
	dm/engine/virtio/command.c \
	dm/engine/virtio/context-3d.c \
	dm/engine/virtio/frame.c \
	dm/engine/virtio/front.c \
	dm/engine/virtio/renderer.c \
	dm/engine/virtio/request.c \
	dm/engine/virtio/resource.c \
	dm/engine/virtio/scanout.c \
	dm/engine/virtio/store.c \
	dm/engine/virtio/submit.c \
	dm/engine/virtio/vgpu.h \
	dm/engine/virtio/lend.c \
	dm/engine/virtio/transfer-3d.c \
	dm/engine/virtio/virgl.c \
	dm/engine/virtio/virgl.h \
	dm/engine/virtio/virtio.c \
	dm/engine/virtio/virtq.c \
	dm/engine/virtio/virtq.h \
	dm/engine/virtio/watch.c \
	$(NULL)
libvirtio_la_CFLAGS = $(AM_CFLAGS) $(XENDM_CFLAGS) $(VIRGL_CFLAGS)
libvirtio_la_LIBADD = libengine.la $(VIRGL_LIBS)

pkglibexec_PROGRAMS += xen-vgpu-engine-virtio

xen_vgpu_engine_virtio_SOURCES = dm/engine/virtio/backend.c dm/engine/main.c
xen_vgpu_engine_virtio_CFLAGS = $(AM_CFLAGS) $(XENDM_CFLAGS)
xen_vgpu_engine_virtio_LDADD = libvirtio.la $(XENDM_LIBS)
