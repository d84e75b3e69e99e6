# SPDX-License-Identifier: GPL-2.0-or-later
# Streams of packets: the library for driver writers, disassembly.
stream_tests = \
	tests/unit/test-disasm \
	tests/unit/test-stream \
	$(NULL)
check_PROGRAMS += $(stream_tests)
TESTS += $(stream_tests)

tests_unit_test_stream_SOURCES = tests/unit/test-stream.c
tests_unit_test_stream_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_stream_LDADD = libxvgpu-guest.la $(CMOCKA_LIBS)

tests_unit_test_disasm_SOURCES = tests/unit/test-disasm.c
tests_unit_test_disasm_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS) $(JANSSON_CFLAGS)
tests_unit_test_disasm_LDADD = libtools.la libxvgpu-guest.la $(CMOCKA_LIBS)
