# SPDX-License-Identifier: GPL-2.0-or-later
# A stock Debian Linux guest that has virtio-gpu's driver, in /root/virtio of
# dom0: its kernel, an initial RAM disk with a program that draws by KMS, and a disk
# that boots them.
# shellcheck shell=bash disable=SC2034

packages="busybox-static gcc-12 libdrm-dev syslinux mtools dosfstools"
debs="kernel"
inputs="tests/lab/linux"

fill() { # ROOT
    local folder=$1/root/virtio tree
    tree=$(mktemp -d)
    mkdir -p "$folder"
    # shellcheck source=tests/lab/linux/image.sh
    . "$lab/linux/image.sh"
    stock_root "$tree"
    guest_program "$tree" kms-picture kms-picture kms -- -static
    guest_program "$tree" fb-sum fb-sum -- -static
    pack "$tree" "$folder/initrd"
    cp "$vmlinuz" "$folder/vmlinuz"
    boot_disk "$folder" 20
    rm -rf "$tree"
}
