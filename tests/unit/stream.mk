# SPDX-License-Identifier: GPL-2.0-or-later
# Streams of packets: the library for driver writers.
stream_tests = \
	tests/unit/test-stream \
	$(NULL)
check_PROGRAMS += $(stream_tests)
TESTS += $(stream_tests)

tests_unit_test_stream_SOURCES = tests/unit/test-stream.c
tests_unit_test_stream_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_stream_LDADD = libxvgpu-guest.la $(CMOCKA_LIBS)
