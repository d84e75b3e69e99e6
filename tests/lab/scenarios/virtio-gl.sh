# SPDX-License-Identifier: GPL-2.0-or-later
# A stock PVH guest with Debian's Mesa draws by our virtio-gpu: with all stages
# of OpenGL ES 3.2, compared with what llvmpipe draws inside the guest.
# lab: timeout=1200 parts=mesa,gl memory=4096 dom0=2048

. /root/lab/stock.sh

STOCK_VGPU=model=virtio-gpu,sched=none,display=640x480,watchdog=60000
STOCK_IMAGE=mesa
STOCK_MEMORY=1000

stock_start stock
stock_gl stock
for who in '' -l '' -l; do
    stock_does stock 300 "gl-picture $who $STOCK_SMALL -b 6"
    note "${who:-virgl}: $(echo "$STOCK_SAID" | grep '^STATS')"
done
stock_end stock
