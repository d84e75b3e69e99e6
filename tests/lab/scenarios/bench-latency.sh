# SPDX-License-Identifier: GPL-2.0-or-later
# Benchmark: doorbell to completion in register reads, starts of the engine, missed mappings.
# lab: timeout=200

# bench-latency-icount sources this with other values.
: "${poll=1000}" "${rounds=17}"

latency=latency,rounds=$rounds
GUEST_VGPU=model=native,vram=16M,sched=none,poll=$poll
guest_config $latency vgpu-latency 'cpus = "1"'
guest_run $latency 150
guest_console $latency | grep '^STATS' | tee -a "$OUT/stats"
