# SPDX-License-Identifier: GPL-2.0-or-later
# Tests of the monitor and of the tool; across processes with the production
# objects linked with the fake Xen (tests/unit/fake) or with a scripted device
# and engine (tests/unit/stub).
monitor_test_cppflags = $(AM_CPPFLAGS) -I$(top_srcdir)/tests/fakexen
monitor_test_cflags = $(AM_CFLAGS) $(CMOCKA_CFLAGS) $(JANSSON_CFLAGS)

check_PROGRAMS += \
	tests/unit/fake/xen-vgpu-dm \
	tests/unit/fake/xen-vgpu-device \
	tests/unit/fake/xen-vgpu-engine \
	tests/unit/fake/xen-vgpu-engine-gfx \
	tests/unit/fake/xen-vgpu-engine-virtio \
	tests/unit/stub/xen-vgpu-device \
	tests/unit/stub/xen-vgpu-engine \
	tests/unit/stub/xen-vgpu-engine-gfx \
	tests/unit/stub/qemu \
	tests/unit/liar/xen-vgpu-device \
	tests/unit/liar/xen-vgpu-engine \
	tests/unit/liar/xen-vgpu-engine-gfx \
	tests/unit/test-attach \
	tests/unit/test-child \
	tests/unit/test-gfx-kill \
	tests/unit/test-gfx-process \
	tests/unit/test-launch \
	tests/unit/test-liars \
	tests/unit/test-monitor \
	tests/unit/test-monitor-sched \
	tests/unit/test-options \
	tests/unit/test-processes \
	tests/unit/test-qmp \
	tests/unit/test-restrict \
	tests/unit/test-sched-processes \
	tests/unit/test-server \
	tests/unit/test-stats \
	tests/unit/test-virtio-process \
	tests/unit/test-virtio-start \
	tests/unit/test-vram \
	$(NULL)

TESTS += \
	tests/unit/test-attach \
	tests/unit/test-child \
	tests/unit/test-gfx-kill \
	tests/unit/test-gfx-process \
	tests/unit/test-launch \
	tests/unit/test-liars \
	tests/unit/test-monitor \
	tests/unit/test-monitor-sched \
	tests/unit/test-options \
	tests/unit/test-processes \
	tests/unit/test-qmp \
	tests/unit/test-restrict \
	tests/unit/test-sched-processes \
	tests/unit/test-server \
	tests/unit/test-stats \
	tests/unit/test-virtio-process \
	tests/unit/test-virtio-start \
	tests/unit/test-vram \
	$(NULL)

tests_unit_fake_xen_vgpu_dm_SOURCES = dm/monitor/main.c
tests_unit_fake_xen_vgpu_dm_CFLAGS = $(AM_CFLAGS)
tests_unit_fake_xen_vgpu_dm_LDADD = libmonitor.la \
	tests/fakexen/libfakexen.la

tests_unit_fake_xen_vgpu_device_SOURCES = dm/device/main.c
tests_unit_fake_xen_vgpu_device_CFLAGS = $(AM_CFLAGS)
tests_unit_fake_xen_vgpu_device_LDADD = libdevice.la \
	tests/fakexen/libfakexen.la

# Engines end by SIGKILL.
if COVERAGE
engine_flush = tests/unit/flush.c
engine_flush_ldflags = -Wl,--wrap=engine_turn
endif COVERAGE
EXTRA_DIST += tests/unit/flush.c

tests_unit_fake_xen_vgpu_engine_SOURCES = dm/engine/backend.c dm/engine/main.c $(engine_flush)
tests_unit_fake_xen_vgpu_engine_LDFLAGS = $(AM_LDFLAGS) $(engine_flush_ldflags)
tests_unit_fake_xen_vgpu_engine_CFLAGS = $(AM_CFLAGS)
tests_unit_fake_xen_vgpu_engine_LDADD = libengine.la \
	tests/fakexen/libfakexen.la

tests_unit_fake_xen_vgpu_engine_gfx_SOURCES = dm/engine/gfx/backend.c dm/engine/main.c $(engine_flush)
tests_unit_fake_xen_vgpu_engine_gfx_LDFLAGS = $(AM_LDFLAGS) $(engine_flush_ldflags)
tests_unit_fake_xen_vgpu_engine_gfx_CFLAGS = $(AM_CFLAGS) $(VULKAN_CFLAGS)
tests_unit_fake_xen_vgpu_engine_gfx_LDADD = libgfx.la \
	tests/fakexen/libfakexen.la

