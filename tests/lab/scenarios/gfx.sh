# SPDX-License-Identifier: GPL-2.0-or-later
# Two guests compute and draw 1,000 times at once; the reference's picture.
# lab: timeout=600 check=1 memory=4096 dom0=2560 vcpus=2 parts=vulkan

# gfx-planet.sh has another scene, sched-gfx.sh a scheduler.
: "${GFX_SCENE=3}" "${GFX_PICTURE=stream}" "${GFX_SCHED=none}"

# The machine is emulated: a draw may take its time.
GUEST_VGPU=model=native,vram=16M,sched=$GFX_SCHED,watchdog=60000
GUEST_MEMORY=96
one=one,scene=$GFX_SCENE,frames=1,route=3,hold=1200
two=two,scene=$GFX_SCENE,frames=1,completion=1,doorbell=1,hold=1200

for g in $one $two; do
    guest_config $g vgpu-gfx.elf
    GUEST_PAUSED=1 guest_create $g
done
for g in $one $two; do
    xl unpause $g
done
note "both compute and draw at the same time"
for g in $one $two; do
    guest_printed $g "${GFX_SECONDS:-240}" '^STATS\|^Test result'
    guest_console "$g" | grep -q '^STATS' ||
        fail "$g does not come to its end: $(guest_why "$g")"
    ! guest_console "$g" | grep '^Fail' || fail "$g: a check failed"
    guest_console "$g" | grep '^COMPUTE\|^QUERIES\|^PICTURE\|^STATS' |
        sed "s/^/${g%%,*} /" | tee -a "$OUT/figures"
done
for g in $one $two; do
    id=$(domid "$g")
    xen-vgpu show "$id" > "$OUT/${g%%,*}.show"
    grep -q '^  guest memory  *used in place$' "$OUT/${g%%,*}.show" ||
        fail "$g: lavapipe does not import guest memory"
    xen-vgpu screenshot "$id" "$OUT/${g%%,*}.png"
    /root/lab/compare "$OUT/${g%%,*}.png" "/root/lab/$GFX_PICTURE.png" ||
        fail "$g: not the reference's picture"
    shown=$(/root/lab/dom0-pngsum "$OUT/${g%%,*}.png")
    drawn=$(guest_console "$g" |
        sed -n 's/^PICTURE //; s/ scene=[a-z]*//; /sum=/p')
    [ "$shown" = "$drawn" ] || fail "$g: $shown, the guest drew: $drawn"
    guest_destroy "$g"
    assert_nothing_left "$id"
done
