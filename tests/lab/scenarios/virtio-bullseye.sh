# SPDX-License-Identifier: GPL-2.0-or-later
# The same as virtio-trixie with Debian 11's stock kernel and Mesa.
# lab: timeout=1200 parts=bullseye,gl memory=4608 dom0=2304

STOCK_IMAGE_NAMED=bullseye
. /root/scenarios/virtio-trixie.sh
