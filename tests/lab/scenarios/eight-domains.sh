# SPDX-License-Identifier: GPL-2.0-or-later
# Eight domains at work with a vGPU each: a table of what each process has of
# descriptors, event channels and memory.
# lab: timeout=400

GUEST_VIDEORAM=8
GUEST_MEMORY=40
GUEST_VGPU=model=native,vram=8M,sched=none
jobs=300
[ -z "${XVGPU_LONG:-}" ] || jobs=3000
names=
for n in 1 2 3 4 5 6 7 8; do
    name=of8-$n,jobs=$jobs,seed=$n,turns=1
    names="$names $name"
    guest_config "$name" vgpu-copy.elf
    GUEST_PAUSED=1 guest_create "$name"
done
for name in $names; do
    xl unpause "$name"
done
for name in $names; do
    guest_printed "$name" 120 '^STATS'
done

# The kernel names an event channel's interrupt after who bound it: these are
# of all eight domains together.
ports() { # PROCESS-NAME
    grep -c "evtchn:$1\$" /proc/interrupts || :
}
for p in $(vgpu_processes); do
    read -r comm < "/proc/$p/comm" || continue
    [ "$comm" != xen-vgpud ] || continue
    pss=$(sed -n 's/^Pss: *\([0-9]*\) kB/\1/p' "/proc/$p/smaps_rollup")
    anon=$(sed -n 's/^Pss_Anon: *\([0-9]*\) kB/\1/p' "/proc/$p/smaps_rollup")
    echo "$comm $(ls "/proc/$p/fd" | wc -l) $pss $anon"
done > "$OUT/processes"
{
    echo "| process | number | descriptors each | event channels each | Pss each, KiB | of it anonymous, KiB |"
    echo "|---|---|---|---|---|---|"
    for comm in $(cut -d' ' -f1 "$OUT/processes" | sort -u); do
        awk -v c="$comm" -v ports="$(ports "$comm")" '$1 == c {
            n++; fds += $2; pss += $3; anon += $4 } END {
            printf "| %s | %d | %.1f | %.1f | %.0f | %.0f |\n", c, n,
                fds / n, ports / n, pss / n, anon / n }' "$OUT/processes"
    done
} > "$OUT/table.md"
grep evtchn: /proc/interrupts > "$OUT/interrupts" || :
while read -r line; do note "$line"; done < "$OUT/table.md"
[ "$(wc -l < "$OUT/processes")" -eq 24 ] ||
    fail "$(wc -l < "$OUT/processes") processes of eight domains, not 24"

for name in $names; do
    xenstore-write "/local/domain/$(domid "$name")/data/turn" 1
done
for name in $names; do
    guest_expect "$name" 100
    assert_nothing_left "$(domid "$name")"
done
