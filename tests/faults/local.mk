# SPDX-License-Identifier: GPL-2.0-or-later
# Every call that can fail fails once: README.md.
if HAVE_CMOCKA

FAULT_LD = tests/faults/wrap.ld
FAULT_LDFLAGS = $(AM_LDFLAGS) -Wl,@$(FAULT_LD)

$(FAULT_LD): $(top_srcdir)/tests/faults/points.def
	@$(MKDIR_P) tests/faults
	$(AM_V_GEN)sed -n \
		-e 's/^\(OWN\|KEEP\)(\([a-z0-9_]*\)).*/--wrap=\2/p' \
		-e 's/^[A-Z]*(.*, \([a-z0-9_]*\), (.*), (.*)$$/--wrap=\1/p' \
		$(top_srcdir)/tests/faults/points.def > $@
CLEANFILES += $(FAULT_LD)

check_LTLIBRARIES += tests/faults/libpoints.la
tests_faults_libpoints_la_SOURCES = \
	tests/faults/points.c \
	tests/faults/points.def \
	tests/faults/points.h \
	$(NULL)
tests_faults_libpoints_la_CFLAGS = $(AM_CFLAGS) $(XENDM_CFLAGS) \
	$(XENCTRL_CFLAGS) $(XENSTORE_CFLAGS) $(JANSSON_CFLAGS) $(SECCOMP_CFLAGS)

fault_cppflags = $(AM_CPPFLAGS) -I$(top_srcdir)/tests/fakexen \
	-I$(top_srcdir)/tests/unit
fault_cflags = $(AM_CFLAGS) $(CMOCKA_CFLAGS) $(XENDM_CFLAGS)

check_PROGRAMS += tests/faults/faults-device
TESTS += \
	tests/faults/faults-device \
	tests/faults/symbols \
	$(NULL)

tests_faults_faults_device_SOURCES = tests/faults/faults-device.c \
	tests/faults/report.c tests/faults/report.h
tests_faults_faults_device_CPPFLAGS = $(fault_cppflags)
tests_faults_faults_device_CFLAGS = $(fault_cflags)
tests_faults_faults_device_LDFLAGS = $(FAULT_LDFLAGS)
tests_faults_faults_device_DEPENDENCIES = $(FAULT_LD) libdevice.la \
	libxvgpu.la tests/faults/libpoints.la tests/fakexen/libfakexen.la
tests_faults_faults_device_LDADD = libdevice.la libxvgpu.la \
	tests/faults/libpoints.la tests/fakexen/libfakexen.la \
	$(JANSSON_LIBS) $(EV_LIBS)

endif HAVE_CMOCKA

EXTRA_DIST += tests/faults/README.md tests/faults/symbols
