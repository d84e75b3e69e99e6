# SPDX-License-Identifier: GPL-2.0-or-later
# The shader gate needs nothing of the engine.
noinst_LTLIBRARIES += libshader.la

libshader_la_SOURCES = \
	dm/engine/gfx/shader-allow.c \
	dm/engine/gfx/shader-builtin.c \
	dm/engine/gfx/shader-check.c \
	dm/engine/gfx/shader-const.c \
	dm/engine/gfx/shader-flow.c \
	dm/engine/gfx/shader-interface.c \
	dm/engine/gfx/shader-match.c \
	dm/engine/gfx/shader-module.h \
	dm/engine/gfx/shader-reflect.c \
	dm/engine/gfx/shader-rewrite.c \
	dm/engine/gfx/shader-sample.c \
	dm/engine/gfx/shader-scan.c \
	dm/engine/gfx/shader-type.c \
	dm/engine/gfx/shader-use.c \
	dm/engine/gfx/shader.h \
	$(NULL)
libshader_la_LIBADD = $(SPIRV_TOOLS_LIBS)

noinst_LTLIBRARIES += libgfx.la

libgfx_la_SOURCES = \
	dm/engine/gfx/buffer-view.c \
	dm/engine/gfx/buffer.c \
	dm/engine/gfx/chunk.c \
	dm/engine/gfx/context.c \
	dm/engine/gfx/context.h \
	dm/engine/gfx/copy.c \
	dm/engine/gfx/draw.c \
	dm/engine/gfx/format.c \
	dm/engine/gfx/gfx.c \
	dm/engine/gfx/gfx.h \
	dm/engine/gfx/graphics.c \
	dm/engine/gfx/graphics.h \
	dm/engine/gfx/image-clear.c \
	dm/engine/gfx/image-copy.c \
	dm/engine/gfx/image.c \
	dm/engine/gfx/layout.c \
	dm/engine/gfx/match.c \
	dm/engine/gfx/object.c \
	dm/engine/gfx/pipeline.c \
	dm/engine/gfx/query.c \
	dm/engine/gfx/recover.c \
	dm/engine/gfx/render.c \
	dm/engine/gfx/set.c \
	dm/engine/gfx/stages.c \
	dm/engine/gfx/stages.h \
	dm/engine/gfx/state.c \
	dm/engine/gfx/transfer.c \
	dm/engine/gfx/transfer.h \
	dm/engine/gfx/view.c \
	dm/engine/gfx/vk.c \
	$(NULL)
libgfx_la_CFLAGS = $(AM_CFLAGS) $(XENDM_CFLAGS) $(VULKAN_CFLAGS)
libgfx_la_LIBADD = libengine.la libshader.la $(VULKAN_LIBS) -lm

# A program of its own: the other engines need no Vulkan driver.
pkglibexec_PROGRAMS += xen-vgpu-engine-gfx

xen_vgpu_engine_gfx_SOURCES = dm/engine/gfx/backend.c dm/engine/main.c
xen_vgpu_engine_gfx_CFLAGS = $(AM_CFLAGS) $(XENDM_CFLAGS) $(VULKAN_CFLAGS)
xen_vgpu_engine_gfx_LDADD = libgfx.la $(XENDM_LIBS)
