# SPDX-License-Identifier: GPL-2.0-or-later
# lab: timeout=30
# The hung scenarios before this one must have taken their children along.
if pidof sleep; then
    fail "a killed scenario left a process"
fi
# The fake of selftest-left, too.
[ -z "$(vgpu_processes)" ] || fail "a process of ours survived"
