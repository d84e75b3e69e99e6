# SPDX-License-Identifier: GPL-2.0-or-later
# The hang of gfx-hang in turns that xen-vgpud gives, with a deadline that is
# longer than the engine's own watchdog, which ends it.
# lab: timeout=600 long_timeout=1800 memory=4096 dom0=2560 vcpus=2 parts=vulkan

GFX_SCHED=host
. /root/scenarios/gfx-hang.sh
