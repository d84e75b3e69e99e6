# SPDX-License-Identifier: GPL-2.0-or-later
# The guest ends in mid-job: by a crash, which destroys the domain, and by a
# reboot, after which it has a fresh vGPU. Another guest loses no job.
# lab: timeout=500 check=1 long_timeout=1500

rounds=1
[ -z "${XVGPU_LONG:-}" ] || rounds=${XVGPU_KILLS:-20}
ready() { # COUNT
    [ "$(cat "$log" "$log".* 2>/dev/null | grep -c '^READY')" -ge "$1" ]
}
tell() { # ID WHAT
    xenstore-write "/local/domain/$1/data/turn" "$2"
}
rebooted() {
    second=$(xl domid "$name" 2>/dev/null) && [ "$second" != "$first" ]
}

worker_start $OTHER
n=0
while has_more $n "$rounds"; do
    name=end$n
    log=/var/log/xen/console/guest-$name.log
    guest_config $name vgpu-end.elf 'on_reboot = "restart"'
    guest_create $name
    first=$(domid $name)
    guest_until $name 120 ready 1
    beside_other tell "$first" 1
    wait_for 120 rebooted || fail "xl did not reboot the guest"
    assert_nothing_left "$first"
    # A console log of its own, or the same one.
    guest_until $name 120 ready 2
    [ "$(domain_processes "$second" | wc -l)" -ge 3 ] ||
        fail "the rebooted guest has no vGPU"
    tell "$second" 4
    echo "$second" > "$LAB_STATE/$name.domid"
    guest_expect $name 120
    assert_nothing_left "$second"

    name=crash$n
    log=/var/log/xen/console/guest-$name.log
    guest_config $name vgpu-end.elf
    guest_create $name
    id=$(domid $name)
    guest_until $name 120 ready 1
    beside_other tell "$id" 3
    guest_gone "$id" 60 || fail "the crashed domain is still there"
    assert_nothing_left "$id"
    n=$((n + 1))
done
note "$n reboots, each with a fresh vGPU, and $n crashes, in mid-job"
other_end
