# SPDX-License-Identifier: GPL-2.0-or-later
# Stock Linux guests of other Debian releases than the one that we are built on:
# kernel, C library and Mesa are all that release's.  Sourced by parts/NAME.sh
# with $release set, after image.sh.
# shellcheck shell=bash disable=SC2154

# apt with lists and packages of its own: nothing is installed, and what is
# installed here does not matter.  The mirror is this machine's.
release_apt() { # COMMAND...
    local state=$cache/apt-$release tool=$1 mirror
    shift
    if [ ! -s "$state/conf" ]; then
        # shellcheck disable=SC2016 # apt's own variable
        mirror=$(apt-get indextargets --format '$(SITE)' \
            'Created-By: Packages' 'Component: main' | grep -v security | head -n 1)
        [ -n "$mirror" ] || die "apt knows no mirror of Debian: apt-get update"
        mkdir -p "$state"/{lists/partial,cache/archives/partial}
        : > "$state/status"
        echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]" \
            "$mirror $release main" > "$state/sources.list"
        cat > "$state/conf" <<END
Dir::Etc::SourceList "$state/sources.list";
Dir::Etc::SourceParts "/dev/null";
Dir::Etc::Preferences "/dev/null";
Dir::Etc::PreferencesParts "/dev/null";
Dir::State "$state";
Dir::State::Lists "$state/lists";
Dir::State::Status "$state/status";
Dir::Cache "$state/cache";
APT::Sandbox::User "root";
APT::Keep-Downloaded-Packages "true";
APT::Architecture "amd64";
Acquire::Languages "none";
END
    fi
    "$tool" -q -c "$state/conf" "$@"
}

# The files of packages, and of all that they need.
release_unpack() { # ROOT PACKAGE...
    local root=$1 file
    shift
    progress "downloading packages of Debian $release"
    release_apt apt-get update > /dev/null
    rm -f "$cache/apt-$release"/cache/archives/*.deb
    release_apt apt-get install -y --no-install-recommends --download-only \
        "$@" > /dev/null
    # Links of a merged /usr must stay what they are.
    for file in "$cache/apt-$release"/cache/archives/*.deb; do
        dpkg-deb --fsys-tarfile "$file" |
            tar -x --keep-directory-symlink -C "$root"
        rm "$file"
    done
    # A linker with another root does not follow whole paths into it.
    find "$root" -type l -lname '/*' | while read -r file; do
        ln -snfr "$root$(readlink "$file")" "$file"
    done
}

# The kernel's package, without what an installed one would need.
release_kernel() { # FOLDER: its file is left there
    local name
    name=$(release_apt apt-cache depends linux-image-amd64 |
        awk '/Depends: linux-image/ { print $2; exit }')
    (cd "$1" && release_apt apt-get download "$name" > /dev/null)
}

# The part: vmlinuz and initrd.
release_guest() { # FOLDER
    local folder=$1 tree kernel name
    tree=$(mktemp -d)
    kernel=$(mktemp -d)
    new_root "$tree"
    release_unpack "$tree" libegl1 libgles2 libgbm1 libegl-mesa0 \
        libgl1-mesa-dri libc6-dev libgbm-dev libegl-dev libgles-dev libdrm-dev
    release_kernel "$kernel"
    stock_root "$tree" "$(echo "$kernel"/*.deb)"
    dpkg-deb --fsys-tarfile "$(echo "$kernel"/*.deb)" |
        tar -x -O --wildcards './boot/vmlinuz-*' > "$folder/vmlinuz"
    guest_program "$tree" kms-picture kms-picture kms -- -static
    guest_program "$tree" fb-sum fb-sum -- -static
    # With the release's own C library: made for a later one it would not start.
    guest_program "$tree" gl-picture gl-picture gl-scene gl-target kms -- \
        --sysroot="$tree" -B"$tree/usr/lib/x86_64-linux-gnu" \
        -L"$tree/usr/lib/x86_64-linux-gnu" -lEGL -lGLESv2 -lgbm -ldrm -lm ||
        die "cannot link with Debian $release's libraries"
    rm -rf "${tree:?}"/{usr/include,var,etc}
    find "$tree/usr" -name '*.a' -delete
    for name in "$tree"/usr/share/*; do
        case ${name##*/} in
            glvnd | drirc.d | libdrm) ;;
            *) rm -rf "$name" ;;
        esac
    done
    pack "$tree" "$folder/initrd"
    rm -rf "$tree" "$kernel"
}
