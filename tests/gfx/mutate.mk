# SPDX-License-Identifier: GPL-2.0-or-later
# Mutants of shaders for the gate in dm/engine/gfx. mix.*: what the scenes'
# shaders leave out.
mix_shaders = \
	tests/gfx/shaders/mix.comp \
	tests/gfx/shaders/mix.frag \
	tests/gfx/shaders/mix.geom \
	tests/gfx/shaders/mix.tesc \
	tests/gfx/shaders/mix.tese \
	tests/gfx/shaders/mix.vert \
	$(NULL)
mix_shader_headers = $(mix_shaders:=.h)

$(mix_shader_headers): %.h: %
	$(gfx_v)$(MKDIR_P) $(@D) && \
	$(GLSLANG) --quiet -V --target-env vulkan1.3 \
		--vn $(subst .,_,$(notdir $*)) -o $@.tmp $< && \
	mv $@.tmp $@

EXTRA_DIST += $(mix_shaders)
CLEANFILES += $(mix_shader_headers)

check_LTLIBRARIES += tests/gfx/libmutate.la
tests_gfx_libmutate_la_SOURCES = \
	tests/gfx/mutate-seeds.c \
	tests/gfx/mutate.c \
	tests/gfx/mutate.h \
	$(NULL)
tests/gfx/mutate-seeds.lo: $(mix_shader_headers)

check_PROGRAMS += tests/gfx/mutate-shaders
tests_gfx_mutate_shaders_SOURCES = \
	tests/gfx/mutate-child.c \
	tests/gfx/mutate-resources.c \
	tests/gfx/mutate-resources.h \
	tests/gfx/mutate-shaders.c \
	tests/gfx/mutate-shaders.h \
	tests/gfx/mutate-vulkan.c \
	tests/gfx/mutate-vulkan.h \
	$(NULL)
tests_gfx_mutate_shaders_CFLAGS = $(AM_CFLAGS) $(VULKAN_CFLAGS)
tests_gfx_mutate_shaders_LDADD = libshader.la tests/gfx/libmutate.la \
	tests/gfx/libscene.la $(VULKAN_LIBS)

TESTS += tests/gfx/check-mutants
EXTRA_DIST += tests/gfx/check-mutants
