# SPDX-License-Identifier: GPL-2.0-or-later
# lab: timeout=30
# A scenario that fails the second time, too, does not get a third.
SELFTEST_ALWAYS=1
. /root/scenarios/selftest-lost.sh
