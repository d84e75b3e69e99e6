# SPDX-License-Identifier: GPL-2.0-or-later
include tests/fakexen/local.mk
include tests/unit/local.mk
include tests/guests/local.mk
include tests/gfx/local.mk
include tests/gfx/objects.mk
include tests/gfx/stream.mk
include tests/lab/local.mk
include tests/bench/local.mk
include tests/fuzz/local.mk
include tests/faults/local.mk
include tests/gfx/mutate.mk
