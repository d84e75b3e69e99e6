# SPDX-License-Identifier: GPL-2.0-or-later
# Benchmark: the same start-up in executed instructions.
# lab: timeout=100 icount=1

starts=5
. /root/scenarios/bench-start.sh
