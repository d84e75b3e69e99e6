# SPDX-License-Identifier: GPL-2.0-or-later
# A Vulkan driver for dom0: Mesa's lavapipe, with LLVM inside (about 180 MiB).
# shellcheck shell=bash disable=SC2034

packages="mesa-vulkan-drivers libvulkan1 libllvm15 libc6"
debs=

fill() { # ROOT
    local root=$1
    add_program "$root" /usr/lib/x86_64-linux-gnu/libvulkan.so.1
    add_program "$root" /usr/lib/x86_64-linux-gnu/libvulkan_lvp.so
    mkdir -p "$root/usr/share/vulkan/icd.d"
    cp -L /usr/share/vulkan/icd.d/lvp_icd.x86_64.json \
        "$root/usr/share/vulkan/icd.d/"
}
