# SPDX-License-Identifier: GPL-2.0-or-later
# xen-vgpud as a process, with doubles for monitors and engines.
vgpud_tests = \
	tests/unit/test-vgpud \
	tests/unit/test-vgpud-admin \
	tests/unit/test-vgpud-freeze \
	tests/unit/test-vgpud-hostile \
	tests/unit/test-vgpud-loop \
	tests/unit/test-vgpud-parts \
	tests/unit/test-vgpud-talk \
	$(NULL)
check_PROGRAMS += $(vgpud_tests)
TESTS += $(vgpud_tests)

sched_rig = tests/unit/sched-rig.c tests/unit/sched-rig.h \
	tests/unit/sched-engine.c tests/unit/sched-engine.h
vgpud_test_cppflags = $(AM_CPPFLAGS) -I$(top_srcdir)/tests/unit
vgpud_test_cflags = $(AM_CFLAGS) $(CMOCKA_CFLAGS) $(JANSSON_CFLAGS)
vgpud_test_libs = libxvgpu.la $(JANSSON_LIBS) $(CMOCKA_LIBS)

tests_unit_test_vgpud_SOURCES = tests/unit/test-vgpud.c $(sched_rig)
tests_unit_test_vgpud_CPPFLAGS = $(vgpud_test_cppflags)
tests_unit_test_vgpud_CFLAGS = $(vgpud_test_cflags)
tests_unit_test_vgpud_LDADD = $(vgpud_test_libs)

tests_unit_test_vgpud_admin_SOURCES = tests/unit/test-vgpud-admin.c $(sched_rig)
tests_unit_test_vgpud_admin_CPPFLAGS = $(vgpud_test_cppflags)
tests_unit_test_vgpud_admin_CFLAGS = $(vgpud_test_cflags)
tests_unit_test_vgpud_admin_LDADD = $(vgpud_test_libs)

tests_unit_test_vgpud_freeze_SOURCES = tests/unit/test-vgpud-freeze.c $(sched_rig)
tests_unit_test_vgpud_freeze_CPPFLAGS = $(vgpud_test_cppflags)
tests_unit_test_vgpud_freeze_CFLAGS = $(vgpud_test_cflags)
tests_unit_test_vgpud_freeze_LDADD = $(vgpud_test_libs)

tests_unit_test_vgpud_hostile_SOURCES = \
	tests/unit/test-vgpud-hostile.c $(sched_rig)
tests_unit_test_vgpud_hostile_CPPFLAGS = $(vgpud_test_cppflags)
tests_unit_test_vgpud_hostile_CFLAGS = $(vgpud_test_cflags)
tests_unit_test_vgpud_hostile_LDADD = $(vgpud_test_libs)

tests_unit_test_vgpud_talk_SOURCES = tests/unit/test-vgpud-talk.c $(sched_rig)
tests_unit_test_vgpud_talk_CPPFLAGS = $(vgpud_test_cppflags)
tests_unit_test_vgpud_talk_CFLAGS = $(vgpud_test_cflags)
tests_unit_test_vgpud_talk_LDADD = $(vgpud_test_libs)

tests_unit_test_vgpud_parts_SOURCES = tests/unit/test-vgpud-parts.c
tests_unit_test_vgpud_parts_CFLAGS = $(vgpud_test_cflags)
tests_unit_test_vgpud_parts_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=clock_ns
tests_unit_test_vgpud_parts_LDADD = libvgpud.la $(CMOCKA_LIBS)

tests_unit_test_vgpud_loop_SOURCES = tests/unit/test-vgpud-loop.c
tests_unit_test_vgpud_loop_CFLAGS = $(vgpud_test_cflags)
tests_unit_test_vgpud_loop_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=runq_go \
	-Wl,--wrap=member_changed -Wl,--wrap=log_msg
tests_unit_test_vgpud_loop_LDADD = libvgpud.la $(CMOCKA_LIBS)
