# SPDX-License-Identifier: GPL-2.0-or-later
# Flips and small updates a second of our virtio-gpu and of QEMU's, both in one
# stock guest, in turns; XVGPU_ROUNDS of them (15).
# lab: timeout=1500 qemu=1 parts=virtio memory=2560 dom0=1280

. /root/lab/stock.sh

rounds=${XVGPU_ROUNDS:-15}

dom0_busy() { # ticks of 10 ms
    awk '$1 == "cpu" { print $2 + $3 + $4 + $7 + $8 }' /proc/stat
}

turn() { # WHAT NAME SLOT
    _busy=$(dom0_busy)
    stock_does stock 120 "kms-picture -d \$(card_at $3) -b 1.5 -o $1"
    _busy=$(($(dom0_busy) - _busy))
    echo "$1 $2 $(stock_value per_s) $(stock_value guest_ms)" \
        "$(stock_value n) $_busy" |
        awk '{ print $1, $2, $3, $4, 10 * $6 / $5 }' >> "$OUT/turns"
}

both() { # WHAT ROUND: who is first changes
    if [ $(($2 % 2)) = 0 ]; then
        turn "$1" ours 10
        turn "$1" qemu 11
    else
        turn "$1" qemu 11
        turn "$1" ours 10
    fi
}

# Median and its 95 % interval (order statistics) of the numbers given. The
# awk here knows no roots: d is 0.98 * sqrt(NR), rounded.
median() {
    sort -n | awk '
        { v[NR] = $1 }
        END {
            for (d = 0; (d + 0.5) * (d + 0.5) <= 0.9604 * NR; d++);
            low = int((NR + 1) / 2) - d; high = int(NR / 2 + 1) + d
            if (low < 1) low = 1
            if (high > NR) high = NR
            m = (v[int((NR + 1) / 2)] + v[int(NR / 2 + 1)]) / 2
            printf "%.2f (%.2f to %.2f)", m, v[low], v[high]
        }'
}

column() { # WHAT NAME FIELD
    awk -v what="$1" -v name="$2" -v f="$3" \
        '$1 == what && $2 == name { print $f }' "$OUT/turns"
}

GUEST_VGPU=model=virtio-gpu,sched=none,slot=0x10
stock_beside_qemu stock '"-device", "virtio-gpu-pci,addr=0x11"'
# Once without being measured: what is mapped and started then stays so.
both flips 0
both updates 1
mv "$OUT/turns" "$OUT/first"
i=0
while [ $i -lt "$rounds" ]; do
    both flips $i
    both updates $i
    i=$((i + 1))
done
xen-vgpu show "$(domid stock)" > "$OUT/show"
stock_end stock
for what in flips updates; do
    for name in ours qemu; do
        column $what $name 3 > "$OUT/$name"
        note "$what, $name: $(median < "$OUT/$name") a second;" \
            "ms of processor each: dom0 $(column $what $name 5 | median)," \
            "guest $(column $what $name 4 | median)"
    done
    note "$what, ours to QEMU's, $rounds pairs:" \
        "$(paste "$OUT/ours" "$OUT/qemu" | awk '{ print $1 / $2 }' | median)"
done
