# SPDX-License-Identifier: GPL-2.0-or-later
# SIGKILL of the engine under load: it is restarted, the guest is told, the
# next jobs work.
# lab: timeout=300 check=1

name=kill,kills=5
guest_config $name vgpu-kill.elf
guest_create $name
id=$(domid $name)
n=0
while [ $n -lt 5 ]; do
    wait_for 60 sh -c "grep -q '^READY $n' /var/log/xen/console/guest-$name.log" ||
        break
    for p in $(domain_processes "$id"); do
        read -r comm < "/proc/$p/comm"
        [ "$comm" = xen-vgpu-engine ] || [ "$comm" = xen-vgpu-engin ] || continue
        kill -9 "$p"
    done
    n=$((n + 1))
done
guest_expect $name 120
assert_nothing_left "$id"
