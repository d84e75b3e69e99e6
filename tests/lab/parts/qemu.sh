# SPDX-License-Identifier: GPL-2.0-or-later
# Xen's QEMU, for guests that have QEMU beside our device model or instead of it.
# shellcheck shell=bash disable=SC2034

packages="qemu-system-xen seabios libc6"
debs=

fill() { # ROOT
    local root=$1 file
    add_program "$root" /usr/libexec/xen-qemu-system-i386
    mkdir -p "$root"/usr/share/{qemu,seabios}
    # Without its keymaps QEMU dies, and libxl says "error on QMP socket" only.
    cp -rL /usr/share/qemu/keymaps "$root/usr/share/qemu/"
    cp -L /usr/share/seabios/*.bin "$root/usr/share/seabios/"
    for file in /usr/share/qemu/*.bin /usr/share/qemu/*.rom; do
        [ ! -f "$file" ] || cp -L "$file" "$root/usr/share/qemu/"
    done
}
