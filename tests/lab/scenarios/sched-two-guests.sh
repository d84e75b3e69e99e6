# SPDX-License-Identifier: GPL-2.0-or-later
# Two guests copy as in two-guests, in turns that xen-vgpud gives them.
# lab: timeout=600 check=1

GUEST_VGPU=model=native,vram=16M,sched=host
. /root/scenarios/two-guests.sh
