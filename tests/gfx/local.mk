# SPDX-License-Identifier: GPL-2.0-or-later
# Scenes, their shaders and the program that draws them on Vulkan directly.

# NAME.STAGE becomes NAME.STAGE.h in the build folder: an array of SPIR-V words
# called NAME_STAGE.
gfx_shaders = \
	tests/gfx/shaders/clouds.frag \
	tests/gfx/shaders/confetti.frag \
	tests/gfx/shaders/confetti.vert \
	tests/gfx/shaders/fractal.comp \
	tests/gfx/shaders/panel.frag \
	tests/gfx/shaders/panel.vert \
	tests/gfx/shaders/planet.frag \
	tests/gfx/shaders/planet.tesc \
	tests/gfx/shaders/planet.tese \
	tests/gfx/shaders/planet.vert \
	tests/gfx/shaders/reduce.comp \
	tests/gfx/shaders/ring.frag \
	tests/gfx/shaders/ring.vert \
	tests/gfx/shaders/rocks.frag \
	tests/gfx/shaders/rocks.vert \
	tests/gfx/shaders/sky.frag \
	tests/gfx/shaders/spikes.frag \
	tests/gfx/shaders/spikes.geom \
	tests/gfx/shaders/spikes.vert \
	tests/gfx/shaders/sprite.frag \
	tests/gfx/shaders/sprite.geom \
	tests/gfx/shaders/sprite.vert \
	$(NULL)
gfx_shader_parts = \
	tests/gfx/shaders/frame.glsl \
	tests/gfx/shaders/light.glsl \
	$(NULL)
gfx_shader_headers = $(gfx_shaders:=.h)

gfx_v = $(gfx_v_@AM_V@)
gfx_v_ = $(gfx_v_@AM_DEFAULT_V@)
gfx_v_0 = @echo "  GLSL    " $@;

$(gfx_shader_headers): %.h: % $(gfx_shader_parts)
	$(gfx_v)$(MKDIR_P) $(@D) && \
	$(GLSLANG) --quiet -V --target-env vulkan1.3 \
		-I$(top_srcdir)/tests/gfx/shaders \
		--vn $(subst .,_,$(notdir $*)) -o $@.tmp $< && \
	mv $@.tmp $@

check_LTLIBRARIES += tests/gfx/libscene.la
tests_gfx_libscene_la_SOURCES = \
	tests/gfx/shaders.c \
	tests/gfx/shaders.h \
	$(NULL)
tests/gfx/shaders.lo: $(gfx_shader_headers)

EXTRA_DIST += $(gfx_shaders) $(gfx_shader_parts)
CLEANFILES += $(gfx_shader_headers)
