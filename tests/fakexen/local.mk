# SPDX-License-Identifier: GPL-2.0-or-later
# Fake Xen: stands in for the Xen libraries in unit tests and benchmarks.

check_LTLIBRARIES += tests/fakexen/libfakexen.la

tests_fakexen_libfakexen_la_SOURCES = \
	tests/fakexen/broker.c \
	tests/fakexen/ctrl.c \
	tests/fakexen/devicemodel.c \
	tests/fakexen/domain.c \
	tests/fakexen/evtchn.c \
	tests/fakexen/fakexen.h \
	tests/fakexen/foreignmemory.c \
	tests/fakexen/internal.h \
	tests/fakexen/memory.c \
	tests/fakexen/rangeset.c \
	tests/fakexen/state.c \
	tests/fakexen/store.c \
	tests/fakexen/toolcore.c \
	tests/fakexen/vcpu.c \
	$(NULL)
tests_fakexen_libfakexen_la_CFLAGS = $(AM_CFLAGS) -pthread
tests_fakexen_libfakexen_la_LIBADD = -lpthread

if HAVE_CMOCKA

check_PROGRAMS += tests/unit/test-fakexen
TESTS += tests/unit/test-fakexen

tests_unit_test_fakexen_SOURCES = tests/unit/test-fakexen.c
tests_unit_test_fakexen_CPPFLAGS = \
	$(AM_CPPFLAGS) \
	-I$(top_srcdir)/tests/fakexen \
	$(NULL)
tests_unit_test_fakexen_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS) -pthread
tests_unit_test_fakexen_LDADD = \
	tests/fakexen/libfakexen.la \
	$(CMOCKA_LIBS) \
	$(NULL)

endif HAVE_CMOCKA

EXTRA_DIST += tests/fakexen/README.md
