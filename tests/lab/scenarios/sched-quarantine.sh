# SPDX-License-Identifier: GPL-2.0-or-later
# A guest that hangs again and again: its engine is reset, then its vGPU, then
# it is in quarantine, until it is released. Another guest loses no frame.
# lab: timeout=600 check=1 memory=4096 dom0=2560 vcpus=2 parts=vulkan

GUEST_MEMORY=96
GUEST_VGPU=model=native,vram=16M,sched=host,watchdog=60000
# Under emulation hangs are far apart.
deadline_ms=5000
restart_vgpud --deadline=${deadline_ms}ms --guard-window=600s \
    --resets-to-flr=2 --flrs-to-quarantine=2

one=one,$SPIN,route=3
bad=bad,persist=1,completion=1,doorbell=1
load_start $one
guest_config $bad vgpu-gfx-hang.elf
guest_create $bad
id=$(domid $bad)
guest_printed $bad 300 '^QUARANTINE\|^Test result'
guest_console $bad | grep '^QUARANTINE' | tee "$OUT/figures"
[ -s "$OUT/figures" ] || fail "no quarantine: $(guest_why $bad)"

# Each second hang is a reset of the vGPU, each second of those the quarantine;
# the guest sees a reset instead of the hang that it comes with.
vgpud_status > "$OUT/status"
is() { # PATH VALUE
    [ "$(awk -v p="vgpus.$id.0.$1" '$1 == p { print $2 }' "$OUT/status")" = "$2" ] ||
        fail "xen-vgpud's $1 is not $2: $(grep "^vgpus.$id.0.$1" "$OUT/status")"
}
is quarantined true
is hangs 4
is flrs 2
grep -q ' resets=2 ' "$OUT/figures" ||
    fail "not as configured: $(cat "$OUT/figures")"
xen-vgpu show "$id" | tee "$OUT/show"
grep -q 'in quarantine' "$OUT/show" || fail "its monitor knows of no quarantine"
sleep 5 # in which it tries again and again
! guest_console $bad | grep '^RELEASED' || fail "it was let out by nobody"
xen-vgpu release "$id"
guest_expect $bad 240
guest_console $bad | grep -q '^RELEASED' || fail "it was not let out"
assert_nothing_left "$id"

# docs/design.md: (Q + P) (W / w + N), here with equal weights.
bound=$(((VGPUD_SLICE_MS + deadline_ms) * (2 + 2)))
vgpud_status > "$OUT/status"
one_is() {
    value_of "$OUT/status" "queues.gfx.vgpus.$(domid $one).0.$1"
}
echo "STATS test=sched-quarantine wait_us=$(one_is wait_us.max)" \
    "bound_ms=$bound resets=$(one_is resets)" | tee "$OUT/stats"
[ "$(one_is resets)" = 0 ] || fail "the other guest was reset"
[ "$(one_is wait_us.max)" -le $((bound * 1000)) ] ||
    fail "the other guest waited $(one_is wait_us.max) us, the bound is $bound ms"
note "4 hangs, 2 resets of the vGPU, quarantine; released, it draws the same" \
    "picture. The other guest waited $(($(one_is wait_us.max) / 1000)) ms at" \
    "the longest, the bound is $bound ms"
load_end $one
