# SPDX-License-Identifier: GPL-2.0-or-later
# A stock PVH guest with Debian's Mesa draws by our virtio-gpu: with all stages
# of OpenGL ES 3.2, compared with what llvmpipe draws inside the guest.
# lab: timeout=1200 parts=mesa,gl memory=4096 dom0=2048

. /root/lab/stock.sh

STOCK_VGPU=model=virtio-gpu,sched=none,display=640x480,watchdog=60000
STOCK_IMAGE=mesa
STOCK_MEMORY=1000
small='-m 160x120 -r 2 -t 2'

stock_start stock
guest_console stock | grep -q 'features: +virgl' ||
    fail "the stock driver is offered no OpenGL"

stock_does stock 300 "gl-picture $small -o /tmp/virgl"
note "$(echo "$STOCK_SAID" | tr '\n' ' ')"
echo "$STOCK_SAID" | grep -q '^GL_RENDERER virgl' || fail "it is not virgl"
stock_does stock 300 "gl-picture -l $small -c /tmp/virgl"
note "$(echo "$STOCK_SAID" | tr '\n' ' ')"
echo "$STOCK_SAID" | grep -q '^GL_RENDERER llvmpipe' || fail "it is not llvmpipe"

stock_does stock 300 'showing gl-picture -k /dev/dri/card0 -r 2 -t 2'
stock_screenshot stock "$OUT/gl.png"
note "a frame on the screen: $(echo "$STOCK_SAID" | tr '\n' ' ')"
stock_does stock 60 hide

for who in '' -l '' -l; do
    stock_does stock 300 "gl-picture $who $small -b 6"
    note "${who:-virgl}: $(echo "$STOCK_SAID" | grep '^STATS')"
done
stock_end stock
