# SPDX-License-Identifier: GPL-2.0-or-later
# The guest ends in mid-job: by a crash, which destroys the domain, and by a
# reboot, after which it has a fresh vGPU.
# lab: timeout=200 check=1

log=/var/log/xen/console/guest-end.log
ready() { # COUNT
    [ "$(grep -c '^READY' $log)" -ge "$1" ]
}
tell() { # ID WHAT
    xenstore-write "/local/domain/$1/data/turn" "$2"
}

guest_config end vgpu-end.elf 'on_reboot = "restart"'
guest_create end
first=$(domid end)
wait_for 60 ready 1 || fail "the guest does not work"
tell "$first" 1
rebooted() {
    second=$(xl domid end 2>/dev/null) && [ "$second" != "$first" ]
}
wait_for 60 rebooted || fail "xl did not reboot the guest"
assert_nothing_left "$first"
again() { # a log of its own, or the same one
    [ "$(cat $log* | grep -c '^READY')" -ge 2 ]
}
wait_for 60 again || fail "the rebooted guest does not work"
[ "$(domain_processes "$second" | wc -l)" -ge 3 ] ||
    fail "the rebooted guest has no vGPU"
note "domain $first was rebooted as $second, with a fresh vGPU"
tell "$second" 4
echo "$second" > "$LAB_STATE/end.domid"
guest_expect end 60
assert_nothing_left "$second"

guest_config crash vgpu-end.elf
guest_create crash
id=$(domid crash)
log=/var/log/xen/console/guest-crash.log
wait_for 60 ready 1 || fail "the guest does not work"
tell "$id" 3
guest_gone "$id" 30 || fail "the crashed domain is still there"
assert_nothing_left "$id"
