# SPDX-License-Identifier: GPL-2.0-or-later
# The Linux program is built here to be seen by the compiler's warnings; the
# lab's guest has its own, static one (tests/lab/parts/linux.sh).
noinst_PROGRAMS += guest/linux/vgpu-sdma
guest_linux_vgpu_sdma_SOURCES = guest/linux/vgpu-sdma.c guest/linux/xen_vgpu.h
guest_linux_vgpu_sdma_LDADD = libxvgpu-guest.la
guest_linux_vgpu_sdma_LDFLAGS = -static

# For driver writers: headers beside the ABI's, and a library without any
# dependency, which kernels compile from its sources.
lib_LTLIBRARIES += libxvgpu-guest.la
libxvgpu_guest_la_SOURCES = \
	guest/lib/ids.c \
	guest/lib/stream.c \
	$(NULL)
pkginclude_HEADERS += \
	guest/lib/gfx-stream.h \
	guest/lib/ids.h \
	guest/lib/stream.h \
	$(NULL)

EXTRA_DIST += \
	guest/lib/README.md \
	guest/linux/Kbuild \
	guest/linux/README.md \
	guest/linux/lab-init \
	guest/linux/xen_vgpu.c \
	$(NULL)
