# SPDX-License-Identifier: GPL-2.0-or-later
# Benchmark: a register read by wall clock, our device (polling) against QEMU's edu, in turns.
# lab: timeout=400 qemu=1

# bench-mmio-icount sources this with other values.
: "${poll=1000}" "${reads=200}" "${turns=31}"

ours=ours,n=$reads,turns=$turns
edu=edu,,n=$reads,,turns=$turns # QEMU parses names

GUEST_VGPU=model=native,vram=16M,sched=none,poll=$poll
guest_config $ours mmio-latency 'cpus = "1"'
GUEST_VGPU=
GUEST_COMPANION=
GUEST_DM_ARGS='"-device", "edu"'
guest_config $edu mmio-latency 'cpus = "1"' \
    'device_model_override = "/usr/libexec/xen-qemu-system-i386"'
guest_create $ours
guest_create $edu

# One measures while the other sleeps, and dom0 does so, too.
turn() { # NAME TURN
    xenstore-write "/local/domain/$(domid "$1")/data/turn" "$2"
    usleep 300000
    guest_printed "$1" 60 "STATS.* turn=$2 "
}
i=0
while [ $i -lt "$turns" ]; do
    i=$((i + 1))
    if [ $((i % 2)) = 1 ]; then
        turn $ours $i
        turn $edu $i
    else
        turn $edu $i
        turn $ours $i
    fi
done
for g in $ours $edu; do
    guest_expect $g 30
    guest_console $g | grep '^STATS' | tee -a "$OUT/stats"
done
