# SPDX-License-Identifier: GPL-2.0-or-later
device_tests = \
	tests/unit/test-pci \
	tests/unit/test-ioreq \
	tests/unit/test-device \
	tests/unit/test-scanout \
	tests/unit/test-virtio \
	tests/unit/test-virtio-resets \
	$(NULL)
check_PROGRAMS += $(device_tests)
TESTS += $(device_tests)

device_test_cppflags = $(AM_CPPFLAGS) -I$(top_srcdir)/tests/fakexen
device_test_cflags = $(AM_CFLAGS) $(CMOCKA_CFLAGS) $(XENDM_CFLAGS)
device_test_libs = libdevice.la libxvgpu.la tests/fakexen/libfakexen.la \
	$(CMOCKA_LIBS)

tests_unit_test_pci_SOURCES = tests/unit/test-pci.c
tests_unit_test_pci_CPPFLAGS = $(device_test_cppflags)
tests_unit_test_pci_CFLAGS = $(device_test_cflags)
tests_unit_test_pci_LDADD = $(device_test_libs)

tests_unit_test_ioreq_SOURCES = tests/unit/test-ioreq.c
tests_unit_test_ioreq_CPPFLAGS = $(device_test_cppflags)
tests_unit_test_ioreq_CFLAGS = $(device_test_cflags)
tests_unit_test_ioreq_LDADD = $(device_test_libs)

device_host = tests/unit/device-host.c tests/unit/device-host.h
tests_unit_test_device_SOURCES = tests/unit/test-device.c $(device_host)
tests_unit_test_device_CPPFLAGS = $(device_test_cppflags)
tests_unit_test_device_CFLAGS = $(device_test_cflags)
tests_unit_test_device_LDADD = $(device_test_libs)

tests_unit_test_scanout_SOURCES = tests/unit/test-scanout.c
tests_unit_test_scanout_CFLAGS = $(device_test_cflags)
tests_unit_test_scanout_LDADD = libxvgpu.la $(CMOCKA_LIBS)

virtio_driver = tests/unit/virtio-driver.c tests/unit/virtio-driver.h \
	$(device_host)
tests_unit_test_virtio_SOURCES = tests/unit/test-virtio.c $(virtio_driver)
tests_unit_test_virtio_CPPFLAGS = $(device_test_cppflags)
tests_unit_test_virtio_CFLAGS = $(device_test_cflags)
tests_unit_test_virtio_LDADD = $(device_test_libs)

tests_unit_test_virtio_resets_SOURCES = tests/unit/test-virtio-resets.c \
	$(virtio_driver)
tests_unit_test_virtio_resets_CPPFLAGS = $(device_test_cppflags)
tests_unit_test_virtio_resets_CFLAGS = $(device_test_cflags)
tests_unit_test_virtio_resets_LDADD = $(device_test_libs)
