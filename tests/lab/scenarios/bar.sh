# SPDX-License-Identifier: GPL-2.0-or-later
# BARs moved, decoding off and on, resets and FLR in mid-job, BAR over RAM.
# lab: timeout=400 check=1

guest_config bar vgpu-bar.elf
guest_run bar 300
assert_nothing_left "$(domid bar)"
