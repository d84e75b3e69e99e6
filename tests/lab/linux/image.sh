# SPDX-License-Identifier: GPL-2.0-or-later
# What the stock Linux guests with a virtio-gpu have in common.  Sourced by
# parts/virtio.sh and parts/mesa.sh, which name this folder among their inputs.
# shellcheck shell=bash disable=SC2154

# busybox, init, the driver with what it needs; all as Debian's packages have it.
stock_root() { # ROOT [KERNEL'S PACKAGE]
    local root=$1 deb=${2:-} name tree version
    [ -n "$deb" ] || deb=$(deb_file kernel)
    mkdir -p "$root"/{bin,sbin,proc,sys,dev}
    cp /bin/busybox "$root/bin/"
    for name in $(/bin/busybox --list); do
        [ -e "$root/bin/$name" ] || ln -s busybox "$root/bin/$name"
    done
    tree=$(mktemp -d)
    mkdir -p "$tree/usr/lib"
    ln -s usr/lib "$tree/lib" # wherever the package has its modules
    dpkg-deb --fsys-tarfile "$deb" |
        tar -x --keep-directory-symlink --exclude=./boot -C "$tree"
    version=$(ls "$tree/lib/modules")
    # busybox reads them as they are inside only.
    find "$tree/lib/modules" -name '*.ko.xz' -exec xz -d {} +
    busybox depmod -b "$tree" "$version"
    for name in virtio_pci virtio-gpu; do
        awk -v m="/$name.ko:" '$1 ~ m { gsub(":", " "); print }' \
            "$tree/lib/modules/$version/modules.dep"
    done | tr ' ' '\n' | sed '/^$/d' | sort -u | while read -r name; do
        install -D -m 644 "$tree/lib/modules/$version/$name" \
            "$root/lib/modules/$version/$name"
    done
    rm -rf "$tree"
    busybox depmod -b "$root" "$version"
    install -m 755 "$lab/linux/init" "$root/init"
}

# A program of ours for the guest; OPTIONs are gcc's.
guest_program() { # ROOT NAME FILES... [-- OPTION...]
    local root=$1 name=$2 files=()
    shift 2
    while [ $# -gt 0 ] && [ "$1" != -- ]; do
        files+=("$lab/linux/$1.c")
        shift
    done
    [ $# -eq 0 ] || shift
    mkdir -p "$root/usr/bin"
    gcc -std=gnu11 -O2 -Wall -Wextra -Werror -D_GNU_SOURCE -s \
        -o "$root/usr/bin/$name" "${files[@]}" "$@"
}

# A disk that boots the guest beside QEMU, which loads a kernel through a slow
# port.
boot_disk() { # FOLDER MIB: of its vmlinuz and initrd makes its disk.img
    local disk=$1/disk.img config
    config=$(mktemp)
    cat > "$config" <<END
DEFAULT linux
LABEL linux
KERNEL vmlinuz
INITRD initrd
APPEND console=tty0 console=hvc0 pci=noearly panic=1 quiet
END
    truncate -s "$2M" "$disk"
    PATH=$PATH:/sbin:/usr/sbin mkfs.vfat -n LINUX "$disk" > /dev/null
    syslinux --install "$disk"
    mcopy -i "$disk" "$1/vmlinuz" "$1/initrd" ::
    mcopy -i "$disk" "$config" ::syslinux.cfg
    rm -f "$config"
}
