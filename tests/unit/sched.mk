# SPDX-License-Identifier: GPL-2.0-or-later
sched_tests = \
	tests/unit/test-sched \
	tests/unit/test-sim \
	$(NULL)
check_PROGRAMS += $(sched_tests)
TESTS += $(sched_tests)

tests_unit_test_sched_SOURCES = \
	tests/unit/sched-load.c \
	tests/unit/sched-load.h \
	tests/unit/test-sched.c \
	$(NULL)
tests_unit_test_sched_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_sched_LDADD = libsched.la $(CMOCKA_LIBS)

tests_unit_test_sim_SOURCES = tests/unit/test-sim.c
tests_unit_test_sim_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS) $(JANSSON_CFLAGS)
tests_unit_test_sim_LDADD = libtools.la $(CMOCKA_LIBS)
