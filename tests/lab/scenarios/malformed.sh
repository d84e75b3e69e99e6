# SPDX-License-Identifier: GPL-2.0-or-later
# Malformed packets, rings and addresses, each reported, while another guest
# works on undisturbed.
# lab: timeout=600 check=1

guest_config good,jobs=400,seed=5 vgpu-copy.elf
guest_config bad vgpu-malformed.elf
guest_create good,jobs=400,seed=5
guest_create bad
guest_expect bad 300
guest_expect good,jobs=400,seed=5 300
assert_nothing_left "$(domid bad)"
assert_nothing_left "$(domid good,jobs=400,seed=5)"
