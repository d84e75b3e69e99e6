# SPDX-License-Identifier: GPL-2.0-or-later
# A stock guest's driver, offered OpenGL, makes blobs of its own pages and shows
# them; its engine is killed, and the driver unbound and bound.
# lab: timeout=900 parts=virtio,gl memory=4096 dom0=2048

. /root/lab/stock.sh

stock_start stock
stock_does stock 60 'dmesg | grep "drm. features"'
note "$(echo "$STOCK_SAID" | sed 's/.*features://' | tr '\n' ' ')"
echo "$STOCK_SAID" | grep -q '+virgl.*+resource_blob' ||
    fail "the stock driver is offered no blobs"
id=$(domid stock)

replaced() { # PID
    _now=$(vgpu_pid "$id" 'engine gfx')
    [ -n "$_now" ] && [ "$_now" != "$1" ]
}

picture() { # NUMBER
    stock_does stock 120 "showing kms-picture -B -p $1"
    stock_screenshot stock "$OUT/picture-$1.png"
}

picture 1
stock_does stock 60 hide
picture 2
engine=$(vgpu_pid "$id" 'engine gfx')
kill -9 "$engine"
wait_for 60 replaced "$engine" || fail "no other engine"
stock_screenshot stock "$OUT/killed.png"
stock_does stock 60 hide
picture 3
stock_does stock 60 hide

# Blobs and dumb buffers in turns: here the driver waits for neither.
for _ in 1 2 3; do
    for how in '-B' ''; do
        stock_does stock 120 "kms-picture $how -b 3"
        note "${how:-dumb}: $(echo "$STOCK_SAID" | grep '^STATS')"
    done
done
stock_does stock 120 'cd /sys/bus/pci/drivers/virtio-pci; d=$(basename 0000:*);
    echo "$d" > unbind; sleep 1; echo "$d" > bind; sleep 2; cd /; ls /dev/dri;
    [ ! -e /dev/dri/card1 ] || ln -s card1 /dev/dri/card0'
picture 4
stock_does stock 60 hide
stock_end stock
