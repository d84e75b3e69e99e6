# SPDX-License-Identifier: GPL-2.0-or-later
# The shader gate.
shader_tests = \
	tests/unit/test-shader \
	tests/unit/test-shader-info \
	tests/unit/test-shader-match \
	$(NULL)
check_PROGRAMS += $(shader_tests)
TESTS += $(shader_tests)

shader_test_cflags = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
shader_test_libs = libshader.la tests/gfx/libmutate.la \
	tests/gfx/libscene.la $(CMOCKA_LIBS)
shader_text = tests/unit/shader-text.c tests/unit/shader-text.h

tests_unit_test_shader_SOURCES = tests/unit/test-shader.c $(shader_text)
tests_unit_test_shader_CFLAGS = $(shader_test_cflags)
tests_unit_test_shader_LDADD = $(shader_test_libs)

# Beside SPIRV-Cross, which reads the same modules in its own way.
tests_unit_test_shader_info_SOURCES = tests/unit/test-shader-info.c \
	tests/unit/shader-oracle.c tests/unit/shader-oracle.h $(shader_text)
tests_unit_test_shader_info_CFLAGS = $(shader_test_cflags)
tests_unit_test_shader_info_LDADD = $(shader_test_libs) $(SPIRV_CROSS_LIBS)

tests_unit_test_shader_match_SOURCES = tests/unit/test-shader-match.c \
	$(shader_text)
tests_unit_test_shader_match_CFLAGS = $(shader_test_cflags)
tests_unit_test_shader_match_LDADD = $(shader_test_libs)

# Vulkan, by a driver that is refused what it needs.
gfx_vk_test = tests/unit/test-gfx-vk
check_PROGRAMS += $(gfx_vk_test)
TESTS += $(gfx_vk_test)

tests_unit_test_gfx_vk_SOURCES = tests/unit/test-gfx-vk.c \
	tests/unit/keep-drivers.c
tests_unit_test_gfx_vk_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS) $(VULKAN_CFLAGS)
tests_unit_test_gfx_vk_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=vkCreateDevice
tests_unit_test_gfx_vk_LDADD = libgfx.la tests/fakexen/libfakexen.la \
	$(CMOCKA_LIBS)
