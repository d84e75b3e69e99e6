# SPDX-License-Identifier: GPL-2.0-or-later
# What people see of a vGPU.
EXTRA_DIST += \
	tests/unit/display-host.c \
	tests/unit/display-host.h \
	tests/unit/rfb-client.c \
	tests/unit/rfb-client.h \
	tests/unit/stub-display.c \
	tests/unit/test-display-hostile.c \
	tests/unit/test-display.c \
	tests/unit/test-monitor-vnc.c \
	$(NULL)

if HAVE_VNC
check_PROGRAMS += \
	tests/unit/fake/xen-vgpu-display \
	tests/unit/stub/xen-vgpu-display \
	tests/unit/test-display \
	tests/unit/test-display-hostile \
	tests/unit/test-monitor-vnc \
	$(NULL)
TESTS += \
	tests/unit/test-display \
	tests/unit/test-display-hostile \
	tests/unit/test-monitor-vnc \
	$(NULL)

vnc_test_cflags = $(AM_CFLAGS) $(CMOCKA_CFLAGS) $(JANSSON_CFLAGS) $(VNC_CFLAGS)
rfb_client = tests/unit/rfb-client.c tests/unit/rfb-client.h

tests_unit_fake_xen_vgpu_display_SOURCES = dm/display/main.c
tests_unit_fake_xen_vgpu_display_CFLAGS = $(AM_CFLAGS)
tests_unit_fake_xen_vgpu_display_LDADD = libdisplay.la \
	tests/fakexen/libfakexen.la

tests_unit_stub_xen_vgpu_display_SOURCES = tests/unit/stub-display.c
tests_unit_stub_xen_vgpu_display_CFLAGS = $(AM_CFLAGS)
tests_unit_stub_xen_vgpu_display_LDADD = tests/unit/libdisplaymain.la \
	libdisplay.la tests/fakexen/libfakexen.la
check_LTLIBRARIES += tests/unit/libdisplaymain.la
tests_unit_libdisplaymain_la_SOURCES = dm/display/main.c
tests_unit_libdisplaymain_la_CFLAGS = $(AM_CFLAGS) -Dmain=main_of_display \
	-Wno-missing-prototypes

tests_unit_test_display_hostile_SOURCES = tests/unit/test-display-hostile.c \
	tests/unit/display-host.c tests/unit/display-host.h $(rfb_client)
tests_unit_test_display_hostile_CFLAGS = $(vnc_test_cflags)
tests_unit_test_display_hostile_LDADD = libxvgpu.la $(VNC_LIBS) $(CMOCKA_LIBS)

tests_unit_test_display_SOURCES = tests/unit/test-display.c \
	tests/unit/display-host.c tests/unit/display-host.h $(rfb_client)
tests_unit_test_display_CFLAGS = $(vnc_test_cflags)
tests_unit_test_display_LDADD = libxvgpu.la $(VNC_LIBS) $(CMOCKA_LIBS)

tests_unit_test_monitor_vnc_SOURCES = tests/unit/test-monitor-vnc.c \
	$(rfb_client) $(stub_harness)
tests_unit_test_monitor_vnc_CPPFLAGS = $(monitor_test_cppflags)
tests_unit_test_monitor_vnc_CFLAGS = $(vnc_test_cflags)
tests_unit_test_monitor_vnc_LDADD = $(monitor_harness_libs) $(VNC_LIBS)
endif HAVE_VNC
