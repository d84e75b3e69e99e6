# SPDX-License-Identifier: GPL-2.0-or-later
# A guest that draws without end, one with a frame now and then, and one that
# copies: how long the second waits for a frame under each policy, in turns, so
# that what else the machine does meets all of them; and without the first.
# lab: timeout=600 long_timeout=1800 memory=4096 dom0=2560 vcpus=2 parts=vulkan

rounds=2
[ -z "${XVGPU_LONG:-}" ] || rounds=${XVGPU_ROUNDS:-10}
seconds=15
GUEST_MEMORY=96
heavy=heavy,$LOAD
light=light,spin=20,route=3,period=250,times=1
# The light one first: it measures how long its shader takes. Two vGPUs of it
# draw nothing: fixed keeps their slices all the same.
GUEST_VGPU=model=native,vram=8M,sched=host,watchdog=60000
GUEST_DM_ARGS='"-vgpu", "model=native,vram=4M,slot=0x11,sched=host", "-vgpu", "model=native,vram=4M,slot=0x12,sched=host"'
load_start $light
GUEST_DM_ARGS=
GUEST_VGPU=model=native,vram=16M,sched=host,watchdog=60000
load_start $heavy
GUEST_MEMORY=64
GUEST_VGPU=model=native,vram=16M,sched=host
worker_start $OTHER

turn=0
phase() { # NAME POLICY: the light guest's times go to $OUT/NAME.ns
    vgpud_ask "{\"command\":\"policy\",\"queue\":\"gfx\",\"policy\":\"$2\"}"
    worker_goes_on $OTHER
    turn=$((turn + 2))
    load_turn $light $((turn - 1))
    load_said $light $((turn - 2))
    sleep $seconds
    load_turn $light $turn
    load_said $light $((turn - 1))
    guest_console $light | sed -n "s/^TIMES turn=$((turn - 1)) //p" |
        tr ' ' '\n' >> "$OUT/$1.ns"
}
# Turn 0 is not looked at: pipelines are compiled in it.
for round in $(seq $rounds); do
    for policy in fixed ondemand fair; do
        phase $policy $policy
    done
    # What the machine itself does to those times.
    xl pause "$(domid $heavy)"
    phase alone fair
    xl unpause "$(domid $heavy)"
    load_goes_on $heavy
done
vgpud_status > "$OUT/status"
xen-vgpu trace "$OUT/trace.json"

at() { # NAME PER-MILLE: ms
    sort -n "$OUT/$1.ns" | awk -v p=$2 '{ t[NR] = $1 }
        END {
            i = int(NR * p / 1000) + 1
            printf "%d\n", t[i < NR ? i : NR] / 1e6
        }'
}
for name in fixed ondemand fair alone; do
    echo "STATS test=sched-light policy=$name frames=$(wc -l < "$OUT/$name.ns")" \
        "p50_ms=$(at $name 500) p90_ms=$(at $name 900) p99_ms=$(at $name 990)" \
        "max_ms=$(at $name 1000)"
done | tee "$OUT/stats"
note "$(sed 's/.*policy=\([a-z]*\) frames=\([0-9]*\) \(.*\) max.*/\1: \2 frames, \3;/' \
    "$OUT/stats" | tr -d _ | tr '\n' ' ')"
# What others cost it is what it waits longer than alone: less than half of what
# it is under fixed. The worst frames are the machine's.
for p in 500 900; do
    for policy in ondemand fair; do
        [ $((2 * ($(at $policy $p) - $(at alone $p)))) -lt \
            $(($(at fixed $p) - $(at alone $p))) ] ||
            fail "$policy: $p of 1000 frames within $(at $policy $p) ms," \
                "fixed: $(at fixed $p) ms, alone: $(at alone $p) ms"
    done
done
worker_end $OTHER
load_end $heavy $light
