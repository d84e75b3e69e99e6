# SPDX-License-Identifier: GPL-2.0-or-later
# SIGKILL of device, engine, monitor and of QEMU itself, at random moments
# under load, in domains that have both; another guest loses no job.
# lab: timeout=500 qemu=1 long_timeout=1500

rounds=1
[ -z "${XVGPU_LONG:-}" ] || rounds=${XVGPU_KILLS:-20}
worker_start $OTHER
GUEST_COMPANION=
GUEST_VIDEORAM=32 # QEMU's VGA and ours
vga='vga = "stdvga"'

pid() { # PROCESS: of domain $id, sets $pid
    pid=$(vgpu_pid "$id" "$1")
    [ -n "$pid" ] || fail "domain $id has no process \"$1\""
    random_sleep 500
}
qemu_pid() {
    xenstore-read "/local/domain/$id/image/device-model-pid"
}
without_vgpu() {
    [ -z "$(domain_processes "$id")" ]
}
ready() { grep -q "^READY${1:+ $1}\|^Test result" "/var/log/xen/console/guest-$name.log"; }

n=0
ids=
while has_more $n "$rounds"; do
    # QEMU parses names, too, so commas are doubled for it.
    name=kill$n,,kills=2
    guest_config $name vgpu-kill.elf "$vga"
    guest_create $name
    id=$(domid $name)
    for k in 0 1; do
        guest_until $name 120 ready $k
        pid device
        beside_other kill -9 "$pid"
        guest_until $name 120 sh -c "xen-vgpu show $id | grep -q ': running'"
        pid "engine sdma"
        beside_other kill -9 "$pid"
    done
    guest_expect $name 180
    assert_nothing_left "$id"

    name=gone$n
    guest_config $name vgpu-gone.elf "$vga"
    guest_create $name
    id=$(domid $name)
    ids="$ids $id"
    guest_until $name 120 ready
    pid monitor
    beside_other kill -9 "$pid"
    guest_expect $name 180
    guest_gone $name 60 || fail "domain $id stays after its end"

    name=qemu$n,,until=1
    guest_config $name vgpu-copy.elf "$vga"
    guest_create $name
    id=$(domid $name)
    guest_printed $name 120 .
    random_sleep 1000
    beside_other kill -9 "$(qemu_pid)"
    wait_for 60 without_vgpu || fail "the vGPU outlives QEMU"
    # Without a vGPU the guest's test fails, and may have ended it already.
    guest_destroy $name || :
    assert_nothing_left "$id"
    n=$((n + 1))
done
note "beside QEMU were killed: the device $((2 * n)) times, the engine" \
    "$((2 * n)) times, the monitor $n times, QEMU $n times"
# What a dead monitor left the next one has removed.
for id in $ids; do
    assert_nothing_left "$id"
done
other_end
