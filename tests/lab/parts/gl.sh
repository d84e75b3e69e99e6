# SPDX-License-Identifier: GPL-2.0-or-later
# An OpenGL driver for dom0: Mesa's llvmpipe, by EGL without a display.
# shellcheck shell=bash disable=SC2034

packages="libegl1 libgl1 libegl-mesa0 libgbm1 libgl1-mesa-dri libllvm15 libc6"
debs=

fill() { # ROOT
    local root=$1 name
    # All loaded by name.
    for name in libEGL.so.1 libGL.so.1 libOpenGL.so.0 libEGL_mesa.so.0 \
        dri/swrast_dri.so; do
        [ ! -e "/usr/lib/x86_64-linux-gnu/$name" ] ||
            add_program "$root" "/usr/lib/x86_64-linux-gnu/$name"
    done
    mkdir -p "$root/usr/share/glvnd/egl_vendor.d"
    cp -L /usr/share/glvnd/egl_vendor.d/50_mesa.json \
        "$root/usr/share/glvnd/egl_vendor.d/"
}
