# SPDX-License-Identifier: GPL-2.0-or-later
# The administrator resets a vGPU, puts it in quarantine and lets it out again:
# the guest is told by each route, and goes on.
# lab: timeout=500 check=1

GUEST_VGPU=model=native,vram=16M,engines=sdma,sched=host
guest_config reset vgpu-reset.elf
guest_create reset
id=$(domid reset)
for n in 0 1 2; do
    guest_printed reset 180 "^READY $n"
    xen-vgpu reset "$id"
done
guest_printed reset 180 '^READY 3'
xen-vgpu quarantine "$id"
guest_printed reset 180 '^QUARANTINED'
xen-vgpu release "$id"
guest_expect reset 180
assert_nothing_left "$id"
