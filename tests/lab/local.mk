# SPDX-License-Identifier: GPL-2.0-or-later
# Folders are copied whole, so that a new scenario needs no line here.
EXTRA_DIST += \
	tests/lab/README.md \
	tests/lab/dom0-run \
	tests/lab/init \
	tests/lab/lib.sh \
	tests/lab/linux \
	tests/lab/parts \
	tests/lab/parts.sh \
	tests/lab/run \
	tests/lab/scenarios \
	tests/lab/selftest \
	tests/lab/stock.sh \
	$(NULL)

# Programs for scenarios, /root/lab in dom0.
EXTRA_PROGRAMS += tests/lab/dom0-ask tests/lab/dom0-pngsum tests/lab/dom0-rfb
guests: tests/lab/dom0-ask$(EXEEXT) tests/lab/dom0-pngsum$(EXEEXT)
guests: tests/lab/dom0-rfb$(EXEEXT)
guests: tests/gfx/compare$(EXEEXT)
guests: tests/unit/liar/xen-vgpu-engine-gfx$(EXEEXT)
CLEANFILES += tests/lab/dom0-ask$(EXEEXT) tests/lab/dom0-pngsum$(EXEEXT)
CLEANFILES += tests/lab/dom0-rfb$(EXEEXT)

tests_lab_dom0_ask_SOURCES = tests/lab/dom0-ask.c
tests_lab_dom0_ask_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
tests_lab_dom0_ask_LDADD = $(JANSSON_LIBS)

tests_lab_dom0_rfb_SOURCES = tests/lab/dom0-rfb.c

tests_lab_dom0_pngsum_SOURCES = tests/lab/dom0-pngsum.c
tests_lab_dom0_pngsum_CFLAGS = $(AM_CFLAGS) $(LIBPNG_CFLAGS)
tests_lab_dom0_pngsum_LDADD = $(LIBPNG_LIBS)
