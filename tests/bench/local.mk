# SPDX-License-Identifier: GPL-2.0-or-later
EXTRA_PROGRAMS += tests/bench/sched-pick tests/bench/sdma
CLEANFILES += tests/bench/sched-pick tests/bench/sdma

tests_bench_sched_pick_SOURCES = tests/bench/sched-pick.c
tests_bench_sched_pick_LDADD = libsched.la

tests_bench_sdma_SOURCES = tests/bench/sdma.c $(engine_rig)
tests_bench_sdma_CPPFLAGS = $(engine_test_cppflags)
tests_bench_sdma_CFLAGS = $(engine_test_cflags)
tests_bench_sdma_LDADD = $(engine_test_libs)

EXTRA_DIST += tests/bench/run tests/bench/switch

EXTRA_PROGRAMS += tests/bench/switch-engines
CLEANFILES += tests/bench/switch-engines
tests_bench_switch_engines_SOURCES = tests/bench/switch-engines.c \
	tests/bench/switch-vgpu.c tests/bench/switch-vgpu.h
tests_bench_switch_engines_CPPFLAGS = $(engine_test_cppflags)
tests_bench_switch_engines_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS) $(XENDM_CFLAGS)
tests_bench_switch_engines_LDADD = tests/gfx/libstream.la libxvgpu.la \
	tests/fakexen/libfakexen.la $(JANSSON_LIBS) -lm

EXTRA_PROGRAMS += tests/bench/sched-record
CLEANFILES += tests/bench/sched-record
tests_bench_sched_record_SOURCES = tests/bench/sched-record.c $(sched_rig)
tests_bench_sched_record_CPPFLAGS = $(vgpud_test_cppflags) \
	-DXVGPU_TOOL='"$(abs_builddir)/xen-vgpu"'
tests_bench_sched_record_CFLAGS = $(vgpud_test_cflags)
tests_bench_sched_record_LDADD = $(vgpud_test_libs)
