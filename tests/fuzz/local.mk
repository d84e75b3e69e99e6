# SPDX-License-Identifier: GPL-2.0-or-later
# Fuzz targets, each built twice: tests/fuzz/run-NAME runs files (`make check`
# runs the corpus), tests/fuzz/fuzz-NAME has libFuzzer in it (tests/run-fuzz
# builds it in a tree that clang compiles).
fuzz_cppflags = $(AM_CPPFLAGS) -I$(top_srcdir)/tests/fakexen \
	-I$(top_srcdir)/tests/unit -I$(top_srcdir)/tests/fuzz
fuzz_cflags = $(AM_CFLAGS) $(XENDM_CFLAGS) $(JANSSON_CFLAGS)
fuzz_ldflags = $(AM_LDFLAGS) -fsanitize=fuzzer
fuzz_runner = tests/fuzz/runner.c tests/fuzz/fuzz.h

fuzz_replayers = \
	tests/fuzz/run-client \
	tests/fuzz/run-device \
	tests/fuzz/run-disasm \
	tests/fuzz/run-gfx \
	tests/fuzz/run-monitor \
	tests/fuzz/run-options \
	tests/fuzz/run-qmp \
	tests/fuzz/run-sdma \
	tests/fuzz/run-shader \
	tests/fuzz/run-takeover \
	tests/fuzz/run-vgpud \
	tests/fuzz/run-virtio \
	$(NULL)
fuzz_fuzzers = \
	tests/fuzz/fuzz-client \
	tests/fuzz/fuzz-device \
	tests/fuzz/fuzz-disasm \
	tests/fuzz/fuzz-gfx \
	tests/fuzz/fuzz-monitor \
	tests/fuzz/fuzz-options \
	tests/fuzz/fuzz-qmp \
	tests/fuzz/fuzz-sdma \
	tests/fuzz/fuzz-shader \
	tests/fuzz/fuzz-takeover \
	tests/fuzz/fuzz-vgpud \
	tests/fuzz/fuzz-virtio \
	$(NULL)

check_PROGRAMS += $(fuzz_replayers) tests/fuzz/replay
EXTRA_PROGRAMS += $(fuzz_fuzzers) tests/fuzz/seeds-gfx \
	tests/fuzz/seeds-shader
TESTS += tests/fuzz/check-corpus
EXTRA_DIST += \
	tests/fuzz/README.md \
	tests/fuzz/check-corpus \
	tests/fuzz/corpus \
	tests/fuzz/streams \
	tests/fuzz/traces \
	$(NULL)
CLEANFILES += $(fuzz_fuzzers) tests/fuzz/seeds-gfx tests/fuzz/seeds-shader

.PHONY: fuzzers
fuzzers: $(fuzz_fuzzers) docs/gen-abi$(EXEEXT) \
	tests/fuzz/seeds-gfx$(EXEEXT) tests/fuzz/seeds-shader$(EXEEXT)

fuzz_device_common = \
	tests/fuzz/device-ops.c \
	tests/fuzz/device-ops.h \
	tests/fuzz/device-rig.c \
	tests/fuzz/device-rig.h \
	tests/fuzz/engine-thread.c \
	$(NULL)
fuzz_device_sources = $(fuzz_device_common) tests/fuzz/fuzz-device.c
fuzz_device_ldflags = $(AM_LDFLAGS) -Wl,--wrap=clock_ns
fuzz_device_libs = libdevice.la libengine.la libxvgpu.la \
	tests/fakexen/libfakexen.la
tests_fuzz_run_device_SOURCES = $(fuzz_device_sources) $(fuzz_runner)
tests_fuzz_run_device_CPPFLAGS = $(fuzz_cppflags)
tests_fuzz_run_device_CFLAGS = $(fuzz_cflags)
tests_fuzz_run_device_LDFLAGS = $(fuzz_device_ldflags)
tests_fuzz_run_device_LDADD = $(fuzz_device_libs)
tests_fuzz_fuzz_device_SOURCES = $(fuzz_device_sources)
tests_fuzz_fuzz_device_CPPFLAGS = $(fuzz_cppflags)
tests_fuzz_fuzz_device_CFLAGS = $(fuzz_cflags)
tests_fuzz_fuzz_device_LDFLAGS = $(fuzz_device_ldflags) -fsanitize=fuzzer
tests_fuzz_fuzz_device_LDADD = $(fuzz_device_libs)

