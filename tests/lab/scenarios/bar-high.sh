# SPDX-License-Identifier: GPL-2.0-or-later
# BAR2 above 4 GiB: moved there, jobs of every kind in it.
# lab: timeout=400 check=1

guest_config copy,jobs=100,high=1 vgpu-copy.elf
guest_run copy,jobs=100,high=1 300
assert_nothing_left "$(domid copy,jobs=100,high=1)"
