# SPDX-License-Identifier: GPL-2.0-or-later
# Objects of the gfx engine.
gfx_object_shaders = \
	tests/gfx/shaders/apart.frag \
	tests/gfx/shaders/formless.comp \
	tests/gfx/shaders/handed.frag \
	tests/gfx/shaders/object.comp \
	tests/gfx/shaders/object.frag \
	tests/gfx/shaders/object.vert \
	$(NULL)
gfx_object_headers = $(gfx_object_shaders:=.h)

$(gfx_object_headers): %.h: %
	$(gfx_v)$(MKDIR_P) $(@D) && \
	$(GLSLANG) --quiet -V --target-env vulkan1.3 \
		--vn $(subst .,_,$(notdir $*)) -o $@.tmp $< && \
	mv $@.tmp $@

gfx_objects = tests/gfx/objects.c tests/gfx/objects.h $(gfx_rig)
gfx_object_tests = \
	tests/gfx/test-failures \
	tests/gfx/test-objects \
	tests/gfx/test-refused \
	tests/gfx/test-refused-draws \
	$(NULL)
check_PROGRAMS += $(gfx_object_tests)
TESTS += $(gfx_object_tests)

tests_gfx_test_objects_SOURCES = tests/gfx/test-objects.c $(gfx_objects)
tests_gfx_test_objects_CPPFLAGS = $(gfx_rig_cppflags)
tests_gfx_test_objects_CFLAGS = $(tests_gfx_test_gfx_CFLAGS)
tests_gfx_test_objects_LDADD = $(gfx_rig_libs)

tests_gfx_test_failures_SOURCES = tests/gfx/test-failures.c $(gfx_objects)
tests_gfx_test_failures_CPPFLAGS = $(gfx_rig_cppflags)
tests_gfx_test_failures_CFLAGS = $(tests_gfx_test_gfx_CFLAGS)
tests_gfx_test_failures_LDADD = $(gfx_rig_libs) -ldl

tests_gfx_test_refused_SOURCES = tests/gfx/test-refused.c \
	tests/gfx/refused.inc $(gfx_objects)
tests_gfx_test_refused_CPPFLAGS = $(gfx_rig_cppflags)
tests_gfx_test_refused_CFLAGS = $(tests_gfx_test_gfx_CFLAGS)
tests_gfx_test_refused_LDADD = $(gfx_rig_libs)

tests_gfx_test_refused_draws_SOURCES = tests/gfx/test-refused-draws.c \
	$(gfx_objects)
tests_gfx_test_refused_draws_CPPFLAGS = $(gfx_rig_cppflags)
tests_gfx_test_refused_draws_CFLAGS = $(tests_gfx_test_gfx_CFLAGS)
tests_gfx_test_refused_draws_LDADD = $(gfx_rig_libs)

# By way of a variable: Automake has rules of its own for these.
gfx_object_users = tests/gfx/test_failures-objects.o \
	tests/gfx/test_objects-objects.o \
	tests/gfx/test_refused-objects.o \
	tests/gfx/test_refused_draws-objects.o \
	tests/gfx/test_refused_draws-test-refused-draws.o \
	tests/gfx/fuzz_fuzz_gfx-objects.o \
	tests/gfx/fuzz_run_gfx-objects.o \
	tests/gfx/fuzz_seeds_gfx-objects.o
$(gfx_object_users): $(gfx_object_headers)

EXTRA_DIST += $(gfx_object_shaders)
CLEANFILES += $(gfx_object_headers)