fuzz_takeover_sources = $(fuzz_device_common) tests/fuzz/fuzz-takeover.c
tests_fuzz_run_takeover_SOURCES = $(fuzz_takeover_sources) $(fuzz_runner)
tests_fuzz_run_takeover_CPPFLAGS = $(fuzz_cppflags)
tests_fuzz_run_takeover_CFLAGS = $(fuzz_cflags)
tests_fuzz_run_takeover_LDFLAGS = $(fuzz_device_ldflags)
tests_fuzz_run_takeover_LDADD = $(fuzz_device_libs)
tests_fuzz_fuzz_takeover_SOURCES = $(fuzz_takeover_sources)
tests_fuzz_fuzz_takeover_CPPFLAGS = $(fuzz_cppflags)
tests_fuzz_fuzz_takeover_CFLAGS = $(fuzz_cflags)
tests_fuzz_fuzz_takeover_LDFLAGS = $(fuzz_device_ldflags) -fsanitize=fuzzer
tests_fuzz_fuzz_takeover_LDADD = $(fuzz_device_libs)

# Feeds recordings of xen-vgpu record to the device.
tests_fuzz_replay_SOURCES = \
	tests/fuzz/device-rig.c \
	tests/fuzz/device-rig.h \
	tests/fuzz/engine-thread.c \
	tests/fuzz/fuzz.h \
	tests/fuzz/replay.c \
	$(NULL)
tests_fuzz_replay_CPPFLAGS = $(fuzz_cppflags)
tests_fuzz_replay_CFLAGS = $(fuzz_cflags)
tests_fuzz_replay_LDFLAGS = $(fuzz_device_ldflags)
tests_fuzz_replay_LDADD = $(fuzz_device_libs)

fuzz_engine = tests/fuzz/engine-fuzz.c tests/fuzz/engine-fuzz.h

fuzz_sdma_sources = tests/fuzz/fuzz-sdma.c $(fuzz_engine) $(engine_rig)
fuzz_sdma_libs = libengine.la libxvgpu.la tests/fakexen/libfakexen.la
tests_fuzz_run_sdma_SOURCES = $(fuzz_sdma_sources) $(fuzz_runner)
tests_fuzz_run_sdma_CPPFLAGS = $(fuzz_cppflags)
tests_fuzz_run_sdma_CFLAGS = $(fuzz_cflags)
tests_fuzz_run_sdma_LDADD = $(fuzz_sdma_libs)
tests_fuzz_fuzz_sdma_SOURCES = $(fuzz_sdma_sources)
tests_fuzz_fuzz_sdma_CPPFLAGS = $(fuzz_cppflags)
tests_fuzz_fuzz_sdma_CFLAGS = $(fuzz_cflags)
tests_fuzz_fuzz_sdma_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_sdma_LDADD = $(fuzz_sdma_libs)

fuzz_virtio_sources = tests/fuzz/fuzz-virtio.c tests/fuzz/virgl-double.c \
	$(fuzz_engine) $(virtio_guest)
fuzz_virtio_cflags = $(fuzz_cflags) $(VIRGL_CFLAGS)
fuzz_virtio_libs = libvirtio.la $(fuzz_sdma_libs)
tests_fuzz_run_virtio_SOURCES = $(fuzz_virtio_sources) $(fuzz_runner)
tests_fuzz_run_virtio_CPPFLAGS = $(fuzz_cppflags)
tests_fuzz_run_virtio_CFLAGS = $(fuzz_virtio_cflags)
tests_fuzz_run_virtio_LDADD = $(fuzz_virtio_libs)
tests_fuzz_fuzz_virtio_SOURCES = $(fuzz_virtio_sources)
tests_fuzz_fuzz_virtio_CPPFLAGS = $(fuzz_cppflags)
tests_fuzz_fuzz_virtio_CFLAGS = $(fuzz_virtio_cflags)
tests_fuzz_fuzz_virtio_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_virtio_LDADD = $(fuzz_virtio_libs)

tests_fuzz_run_qmp_SOURCES = tests/fuzz/fuzz-qmp.c $(fuzz_runner)
tests_fuzz_run_qmp_CPPFLAGS = $(fuzz_cppflags)
tests_fuzz_run_qmp_CFLAGS = $(fuzz_cflags)
tests_fuzz_run_qmp_LDADD = libmonitor.la
tests_fuzz_fuzz_qmp_SOURCES = tests/fuzz/fuzz-qmp.c
tests_fuzz_fuzz_qmp_CPPFLAGS = $(fuzz_cppflags)
tests_fuzz_fuzz_qmp_CFLAGS = $(fuzz_cflags)
tests_fuzz_fuzz_qmp_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_qmp_LDADD = libmonitor.la

