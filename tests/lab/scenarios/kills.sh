# SPDX-License-Identifier: GPL-2.0-or-later
# Engine and device are killed together, at once or one soon after the other,
# under load; the guest goes on, and another domain loses no job.
# lab: timeout=500 long_timeout=1500

rounds=6
[ -z "${XVGPU_LONG:-}" ] || rounds=${XVGPU_KILLS:-100}
# The monitor gives up after 10 successors of a device in a minute.
turn=9

kill_them() {
    random_below 4
    how=$RANDOM_VALUE
    random_below 200
    case $how in
        0) kill -9 "$engine" "$device" ;;
        1) kill -9 "$device" "$engine" ;;
        2)
            kill -9 "$device"
            usleep $((RANDOM_VALUE * 1000))
            kill -9 "$engine" ;;
        3)
            kill -9 "$engine"
            usleep $((RANDOM_VALUE * 1000))
            kill -9 "$device" ;;
    esac
}
ready() { grep -q "^READY $k\|^Test result" "$log"; }

worker_start $OTHER
n=0
while has_more $n "$rounds"; do
    kills=$((rounds - n))
    [ $kills -le $turn ] || kills=$turn
    name=victim$n,kills=$kills
    log=/var/log/xen/console/guest-$name.log
    guest_config "$name" vgpu-kill.elf
    guest_create "$name"
    id=$(domid "$name")
    k=0
    while [ $k -lt $kills ]; do
        guest_until "$name" 120 ready
        engine=$(vgpu_pid "$id" "engine sdma")
        device=$(vgpu_pid "$id" device)
        [ -n "$engine" ] && [ -n "$device" ] ||
            fail "there is nothing to kill: $(guest_why "$name")"
        # More than 10 starts of an engine in 10 s are refused.
        usleep 1000000
        random_sleep 300
        beside_other kill_them
        k=$((k + 1))
        n=$((n + 1))
    done
    guest_expect "$name" 180
    assert_nothing_left "$id"
done
note "engine and device were killed together $n times"
other_end
