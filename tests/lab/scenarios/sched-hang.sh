# SPDX-License-Identifier: GPL-2.0-or-later
# A shader that does not end, beside two guests that draw: its guest alone is
# reset, and no other waits longer than the stated bound.
# lab: timeout=600 check=1 memory=4096 dom0=2560 vcpus=2 parts=vulkan long_timeout=1500

hangs=1
[ -z "${XVGPU_LONG:-}" ] || hangs=10
deadline_ms=10000
restart_vgpud --deadline=${deadline_ms}ms
GUEST_MEMORY=96
GUEST_VGPU=model=native,vram=16M,sched=host,watchdog=60000
bad=bad,hangs=$hangs
one=one,$LOAD
two=two,scene=3,width=64,height=48,completion=1,doorbell=1
load_start $one
load_start $two
guest_config $bad vgpu-gfx-hang.elf
guest_create $bad
guest_expect $bad 900
vgpud_status > "$OUT/status"
guest_console $bad | grep '^HANG\|^STATS' | tee -a "$OUT/figures"
[ "$(guest_console $bad | grep -c '^HANG')" = $hangs ] || fail "there was no hang"
assert_nothing_left "$(domid $bad)"

# docs/design.md: (Q + P) (W / w + N), here with equal weights.
bound=$(((VGPUD_SLICE_MS + deadline_ms) * (3 + 3)))
for g in $one $two; do
    id=$(domid $g)
    max=$(value_of "$OUT/status" "queues.gfx.vgpus.$id.0.wait_us.max")
    resets=$(value_of "$OUT/status" "queues.gfx.vgpus.$id.0.resets")
    echo "STATS test=sched-hang guest=${g%%,*} wait_us=$max bound_ms=$bound" \
        "resets=$resets" | tee -a "$OUT/stats"
    [ "$resets" = 0 ] || fail "$g was reset $resets times"
    awk "BEGIN { exit !($max > 0 && $max <= $bound * 1000) }" ||
        fail "$g waited $max us, the bound is $bound ms"
done
note "$(sed 's/.*guest=\([a-z]*\) wait_us=\([0-9]*\)[0-9]\{3\} .*/\1 waited \2 ms at the longest,/' \
    "$OUT/stats" | tr '\n' ' ')the bound is $bound ms; $hangs hangs"
load_end $one $two