tests_unit_fake_xen_vgpu_engine_virtio_SOURCES = dm/engine/virtio/backend.c dm/engine/main.c $(engine_flush)
tests_unit_fake_xen_vgpu_engine_virtio_LDFLAGS = $(AM_LDFLAGS) $(engine_flush_ldflags)
tests_unit_fake_xen_vgpu_engine_virtio_CFLAGS = $(AM_CFLAGS)
tests_unit_fake_xen_vgpu_engine_virtio_LDADD = libvirtio.la \
	tests/fakexen/libfakexen.la

tests_unit_stub_xen_vgpu_device_SOURCES = tests/unit/stub-device.c
tests_unit_stub_xen_vgpu_device_LDADD = libxvgpu.la
tests_unit_stub_xen_vgpu_engine_SOURCES = tests/unit/stub-engine.c
tests_unit_stub_xen_vgpu_engine_LDADD = libxvgpu.la
tests_unit_stub_xen_vgpu_engine_gfx_SOURCES = tests/unit/stub-engine.c
tests_unit_stub_xen_vgpu_engine_gfx_LDADD = libxvgpu.la

# Engines that a scheduler must not trust, in the place of the real ones.
tests_unit_liar_xen_vgpu_device_SOURCES = dm/device/main.c
tests_unit_liar_xen_vgpu_device_CFLAGS = $(AM_CFLAGS)
tests_unit_liar_xen_vgpu_device_LDADD = libdevice.la \
	tests/fakexen/libfakexen.la
tests_unit_liar_xen_vgpu_engine_SOURCES = tests/unit/liar-engine.c
tests_unit_liar_xen_vgpu_engine_LDADD = libxvgpu.la
tests_unit_liar_xen_vgpu_engine_gfx_SOURCES = tests/unit/liar-engine.c
tests_unit_liar_xen_vgpu_engine_gfx_LDADD = libxvgpu.la

tests_unit_stub_qemu_SOURCES = tests/unit/stub-qemu.c

tests_unit_test_options_SOURCES = tests/unit/test-options.c
tests_unit_test_options_CFLAGS = $(monitor_test_cflags)
tests_unit_test_options_LDADD = libmonitor.la $(CMOCKA_LIBS)

tests_unit_test_qmp_SOURCES = tests/unit/test-qmp.c
tests_unit_test_qmp_CFLAGS = $(monitor_test_cflags)
tests_unit_test_qmp_LDADD = libmonitor.la $(CMOCKA_LIBS)

tests_unit_test_child_SOURCES = tests/unit/test-child.c
tests_unit_test_child_CFLAGS = $(monitor_test_cflags)
tests_unit_test_child_LDADD = libmonitor.la tests/fakexen/libfakexen.la \
	$(CMOCKA_LIBS)

tests_unit_test_server_SOURCES = tests/unit/test-server.c
tests_unit_test_server_CFLAGS = $(monitor_test_cflags)
tests_unit_test_server_LDADD = libxvgpu.la $(EV_LIBS) $(CMOCKA_LIBS)

tests_unit_test_stats_SOURCES = tests/unit/test-stats.c
tests_unit_test_stats_CFLAGS = $(monitor_test_cflags)
tests_unit_test_stats_LDADD = libtools.la $(CMOCKA_LIBS)

tests_unit_test_vram_SOURCES = tests/unit/test-vram.c
tests_unit_test_vram_CPPFLAGS = $(monitor_test_cppflags)
tests_unit_test_vram_CFLAGS = $(monitor_test_cflags)
tests_unit_test_vram_LDADD = libmonitor.la tests/fakexen/libfakexen.la \
	$(CMOCKA_LIBS)

monitor_harness = tests/unit/harness.c tests/unit/harness-talk.c \
	tests/unit/harness.h
monitor_harness_libs = libtools.la tests/fakexen/libfakexen.la \
	$(JANSSON_LIBS) $(CMOCKA_LIBS)

stub_harness = tests/unit/stub.c tests/unit/stub.h $(monitor_harness)
tests_unit_test_monitor_SOURCES = tests/unit/test-monitor.c $(stub_harness)
tests_unit_test_monitor_CPPFLAGS = $(monitor_test_cppflags)
tests_unit_test_monitor_CFLAGS = $(monitor_test_cflags)
tests_unit_test_monitor_LDADD = $(monitor_harness_libs)

tests_unit_test_monitor_sched_SOURCES = tests/unit/test-monitor-sched.c \
	$(stub_harness)
tests_unit_test_monitor_sched_CPPFLAGS = $(monitor_test_cppflags)
tests_unit_test_monitor_sched_CFLAGS = $(monitor_test_cflags)
tests_unit_test_monitor_sched_LDADD = libxvgpu.la $(monitor_harness_libs)

