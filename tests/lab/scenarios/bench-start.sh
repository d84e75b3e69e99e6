# SPDX-License-Identifier: GPL-2.0-or-later
# Benchmark: how soon xl's guest has its vGPU, and the memory of the vGPU's processes.
# lab: timeout=200

# bench-start-icount sources this with another value.
: "${starts=9}"

# The shell's own clock: no fork between the two moments.
cat > "$LAB_STATE/wrapper" <<'END'
#!/bin/sh
echo "$EPOCHREALTIME" > /tmp/lab/begin
exec /usr/sbin/xen-vgpu-dm "$@"
END
chmod +x "$LAB_STATE/wrapper"

# The first event comes at once, for the folder.
xenstore-watch /local/domain/0/device-model | while read -r path; do
    case $path in
        */state) echo "$path $EPOCHREALTIME" >> "$LAB_STATE/states" ;;
    esac
done &

us() { # SECONDS.MICROSECONDS
    echo "${1%.*}${1#*.}"
}

wrapped="device_model_override = \"$LAB_STATE/wrapper\""
GUEST_PAUSED=1
i=0
while [ $i -lt "$starts" ]; do
    i=$((i + 1))
    guest_config start$i hello "$wrapped"
    guest_create start$i
    id=$(domid start$i)
    wait_for 10 grep -q "/$id/state " "$LAB_STATE/states" ||
        fail "domain $id is created without a device model"
    begin=$(us "$(cat "$LAB_STATE/begin")")
    end=$(us "$(grep "/$id/state " "$LAB_STATE/states" | head -n 1 | cut -d' ' -f2)")
    echo "STATS test=start us=$((end - begin))" | tee -a "$OUT/stats"
    guest_destroy start$i
done

# Two guests at once, since processes of a kind share pages; each has run jobs
# and has mapped 24 MiB.
unset GUEST_PAUSED
one=one,rounds=1,hold=300
for g in $one two,rounds=1,hold=300; do
    guest_config $g vgpu-latency
    guest_create $g
    guest_printed $g 100 'what=engine'
done
for p in $(domain_processes "$(domid $one)"); do
    awk -v name="$(cat "/proc/$p/comm")" '
        { kib[$1] = $2 }
        END {
            printf "STATS test=memory process=%s rss_kib=%d pss_kib=%d private_kib=%d\n",
                name, kib["Rss:"], kib["Pss:"],
                kib["Private_Clean:"] + kib["Private_Dirty:"]
        }' "/proc/$p/smaps_rollup" | tee -a "$OUT/stats"
done
