# SPDX-License-Identifier: GPL-2.0-or-later
# lab: timeout=30
# dom0 dies; the boot ends, scenarios after this one get a boot of their own.
echo 1 > /proc/sys/kernel/sysrq
echo c > /proc/sysrq-trigger
sleep 1000
