# SPDX-License-Identifier: GPL-2.0-or-later
# A stock PVH guest on our virtio-gpu in 2D: its console, pictures by KMS, an
# update of a part, a cursor, the driver unbound and bound again.
# lab: timeout=400 check=1 parts=virtio memory=2560 dom0=1280

. /root/lab/stock.sh

stock_start stock
guest_console stock | grep -q '^DRM card0-Virtual-1 connected' ||
    fail "the stock driver finds no display"
note "$(guest_console stock | grep '^PCI\|^FB' | tr '\n' ' ')"

# The console, with its blinking cursor off: what the kernel says is on the
# screen is on it.
stock_does stock 60 'echo 0 > /sys/class/graphics/fbcon/cursor_blink;
    ls -l /sys/class > /dev/tty0; echo "a stock guest" > /dev/tty0; sleep 2;
    fb-sum /dev/fb0'
stock_screenshot stock "$OUT/console.png"

for picture in 1 2; do
    stock_does stock 60 "showing kms-picture -c -p $picture"
    stock_screenshot stock "$OUT/picture-$picture.png"
    stock_does stock 60 hide
done
[ "$(guest_console stock | grep '^DRAWN' | sort -u | wc -l)" = 2 ] ||
    fail "two pictures are one"

stock_does stock 60 'kms-picture -b 5'
note "$(echo "$STOCK_SAID" | grep '^STATS')"

# The driver goes and comes back; what it finds then works, too.
stock_does stock 120 'cd /sys/bus/pci/drivers/virtio-pci; d=$(basename 0000:*);
    echo "$d" > unbind; sleep 1; ls /dev/dri; echo "$d" > bind; sleep 2; cd /;
    ls /dev/dri; cat /sys/class/graphics/fb0/name'
note "unbound and bound: $(echo "$STOCK_SAID" | tr '\n' ' ')"
stock_does stock 60 'showing kms-picture -p 3'
stock_screenshot stock "$OUT/again.png"
stock_end stock
