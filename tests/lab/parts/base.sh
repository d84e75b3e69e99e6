# SPDX-License-Identifier: GPL-2.0-or-later
# The part of dom0's root file system that every boot needs: busybox, Xen's
# toolstack and its daemons, guest firmware, kernel modules.
# shellcheck shell=bash disable=SC2034

packages="busybox-static xen-utils-4.17 xenstore-utils seabios libc6"
debs="kernel"

# Modules with what they depend on.  Loaded at boot: see ../init.  xen-pciback
# and the block back-end are there for scenarios that load them themselves.
modules="xen-evtchn xen-privcmd xenfs xen-gntdev xen-gntalloc
    virtio_pci 9p 9pnet_virtio xen-pciback xen-blkback loop"

fill() { # ROOT
    local root=$1 name version tree
    mkdir -p "$root"/{proc,sys,dev,run,tmp,lab,root,var/log/xen/console} \
        "$root"/{var/lib/xenstored,var/lib/xen,etc/xen,etc/libnl-3,usr/share/seabios}
    ln -s /run "$root/var/run"
    ln -s /run/lock "$root/var/lock"
    ln -s /proc/mounts "$root/etc/mtab"
    : > "$root/etc/xen/xl.conf"
    # For dm_restrict=1: a domain's QEMU gets the second's uid + domid.
    cat > "$root/etc/passwd" <<END
root:x:0:0:root:/root:/bin/sh
xen-qemuuser-range-base:x:131072:131072::/:/bin/false
END
    echo root:x:0: > "$root/etc/group"

    cp /bin/busybox "$root/bin/"
    for name in $(/bin/busybox --list); do
        [ -e "$root/bin/$name" ] || ln -s busybox "$root/bin/$name"
    done

    for name in xl xenstored xenconsoled xenconsole xen-init-dom0 \
        libxl-save-helper xen-hvmctx xen-hvmcrash xenctx lsevtchn xenpm xentop; do
        [ -e "/usr/lib/xen-4.17/bin/$name" ] || continue
        add_program "$root" "/usr/lib/xen-4.17/bin/$name"
    done
    for name in ls read write rm exists list watch chmod; do
        add_program "$root" "/usr/bin/xenstore-$name"
    done
    cp -a /usr/lib/xen-4.17/boot "$root/usr/lib/xen-4.17/"
    cp -L /usr/share/seabios/bios-256k.bin "$root/usr/share/seabios/"
    # Loaded by glibc when a thread is cancelled, so ldd does not name it.
    cp -L /lib/x86_64-linux-gnu/libgcc_s.so.1 "$root/lib/x86_64-linux-gnu/"

    tree=$(mktemp -d)
    dpkg-deb --fsys-tarfile "$(deb_file kernel)" | tar -x -C "$tree" ./lib/modules
    version=$(ls "$tree/lib/modules")
    busybox depmod -b "$tree" "$version"
    for name in $modules; do
        awk -v m="/${name//-/[-_]}.ko:" '$1 ~ m { gsub(":", " "); print }' \
            "$tree/lib/modules/$version/modules.dep"
    done | tr ' ' '\n' | sed '/^$/d' | sort -u | while read -r name; do
        install -D -m 644 "$tree/lib/modules/$version/$name" \
            "$root/lib/modules/$version/$name"
    done
    rm -rf "$tree"
    busybox depmod -b "$root" "$version"
}
