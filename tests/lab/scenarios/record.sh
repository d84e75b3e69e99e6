# SPDX-License-Identifier: GPL-2.0-or-later
# A guest's accesses are recorded, from before its first one to its end.
# lab: timeout=400 check=1

GUEST_PAUSED=1
guest_config access vgpu-csr-access.elf
guest_create access
id=$(domid access)
xen-vgpu record --json "$id" "$OUT/csr-access.trace" > "$OUT/record.json" &
recorder=$!
wait_for 240 test -s "$OUT/csr-access.trace" || fail "the recording does not begin"
! xen-vgpu record "$id" /dev/null 2> "$OUT/busy" ||
    fail "two recordings of one domain at a time"
xl unpause access
guest_expect access 240
wait "$recorder" || fail "the recorder failed"
cat "$OUT/record.json"
grep -q '"lost": 0' "$OUT/record.json" || note "some accesses were left out"
assert_nothing_left "$id"
