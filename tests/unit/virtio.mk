# SPDX-License-Identifier: GPL-2.0-or-later
# The engine of a virtio-gpu.
virtio_tests = \
	tests/unit/test-virtq \
	tests/unit/test-virtio-blob \
	tests/unit/test-virtio-deaths \
	tests/unit/test-virtio-gpu \
	tests/unit/test-virtio-frames \
	tests/unit/test-virgl \
	tests/unit/test-virgl-blob \
	tests/unit/test-virgl-contexts \
	tests/unit/test-virgl-lend \
	tests/unit/test-virgl-stops \
	tests/unit/test-virgl-watch \
	tests/unit/test-virtio-answers \
	$(NULL)
check_PROGRAMS += $(virtio_tests)
TESTS += $(virtio_tests)

virtio_requests = tests/unit/virtio-requests.c tests/unit/virtio-requests.h
virtio_guest = tests/unit/virtio-guest.c tests/unit/virtio-guest.h \
	$(virtio_requests) $(engine_rig)
virgl_guest = tests/unit/virgl-guest.c tests/unit/virgl-guest.h \
	tests/unit/keep-drivers.c \
	$(virtio_guest)
virtio_test_libs = libvirtio.la $(engine_test_libs)

tests_unit_test_virtq_SOURCES = tests/unit/test-virtq.c $(virtio_guest)
tests_unit_test_virtq_CPPFLAGS = $(engine_test_cppflags)
tests_unit_test_virtq_CFLAGS = $(engine_test_cflags)
tests_unit_test_virtq_LDADD = $(virtio_test_libs)

blob_guest = tests/unit/blob-guest.c tests/unit/blob-guest.h $(virtio_guest)

tests_unit_test_virtio_blob_SOURCES = tests/unit/test-virtio-blob.c $(blob_guest)
tests_unit_test_virtio_blob_CPPFLAGS = $(engine_test_cppflags)
tests_unit_test_virtio_blob_CFLAGS = $(engine_test_cflags) $(VIRGL_CFLAGS)
tests_unit_test_virtio_blob_LDADD = $(virtio_test_libs)

tests_unit_test_virtio_gpu_SOURCES = tests/unit/test-virtio-gpu.c $(virtio_guest)
tests_unit_test_virtio_gpu_CPPFLAGS = $(engine_test_cppflags)
tests_unit_test_virtio_gpu_CFLAGS = $(engine_test_cflags)
tests_unit_test_virtio_gpu_LDADD = $(virtio_test_libs)

tests_unit_test_virtio_deaths_SOURCES = tests/unit/test-virtio-deaths.c \
	$(virtio_guest)
tests_unit_test_virtio_deaths_CPPFLAGS = $(engine_test_cppflags)
tests_unit_test_virtio_deaths_CFLAGS = $(engine_test_cflags)
tests_unit_test_virtio_deaths_LDADD = $(virtio_test_libs)

tests_unit_test_virtio_frames_SOURCES = tests/unit/test-virtio-frames.c \
	$(virtio_guest)
tests_unit_test_virtio_frames_CPPFLAGS = $(engine_test_cppflags)
tests_unit_test_virtio_frames_CFLAGS = $(engine_test_cflags)
tests_unit_test_virtio_frames_LDADD = $(virtio_test_libs)

tests_unit_test_virgl_SOURCES = tests/unit/test-virgl.c $(virgl_guest)
tests_unit_test_virgl_CPPFLAGS = $(engine_test_cppflags)
tests_unit_test_virgl_CFLAGS = $(engine_test_cflags) $(VIRGL_CFLAGS)
tests_unit_test_virgl_LDADD = $(virtio_test_libs)

tests_unit_test_virgl_blob_SOURCES = tests/unit/test-virgl-blob.c \
	tests/unit/blob-guest.c tests/unit/blob-guest.h $(virgl_guest)
tests_unit_test_virgl_blob_CPPFLAGS = $(engine_test_cppflags)
tests_unit_test_virgl_blob_CFLAGS = $(engine_test_cflags) $(VIRGL_CFLAGS)
tests_unit_test_virgl_blob_LDADD = $(virtio_test_libs)

tests_unit_test_virgl_contexts_SOURCES = tests/unit/test-virgl-contexts.c \
	$(virgl_guest)
tests_unit_test_virgl_contexts_CPPFLAGS = $(engine_test_cppflags)
tests_unit_test_virgl_contexts_CFLAGS = $(engine_test_cflags) $(VIRGL_CFLAGS)
tests_unit_test_virgl_contexts_LDADD = $(virtio_test_libs)

tests_unit_test_virtio_answers_SOURCES = tests/unit/test-virtio-answers.c \
	$(virgl_guest)
tests_unit_test_virtio_answers_CPPFLAGS = $(engine_test_cppflags)
tests_unit_test_virtio_answers_CFLAGS = $(engine_test_cflags) $(VIRGL_CFLAGS)
tests_unit_test_virtio_answers_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=virgl_renderer_poll
tests_unit_test_virtio_answers_LDADD = $(virtio_test_libs)

tests_unit_test_virgl_watch_SOURCES = tests/unit/test-virgl-watch.c \
	$(virgl_guest)
tests_unit_test_virgl_watch_CPPFLAGS = $(engine_test_cppflags)
tests_unit_test_virgl_watch_CFLAGS = $(engine_test_cflags) $(VIRGL_CFLAGS)
tests_unit_test_virgl_watch_LDADD = $(virtio_test_libs)

tests_unit_test_virgl_lend_SOURCES = tests/unit/test-virgl-lend.c \
	$(virgl_guest)
tests_unit_test_virgl_lend_CPPFLAGS = $(engine_test_cppflags)
tests_unit_test_virgl_lend_CFLAGS = $(engine_test_cflags) $(VIRGL_CFLAGS)
tests_unit_test_virgl_lend_LDADD = $(virtio_test_libs)

tests_unit_test_virgl_stops_SOURCES = tests/unit/test-virgl-stops.c \
	$(virgl_guest)
tests_unit_test_virgl_stops_CPPFLAGS = $(engine_test_cppflags)
tests_unit_test_virgl_stops_CFLAGS = $(engine_test_cflags) $(VIRGL_CFLAGS)
tests_unit_test_virgl_stops_LDADD = $(virtio_test_libs)
