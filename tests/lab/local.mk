# SPDX-License-Identifier: GPL-2.0-or-later
# Folders are copied whole, so that a new scenario needs no line here.
EXTRA_DIST += \
	tests/lab/README.md \
	tests/lab/dom0-run \
	tests/lab/init \
	tests/lab/lib.sh \
	tests/lab/parts \
	tests/lab/parts.sh \
	tests/lab/run \
	tests/lab/scenarios \
	tests/lab/selftest \
	$(NULL)
