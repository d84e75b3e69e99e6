# SPDX-License-Identifier: GPL-2.0-or-later
# The same with the planet: all stages of the pipeline, minutes of compiling.
# lab: timeout=1200 memory=4096 dom0=2560 vcpus=2 parts=vulkan

GFX_SCENE=0
GFX_PICTURE=planet
GFX_SECONDS=1100
. /root/scenarios/gfx.sh
