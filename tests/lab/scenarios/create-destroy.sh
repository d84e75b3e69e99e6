# SPDX-License-Identifier: GPL-2.0-or-later
# Created and destroyed 20 times (8 without --long), half of them in mid-job: nothing is left.
# lab: timeout=420 check=1 long_timeout=900

name=again,jobs=100000
guest_config $name vgpu-copy.elf
free_before=$(xl info | awk '/^free_memory/ { print $3 }')
rounds=8
[ -z "${XVGPU_LONG:-}" ] || rounds=20
i=0
while [ $i -lt $rounds ]; do
    guest_create $name
    id=$(domid $name)
    # Every second one gets far enough to have jobs in flight.
    if [ $((i % 2)) -eq 1 ]; then
        wait_for 30 grep -q . /var/log/xen/console/guest-$name.log ||
            fail "round $i: the guest prints nothing"
    fi
    guest_destroy $name
    assert_nothing_left "$id"
    i=$((i + 1))
done
free_after=$(xl info | awk '/^free_memory/ { print $3 }')
note "$rounds rounds; free memory of Xen $free_before MiB before, $free_after MiB after"
[ $((free_before - free_after)) -le 4 ] || fail "Xen's memory shrinks"
