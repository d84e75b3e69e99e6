# SPDX-License-Identifier: GPL-2.0-or-later
# The toolstack's own processes are killed beside guests at work: xl's, one a
# domain, that waits for its end, and xenconsoled, which is started anew.
# Guests go on, xl manages their domains, nothing is left.
# lab: timeout=300 long_timeout=900

rounds=2
[ -z "${XVGPU_LONG:-}" ] || rounds=${XVGPU_KILLS:-10}

# Each domain's "xl create" stays for its end.
xl_daemons() {
    pidof xl || :
}
kill_toolstack() {
    # shellcheck disable=SC2046
    kill -9 $(xl_daemons) "$(pidof xenconsoled)"
}
shut_down() {
    xl list "$id" | awk 'NR == 2 { exit $5 !~ /s/ }'
}

worker_start $OTHER
n=0
while has_more $n "$rounds"; do
    name=one$n,until=1,seed=$n
    worker_start "$name"
    id=$(domid "$name")
    [ "$(xl_daemons | wc -w)" -ge 1 ] || fail "no xl process waits for a domain"
    random_sleep 1000
    beside_other kill_toolstack
    [ -z "$(xl_daemons)" ] || fail "an xl process is still there"
    worker_goes_on "$name"
    start_xenconsoled
    xl list > "$OUT/list.txt"
    grep -q "^$name " "$OUT/list.txt" || fail "xl list does not name the guest"
    xen-vgpu list | grep -q "^$id.0 " || fail "xen-vgpu list does not, either"

    # It ends, and nobody sees to what follows: its vGPU stays as long as it.
    worker_goes_on "$name"
    xenstore-write "/local/domain/$id/data/turn" 1
    wait_for 120 shut_down || fail "the guest does not come to its end"
    [ -n "$(domain_processes "$id")" ] || fail "its vGPU went before the domain"
    xl destroy "$id"
    assert_nothing_left "$id"

    # A new one, destroyed in mid-job with nobody waiting.
    name=two$n,until=1,seed=$n
    worker_start "$name"
    id=$(domid "$name")
    beside_other kill -9 $(xl_daemons)
    worker_goes_on "$name"
    beside_other xl destroy "$id"
    assert_nothing_left "$id"
    n=$((n + 1))
done
note "the toolstack was killed $((2 * n)) times"
worker_stop $OTHER
guest_destroy $OTHER
assert_nothing_left "$(domid $OTHER)"
other_report
