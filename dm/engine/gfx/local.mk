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
	dm/engine/gfx/shader-scan.c \
	dm/engine/gfx/shader-type.c \
	dm/engine/gfx/shader-use.c \
	dm/engine/gfx/shader.h \
	$(NULL)
libshader_la_LIBADD = $(SPIRV_TOOLS_LIBS)
