# SPDX-License-Identifier: GPL-2.0-or-later
# The administrator's commands, against a scripted xen-vgpud.
tools_tests = \
	tests/unit/test-duration \
	$(NULL)
check_PROGRAMS += $(tools_tests)
TESTS += $(tools_tests)

tests_unit_test_duration_SOURCES = tests/unit/test-duration.c
tests_unit_test_duration_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_duration_LDADD = libxvgpu.la $(CMOCKA_LIBS)
