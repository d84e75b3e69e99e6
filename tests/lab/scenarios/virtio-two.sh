# SPDX-License-Identifier: GPL-2.0-or-later
# Two stock guests draw with OpenGL by virtio-gpu and one by the native vGPU,
# with weights 4:2:1: their shares of the gfx engine's time, by xen-vgpud's
# clock, and the pictures of each afterwards.
# lab: timeout=1500 parts=mesa,gl,vulkan memory=6144 dom0=3072 smp=4

. /root/lab/stock.sh

seconds=40
# Two programs a guest, each with two frames of many draws under way: its queue
# is never empty, though an emulated guest takes long to submit.
scene='-m 160x120 -r 2 -t 2'
STOCK_IMAGE=mesa
STOCK_MEMORY=1000
for weight in 400 200; do
    # Each has a processor of its own: where the emulator runs several in turns
    # on one it now and then mixes up their registers.
    cpu=$((1 + 200 / weight))
    STOCK_VGPU=model=virtio-gpu,sched=host,weight=$weight,watchdog=60000,display=640x480
    stock_start w$weight "cpus = \"$cpu\""
    stock_does w$weight 300 "gl-picture $scene -o /tmp/before"
    echo "$STOCK_SAID" | grep -q '^GL_RENDERER virgl' || fail "it is not virgl"
done
GUEST_MEMORY=96
GUEST_VGPU=model=native,vram=16M,sched=host,weight=100,watchdog=60000
load_start "w100,$LOAD"
xl vcpu-pin "$(domid "w100,$LOAD")" all 3
guests="w400 w200 w100,$LOAD"
for weight in 400 200; do
    stock_does w$weight 60 "for i in 1 2; do
        gl-picture $scene -b 900 -c /tmp/before > /tmp/said\$i 2>&1 &
        eval drawing\$i=\\\$!; done"
done
for weight in 400 200; do
    stock_does w$weight 400 'for i in 1 2; do until grep -q "^GL_VERSION" /tmp/said$i; do sleep 1; done; done'
done
# Most of what they draw with is compiled.
compiled=
settled() {
    sleep 5
    vgpud_status > "$OUT/now"
    _compiled=$compiled
    compiled=$(awk '/queues.gfx.vgpus.*\.compile_ns / { s += $2 }
        END { printf "%.0f", s }' "$OUT/now")
    [ "$compiled" = "$_compiled" ]
}
wait_for 300 settled || fail "they compile for ever"

jobs_of() { # FILE: what each engine has done
    for _name in $guests; do
        echo "${_name%%,*} $(engine_jobs "$_name" gfx)"
    done > "$1"
}

jobs_of "$OUT/jobs-before"
vgpud_status > "$OUT/before"
for i in $(seq $((seconds / 2))); do
    sleep 2
    vgpud_status > "$OUT/now"
    awk '/queues.gfx.vgpus.*\.state / { print $1, $2 }' "$OUT/now" >> "$OUT/states"
done
mv "$OUT/now" "$OUT/after"
jobs_of "$OUT/jobs-after"

note "states: $(sort "$OUT/states" | uniq -c | tr -s ' \n' ' ')"
note "jobs: $(paste "$OUT/jobs-before" "$OUT/jobs-after" | awk '{ print $1, $4 - $2 }' | tr '\n' ' ')"
# Charged is what was granted, and what compiling took, which a new state of a
# driver may cause at any time.
# shellcheck disable=SC2086
assert_shares 4 charged_ns "$OUT/before" "$OUT/after" $guests

for weight in 400 200; do
    stock_does w$weight 300 'kill $drawing1 $drawing2; s=0; for i in 1 2; do
        eval wait \$drawing$i || s=1; cat /tmp/said$i; done; [ $s = 0 ]'
    note "w$weight: $(echo "$STOCK_SAID" | grep 'STATS\|COMPARED' | tr '\n' ' ')"
done
load_end "w100,$LOAD"
for weight in 400 200; do
    stock_end w$weight
done
