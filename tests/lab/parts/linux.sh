# SPDX-License-Identifier: GPL-2.0-or-later
# A stock Debian Linux guest, in /root/linux of dom0: its kernel and an initial
# RAM disk with our program and module (guest/linux), and a disk that boots
# them.  QEMU can load a kernel itself, but through a slow port.
# shellcheck shell=bash disable=SC2034

packages="busybox-static gcc-12 make libelf1 syslinux mtools dosfstools"
debs="kernel headers headers-common kbuild"
inputs="guest/linux guest/lib include/xen-vgpu"

module() { # TREE: builds the module with the unpacked packages
    local name headers
    for name in headers headers-common kbuild; do
        dpkg-deb -x "$(deb_file $name)" "$1"
    done
    headers=$(echo "$1"/usr/src/linux-headers-*-amd64)
    # Its one line includes the common makefile by an absolute path.
    sed -i "s|/usr/src|$1/usr/src|" "$headers/Makefile"
    mkdir -p "$1/tree/guest"
    cp -r "$top/guest/linux" "$1/tree/guest/"
    cp -r "$top/include" "$1/tree/"
    make -s -C "$headers" M="$1/tree/guest/linux" modules
}

fill() { # ROOT
    local folder=$1/root/linux tree disk name
    tree=$(mktemp -d)
    mkdir -p "$folder" "$tree"/initrd/{bin,proc,sys,dev}
    module "$tree"
    cp /bin/busybox "$tree/initrd/bin/"
    for name in $(/bin/busybox --list); do
        [ "$name" = busybox ] || ln -s busybox "$tree/initrd/bin/$name"
    done
    gcc -std=gnu11 -O2 -Wall -Werror -D_GNU_SOURCE -static -s -I"$top" \
        -I"$top/include" -o "$tree/initrd/bin/vgpu-sdma" \
        "$top/guest/linux/vgpu-sdma.c" "$top/guest/lib/stream.c"
    cp "$tree/tree/guest/linux/xen_vgpu.ko" "$tree/initrd/"
    strip --strip-debug "$tree/initrd/xen_vgpu.ko"
    install -m 755 "$top/guest/linux/lab-init" "$tree/initrd/init"
    mkdir -p "$tree/initrd/sbin"
    pack "$tree/initrd" "$folder/initrd"
    cp "$vmlinuz" "$folder/vmlinuz"

    disk=$folder/disk.img
    cat > "$tree/syslinux.cfg" <<END
DEFAULT linux
LABEL linux
KERNEL vmlinuz
INITRD initrd
APPEND console=hvc0 pci=noearly panic=1 quiet
END
    truncate -s 20M "$disk"
    PATH=$PATH:/sbin:/usr/sbin mkfs.vfat -n LINUX "$disk" > /dev/null
    syslinux --install "$disk"
    mcopy -i "$disk" "$folder/vmlinuz" "$folder/initrd" "$tree/syslinux.cfg" ::
    rm -rf "$tree"
}
