# SPDX-License-Identifier: GPL-2.0-or-later
EXTRA_DIST += \
	docs/BENCHMARKS.md \
	docs/demo-planet.png \
	docs/demo-stream.png \
	docs/virtio-console.png \
	docs/virtio-gl.png \
	docs/virtio-gpu.md \
	docs/design.md \
	docs/tracing.md \
	$(NULL)

dist_man_MANS += \
	docs/xen-vgpu.1 \
	docs/xen-vgpu-dm.8 \
	docs/xen-vgpud.8 \
	$(NULL)
