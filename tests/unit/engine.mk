# SPDX-License-Identifier: GPL-2.0-or-later
# The engine room, the guest memory map and the sandbox.
engine_tests = \
	tests/unit/test-guestmap \
	tests/unit/test-sandbox \
	tests/unit/test-ring \
	tests/unit/test-doorbell \
	tests/unit/test-grant \
	tests/unit/test-sdma \
	$(NULL)
check_PROGRAMS += $(engine_tests)
TESTS += $(engine_tests)

engine_test_cppflags = $(AM_CPPFLAGS) -I$(top_srcdir)/tests/fakexen \
	-I$(top_srcdir)/tests/unit
engine_test_cflags = $(AM_CFLAGS) $(CMOCKA_CFLAGS) $(XENDM_CFLAGS)
engine_test_libs = libengine.la libxvgpu.la tests/fakexen/libfakexen.la \
	$(CMOCKA_LIBS)
engine_rig = tests/unit/engine-rig.c tests/unit/engine-rig.h

tests_unit_test_guestmap_SOURCES = tests/unit/test-guestmap.c
tests_unit_test_guestmap_CPPFLAGS = $(engine_test_cppflags)
tests_unit_test_guestmap_CFLAGS = $(engine_test_cflags)
tests_unit_test_guestmap_LDADD = $(engine_test_libs)

tests_unit_test_sandbox_SOURCES = tests/unit/test-sandbox.c
tests_unit_test_sandbox_CPPFLAGS = $(engine_test_cppflags)
tests_unit_test_sandbox_CFLAGS = $(engine_test_cflags)
tests_unit_test_sandbox_LDADD = $(engine_test_libs)

tests_unit_test_ring_SOURCES = tests/unit/test-ring.c $(engine_rig)
tests_unit_test_ring_CPPFLAGS = $(engine_test_cppflags)
tests_unit_test_ring_CFLAGS = $(engine_test_cflags)
tests_unit_test_ring_LDADD = $(engine_test_libs)

tests_unit_test_doorbell_SOURCES = tests/unit/test-doorbell.c $(engine_rig)
tests_unit_test_doorbell_CPPFLAGS = $(engine_test_cppflags)
tests_unit_test_doorbell_CFLAGS = $(engine_test_cflags)
tests_unit_test_doorbell_LDADD = $(engine_test_libs)

tests_unit_test_sdma_SOURCES = tests/unit/test-sdma.c $(engine_rig)
tests_unit_test_sdma_CPPFLAGS = $(engine_test_cppflags)
tests_unit_test_sdma_CFLAGS = $(engine_test_cflags)
tests_unit_test_sdma_LDADD = $(engine_test_libs)

tests_unit_test_grant_SOURCES = tests/unit/test-grant.c $(engine_rig)
tests_unit_test_grant_CPPFLAGS = $(engine_test_cppflags)
tests_unit_test_grant_CFLAGS = $(engine_test_cflags)
tests_unit_test_grant_LDADD = $(engine_test_libs)
