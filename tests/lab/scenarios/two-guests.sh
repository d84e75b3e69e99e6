# SPDX-License-Identifier: GPL-2.0-or-later
# Two guests at once, 1,000 jobs each, every byte verified by the guest.
# lab: timeout=600 check=1

guest_config one,jobs=1000,seed=11,route=3 vgpu-copy.elf
guest_config two,jobs=1000,seed=12,completion=1,doorbell=1 vgpu-copy.elf
guest_create one,jobs=1000,seed=11,route=3
guest_create two,jobs=1000,seed=12,completion=1,doorbell=1
guest_expect one,jobs=1000,seed=11,route=3 300
guest_expect two,jobs=1000,seed=12,completion=1,doorbell=1 300
for g in one,jobs=1000,seed=11,route=3 two,jobs=1000,seed=12,completion=1,doorbell=1; do
    guest_console "$g" | grep '^STATS' | tee -a "$OUT/stats"
    assert_nothing_left "$(domid "$g")"
done