tests_fuzz_run_options_SOURCES = tests/fuzz/fuzz-options.c $(fuzz_runner)
tests_fuzz_run_options_CPPFLAGS = $(fuzz_cppflags)
tests_fuzz_run_options_CFLAGS = $(fuzz_cflags)
tests_fuzz_run_options_LDADD = libmonitor.la tests/fakexen/libfakexen.la
tests_fuzz_fuzz_options_SOURCES = tests/fuzz/fuzz-options.c
tests_fuzz_fuzz_options_CPPFLAGS = $(fuzz_cppflags)
tests_fuzz_fuzz_options_CFLAGS = $(fuzz_cflags)
tests_fuzz_fuzz_options_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_options_LDADD = libmonitor.la tests/fakexen/libfakexen.la

tests_fuzz_run_client_SOURCES = tests/fuzz/fuzz-client.c $(fuzz_runner)
tests_fuzz_run_client_CPPFLAGS = $(fuzz_cppflags)
tests_fuzz_run_client_CFLAGS = $(fuzz_cflags)
tests_fuzz_run_client_LDADD = libtools.la
tests_fuzz_fuzz_client_SOURCES = tests/fuzz/fuzz-client.c
tests_fuzz_fuzz_client_CPPFLAGS = $(fuzz_cppflags)
tests_fuzz_fuzz_client_CFLAGS = $(fuzz_cflags)
tests_fuzz_fuzz_client_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_client_LDADD = libtools.la

tests_fuzz_run_disasm_SOURCES = tests/fuzz/fuzz-disasm.c $(fuzz_runner)
tests_fuzz_run_disasm_CPPFLAGS = $(fuzz_cppflags)
tests_fuzz_run_disasm_CFLAGS = $(fuzz_cflags)
tests_fuzz_run_disasm_LDADD = libtools.la
tests_fuzz_fuzz_disasm_SOURCES = tests/fuzz/fuzz-disasm.c
tests_fuzz_fuzz_disasm_CPPFLAGS = $(fuzz_cppflags)
tests_fuzz_fuzz_disasm_CFLAGS = $(fuzz_cflags)
tests_fuzz_fuzz_disasm_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_disasm_LDADD = libtools.la

fuzz_monitor_libs = libmonitor.la libxvgpu.la tests/fakexen/libfakexen.la
tests_fuzz_run_monitor_SOURCES = tests/fuzz/fuzz-monitor.c $(fuzz_runner)
tests_fuzz_run_monitor_CPPFLAGS = $(fuzz_cppflags)
tests_fuzz_run_monitor_CFLAGS = $(fuzz_cflags)
tests_fuzz_run_monitor_LDADD = $(fuzz_monitor_libs)
tests_fuzz_fuzz_monitor_SOURCES = tests/fuzz/fuzz-monitor.c
tests_fuzz_fuzz_monitor_CPPFLAGS = $(fuzz_cppflags)
tests_fuzz_fuzz_monitor_CFLAGS = $(fuzz_cflags)
tests_fuzz_fuzz_monitor_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_monitor_LDADD = $(fuzz_monitor_libs)

fuzz_vgpud_sources = tests/fuzz/fuzz-vgpud.c tests/fuzz/vgpud-rig.c \
	tests/fuzz/vgpud-rig.h
fuzz_vgpud_ldflags = $(AM_LDFLAGS) -Wl,--wrap=clock_ns \
	-Wl,--wrap=clock_gettime -Wl,--wrap=syscall
tests_fuzz_run_vgpud_SOURCES = $(fuzz_vgpud_sources) $(fuzz_runner)
tests_fuzz_run_vgpud_CPPFLAGS = $(fuzz_cppflags)
tests_fuzz_run_vgpud_CFLAGS = $(fuzz_cflags)
tests_fuzz_run_vgpud_LDFLAGS = $(fuzz_vgpud_ldflags)
tests_fuzz_run_vgpud_LDADD = libvgpud.la
tests_fuzz_fuzz_vgpud_SOURCES = $(fuzz_vgpud_sources)
tests_fuzz_fuzz_vgpud_CPPFLAGS = $(fuzz_cppflags)
tests_fuzz_fuzz_vgpud_CFLAGS = $(fuzz_cflags)
tests_fuzz_fuzz_vgpud_LDFLAGS = $(fuzz_vgpud_ldflags) -fsanitize=fuzzer
tests_fuzz_fuzz_vgpud_LDADD = libvgpud.la