tests_unit_test_attach_SOURCES = tests/unit/test-attach.c $(monitor_harness)
tests_unit_test_attach_CPPFLAGS = $(monitor_test_cppflags)
tests_unit_test_attach_CFLAGS = $(monitor_test_cflags)
tests_unit_test_attach_LDADD = $(monitor_harness_libs)

tests_unit_test_launch_SOURCES = tests/unit/test-launch.c $(monitor_harness)
tests_unit_test_launch_CPPFLAGS = $(monitor_test_cppflags)
tests_unit_test_launch_CFLAGS = $(monitor_test_cflags)
tests_unit_test_launch_LDADD = $(monitor_harness_libs)

# The gfx engine in its sandbox, on whatever Vulkan device there is.
gfx_guest = tests/unit/gfx-guest.c tests/unit/gfx-guest.h $(monitor_harness)
tests_unit_test_gfx_kill_SOURCES = tests/unit/test-gfx-kill.c \
	tests/gfx/picture.c tests/gfx/picture.h $(gfx_guest)
tests_unit_test_gfx_kill_CPPFLAGS = $(monitor_test_cppflags)
tests_unit_test_gfx_kill_CFLAGS = $(monitor_test_cflags) $(LIBPNG_CFLAGS)
tests_unit_test_gfx_kill_LDADD = tests/gfx/libstream.la \
	$(monitor_harness_libs) $(LIBPNG_LIBS)

tests_unit_test_gfx_process_SOURCES = tests/unit/test-gfx-process.c \
	$(gfx_guest)
tests_unit_test_gfx_process_CPPFLAGS = $(monitor_test_cppflags)
tests_unit_test_gfx_process_CFLAGS = $(monitor_test_cflags)
tests_unit_test_gfx_process_LDADD = tests/gfx/libstream.la \
	$(monitor_harness_libs)

tests_unit_test_processes_SOURCES = tests/unit/test-processes.c \
	$(monitor_harness)
tests_unit_test_processes_CPPFLAGS = $(monitor_test_cppflags)
tests_unit_test_processes_CFLAGS = $(monitor_test_cflags)
tests_unit_test_processes_LDADD = $(monitor_harness_libs)

# The virtio-gpu's device and engine.
tests_unit_test_virtio_process_SOURCES = tests/unit/test-virtio-process.c \
	$(virtio_requests) $(monitor_harness)
if HAVE_VNC
tests_unit_test_virtio_process_SOURCES += $(rfb_client)
endif HAVE_VNC
tests_unit_test_virtio_process_CPPFLAGS = $(monitor_test_cppflags)
tests_unit_test_virtio_process_CFLAGS = $(monitor_test_cflags) $(VNC_CFLAGS)
tests_unit_test_virtio_process_LDADD = $(monitor_harness_libs) $(VNC_LIBS)

# Starts of the latter.
tests_unit_test_virtio_start_SOURCES = tests/unit/test-virtio-start.c \
	$(monitor_harness)
tests_unit_test_virtio_start_CPPFLAGS = $(monitor_test_cppflags)
tests_unit_test_virtio_start_CFLAGS = $(monitor_test_cflags)
tests_unit_test_virtio_start_LDADD = $(monitor_harness_libs)

tests_unit_test_restrict_SOURCES = tests/unit/test-restrict.c $(monitor_harness)
tests_unit_test_restrict_CPPFLAGS = $(monitor_test_cppflags)
tests_unit_test_restrict_CFLAGS = $(monitor_test_cflags)
tests_unit_test_restrict_LDADD = $(monitor_harness_libs)

tests_unit_test_liars_SOURCES = tests/unit/test-liars.c \
	tests/unit/sched-guest.c tests/unit/sched-guest.h \
	tests/unit/vgpud-process.c tests/unit/vgpud-process.h $(gfx_guest)
tests_unit_test_liars_CPPFLAGS = $(monitor_test_cppflags)
tests_unit_test_liars_CFLAGS = $(monitor_test_cflags)
tests_unit_test_liars_LDADD = tests/gfx/libstream.la \
	$(monitor_harness_libs)

tests_unit_test_sched_processes_SOURCES = tests/unit/test-sched-processes.c \
	tests/unit/grant-watch.c tests/unit/grant-watch.h \
	tests/unit/sched-guest.c tests/unit/sched-guest.h \
	tests/unit/vgpud-process.c tests/unit/vgpud-process.h $(gfx_guest)
tests_unit_test_sched_processes_CPPFLAGS = $(monitor_test_cppflags)
tests_unit_test_sched_processes_CFLAGS = $(monitor_test_cflags)
tests_unit_test_sched_processes_LDADD = tests/gfx/libstream.la \
	$(monitor_harness_libs)
