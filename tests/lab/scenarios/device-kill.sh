# SPDX-License-Identifier: GPL-2.0-or-later
# SIGKILL of the device process under load: its successor takes over, the
# guest does not notice, another guest loses no job.
# lab: timeout=400 check=1 long_timeout=3000

kills=8
jobs=2500
[ -z "${XVGPU_LONG:-}" ] || { kills=100; jobs=8000; }
one=one,jobs=$jobs,seed=21,route=3
two=two,jobs=$jobs,seed=22,route=1
guest_config $one vgpu-copy.elf
guest_config $two vgpu-copy.elf
guest_create $one
guest_create $two
id=$(domid $one)
device_pid() {
    for p in $(domain_processes "$id"); do
        read -r comm < "/proc/$p/comm" || continue
        [ "$comm" != xen-vgpu-device ] || echo "$p"
    done
}
n=0
while [ $n -lt $kills ]; do
    usleep $((100000 + (n * 7919 % 10) * 50000))
    ! grep -q 'Test result' "/var/log/xen/console/guest-$one.log" || break
    p=$(device_pid)
    [ -n "$p" ] || continue
    kill -9 "$p" && n=$((n + 1))
    # The monitor gives up after 10 in a minute.
    [ $((n % 9)) -ne 0 ] || sleep 61
done
note "the device process was killed $n times"
[ $n -gt 0 ] || fail "the guest was done before anything was killed"
guest_expect $one 300
guest_expect $two 300
for g in $one $two; do
    assert_nothing_left "$(domid "$g")"
done
