# SPDX-License-Identifier: GPL-2.0-or-later
# Debian 13's stock kernel and Mesa on our virtio-gpu, PVH: the console, pictures
# by KMS, OpenGL ES with all stages compared with that release's llvmpipe in the
# guest.
# lab: timeout=1200 parts=trixie,gl memory=4608 dom0=2304

. /root/lab/stock.sh

STOCK_VGPU=model=virtio-gpu,sched=none,display=640x480,watchdog=60000
: "${STOCK_IMAGE_NAMED:=trixie}" # another release's scenario says which
STOCK_IMAGE=$STOCK_IMAGE_NAMED
STOCK_MEMORY=1200
small='-m 160x120 -r 2 -t 2'

# Signals end programs of Linux 6.12 with protection keys, in this emulation.
stock_start stock 'cmdline = "console=tty0 console=hvc0 pci=noacpi,noearly panic=1 quiet nopku"'
note "$(guest_console stock | grep '^Linux\|^PCI\|^FB\|features:' | tr '\n' ' ')"
guest_console stock | grep -q '^DRM card0-Virtual-1 connected' ||
    fail "the stock driver finds no display"
guest_console stock | grep -q 'features: +virgl' ||
    fail "the stock driver is offered no OpenGL"

stock_does stock 60 'echo 0 > /sys/class/graphics/fbcon/cursor_blink;
    { printf "\\033[2J\\033[H"; uname -a; dmesg | grep "\\[drm"; cat /proc/fb;
    ls -C /sys/class; echo "a stock guest"; } > /dev/tty0; sleep 2;
    fb-sum /dev/fb0'
stock_screenshot stock "$OUT/console.png"
for picture in 1 2; do
    stock_does stock 60 "showing kms-picture -c -p $picture"
    stock_screenshot stock "$OUT/picture-$picture.png"
    stock_does stock 60 hide
done

stock_does stock 300 "gl-picture $small -o /tmp/virgl"
note "$(echo "$STOCK_SAID" | tr '\n' ' ')"
echo "$STOCK_SAID" | grep -q '^GL_RENDERER virgl' || fail "it is not virgl"
stock_does stock 300 "gl-picture -l $small -c /tmp/virgl"
note "$(echo "$STOCK_SAID" | tr '\n' ' ')"
echo "$STOCK_SAID" | grep -q '^GL_RENDERER llvmpipe' || fail "it is not llvmpipe"

stock_does stock 300 'showing gl-picture -k /dev/dri/card0 -r 2 -t 2'
stock_screenshot stock "$OUT/gl.png"
id=$(domid stock)
xen-vgpu show "$id" > "$OUT/show.txt"
note "$(grep '^  device ' "$OUT/show.txt")"
stock_does stock 60 hide

# The driver goes and comes back; what it finds then works, too.
stock_does stock 120 'cd /sys/bus/pci/drivers/virtio-pci; d=$(basename 0000:*);
    echo "$d" > unbind; sleep 1; echo "$d" > bind; sleep 2; cd /; ls /dev/dri'
note "unbound and bound: $(echo "$STOCK_SAID" | tr '\n' ' ')"
stock_does stock 60 'showing kms-picture -p 3'
stock_screenshot stock "$OUT/again.png"
stock_does stock 60 hide
stock_does stock 300 "gl-picture $small -c /tmp/virgl"
stock_end stock
