# SPDX-License-Identifier: GPL-2.0-or-later
# Engine, device, or both are killed at random moments under load; another
# domain loses no job.
# lab: timeout=300 long_timeout=3000

rounds=6
jobs=400
[ -z "${XVGPU_LONG:-}" ] || { rounds=100; jobs=30000; }
other=other,jobs=$jobs,seed=41,route=3
one=victim,kills=$rounds
guest_config $other vgpu-copy.elf
guest_config $one vgpu-kill.elf
guest_create $other
guest_create $one
id=$(domid $one)
log=/var/log/xen/console/guest-$one.log

process() { # NAME
    for p in $(domain_processes "$id"); do
        read -r comm < "/proc/$p/comm" || continue
        case $comm in "$1"*) echo "$p" ;; esac
    done
}
# Whether the guest works on after the n-th time.
goes_on() { grep -q "^READY $n\|^Test result" "$log"; }

n=0
devices=0
while [ $n -lt $rounds ]; do
    wait_for 90 goes_on || fail "the guest stands still after $n kills"
    ! grep -q '^Test result' "$log" || break
    usleep $((n * 7919 % 10 * 30000))
    # The engine always: that is what the guest waits for. Before it, after
    # it, or at once with it the device.
    engine=$(process xen-vgpu-engi)
    device=$(process xen-vgpu-devi)
    [ -n "$engine" ] && [ -n "$device" ] || continue
    case $((n % 3)) in
        0) kill -9 "$engine" ;;
        1) kill -9 "$engine" "$device" ;;
        2) kill -9 "$device" "$engine" ;;
    esac
    [ $((n % 3)) -eq 0 ] || devices=$((devices + 1))
    n=$((n + 1))
    # The monitor gives up after 10 successors of a device in a minute.
    [ $((devices % 9)) -ne 8 ] || [ $((n % 3)) -eq 0 ] || sleep 61
done
note "killed: the engine $n times, the device with it $devices times"
guest_expect $one 120
guest_expect $other 250
assert_nothing_left "$id"
assert_nothing_left "$(domid $other)"
