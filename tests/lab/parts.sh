# SPDX-License-Identifier: GPL-2.0-or-later
# Builds the parts of the lab's boot image, and caches them by content.
# Sourced by ./run; expects $lab (this folder) and $cache.
# shellcheck shell=bash disable=SC2154
#
# dom0's root file system is a row of uncompressed cpio archives: Linux unpacks
# archives that follow one another as if they were one, and decompression is
# slow under emulation.  The large archives hardly ever change.

declare -A deb_package=() deb_name=()

# Names of the packages and files that apt would fetch for the downloads: both
# kernels, and what a module for the guest's is built with.
# They are never installed: an installed hypervisor package would boot a
# newcomer's machine into Xen the next time.  Asking apt takes seconds, so the
# answer is kept until apt's lists change.
find_debs() {
    local key package name names=$cache/debs/names kernel headers
    mkdir -p "$cache/debs"
    if [ ! -s "$names" ] || [ "$names" -ot /var/lib/apt/lists ] ||
        ! grep -q '^kbuild ' "$names"; then
        kernel=$(depends linux-image-amd64 .)
        headers=${kernel/image/headers}
        for key in xen kernel headers headers-common kbuild; do
            case $key in
                xen) package=xen-hypervisor-4.17-amd64 ;;
                kernel) package=$kernel ;;
                headers) package=$headers ;;
                headers-common) package=$(depends "$headers" -common) ;;
                kbuild) package=$(depends "$headers" linux-kbuild) ;;
            esac
            [ -n "$package" ] || continue
            name=$(apt-get download --print-uris "$package" 2>/dev/null |
                awk '{ print $2; exit }')
            [ -z "$name" ] || echo "$key $package $name"
        done > "$names.$$"
        # Without apt's lists (no network, say) the last answer serves.
        [ "$(wc -l < "$names.$$")" -lt 5 ] || mv "$names.$$" "$names"
        touch -c "$names"
    fi
    [ -s "$names" ] || die "apt knows no package of Xen or Linux: apt-get update"
    while read -r key package name; do
        deb_package[$key]=$package
        deb_name[$key]=$name
    done < "$names"
}

# The first package that another depends on and whose name fits.
depends() { # PACKAGE PATTERN
    apt-cache depends "$1" 2>/dev/null |
        awk -v p="$2" '/Depends:/ && $2 ~ p { print $2; exit }'
}

