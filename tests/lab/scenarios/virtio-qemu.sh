# SPDX-License-Identifier: GPL-2.0-or-later
# A stock guest of Xen's QEMU, whose virtio-gpu is 2D only: what ours is measured
# against, and whether the lab's guest and its programs work at all.
# lab: timeout=400 qemu=1 parts=virtio memory=2560 dom0=1280

. /root/lab/stock.sh

GUEST_VGPU=
stock_beside_qemu stock '"-device", "virtio-gpu-pci"'
stock_does stock 60 'kms-picture -b 5'
note "$(echo "$STOCK_SAID" | grep '^STATS')"
echo "$STOCK_SAID" | grep -q '^KMS driver=virtio_gpu' ||
    fail "the guest does not use QEMU's virtio-gpu"
stock_does stock 60 'cpu; fb-sum /dev/fb0'
note "$(echo "$STOCK_SAID" | tr '\n' ' ')"
stock_end stock
