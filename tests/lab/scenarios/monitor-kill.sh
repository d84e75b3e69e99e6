# SPDX-License-Identifier: GPL-2.0-or-later
# SIGKILL of the monitor under load: the domain loses its vGPU and nothing
# else, no access hangs, another domain loses no job, the next monitor sweeps.
# Then also of the device, which can't destroy its ioreq server any more.
# lab: timeout=300 check=1 long_timeout=3000

kills=1
jobs=400
[ -z "${XVGPU_LONG:-}" ] || { kills=100; jobs=30000; }
other=other,jobs=$jobs,seed=31,route=3
guest_config $other vgpu-copy.elf
guest_create $other

process() { # NAME: that of domain $id, which kernel and name cut to 15 letters
    for p in $(domain_processes "$id"); do
        read -r comm < "/proc/$p/comm" || continue
        [ "$comm" != "$1" ] || echo "$p"
    done
}

ids=
begin() {
    guest_config gone vgpu-gone.elf
    guest_create gone
    id=$(domid gone)
    ids="$ids $id"
    wait_for 60 grep -q '^READY' /var/log/xen/console/guest-gone.log ||
        fail "round $n: the guest does not work"
    usleep $((n * 7919 % 10 * 30000))
}

n=0
while [ $n -lt $kills ]; do
    begin
    kill -9 "$(process xen-vgpu-dm)"
    guest_expect gone 100
    guest_gone gone 30 || fail "domain $id stays after its end"
    n=$((n + 1))
done

orphans=1
[ -z "${XVGPU_LONG:-}" ] || orphans=20
while [ $n -lt $((kills + orphans)) ]; do
    begin
    # Stopped first, so that it can't do its duty when the monitor is gone.
    p=$(process xen-vgpu-device)
    kill -STOP "$p"
    kill -9 "$(process xen-vgpu-dm)"
    kill -9 "$p"
    sleep 1
    ! grep -q 'Test result' /var/log/xen/console/guest-gone.log ||
        fail "the guest found an answer though nobody could give one"
    # Whichever monitor starts next removes the server and answers.
    guest_config next hello.elf
    guest_run next 60
    guest_gone next 30 || fail "domain next stays after its end"
    guest_expect gone 100
    guest_gone gone 30 || fail "domain $id stays after its end"
    grep "removed ioreq server" /var/log/xen/qemu-dm-next.log
    n=$((n + 1))
done
note "the monitor was killed $kills times, with the device $orphans times"
guest_expect $other 250
guest_config last hello.elf
guest_run last 60
for id in $ids; do
    assert_nothing_left "$id"
done
