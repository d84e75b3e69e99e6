# SPDX-License-Identifier: GPL-2.0-or-later
# A guest that draws without end, one with a frame now and then, and one that
# copies: how long the second waits for a frame under each policy.
# lab: timeout=600 memory=4096 dom0=2560 vcpus=2 parts=vulkan

seconds=30
[ -z "${XVGPU_LONG:-}" ] || seconds=90
GUEST_MEMORY=96
# Two vGPUs that draw nothing: fixed keeps their slices all the same.
heavy=heavy,$LOAD
light=light,spin=20,route=3,period=400
GUEST_VGPU=model=native,vram=16M,sched=host,watchdog=60000
load_start $heavy
GUEST_VGPU=model=native,vram=8M,sched=host,watchdog=60000
GUEST_DM_ARGS='"-vgpu", "model=native,vram=4M,slot=0x11,sched=host", "-vgpu", "model=native,vram=4M,slot=0x12,sched=host"'
load_start $light
GUEST_DM_ARGS=
GUEST_MEMORY=64
GUEST_VGPU=model=native,vram=16M,sched=host
worker_start $OTHER

# The first turn is not looked at: pipelines are compiled in it.
turn=0
for policy in fixed ondemand fair; do
    vgpud_ask "{\"command\":\"policy\",\"queue\":\"gfx\",\"policy\":\"$policy\"}"
    for g in $heavy $light; do
        load_turn $g $((turn + 1))
    done
    worker_goes_on $OTHER
    sleep $seconds
    turn=$((turn + 2))
    for g in $heavy $light; do
        load_turn $g $turn
    done
    for g in $heavy $light; do
        load_said $g $((turn - 1))
        echo "STATS test=sched-light policy=$policy guest=${g%%,*} ${LOAD_SAID#* * }" |
            tee -a "$OUT/stats"
    done
    vgpud_status > "$OUT/status-$policy"
done
ms() { # POLICY PERCENTILE
    sed -n "s/.*policy=$1 guest=light .* $2_ns=\([0-9]*\)[0-9]\{6\} .*/\1/p" "$OUT/stats"
}
for policy in fixed ondemand fair; do
    note "$policy: the light guest's frames take $(ms $policy p50) ms," \
        "9 of 10 at most $(ms $policy p90), 99 of 100 at most $(ms $policy p99)"
done
# Of some 70 frames the 99th percentile is the emulator's longest stall.
for policy in ondemand fair; do
    for p in p50 p90; do
        [ $((3 * $(ms $policy $p))) -le $((2 * $(ms fixed $p))) ] ||
            fail "$policy: $p is $(ms $policy $p) ms, fixed: $(ms fixed $p) ms"
    done
done
worker_end $OTHER
load_end $heavy $light
