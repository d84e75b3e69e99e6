/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What main.c runs in xen-vgpu-engine-virtio. */
#include "dm/engine/virtio/vgpu.h"

const struct engine_ops *const engine_program_ops = &virtio_ops;
