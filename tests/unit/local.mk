include tests/unit/device.mk
include tests/unit/monitor.mk
include tests/unit/engine.mk
include tests/unit/stream.mk
include tests/unit/vgpud.mk
include tests/unit/gfx.mk
include tests/unit/tools.mk
include tests/unit/sched.mk
