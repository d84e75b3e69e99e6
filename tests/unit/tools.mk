# SPDX-License-Identifier: GPL-2.0-or-later
# The administrator's commands, against a scripted xen-vgpud.
tools_tests = \
	tests/unit/test-admin \
	tests/unit/test-duration \
	tests/unit/test-perfetto \
	tests/unit/test-tool-vgpud \
	tests/unit/test-top \
	$(NULL)
check_PROGRAMS += $(tools_tests)
tools_scripts = \
	tests/unit/test-completion \
	tests/unit/test-probes \
	tests/unit/test-service \
	$(NULL)
TESTS += $(tools_tests) $(tools_scripts)
EXTRA_DIST += $(tools_scripts)

tools_test_cflags = $(AM_CFLAGS) $(CMOCKA_CFLAGS) $(JANSSON_CFLAGS)
tool_host = tests/unit/tool-host.c tests/unit/tool-host.h \
	tests/unit/tool-status.c tests/unit/tool-status.h
tools_test_libs = libtools.la $(CMOCKA_LIBS)

tests_unit_test_admin_SOURCES = tests/unit/test-admin.c $(tool_host)
tests_unit_test_admin_CFLAGS = $(tools_test_cflags)
tests_unit_test_admin_LDADD = $(tools_test_libs)

tests_unit_test_duration_SOURCES = tests/unit/test-duration.c
tests_unit_test_duration_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_duration_LDADD = libxvgpu.la $(CMOCKA_LIBS)

tests_unit_test_perfetto_SOURCES = tests/unit/test-perfetto.c $(tool_host)
tests_unit_test_perfetto_CFLAGS = $(tools_test_cflags)
tests_unit_test_perfetto_LDADD = $(tools_test_libs)

tests_unit_test_top_SOURCES = tests/unit/test-top.c $(tool_host)
tests_unit_test_top_CFLAGS = $(tools_test_cflags)
tests_unit_test_top_LDADD = $(tools_test_libs)

tests_unit_test_tool_vgpud_SOURCES = tests/unit/test-tool-vgpud.c \
	tests/unit/tool-host.c tests/unit/tool-host.h $(sched_rig)
tests_unit_test_tool_vgpud_CPPFLAGS = $(vgpud_test_cppflags)
tests_unit_test_tool_vgpud_CFLAGS = $(tools_test_cflags)
tests_unit_test_tool_vgpud_LDADD = $(tools_test_libs)
