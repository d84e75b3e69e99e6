# SPDX-License-Identifier: GPL-2.0-or-later
# What ./run demo shows: two guests draw and copy at the same time.
# lab: timeout=400 alone=1

# One guest draws by the CSR doorbell and MSI-X, the other by event channels.
one=red,style=0,frames=200,hold=300
two=blue,style=1,frames=200,hold=300,doorbell=1,completion=1

note "creating two guests"
guest_config $one vgpu-draw.elf
guest_config $two vgpu-draw.elf
GUEST_PAUSED=1
guest_create $one
guest_create $two
xl unpause $one
xl unpause $two
note "both draw 200 frames at the same time"
for g in $one $two; do
    wait_for 240 grep -q '^STATS' "/var/log/xen/console/guest-$g.log" ||
        fail "$g does not come to its end: $(guest_why "$g")"
done
note "taking screenshots"

value() { # KEY: of the STATS line in $stats
    echo "$stats" | tr ' ' '\n' | sed -n "s/^$1=//p"
}
shown() { # NAME: of xen-vgpu show, in $show; of engines, sdma's
    echo "$show" | awk -v n="$1" '
        /^[^ ]/ { other = $1 == "engine" && $2 != "sdma" }
        !other && $1 == n { print $2; exit }'
}

{
    format='%-6s %-6s %6s %8s %6s %6s %6s %6s %6s %9s %9s %9s\n'
    # shellcheck disable=SC2059
    printf "$format" DOMAIN NAME JOBS MiB MAPS MSI-X MSI INTx EVTCHN \
        "p50 ms" "p90 ms" "p99 ms"
    for g in $one $two; do
        id=$(domid "$g")
        show=$(xen-vgpu show "$id")
        stats=$(guest_console "$g" | grep '^STATS')
        mib=$(shown bytes)
        # shellcheck disable=SC2059
        printf "$format" "$id" "${g%%,*}" "$(shown jobs)" \
            $((mib / 1048576)) "$(shown maps)" "$(shown msix)" \
            "$(shown msi)" "$(shown intx)" "$(shown done_evtchn)" \
            $(($(value p50_ns) / 1000000)) $(($(value p90_ns) / 1000000)) \
            $(($(value p99_ns) / 1000000))
        xen-vgpu screenshot "$id" "$OUT/${g%%,*}.png" >&2
        echo "$show" > "$OUT/${g%%,*}.show"
    done
} > "$OUT/table"
cat "$OUT/table"
for g in $one $two; do
    shown=$(/root/lab/dom0-pngsum "$OUT/${g%%,*}.png")
    drawn=$(guest_console "$g" | sed -n 's/^PICTURE //; s/ style=[0-9]*//; /sum=/p')
    [ "$shown" = "$drawn" ] || fail "picture: $shown, the guest drew: $drawn"
    guest_destroy "$g"
    assert_nothing_left "$(domid "$g")"
done
