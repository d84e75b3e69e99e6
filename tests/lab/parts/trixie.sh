# SPDX-License-Identifier: GPL-2.0-or-later
# A stock Debian 13 guest, in /root/trixie of dom0: that release's kernel, C library
# and Mesa.  Its packages are fetched when the part is built.
# shellcheck shell=bash disable=SC2034

packages="busybox-static gcc-12 libdrm-dev xz-utils"
debs=
inputs="tests/lab/linux"

fill() { # ROOT
    local release=trixie
    # shellcheck source=tests/lab/linux/image.sh
    . "$lab/linux/image.sh"
    # shellcheck source=tests/lab/linux/release.sh
    . "$lab/linux/release.sh"
    mkdir -p "$1/root/trixie"
    release_guest "$1/root/trixie"
}
