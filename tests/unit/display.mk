# SPDX-License-Identifier: GPL-2.0-or-later
EXTRA_DIST += \
	tests/unit/display-host.c tests/unit/display-host.h \
	tests/unit/rfb-client.c tests/unit/rfb-client.h \
	tests/unit/test-display.c \
	$(NULL)

if HAVE_VNC
check_PROGRAMS += tests/unit/test-display
TESTS += tests/unit/test-display

tests_unit_test_display_SOURCES = tests/unit/test-display.c \
	tests/unit/display-host.c tests/unit/display-host.h \
	tests/unit/rfb-client.c tests/unit/rfb-client.h
tests_unit_test_display_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS) $(VNC_CFLAGS)
tests_unit_test_display_LDADD = libxvgpu.la $(VNC_LIBS) $(CMOCKA_LIBS)
endif HAVE_VNC
