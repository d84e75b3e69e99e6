# SPDX-License-Identifier: GPL-2.0-or-later
# Two guests compute and draw as in gfx, in turns that xen-vgpud gives them.
# lab: timeout=600 memory=4096 dom0=2560 vcpus=2 parts=vulkan

GFX_SCHED=host
. /root/scenarios/gfx.sh
