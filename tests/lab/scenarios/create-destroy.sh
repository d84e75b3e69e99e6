# SPDX-License-Identifier: GPL-2.0-or-later
# Domains are destroyed by xl at random moments, every second one in mid-job:
# nothing is left, and another guest loses no job.
# lab: timeout=500 check=1 long_timeout=1500

rounds=4
[ -z "${XVGPU_LONG:-}" ] || rounds=${XVGPU_KILLS:-50}
name=again,until=1
free_memory() { xl info | awk '/^free_memory/ { print $3 }'; }

worker_start $OTHER
free_before=$(free_memory)
i=0
while has_more $i "$rounds"; do
    if [ $((i % 2)) -eq 1 ]; then
        worker_start $name
    else
        guest_config $name vgpu-copy.elf
        guest_create $name
    fi
    random_sleep 1000
    beside_other guest_destroy $name
    assert_nothing_left "$(domid $name)"
    i=$((i + 1))
done
free_after=$(free_memory)
note "$rounds rounds; free memory of Xen $free_before MiB before, $free_after MiB after"
[ $((free_before - free_after)) -le 4 ] || fail "Xen's memory shrinks"
other_end
