# SPDX-License-Identifier: GPL-2.0-or-later
# Engines that lie to the scheduler, beside a guest that draws: one never
# acknowledges, one acknowledges and computes on, one makes noise of its page.
# Each is killed, its guest reads why, and the other one loses no frame.
# lab: timeout=600 memory=4096 dom0=2560 vcpus=2 parts=vulkan

modes="mute compute nonsense"
[ -z "${XVGPU_LONG:-}" ] || modes="$modes idle storm"

# The device model's own programs, but for one.
liar=$LAB_STATE/liar
mkdir "$liar"
cp /root/lab/liar/* "$liar/"
for p in /usr/libexec/xen-vgpu/*; do
    [ -e "$liar/${p##*/}" ] || ln -s "$p" "$liar/"
done
cat > "$LAB_STATE/wrapper" <<END
#!/bin/sh
export XVGPU_LIBEXEC=$liar
exec /usr/sbin/xen-vgpu-dm "\$@"
END
chmod +x "$LAB_STATE/wrapper"

# Half of the time it has a grant, so a window holds 5 s in which it has none.
deadline_ms=10000
restart_vgpud --deadline=${deadline_ms}ms --idle-window=10s --idle-cpu=1s
GUEST_MEMORY=96
GUEST_VGPU=model=native,vram=16M,sched=host,watchdog=60000
one=one,$SPIN,route=3
load_start $one

# Beside the others it must be stopped again and again to be found out.
caught() {
    vgpud_status > "$OUT/status-$mode"
    [ "$(value_of "$OUT/status-$mode" "queues.gfx.vgpus.$id.0.missed")" -ge 1 ]
}
for mode in $modes; do
    echo $mode > "$liar/xen-vgpu-engine-gfx.mode"
    name=$mode,$SPIN,route=3
    # Its vGPU stays when the guest, whose engine does nothing, gives up.
    guest_config $name vgpu-gfx-load.elf 'on_poweroff = "preserve"' \
        "device_model_override = \"$LAB_STATE/wrapper\""
    guest_create $name
    id=$(domid $name)
    if [ $mode = storm ]; then # does no harm, and nothing that is forbidden
        load_goes_on $one $one $one $one $one
        note "$mode: the other guest goes on"
    else
        guest_until $one 240 caught
        guest_printed $name 60 '^Engine .* fault 16 '
        note "$mode: killed: $(sed -n "s/^.* gfx: killed: //p" \
            /var/log/xen-vgpu/xen-vgpud.log | tail -n 1); its guest was told"
    fi
    xl destroy $name
    assert_nothing_left "$id"
done
load_goes_on $one

# docs/design.md: (Q + P) (W / w + N), here with equal weights.
bound=$(((VGPUD_SLICE_MS + deadline_ms) * (2 + 2)))
vgpud_status > "$OUT/status"
one_is() {
    value_of "$OUT/status" "queues.gfx.vgpus.$(domid $one).0.$1"
}
echo "STATS test=sched-liar wait_us=$(one_is wait_us.max) bound_ms=$bound" \
    "resets=$(one_is resets)" | tee "$OUT/stats"
[ "$(one_is resets)" = 0 ] || fail "the guest that draws was reset"
[ "$(one_is wait_us.max)" -le $((bound * 1000)) ] ||
    fail "the guest that draws waited $(one_is wait_us.max) us, the bound is $bound ms"
note "the guest that draws waited $(($(one_is wait_us.max) / 1000)) ms at the" \
    "longest, the bound is $bound ms; it was not reset"
load_end $one
