# SPDX-License-Identifier: GPL-2.0-or-later
# Benchmark: doorbell to completion in executed instructions, without polling.
# lab: timeout=100 icount=1

poll=0 rounds=5
. /root/scenarios/bench-latency.sh
