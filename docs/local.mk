# SPDX-License-Identifier: GPL-2.0-or-later
EXTRA_DIST += \
	$(NULL)

dist_man_MANS += \
	docs/xen-vgpu.1 \
	docs/xen-vgpu-dm.8 \
	$(NULL)
