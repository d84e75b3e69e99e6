# SPDX-License-Identifier: GPL-2.0-or-later
# Each room is a convenience library with all but main(), which tests link,
# and a program.
include dm/monitor/local.mk
include dm/device/local.mk
include dm/engine/local.mk
include dm/engine/gfx/local.mk
include dm/engine/virtio/local.mk
include dm/sched/local.mk
include dm/display/local.mk
