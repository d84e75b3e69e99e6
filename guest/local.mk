# SPDX-License-Identifier: GPL-2.0-or-later
# The Linux program is built here to be seen by the compiler's warnings; the
# lab's guest has its own, static one (tests/lab/parts/linux.sh).
noinst_PROGRAMS += guest/linux/vgpu-sdma
guest_linux_vgpu_sdma_SOURCES = guest/linux/vgpu-sdma.c guest/linux/xen_vgpu.h

EXTRA_DIST += \
	guest/linux/Kbuild \
	guest/linux/README.md \
	guest/linux/lab-init \
	guest/linux/xen_vgpu.c \
	$(NULL)
