# SPDX-License-Identifier: GPL-2.0-or-later
# The guest gives back memory that the engine has mapped: it faults, the
# charge goes back at once, all works again.
# lab: timeout=400 check=1

races=6
[ -z "${XVGPU_LONG:-}" ] || races=100
name=balloon,races=$races,turns=1
mib() { xl list $name | awk 'NR == 2 { print $3 }'; }

guest_config $name vgpu-balloon.elf
GUEST_PAUSED=1 guest_create $name
id=$(domid $name)
before=$(mib)
xl unpause $name
guest_printed $name 180 '^WITHDRAWN'
after=$(mib)
note "xl list: $before MiB before, $after MiB with 16 MiB withdrawn"
[ $((before - after)) -eq 16 ] || fail "the domain is charged for $after MiB"
xenstore-write "/local/domain/$id/data/turn" 1
guest_expect $name 300
guest_console $name | grep '^STATS' | tee "$OUT/stats"
assert_nothing_left "$id"
