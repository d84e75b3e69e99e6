# SPDX-License-Identifier: GPL-2.0-or-later
# A guest storms its registers: what another guest's accesses and dom0's
# processor feel of it, without and with the guard, in one boot.
# lab: timeout=900 icount=1

# Jiffies of dom0's processor that a domain's processes have used.
cpu_of() { # DOMID
    total=0
    for p in $(domain_processes "$1"); do
        # utime and stime, behind the name in brackets
        t=$(sed 's/.*) //' "/proc/$p/stat" | awk '{ print $12 + $13 }')
        total=$((total + t))
    done
    echo $total
}

victim() { # LABEL
    guest_config victim,n=1500 mmio-latency.elf
    guest_run victim,n=1500 300
    guest_console victim,n=1500 | grep '^STATS' | sed "s/^STATS/GUARD case=$1/" |
        tee -a "$OUT/guard"
}

# The second domain is there from the start: with it alone a read costs what it
# costs beside any other domain.
for rate in 0 1000; do
    GUEST_VGPU=model=native,vram=16M,sched=none,poll=0,rate=$rate
    storm=storm$rate,n=60000
    guest_config $storm mmio-latency.elf
    GUEST_VGPU=model=native,vram=16M,sched=none,poll=0
    GUEST_PAUSED=1
    guest_create $storm
    GUEST_PAUSED=
    id=$(domid $storm)
    victim idle-rate-$rate
    xl unpause $storm
    sleep 2
    before=$(cpu_of "$id") start=$(uptime_ms)
    victim storm-rate-$rate
    after=$(cpu_of "$id") end=$(uptime_ms)
    echo "GUARD case=cpu-rate-$rate jiffies=$((after - before)) ms=$((end - start))" |
        tee -a "$OUT/guard"
    xen-vgpu show "$id" > "$OUT/show-$rate" || fail "the storm is over too early"
    guest_destroy $storm
done
