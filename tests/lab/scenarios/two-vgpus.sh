# SPDX-License-Identifier: GPL-2.0-or-later
# Two vGPUs in one domain: both at work at once, one is reset.
# lab: timeout=400 check=1

GUEST_DM_ARGS='"-vgpu", "model=native,vram=8M,slot=0x11,sched=none"'
GUEST_VIDEORAM=24
name=two,jobs=100
guest_config $name vgpu-two.elf
GUEST_PAUSED=1 guest_create $name
id=$(domid $name)
xen-vgpu list | tee "$OUT/list"
grep -q "$id\.1" "$OUT/list" || fail "xen-vgpu list does not show $id.1"
xl unpause $name
guest_expect $name 240
guest_console $name | grep '^STATS' | tee "$OUT/stats"
assert_nothing_left "$id"
