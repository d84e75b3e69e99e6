# SPDX-License-Identifier: GPL-2.0-or-later
# What the administrator sees of two guests that share the GPU, and does to
# them: top, sched, set, trace, reset, quarantine, release, metrics.
# lab: timeout=600 memory=4096 dom0=2560 vcpus=2 parts=vulkan

GUEST_MEMORY=96
GUEST_VGPU=model=native,vram=16M,sched=host,watchdog=60000
one=one,$LOAD
two=two,$LOAD
load_start "$one"
load_start "$two"

xen-vgpu top -b -n 1 -d 5 | tee "$OUT/top"
[ "$(grep -c "^[0-9]*\.0 .* gfx  *[1-9]" "$OUT/top")" = 2 ] ||
    fail "top does not show that both get something"
xen-vgpu set "$one" weight=300 latency=low
xen-vgpu sched gfx slice=50ms
xen-vgpu sched | tee "$OUT/sched"
grep -q '^gfx  *fair  *50ms ' "$OUT/sched" || fail "the slice was not changed"
xen-vgpu show "$one" | tee "$OUT/show"
grep -q 'weight 300, latency low' "$OUT/show" ||
    fail "its monitor does not know of the new weight"
xen-vgpu trace "$OUT/trace.json" 5
grep -q "\"name\":\"$(domid "$one").0 one," "$OUT/trace.json" ||
    fail "the trace has no turn of $one"
grep -q '"name":"stopping"' "$OUT/trace.json" || fail "nobody was asked to stop"
xen-vgpu --json top -n 1 -d 5 > "$OUT/top.json"
xen-vgpu metrics > "$OUT/metrics"
grep -q '^xen_vgpu_vgpus 2$' "$OUT/metrics" || fail "metrics count otherwise"
note "$(sed -n 's/^\([0-9]*\.0\) *\([a-z]*\).* gfx *\([0-9.]*\) .*/\2 \3 %/p' \
    "$OUT/top" | tr '\n' ' ')"
load_end "$one" "$two"
