# SPDX-License-Identifier: GPL-2.0-or-later
# Scenes, their shaders and the program that draws them on Vulkan directly.

# NAME.STAGE becomes NAME.STAGE.h in the build folder: an array of SPIR-V words
# called NAME_STAGE.
gfx_shaders = \
	tests/gfx/shaders/clouds.frag \
	tests/gfx/shaders/confetti.frag \
	tests/gfx/shaders/confetti.vert \
	tests/gfx/shaders/fractal.comp \
	tests/gfx/shaders/hang.comp \
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

# What is drawn; guests can have all of this.
gfx_scene_sources = \
	tests/gfx/images.c \
	tests/gfx/meshes.c \
	tests/gfx/noise.c \
	tests/gfx/scene-compute.c \
	tests/gfx/scene-draws.c \
	tests/gfx/scene-planet.c \
	tests/gfx/scene.c \
	tests/gfx/shaders.c \
	$(NULL)
gfx_scene_headers = \
	tests/gfx/data.h \
	tests/gfx/fractal.h \
	tests/gfx/scene.h \
	tests/gfx/scenes.h \
	tests/gfx/shaders.h \
	$(NULL)

check_LTLIBRARIES += tests/gfx/libscene.la
tests_gfx_libscene_la_SOURCES = $(gfx_scene_sources) $(gfx_scene_headers)
tests/gfx/shaders.lo: $(gfx_shader_headers)

# How it is drawn on Vulkan.
check_PROGRAMS += tests/gfx/reference tests/gfx/compare
tests_gfx_reference_SOURCES = \
	tests/gfx/picture.c \
	tests/gfx/picture.h \
	tests/gfx/reference.c \
	tests/gfx/vk-numbers.c \
	tests/gfx/vk-pipeline.c \
	tests/gfx/vk-record.c \
	tests/gfx/vk-scene.c \
	tests/gfx/vk-scene.h \
	tests/gfx/vk.c \
	tests/gfx/vk.h \
	$(NULL)
tests_gfx_reference_CFLAGS = $(AM_CFLAGS) $(VULKAN_CFLAGS) $(LIBPNG_CFLAGS)
tests_gfx_reference_LDADD = tests/gfx/libscene.la $(VULKAN_LIBS) $(LIBPNG_LIBS)

tests_gfx_compare_SOURCES = \
	tests/gfx/compare.c \
	tests/gfx/picture.c \
	tests/gfx/picture.h \
	$(NULL)
tests_gfx_compare_CFLAGS = $(AM_CFLAGS) $(LIBPNG_CFLAGS)
tests_gfx_compare_LDADD = $(LIBPNG_LIBS)

TESTS += tests/gfx/check

if HAVE_CMOCKA
check_PROGRAMS += tests/gfx/test-scene
TESTS += tests/gfx/test-scene
tests_gfx_test_scene_SOURCES = \
	tests/gfx/picture.c \
	tests/gfx/picture.h \
	tests/gfx/test-scene.c \
	$(NULL)
tests_gfx_test_scene_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS) $(LIBPNG_CFLAGS)
tests_gfx_test_scene_LDADD = tests/gfx/libscene.la $(CMOCKA_LIBS) $(LIBPNG_LIBS)
endif HAVE_CMOCKA

# The scenes as guests compile them.
gfx_guest_objects = $(gfx_scene_sources:.c=.gobj)
$(gfx_guest_objects): GUEST_CPPFLAGS += -I$(top_builddir) -I$(top_srcdir)
$(gfx_guest_objects): $(gfx_scene_headers)
tests/gfx/shaders.gobj: $(gfx_shader_headers)
check_DATA += $(gfx_guest_objects)
TESTS += tests/gfx/check-guest

EXTRA_DIST += \
	tests/gfx/README.md \
	tests/gfx/check \
	tests/gfx/check-guest \
	tests/gfx/fractal.png \
	tests/gfx/planet.png \
	tests/gfx/stream.png \
	$(gfx_shader_parts) \
	$(gfx_shaders) \
	$(NULL)
CLEANFILES += \
	$(gfx_guest_objects) \
	$(gfx_shader_headers) \
	$(NULL)

# The engine itself, on the fake Xen.
gfx_rig = tests/gfx/gfx-rig.c tests/gfx/gfx-rig.h \
	tests/unit/engine-rig.c tests/unit/engine-rig.h
gfx_rig_cppflags = $(AM_CPPFLAGS) -I$(top_srcdir)/tests/fakexen \
	-I$(top_srcdir)/tests/unit -I$(top_srcdir)/tests/gfx
gfx_rig_libs = libgfx.la libxvgpu-guest.la libxvgpu.la \
	tests/fakexen/libfakexen.la $(CMOCKA_LIBS)

check_PROGRAMS += tests/gfx/test-gfx
TESTS += tests/gfx/test-gfx
tests_gfx_test_gfx_SOURCES = tests/gfx/test-gfx.c $(gfx_rig)
tests_gfx_test_gfx_CPPFLAGS = $(gfx_rig_cppflags)
tests_gfx_test_gfx_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS) $(XENDM_CFLAGS) $(VULKAN_CFLAGS)
tests_gfx_test_gfx_LDADD = $(gfx_rig_libs)

check_PROGRAMS += tests/gfx/test-grants
TESTS += tests/gfx/test-grants
tests_gfx_test_grants_SOURCES = tests/gfx/test-grants.c $(gfx_rig)
tests_gfx_test_grants_CPPFLAGS = $(gfx_rig_cppflags)
tests_gfx_test_grants_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS) $(XENDM_CFLAGS) $(VULKAN_CFLAGS)
tests_gfx_test_grants_LDADD = tests/gfx/libstream.la $(gfx_rig_libs)

# Scenes through it.
check_PROGRAMS += tests/gfx/vgpu
tests_gfx_vgpu_SOURCES = tests/gfx/vgpu.c \
	tests/gfx/picture.c tests/gfx/picture.h $(gfx_rig)
tests_gfx_vgpu_CPPFLAGS = $(gfx_rig_cppflags)
tests_gfx_vgpu_CFLAGS = $(AM_CFLAGS) $(XENDM_CFLAGS) $(VULKAN_CFLAGS) $(LIBPNG_CFLAGS)
tests_gfx_vgpu_LDADD = tests/gfx/libstream.la $(gfx_rig_libs) $(LIBPNG_LIBS)

check_PROGRAMS += tests/gfx/mutate-streams
tests_gfx_mutate_streams_SOURCES = tests/gfx/mutate-streams.c $(gfx_rig)
tests_gfx_mutate_streams_CPPFLAGS = $(gfx_rig_cppflags)
tests_gfx_mutate_streams_CFLAGS = $(AM_CFLAGS) $(XENDM_CFLAGS) $(VULKAN_CFLAGS)
tests_gfx_mutate_streams_LDADD = tests/gfx/libstream.la $(gfx_rig_libs)

TESTS += tests/gfx/check-vgpu
EXTRA_DIST += tests/gfx/check-vgpu
