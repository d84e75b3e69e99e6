# SPDX-License-Identifier: GPL-2.0-or-later
# PVH: vGPUs attached to a paused domain, refused for others, gone with it.
# lab: timeout=400

GUEST_PAUSED=1
vgpu=model=native,vram=16M,sched=none
more=

refused() { # DOMID WORDS
    if xen-vgpu attach "$1" $more -vgpu $vgpu 2> "$OUT/refused.txt"; then
        fail "attached to domain $1, which should be refused: $2"
    fi
    cat "$OUT/refused.txt"
    grep -q "$2" "$OUT/refused.txt" || fail "the refusal does not say: $2"
}

attach_and_run() { # NAME KERNEL
    pvh_config "$1" "$2"
    guest_create "$1"
    xen-vgpu attach "$(domid "$1")" -vgpu $vgpu -vgpu vram=2M,sched=none
    xen-vgpu list > "$OUT/list.txt"
    grep -q "^$(domid "$1").1 " "$OUT/list.txt" ||
        fail "xen-vgpu list does not show its second vGPU"
    xl unpause "$1"
    guest_expect "$1" 180
    note "$1: $(guest_console "$1" | grep -E '^(STATS|ABI)' | head -n 1)"
    assert_nothing_left "$(domid "$1")"
}

attach_and_run probe,pvh=1 vgpu-probe
attach_and_run copy,jobs=100 vgpu-copy
attach_and_run copy,jobs=100,doorbell=1,completion=1 vgpu-copy

# It serves a guest at work, and does not serve it twice.
name=copy,jobs=1000000,route=2
pvh_config $name vgpu-copy
guest_create $name
id=$(domid $name)
xen-vgpu attach "$id" -vgpu $vgpu
refused "$id" "has vGPUs already"
xl unpause $name
guest_printed $name 240 .
xen-vgpu show "$id" > "$OUT/show.txt"
guest_destroy $name
assert_nothing_left "$id"

# What can't be: said why, and the domain as before.
pvh_config running hello 'on_poweroff = "preserve"'
guest_create running
id=$(domid running)
xl unpause running
refused "$id" "has been started"
guest_expect running 240
xl pause running
refused "$id" "has been started"
guest_destroy running
assert_nothing_left "$id"

# More than the host has; then, populated in vain, what needs more page tables
# to give back than the domain had.
pvh_config paused hello
guest_create paused
id=$(domid paused)
more="-vgpu vram=1024M"
refused "$id" "the host has .* MiB of free memory"
more="-vgpu vram=512M -vgpu vram=128M -vgpu vram=128M"
XVGPU_LIBEXEC=/nowhere refused "$id" /nowhere
more=
mib=$(xl list "$id" | awk 'NR == 2 { print $3 }')
[ "$mib" = 64 ] || fail "the domain still has $mib MiB"
xl unpause "$id"
guest_expect paused 240

refused 0 "a domid is expected"
refused 32000 "No such process"