tests_fuzz_run_shader_SOURCES = tests/fuzz/fuzz-shader.c $(fuzz_runner)
tests_fuzz_run_shader_CPPFLAGS = $(fuzz_cppflags)
tests_fuzz_run_shader_CFLAGS = $(fuzz_cflags)
tests_fuzz_run_shader_LDADD = libshader.la
tests_fuzz_fuzz_shader_SOURCES = tests/fuzz/fuzz-shader.c
tests_fuzz_fuzz_shader_CPPFLAGS = $(fuzz_cppflags)
tests_fuzz_fuzz_shader_CFLAGS = $(fuzz_cflags)
tests_fuzz_fuzz_shader_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_shader_LDADD = libshader.la

tests_fuzz_seeds_shader_SOURCES = tests/fuzz/seeds-shader.c
tests_fuzz_seeds_shader_LDADD = tests/gfx/libmutate.la tests/gfx/libscene.la

fuzz_gfx_prelude = tests/fuzz/gfx-prelude.c tests/fuzz/gfx-prelude.h \
	$(gfx_objects)
fuzz_gfx_sources = tests/fuzz/fuzz-gfx.c $(fuzz_gfx_prelude)
fuzz_gfx_cppflags = $(fuzz_cppflags) -I$(top_srcdir)/tests/gfx
fuzz_gfx_cflags = $(fuzz_cflags) $(VULKAN_CFLAGS)
fuzz_gfx_ldflags = $(AM_LDFLAGS) -Wl,--wrap=vkCmdDraw \
	-Wl,--wrap=vkCmdDrawIndexed -Wl,--wrap=vkCmdDispatchBase
fuzz_gfx_libs = tests/gfx/libstream.la $(gfx_rig_libs)
tests_fuzz_run_gfx_SOURCES = $(fuzz_gfx_sources) $(fuzz_runner)
tests_fuzz_run_gfx_CPPFLAGS = $(fuzz_gfx_cppflags)
tests_fuzz_run_gfx_CFLAGS = $(fuzz_gfx_cflags)
tests_fuzz_run_gfx_LDFLAGS = $(fuzz_gfx_ldflags)
tests_fuzz_run_gfx_LDADD = $(fuzz_gfx_libs)
tests_fuzz_fuzz_gfx_SOURCES = $(fuzz_gfx_sources)
tests_fuzz_fuzz_gfx_CPPFLAGS = $(fuzz_gfx_cppflags)
tests_fuzz_fuzz_gfx_CFLAGS = $(fuzz_gfx_cflags)
tests_fuzz_fuzz_gfx_LDFLAGS = $(fuzz_gfx_ldflags) -fsanitize=fuzzer
tests_fuzz_fuzz_gfx_LDADD = $(fuzz_gfx_libs)

tests_fuzz_seeds_gfx_SOURCES = tests/fuzz/seeds-gfx.c $(fuzz_gfx_prelude)
tests_fuzz_seeds_gfx_CPPFLAGS = $(fuzz_gfx_cppflags)
tests_fuzz_seeds_gfx_CFLAGS = $(fuzz_gfx_cflags)
tests_fuzz_seeds_gfx_LDADD = $(fuzz_gfx_libs)

# Hostile drivers against the processes as they are. It stands where the
# processes' doubles for the fake Xen are.
if HAVE_CMOCKA
check_PROGRAMS += tests/unit/storm
TESTS += tests/unit/storm
tests_unit_storm_SOURCES = \
	tests/fuzz/storm-card.c \
	tests/fuzz/storm-mutate.c \
	tests/fuzz/storm-picture.c \
	tests/fuzz/storm-queues.c \
	tests/fuzz/storm-streams.c \
	tests/fuzz/storm.c \
	tests/fuzz/storm.h \
	$(virtio_requests) $(monitor_harness)
tests_unit_storm_CPPFLAGS = $(fuzz_cppflags)
tests_unit_storm_CFLAGS = $(fuzz_cflags) $(CMOCKA_CFLAGS)
tests_unit_storm_LDADD = $(monitor_harness_libs)
endif HAVE_CMOCKA
