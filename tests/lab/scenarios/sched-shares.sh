# SPDX-License-Identifier: GPL-2.0-or-later
# Three guests that draw without end, with weights 4:2:1: their shares of the
# gfx engine's time, by xen-vgpud's clock.
# lab: timeout=600 check=1 memory=4096 dom0=2560 vcpus=2 parts=vulkan

seconds=30
GUEST_MEMORY=96
guests=
for weight in 400 200 100; do
    GUEST_VGPU=model=native,vram=16M,sched=host,weight=$weight,watchdog=60000
    load_start "w$weight,$LOAD"
    guests="$guests w$weight,$LOAD"
done
sleep 2 # the last one's beginning is over
vgpud_status > "$OUT/before"
sleep $seconds
vgpud_status > "$OUT/after"

granted() { # DOMID: meanwhile, ns
    echo $(($(value_of "$OUT/after" "queues.gfx.vgpus.$1.0.granted_ns") - \
        $(value_of "$OUT/before" "queues.gfx.vgpus.$1.0.granted_ns")))
}
for g in $guests; do
    weight=${g%%,*}
    echo "${weight#w} $(granted "$(domid "$g")")"
done > "$OUT/shares"
awk '
    { w[NR] = $1; t[NR] = $2; sum_w += $1; sum_t += $2 }
    END {
        for (i = 1; i <= NR; i++) {
            share = sum_t ? 100 * t[i] / sum_t : 0
            want = 100 * w[i] / sum_w
            off = share - want
            printf "STATS test=sched-shares weight=%d share=%.2f want=%.2f " \
                "off=%.2f relative=%.2f\n", w[i], share, want, off,
                100 * off / want
            bad += off > 3 || off < -3
        }
        printf "STATS test=sched-shares granted_s=%.2f bad=%d\n", sum_t / 1e9, bad
    }' "$OUT/shares" | tee "$OUT/stats"
note "$(sed -n 's/.*weight=\([0-9]*\) share=\([^ ]*\) want=\([^ ]*\) .*/\1: \2 % of \3,/p' \
    "$OUT/stats" | tr '\n' ' ')over $seconds s"
grep -q 'bad=0$' "$OUT/stats" || fail "a share is off by more than 3 %"
# shellcheck disable=SC2086
load_end $guests
