# SPDX-License-Identifier: GPL-2.0-or-later
# The same with Debian's Mesa, in /root/mesa of dom0: what the stock driver's
# OpenGL needs, Mesa's software driver, a program that draws with both.  About
# 220 MiB: LLVM is in all of Mesa's drivers, which are one file.
# shellcheck shell=bash disable=SC2034

packages="busybox-static gcc-12 libdrm-dev libgbm-dev libegl-dev libgles-dev
    libegl1 libgles2 libegl-mesa0 libgbm1 libgl1-mesa-dri libllvm15 libc6
    glmark2-es2-drm glmark2-data kmscube"
debs="kernel"
inputs="tests/lab/linux"

fill() { # ROOT
    local folder=$1/root/mesa tree driver=usr/lib/x86_64-linux-gnu/dri name
    tree=$(mktemp -d)
    mkdir -p "$folder"
    # shellcheck source=tests/lab/linux/image.sh
    . "$lab/linux/image.sh"
    new_root "$tree"
    stock_root "$tree"
    guest_program "$tree" kms-picture kms-picture kms -- -static
    guest_program "$tree" fb-sum fb-sum -- -static
    guest_program "$tree" gl-picture gl-picture gl-scene gl-target kms -- \
        -lEGL -lGLESv2 -lgbm -lm
    add_libraries "$tree" "$tree/usr/bin/gl-picture"
    add_program "$tree" /usr/bin/glmark2-es2-drm
    add_program "$tree" /usr/bin/kmscube
    mkdir -p "$tree"/usr/share/{glvnd/egl_vendor.d,drirc.d}
    cp -r /usr/share/glmark2 "$tree/usr/share/"
    # Loaded by name, so ldd does not say so.
    add_program "$tree" /usr/lib/x86_64-linux-gnu/libEGL_mesa.so.0
    add_program "$tree" "/$driver/virtio_gpu_dri.so"
    for name in swrast kms_swrast; do
        ln "$tree/$driver/virtio_gpu_dri.so" "$tree/$driver/${name}_dri.so"
    done
    cp -L /usr/share/glvnd/egl_vendor.d/50_mesa.json \
        "$tree/usr/share/glvnd/egl_vendor.d/"
    cp -L /usr/share/drirc.d/* "$tree/usr/share/drirc.d/"
    cp -L /lib/x86_64-linux-gnu/libgcc_s.so.1 "$tree/lib/x86_64-linux-gnu/"
    pack "$tree" "$folder/initrd"
    cp "$vmlinuz" "$folder/vmlinuz"
    rm -rf "$tree"
}
