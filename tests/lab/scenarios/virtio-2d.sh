# SPDX-License-Identifier: GPL-2.0-or-later
# A stock PVH guest on our virtio-gpu in 2D: its console, pictures by KMS, an
# update of a part, a cursor, the driver unbound and bound again.
# lab: timeout=400 check=1 parts=virtio memory=2560 dom0=1280

. /root/lab/stock.sh

stock_start stock
note "$(guest_console stock | grep '^PCI\|^FB' | tr '\n' ' ')"
stock_kms stock
stock_does stock 60 'kms-picture -b 5'
note "$(echo "$STOCK_SAID" | grep '^STATS')"
stock_rebound stock
stock_does stock 60 'cat /sys/class/graphics/fb0/name'
note "its console again: $STOCK_SAID"
stock_end stock