# Fetches a package file that the cache lacks, prints its path.
deb_file() { # xen|kernel|headers|headers-common|kbuild
    local file=$cache/debs/${deb_name[$1]}
    if [ ! -e "$file" ]; then
        progress "downloading ${deb_name[$1]}"
        (
            set -e
            rm -rf "$cache/debs/partial.$1.$$"
            mkdir "$cache/debs/partial.$1.$$"
            cd "$cache/debs/partial.$1.$$"
            apt-get -o APT::Sandbox::User=root download -qq "${deb_package[$1]}"
            mv ./*.deb "$file"
            rmdir "$cache/debs/partial.$1.$$"
        ) >&2 || {
            rm -f "$cache/debs/names"
            die "cannot download ${deb_package[$1]}"
        }
    fi
    echo "$file"
}

# Has the two kernels in the cache.  Archives keep the newest version only, so apt's
# lists may be older than what can be had.
fetch_debs() {
    local key
    find_debs
    for key in kernel xen; do
        (deb_file $key > /dev/null) && continue
        progress "refreshing apt's lists"
        apt-get -q update > "$cache/debs/apt.log" 2>&1 || die "apt-get update failed"
        find_debs
        deb_file $key > /dev/null || exit 2
    done
}

# An empty root with merged /usr.  Every part must have the same symbolic links:
# unpacking a folder named lib over a link named lib removes the link.
new_root() { # ROOT
    local name
    for name in bin sbin lib lib64; do
        mkdir -p "$1/usr/$name"
        ln -s "usr/$name" "$1/$name"
    done
    mkdir -p "$1/usr/lib/x86_64-linux-gnu"
}

# Adds the shared libraries of a program to the root.
add_libraries() { # ROOT PROGRAM
    local file
    { ldd "$2" 2>/dev/null || true; } | grep -o '/[^ ]*' | while read -r file; do
        [ -e "$1$file" ] && continue
        mkdir -p "$1$(dirname "$file")"
        cp -L "$file" "$1$file"
    done
}

add_program() { # ROOT PROGRAM [FOLDER]
    local folder=${3:-$(dirname "$2")}
    mkdir -p "$1$folder"
    cp -L "$2" "$1$folder/"
    add_libraries "$1" "$2"
}

pack() { # ROOT ARCHIVE
    (cd "$1" && find . | LC_ALL=C sort | cpio -o -H newc -R 0:0 --quiet) > "$2.$$" &&
        mv "$2.$$" "$2" # in one go: another run may use the cache
}

# Path of a cached part; built when its recipe or a package changed.
part() { # NAME
    local recipe=$lab/parts/$1.sh key file root name packages debs inputs=
    [ -f "$recipe" ] || die "no such part of the boot image: $1"
    # shellcheck disable=SC1090
    . "$recipe"
    for name in $packages; do
        dpkg-query -W -f '${Status}\n' "$name" 2>/dev/null | grep -q ' installed$' ||
            die "part $1 needs the Debian package $name"
    done
    key=$({
        declare -f new_root add_libraries add_program pack
        cat "$recipe"
        # shellcheck disable=SC2086
        dpkg-query -W $packages
        for name in $debs; do echo "${deb_name[$name]}"; done
        for name in $inputs; do
            find "$top/$name" -type f | LC_ALL=C sort | xargs cat
        done
    } | sha256sum | cut -c1-16)
    file=$cache/$1-$key.cpio
    if [ ! -e "$file" ]; then
        progress "building part $1 of the boot image"
        root=$(mktemp -d)
        new_root "$root"
        (set -e; fill "$root") >&2 && pack "$root" "$file" ||
            die "cannot build part $1"
        rm -rf "$root"
        find "$cache" -maxdepth 1 -name "$1-*.cpio" -mtime +14 -delete
    fi
    touch "$file" # what nobody used for two weeks goes
    echo "$file"
}

# The two kernels, out of their packages.
boot_files() { # sets $xen_elf and $vmlinuz
    local deb
    deb=$(deb_file xen) || exit 1
    xen_elf=$cache/xen-$(basename "$deb" .deb).elf
    if [ ! -e "$xen_elf" ]; then
        dpkg-deb --fsys-tarfile "$deb" |
            tar -x -O --wildcards './boot/xen-*.gz' | zcat > "$xen_elf.$$" &&
            mv "$xen_elf.$$" "$xen_elf" || die "no hypervisor in $deb"
    fi
    deb=$(deb_file kernel) || exit 1
    vmlinuz=$cache/vmlinuz-$(basename "$deb" .deb)
    if [ ! -e "$vmlinuz" ]; then
        dpkg-deb --fsys-tarfile "$deb" |
            tar -x -O --wildcards './boot/vmlinuz-*' > "$vmlinuz.$$" &&
            mv "$vmlinuz.$$" "$vmlinuz" || die "no kernel in $deb"
    fi
}

# What changes with every build: our programs, guests, scenarios.
run_part() { # ARCHIVE
    local root file
    root=$(mktemp -d)
    new_root "$root"
    mkdir -p "$root"/root/{guests,scenarios,lab} "$root/var/log/xen-vgpu"
    install -m 755 "$lab/init" "$root/init"
    install -m 755 "$lab/dom0-run" "$root/root/lab/run"
    install -m 644 "$lab/lib.sh" "$lab/stock.sh" "$root/root/lab/"
    cp "$lab"/scenarios/*.sh "$lab"/selftest/*.sh "$root/root/scenarios/"
    # Files that scenarios read, such as ready-made guest configurations.
    [ ! -d "$lab/data" ] || cp -r "$lab/data" "$root/root/data"
    if [ -f "$build/Makefile" ]; then
        make -s -C "$build" install DESTDIR="$root.install" \
            > "$out/install.log" 2>&1 || {
            tail -n 30 "$out/install.log" >&2
            die "make install failed: $out/install.log"
        }
        rm -rf "$root.install"/usr/{share,include} "$root.install"/usr/lib/pkgconfig
        [ ! -d "$root.install" ] || find "$root.install" -type f \( -name '*.a' -o -name '*.la' \) -delete
        [ ! -d "$root.install" ] || cp -a "$root.install/." "$root/"
        rm -rf "$root.install"
        find "$root/usr" -type f -size +0 | while read -r file; do
            [ "$(head -c 4 "$file" | tr -d '\0')" = $'\x7fELF' ] || continue
            strip "$file"
            add_libraries "$root" "$file"
        done
        # What pictures of guests are compared with, and by.
        cp "$top"/tests/gfx/*.png "$root/root/lab/"
        for file in "$build"/tests/guests/*.elf; do
            [ ! -f "$file" ] || cp "$file" "$root/root/guests/"
        done
        # Helpers for dom0 that tests build and nobody installs.
        for file in "$build"/tests/lab/dom0-* "$build"/tests/gfx/compare; do
            [ -f "$file" ] && [ -x "$file" ] || continue
            cp "$file" "$root/root/lab/"
            add_libraries "$root" "$file"
        done
        # An engine that lies to its scheduler.
        file=$build/tests/unit/liar/xen-vgpu-engine-gfx
        [ ! -x "$file" ] || install -D "$file" "$root/root/lab/liar/${file##*/}"
    fi
    pack "$root" "$1" || die "cannot build the boot image"
    rm -rf "$root"
}
