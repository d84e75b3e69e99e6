# SPDX-License-Identifier: GPL-2.0-or-later
# A stock HVM guest beside QEMU that gives our virtio-gpu no MSI-X: it is
# interrupted by INTA#, through the chipset that Xen emulates.
# lab: timeout=600 qemu=1 parts=virtio memory=2560 dom0=1280

. /root/lab/stock.sh

# How often virtio-gpu has interrupted.
interrupts() {
    stock_does stock 60 'grep virtio0 /proc/interrupts'
    INTERRUPTS=$(echo "$STOCK_SAID" | awk '{ n += $2 } END { print n }')
}

GUEST_VGPU=model=virtio-gpu,sched=none,slot=0x10
stock_beside_qemu stock '"-no-user-config"'
interrupts
echo "$STOCK_SAID" | grep -qi msi || fail "there was no MSI-X to begin with"

# What "pci=nomsi" does for all devices, for one; another boot takes minutes.
stock_does stock 120 'cd /sys/bus/pci/drivers/virtio-pci; d=0000:00:10.0;
    echo $d > unbind; echo 0 > /sys/bus/pci/devices/$d/msi_bus;
    echo $d > bind; cd /; sleep 2; [ -e /dev/dri/card0 ]; ls /dev/dri; report'
echo "$STOCK_SAID"
interrupts
note "$(echo "$STOCK_SAID" | tr -s ' \n' ' ')"
! echo "$STOCK_SAID" | grep -qi msi || fail "the guest uses MSI-X"
first=$INTERRUPTS

stock_does stock 120 'kms-picture -d $(card_at 10) -b 3'
note "$(echo "$STOCK_SAID" | grep '^STATS')"
interrupts
xen-vgpu show "$(domid stock)" > "$OUT/show"
note "interrupts: $first before, $INTERRUPTS after, the device raised \
$(sed -n 's/^ *interrupts_control *//p' "$OUT/show")"
[ "$INTERRUPTS" -ge $((first + 10)) ] || fail "there are no interrupts"

stock_does stock 60 'showing kms-picture -c -p 2 -d $(card_at 10)'
stock_screenshot stock "$OUT/picture.png"
stock_does stock 60 hide
stock_end stock
