# SPDX-License-Identifier: GPL-2.0-or-later
EXTRA_PROGRAMS += tests/bench/sched-pick tests/bench/sdma
CLEANFILES += tests/bench/sched-pick tests/bench/sdma

tests_bench_sched_pick_SOURCES = tests/bench/sched-pick.c
tests_bench_sched_pick_LDADD = libsched.la

tests_bench_sdma_SOURCES = tests/bench/sdma.c $(engine_rig)
tests_bench_sdma_CPPFLAGS = $(engine_test_cppflags)
tests_bench_sdma_CFLAGS = $(engine_test_cflags)
tests_bench_sdma_LDADD = $(engine_test_libs)

EXTRA_DIST += tests/bench/run tests/bench/switch tests/bench/virgl

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

# A program that draws by Mesa's virpipe driver. What it links with nothing else
# needs, so configure does not ask for it.
EXTRA_PROGRAMS += tests/bench/virgl-frames
CLEANFILES += tests/bench/virgl-frames
tests_bench_virgl_frames_SOURCES = tests/bench/virgl-frames.c \
	tests/bench/virgl-guest.c tests/bench/virgl-guest.h \
	tests/bench/virgl-scene.c tests/bench/virgl-scene.h \
	tests/bench/virgl-wire.c tests/bench/virgl-wire.h \
	tests/lab/linux/gl-scene.c tests/lab/linux/gl-scene.h
tests_bench_virgl_frames_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests/fakexen
tests_bench_virgl_frames_LDFLAGS = $(AM_LDFLAGS) -export-dynamic
tests_bench_virgl_frames_LDADD = tests/fakexen/libfakexen.la -lEGL -lGLESv2 -lm

# An engine that does not cut streams.
EXTRA_PROGRAMS += tests/bench/uncut/xen-vgpu-engine-virtio
CLEANFILES += tests/bench/uncut/xen-vgpu-engine-virtio
tests_bench_uncut_xen_vgpu_engine_virtio_SOURCES = dm/engine/virtio/backend.c \
	dm/engine/virtio/submit.c dm/engine/main.c
tests_bench_uncut_xen_vgpu_engine_virtio_CPPFLAGS = $(AM_CPPFLAGS) \
	-DCHUNK_NS=1000000000000ull -DCHUNK_DWORDS=1000000000u \
	-DDRAWS_MAX=1000000000u
tests_bench_uncut_xen_vgpu_engine_virtio_CFLAGS = $(AM_CFLAGS) $(VIRGL_CFLAGS)
tests_bench_uncut_xen_vgpu_engine_virtio_LDADD = libvirtio.la \
	tests/fakexen/libfakexen.la
