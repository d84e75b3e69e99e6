# SPDX-License-Identifier: GPL-2.0-or-later
# dm_restrict=1 beside the real QEMU, which alone gives up its rights as libxl
# asks, gets libxl's socket, and is killed by its uid.
# lab: timeout=300 check=1 qemu=1

GUEST_COMPANION=
GUEST_VIDEORAM=32 # QEMU's VGA and ours

jobs_done() { # DOMID NUMBER
    [ "$(xen-vgpu show "$1" |
        awk '/^engine / { e = $2 } e == "sdma" && $1 == "jobs" { print $2; exit }')" -ge "$2" ]
}

# QEMU parses the name, too, so commas are doubled for it.
name=copy,,jobs=1000000
guest_config $name vgpu-copy.elf 'vga = "stdvga"' 'dm_restrict = 1'
for how in destroy kill; do
    guest_create $name
    id=$(domid $name)
    guest_printed $name 60 .
    qemu=$(xenstore-read "/local/domain/$id/image/device-model-pid")
    killed=$(xenstore-read "/local/domain/$id/image/device-model-kill-uid")
    [ "$(uid_of "$qemu")" = "$killed" ] ||
        fail "QEMU has uid $(uid_of "$qemu"), libxl kills $killed"
    tr '\0' ' ' < "/proc/$qemu/cmdline" > "$OUT/qemu.txt"
    grep -q xen-qemu-system-i386 "$OUT/qemu.txt" ||
        fail "xl's device model is no QEMU: $(cat "$OUT/qemu.txt")"
    ! grep -q -e -vgpu "$OUT/qemu.txt" || fail "QEMU was given our arguments"
    for word in fd= -S -xen-domid-restrict -chroot -runas; do
        grep -q -e "$word" "$OUT/qemu.txt" || fail "QEMU was given no $word"
    done
    cat "/proc/$qemu/limits" > "$OUT/limits.txt"
    grep -q 'Max file size *262144 *262144' "$OUT/limits.txt" ||
        fail "QEMU's limit of file sizes is not libxl's"
    [ "$(qmp_holders "$id")" = "$qemu" ] ||
        fail "libxl's socket is held by $(qmp_holders "$id" | tr '\n' ' '), not by QEMU, $qemu, alone"
    processes=0
    for p in $(domain_processes "$id"); do
        processes=$((processes + 1))
        [ "$(uid_of "$p")" != "$killed" ] ||
            fail "process $p has the uid that libxl kills"
    done
    [ $processes -eq 3 ] || fail "$processes processes, not monitor, device and engine"
    guest_until $name 60 jobs_done "$id" 50
    xen-vgpu show "$id" > "$OUT/show-$how.txt"
    if [ $how = kill ]; then
        kill -9 "$qemu"
        wait_for 10 sh -c "! pidof xen-vgpu-device > /dev/null" ||
            fail "the vGPU outlives QEMU"
    fi
    # Without a vGPU the guest's test fails, and may have ended it already.
    guest_destroy $name || [ $how = kill ]
    assert_nothing_left "$id"
    note "$how: QEMU had uid $killed, the $processes processes of ours others; nothing left"
done
