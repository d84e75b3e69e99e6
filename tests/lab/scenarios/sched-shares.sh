# SPDX-License-Identifier: GPL-2.0-or-later
# Three guests that draw without end, with weights 4:2:1: their shares of the
# gfx engine's time, by xen-vgpud's clock.
# lab: timeout=600 check=1 memory=4096 dom0=2560 vcpus=2 parts=vulkan

seconds=30
GUEST_MEMORY=96
guests=
for weight in 400 200 100; do
    GUEST_VGPU=model=native,vram=16M,sched=host,weight=$weight,watchdog=60000
    load_start "w$weight,$LOAD"
    guests="$guests w$weight,$LOAD"
done
sleep 2 # the last one's beginning is over
vgpud_status > "$OUT/before"
sleep $seconds
vgpud_status > "$OUT/after"
# shellcheck disable=SC2086
assert_shares 3 granted_ns "$OUT/before" "$OUT/after" $guests
# shellcheck disable=SC2086
load_end $guests
