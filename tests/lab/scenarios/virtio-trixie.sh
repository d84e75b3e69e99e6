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

# Signals end programs of Linux 6.12 with protection keys, in this emulation.
stock_start stock 'cmdline = "console=tty0 console=hvc0 pci=noacpi,noearly panic=1 quiet nopku"'
note "$(guest_console stock | grep '^Linux\|^PCI\|^FB\|features:' | tr '\n' ' ')"
stock_kms stock
stock_gl stock
id=$(domid stock)
xen-vgpu show "$id" > "$OUT/show.txt"
note "$(grep '^  device ' "$OUT/show.txt")"
stock_rebound stock
stock_does stock 300 "gl-picture $STOCK_SMALL -c /tmp/virgl"
stock_end stock
