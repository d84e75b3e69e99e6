# SPDX-License-Identifier: GPL-2.0-or-later
# Every call that can fail fails once: README.md.
if HAVE_CMOCKA

FAULT_LD = tests/faults/wrap.ld
FAULT_LINK = $(AM_LDFLAGS) -Wl,@$(FAULT_LD)

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

check_PROGRAMS += \
	tests/faults/fake/xen-vgpu-device \
	tests/faults/fake/xen-vgpu-dm \
	tests/faults/fake/xen-vgpu-engine \
	tests/faults/fake/xen-vgpud \
	tests/faults/faults-device \
	tests/faults/faults-engine \
	tests/faults/faults-processes \
	tests/faults/faults-queues \
	tests/faults/faults-vgpud \
	tests/faults/faults-virtio \
	$(NULL)
TESTS += \
	tests/faults/faults-device \
	tests/faults/faults-engine \
	tests/faults/faults-processes \
	tests/faults/faults-queues \
	tests/faults/faults-vgpud \
	tests/faults/faults-virtio \
	tests/faults/symbols \
	$(NULL)

fault_run = \
	tests/faults/guest.c \
	tests/faults/guest.h \
	tests/faults/report.c \
	tests/faults/report.h \
	$(NULL)
fault_in_process = \
	tests/faults/in-process.c \
	tests/faults/in-process.h \
	tests/faults/report.c \
	tests/faults/report.h \
	$(NULL)
fault_device = \
	tests/faults/device-life.c \
	tests/faults/device-life.h \
	tests/faults/guest.c \
	tests/faults/guest.h \
	$(fault_in_process) \
	$(device_host)
fault_engine = \
	tests/faults/engine-life.c \
	tests/faults/engine-life.h \
	$(fault_in_process)
fault_libs = libxvgpu.la tests/faults/libpoints.la \
	tests/fakexen/libfakexen.la $(JANSSON_LIBS) $(EV_LIBS) \
	$(SECCOMP_LIBS) $(INIH_LIBS)
fault_deps = $(FAULT_LD) libxvgpu.la tests/faults/libpoints.la \
	tests/fakexen/libfakexen.la

tests_faults_faults_device_SOURCES = tests/faults/faults-device.c \
	$(fault_device)
tests_faults_faults_device_CPPFLAGS = $(fault_cppflags)
tests_faults_faults_device_CFLAGS = $(fault_cflags)
tests_faults_faults_device_LDFLAGS = $(FAULT_LINK)
tests_faults_faults_device_DEPENDENCIES = libdevice.la $(fault_deps)
tests_faults_faults_device_LDADD = libdevice.la $(fault_libs)

tests_faults_faults_virtio_SOURCES = tests/faults/faults-virtio.c \
	$(fault_device)
tests_faults_faults_virtio_CPPFLAGS = $(fault_cppflags)
tests_faults_faults_virtio_CFLAGS = $(fault_cflags)
tests_faults_faults_virtio_LDFLAGS = $(FAULT_LINK)
tests_faults_faults_virtio_DEPENDENCIES = libdevice.la $(fault_deps)
tests_faults_faults_virtio_LDADD = libdevice.la $(fault_libs)

tests_faults_faults_queues_SOURCES = tests/faults/faults-queues.c \
	$(fault_engine) $(virtio_guest)
tests_faults_faults_queues_CPPFLAGS = $(fault_cppflags)
tests_faults_faults_queues_CFLAGS = $(fault_cflags)
tests_faults_faults_queues_LDFLAGS = $(FAULT_LINK)
tests_faults_faults_queues_DEPENDENCIES = libvirtio.la $(fault_deps)
tests_faults_faults_queues_LDADD = libvirtio.la libengine.la $(fault_libs)

tests_faults_faults_engine_SOURCES = tests/faults/faults-engine.c \
	$(fault_engine) $(engine_rig)
tests_faults_faults_engine_CPPFLAGS = $(fault_cppflags)
tests_faults_faults_engine_CFLAGS = $(fault_cflags)
tests_faults_faults_engine_LDFLAGS = $(FAULT_LINK)
tests_faults_faults_engine_DEPENDENCIES = libengine.la $(fault_deps)
tests_faults_faults_engine_LDADD = libengine.la $(fault_libs)

tests_faults_faults_processes_SOURCES = tests/faults/faults-processes.c \
	tests/unit/sched-peer.c tests/unit/sched-peer.h \
	$(fault_run) $(monitor_harness)
