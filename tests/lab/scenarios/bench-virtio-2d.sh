# SPDX-License-Identifier: GPL-2.0-or-later
# Flips and small updates of our virtio-gpu and of QEMU's, both in one stock
# guest, in turns.
# lab: timeout=600 qemu=1 parts=virtio memory=2560 dom0=1280

. /root/lab/stock.sh

dom0_busy() { # ticks
    awk '$1 == "cpu" { print $2 + $3 + $4 + $7 + $8 }' /proc/stat
}

turn() { # NAME SLOT
    _busy=$(dom0_busy)
    stock_does stock 120 "cpu; kms-picture -d \$(card_at $2) -b 3; cpu"
    _busy=$(($(dom0_busy) - _busy))
    echo "$STOCK_SAID" | awk -v name="$1" -v dom0=$_busy '
        /^CPU/ { sub(/busy=/, "", $2); guest = $2 - guest }
        /^STATS/ { flips = $3; updates = $5 }
        END { print name, flips, updates, "dom0_busy_ticks=" dom0,
            "guest_busy_ticks=" guest }' >> "$OUT/turns"
    note "$(tail -n 1 "$OUT/turns")"
}

GUEST_VGPU=model=virtio-gpu,sched=none,slot=0x10
stock_beside_qemu stock '"-device", "virtio-gpu-pci,addr=0x11"'
for _ in 1 2 3; do
    turn ours 10
    turn qemu 11
done
stock_end stock
for what in flips updates; do
    note "$(sed -n "s/^\([a-z]*\) .*${what}_per_s=\([0-9.]*\).*/\1 \2/p" \
        "$OUT/turns" | sort -k2n | awk -v what=$what '
        { v[$1, ++n[$1]] = $2 }
        END { printf "%s per second, ratio of medians: %.2f\n", what,
            v["ours", 2] / v["qemu", 2] }')"
done
