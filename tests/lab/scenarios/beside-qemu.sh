# SPDX-License-Identifier: GPL-2.0-or-later
# Beside the real QEMU: a guest that uses both; then xl destroy, and QEMU killed.
# lab: timeout=400 check=1 qemu=1

GUEST_COMPANION=
GUEST_VIDEORAM=32 # QEMU's VGA and ours
vga='vga = "stdvga"'

# QEMU parses the name, too, so commas are doubled for it.
name=copy,,jobs=200
guest_config $name vgpu-copy.elf "$vga"
guest_run $name 240
assert_nothing_left "$(domid $name)"

# Both see that the other's is taken: too little for both is refused by name.
GUEST_VIDEORAM=31
guest_config small vgpu-copy.elf "$vga"
if guest_create small > "$OUT/small.txt" 2>&1; then
    fail "a domain without room for VRAM beside QEMU's VGA was created"
fi
grep -q 'set videoram=32' "$OUT/small.txt" ||
    fail "the refusal names no videoram=: $(tail -n 1 "$OUT/small.txt")"
GUEST_VIDEORAM=32

name=again,,jobs=1000000
guest_config $name vgpu-copy.elf "$vga"
for how in destroy kill; do
    guest_create $name
    id=$(domid $name)
    guest_printed $name 180 .
    qemu=$(xenstore-read "/local/domain/$id/image/device-model-pid")
    tr '\0' ' ' < "/proc/$qemu/cmdline" > "$OUT/qemu.txt"
    case $(cat "$OUT/qemu.txt") in
        */xen-qemu-system-i386*) ;;
        *) fail "xl's device model is no QEMU: $(cat "$OUT/qemu.txt")" ;;
    esac
    grep -q vgamem_mb=16 "$OUT/qemu.txt" || fail "QEMU has more VGA memory"
    ! grep -q -e -vgpu "$OUT/qemu.txt" || fail "QEMU was given our arguments"
    [ -n "$(domain_processes "$id")" ] || fail "no process of ours"
    xen-vgpu show "$id" > "$OUT/show-$how.txt"
    if [ $how = kill ]; then
        kill -9 "$qemu"
        wait_for 240 sh -c "! pidof xen-vgpu-device > /dev/null" ||
            fail "the vGPU outlives QEMU"
    fi
    # Without a vGPU the guest's test fails, and may have ended it already.
    guest_destroy $name || [ $how = kill ]
    assert_nothing_left "$id"
done
