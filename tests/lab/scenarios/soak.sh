# SPDX-License-Identifier: GPL-2.0-or-later
# 50 domains are created, used and destroyed (3 without --long): what there is
# of processes, xenstore nodes, domains and memory is the same before and after.
# lab: timeout=120 long_timeout=1800

rounds=3
[ -z "${XVGPU_LONG:-}" ] || rounds=50
figures() {
    echo "processes $(ls -d /proc/[0-9]* | wc -l)"
    echo "xenstore-nodes $(xenstore-ls -f | wc -l)"
    echo "domains $(xl list | awk 'NR > 1' | wc -l)"
    echo "xen-free-MiB $(xl info | awk '/^free_memory/ { print $3 }')"
    echo "dom0-available-MiB $(awk '/^MemAvailable/ { print int($2 / 1024) }' /proc/meminfo)"
    echo "open-files $(cut -f1 /proc/sys/fs/file-nr)"
}
value() { # FILE FIGURE
    sed -n "s/^$2 //p" "$1"
}

guest_config soak,jobs=20 vgpu-copy.elf
# What the first one leaves for good (caches of xenstored, xl) is no leak.
i=-1
while [ $i -lt $rounds ]; do
    guest_run soak,jobs=20 90
    assert_nothing_left "$(domid soak,jobs=20)"
    i=$((i + 1))
    [ $i -gt 0 ] || { sleep 1; figures > "$OUT/before"; }
done
sleep 1
figures > "$OUT/after"
{
    echo "| | before | after $rounds rounds |"
    echo "|---|---|---|"
    while read -r what before; do
        echo "| $what | $before | $(value "$OUT/after" "$what") |"
    done < "$OUT/before"
} > "$OUT/table.md"
cat "$OUT/table.md"
for what in xenstore-nodes domains; do
    [ "$(value "$OUT/before" $what)" = "$(value "$OUT/after" $what)" ] ||
        fail "$what: $(value "$OUT/before" $what) before, $(value "$OUT/after" $what) after"
done
[ $(($(value "$OUT/after" processes) - $(value "$OUT/before" processes))) -le 3 ] ||
    fail "processes are left"
[ $(($(value "$OUT/before" xen-free-MiB) - $(value "$OUT/after" xen-free-MiB))) -le 2 ] ||
    fail "Xen's memory shrinks"
note "$rounds rounds: $(tr '\n' ' ' < "$OUT/before")-> $(tr '\n' ' ' < "$OUT/after")"
