# SPDX-License-Identifier: GPL-2.0-or-later
EXTRA_PROGRAMS += tests/bench/sched-pick tests/bench/sdma
CLEANFILES += tests/bench/sched-pick tests/bench/sdma

tests_bench_sched_pick_SOURCES = tests/bench/sched-pick.c
tests_bench_sched_pick_LDADD = libsched.la

tests_bench_sdma_SOURCES = tests/bench/sdma.c $(engine_rig)
tests_bench_sdma_CPPFLAGS = $(engine_test_cppflags)
tests_bench_sdma_CFLAGS = $(engine_test_cflags)
tests_bench_sdma_LDADD = $(engine_test_libs)

EXTRA_DIST += tests/bench/run

EXTRA_PROGRAMS += tests/bench/sched
CLEANFILES += tests/bench/sched
tests_bench_sched_SOURCES = tests/bench/sched.c $(sched_rig)
tests_bench_sched_CPPFLAGS = $(vgpud_test_cppflags)
tests_bench_sched_CFLAGS = $(vgpud_test_cflags)
tests_bench_sched_LDADD = $(vgpud_test_libs)
