# SPDX-License-Identifier: GPL-2.0-or-later
# 16 MiB of single pages in random order, RAM and VRAM in every mix.
# lab: timeout=400 check=1

GUEST_MEMORY=128
GUEST_VIDEORAM=64
GUEST_VGPU=model=native,vram=64M,sched=none
guest_config scatter vgpu-scatter.elf
guest_run scatter 300
assert_nothing_left "$(domid scatter)"