tests_faults_faults_processes_CPPFLAGS = $(fault_cppflags)
tests_faults_faults_processes_CFLAGS = $(fault_cflags) $(JANSSON_CFLAGS)
tests_faults_faults_processes_LDFLAGS = $(FAULT_LINK)
tests_faults_faults_processes_DEPENDENCIES = $(fault_deps)
tests_faults_faults_processes_LDADD = libtools.la libxvgpu.la $(fault_libs) $(CMOCKA_LIBS)

tests_faults_fake_xen_vgpu_dm_SOURCES = dm/monitor/main.c
tests_faults_fake_xen_vgpu_dm_CFLAGS = $(AM_CFLAGS)
tests_faults_fake_xen_vgpu_dm_LDFLAGS = $(FAULT_LINK)
tests_faults_fake_xen_vgpu_dm_DEPENDENCIES = libmonitor.la $(fault_deps)
tests_faults_fake_xen_vgpu_dm_LDADD = libmonitor.la $(fault_libs)

tests_faults_fake_xen_vgpu_device_SOURCES = dm/device/main.c
tests_faults_fake_xen_vgpu_device_CFLAGS = $(AM_CFLAGS)
tests_faults_fake_xen_vgpu_device_LDFLAGS = $(FAULT_LINK)
tests_faults_fake_xen_vgpu_device_DEPENDENCIES = libdevice.la $(fault_deps)
tests_faults_fake_xen_vgpu_device_LDADD = libdevice.la $(fault_libs)

tests_faults_fake_xen_vgpu_engine_SOURCES = dm/engine/backend.c dm/engine/main.c $(engine_flush)
tests_faults_fake_xen_vgpu_engine_CFLAGS = $(AM_CFLAGS)
tests_faults_fake_xen_vgpu_engine_LDFLAGS = $(FAULT_LINK) \
	$(engine_flush_ldflags)
tests_faults_fake_xen_vgpu_engine_DEPENDENCIES = libengine.la $(fault_deps)
tests_faults_fake_xen_vgpu_engine_LDADD = libengine.la $(fault_libs)

tests_faults_faults_vgpud_SOURCES = tests/faults/faults-vgpud.c \
	tests/faults/report.c tests/faults/report.h $(sched_rig)
tests_faults_faults_vgpud_CPPFLAGS = $(fault_cppflags)
tests_faults_faults_vgpud_CFLAGS = $(fault_cflags) $(JANSSON_CFLAGS)
tests_faults_faults_vgpud_LDFLAGS = $(FAULT_LINK)
tests_faults_faults_vgpud_DEPENDENCIES = $(fault_deps)
tests_faults_faults_vgpud_LDADD = $(fault_libs) $(CMOCKA_LIBS)

tests_faults_fake_xen_vgpud_SOURCES = dm/sched/main.c
tests_faults_fake_xen_vgpud_CFLAGS = $(libvgpud_la_CFLAGS)
tests_faults_fake_xen_vgpud_LDFLAGS = $(FAULT_LINK)
tests_faults_fake_xen_vgpud_DEPENDENCIES = libvgpud.la $(fault_deps)
tests_faults_fake_xen_vgpud_LDADD = libvgpud.la $(fault_libs)

if HAVE_VNC
check_PROGRAMS += \
	tests/faults/fake/xen-vgpu-display \
	tests/faults/faults-display \
	$(NULL)
TESTS += tests/faults/faults-display

tests_faults_faults_display_SOURCES = tests/faults/faults-display.c \
	tests/unit/display-host.c tests/unit/display-host.h \
	tests/faults/report.c tests/faults/report.h $(rfb_client)
tests_faults_faults_display_CPPFLAGS = $(fault_cppflags)
tests_faults_faults_display_CFLAGS = $(fault_cflags) $(VNC_CFLAGS)
tests_faults_faults_display_LDFLAGS = $(FAULT_LINK)
tests_faults_faults_display_DEPENDENCIES = $(fault_deps)
tests_faults_faults_display_LDADD = $(fault_libs) $(CMOCKA_LIBS) $(VNC_LIBS)

tests_faults_fake_xen_vgpu_display_SOURCES = dm/display/main.c
tests_faults_fake_xen_vgpu_display_CFLAGS = $(AM_CFLAGS)
tests_faults_fake_xen_vgpu_display_LDFLAGS = $(FAULT_LINK)
tests_faults_fake_xen_vgpu_display_DEPENDENCIES = libdisplay.la $(fault_deps)
tests_faults_fake_xen_vgpu_display_LDADD = libdisplay.la $(fault_libs)
endif HAVE_VNC

endif HAVE_CMOCKA

EXTRA_DIST += tests/faults/README.md tests/faults/symbols
