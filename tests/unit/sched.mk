# SPDX-License-Identifier: GPL-2.0-or-later
check_PROGRAMS += tests/unit/test-sched
TESTS += tests/unit/test-sched

tests_unit_test_sched_SOURCES = \
	tests/unit/sched-load.c \
	tests/unit/sched-load.h \
	tests/unit/test-sched.c \
	$(NULL)
tests_unit_test_sched_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_sched_LDADD = libsched.la $(CMOCKA_LIBS)
