# SPDX-License-Identifier: GPL-2.0-or-later
# Benchmark: a register read in executed instructions, our device (never polling) against QEMU's edu.
# lab: timeout=200 qemu=1 icount=1

poll=0 reads=1000 turns=5
. /root/scenarios/bench-mmio.sh
