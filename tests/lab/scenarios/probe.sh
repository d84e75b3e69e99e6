# SPDX-License-Identifier: GPL-2.0-or-later
# A guest finds the vGPU: config space, reset values, VRAM, clock.
# lab: timeout=400 check=1

guest_config probe vgpu-probe.elf
guest_run probe 180
assert_nothing_left "$(domid probe)"
