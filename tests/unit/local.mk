include tests/unit/device.mk
