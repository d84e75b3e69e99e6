# SPDX-License-Identifier: GPL-2.0-or-later
# SIGKILL of the engine at random moments under load: it is restarted, the
# guest is told, the next jobs work, another guest loses no job.
# lab: timeout=500 check=1 long_timeout=1500

kills=4
[ -z "${XVGPU_LONG:-}" ] || kills=${XVGPU_KILLS:-100}
name=kill,kills=$kills
log=/var/log/xen/console/guest-$name.log

worker_start $OTHER
guest_config "$name" vgpu-kill.elf
guest_create "$name"
id=$(domid "$name")
n=0
ready() { grep -q "^READY $n\|^Test result" "$log"; }
last=
while [ -z "$last" ]; do
    guest_until "$name" 120 ready
    p=$(vgpu_pid "$id" "engine sdma")
    [ -n "$p" ] || fail "there is no engine to kill: $(guest_why "$name")"
    # The guest looks at this before it waits for another.
    has_more $((n + 1)) "$kills" || last=1
    [ -z "$last" ] || xenstore-write "/local/domain/$id/data/turn" 1
    # More than 10 starts in 10 s are refused.
    usleep 1000000
    random_sleep 500
    beside_other kill -9 "$p"
    n=$((n + 1))
done
guest_expect "$name" 180
assert_nothing_left "$id"
note "the engine was killed $n times; the guest was told of each"
other_end
