# SPDX-License-Identifier: GPL-2.0-or-later
# The engines on memory of its own: Xen's libraries are not in it.
pkglibexec_PROGRAMS += xen-vgpu-replay
xen_vgpu_replay_SOURCES = \
	tools/replay/engines.c \
	tools/replay/memory.c \
	tools/replay/memory.h \
	tools/replay/replay.c \
	tools/replay/replay.h \
	$(NULL)
xen_vgpu_replay_CFLAGS = $(libtools_la_CFLAGS) $(XENDM_CFLAGS) $(VULKAN_CFLAGS)
xen_vgpu_replay_LDADD = libgfx.la libtools.la
