# SPDX-License-Identifier: GPL-2.0-or-later
# SIGKILL of the monitor at random moments under load: the domain loses its
# vGPU and nothing else, no access hangs, another domain loses no job, the
# next monitor sweeps. Then also of the device, which can't destroy its ioreq
# server any more.
# lab: timeout=500 check=1 long_timeout=3600

kills=1
orphans=1
if [ -n "${XVGPU_LONG:-}" ]; then
    kills=${XVGPU_KILLS:-100}
    orphans=${XVGPU_ORPHANS:-20}
fi
worker_start $OTHER

# A guest at work, which the monitor that was killed before it has not kept
# from being started, and whose monitor has removed what that one left.
id=
begin() { # sets $name, $id, $monitor, $device
    previous=$id
    name=gone$n
    guest_config $name vgpu-gone.elf
    guest_create $name
    id=$(domid $name)
    [ -z "$previous" ] || assert_nothing_left "$previous"
    guest_printed $name 120 '^READY'
    monitor=$(vgpu_pid "$id" monitor)
    device=$(vgpu_pid "$id" device)
    [ -n "$monitor" ] && [ -n "$device" ] ||
        fail "round $n: xen-vgpu show names no monitor or device"
    random_sleep 500
}

n=0
while has_more $n "$kills"; do
    begin
    beside_other kill -9 "$monitor"
    guest_expect $name 180
    n=$((n + 1))
done

# Stopped first, so that it can't do its duty when the monitor is gone.
kill_both() {
    kill -STOP "$device" && kill -9 "$monitor" "$device"
}
kills=$n
while [ $n -lt $((kills + orphans)) ]; do
    begin
    beside_other kill_both
    sleep 1
    ! grep -q 'Test result' "/var/log/xen/console/guest-$name.log" ||
        fail "the guest found an answer though nobody could give one"
    # Whichever monitor starts next removes the server and answers.
    guest_config next$n hello.elf
    guest_run next$n 120
    guest_expect $name 180
    grep "removed ioreq server" "/var/log/xen/qemu-dm-next$n.log"
    assert_nothing_left "$(domid next$n)"
    n=$((n + 1))
done
note "the monitor was killed $kills times, with the device $orphans times"
other_end
guest_config last hello.elf
guest_run last 120
assert_nothing_left "$id"
