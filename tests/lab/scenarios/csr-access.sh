# SPDX-License-Identifier: GPL-2.0-or-later
# Every access size and alignment to BAR0, rep movs and rep stos both ways.
# lab: timeout=400 check=1

guest_config csr vgpu-csr-access.elf
guest_run csr 240
assert_nothing_left "$(domid csr)"
