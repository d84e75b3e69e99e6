# SPDX-License-Identifier: GPL-2.0-or-later
# Dispatches longer than any turn, which nothing can cut, beside a guest that
# draws: they go on turn by turn, and nobody is reset.
# lab: timeout=600 memory=4096 dom0=2560 vcpus=2 parts=vulkan

GUEST_MEMORY=96
GUEST_VGPU=model=native,vram=16M,sched=host,watchdog=60000
restart_vgpud --deadline=500ms --overrun=600s
heavy=heavy,spin=3000,depth=2,completion=1,doorbell=1
one=one,$LOAD
load_start $heavy
load_start $one
often_frozen() {
    vgpud_status > "$OUT/status"
    [ "$(of $heavy frozen)" -ge 10 ]
}
of() { # NAME KEY
    value_of "$OUT/status" "queues.gfx.vgpus.$(domid "$1").0.$2"
}
guest_until "$heavy $one" 240 often_frozen
load_goes_on $heavy $one $heavy $one
vgpud_status > "$OUT/status"
for g in $heavy $one; do
    for key in missed resets; do
        [ "$(of $g $key)" = 0 ] || fail "$g: $key is $(of $g $key)"
    done
    note "${g%%,*}: frozen $(of $g frozen) times," \
        "waited $(of $g wait_us.max) us at the longest"
done
load_end $heavy $one
