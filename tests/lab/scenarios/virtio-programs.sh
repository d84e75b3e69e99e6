# SPDX-License-Identifier: GPL-2.0-or-later
# Programs of Debian's on a stock guest's virtio-gpu: glmark2, which validates
# its own pictures, and kmscube, both on the screen by OpenGL and KMS.
# lab: timeout=900 parts=mesa,gl memory=4096 dom0=2048

. /root/lab/stock.sh

# glmark2 takes the screen's size whatever it asks for, 800x600, but gives up
# when both are the same.
STOCK_VGPU=model=virtio-gpu,sched=none,display=640x480,watchdog=60000
STOCK_IMAGE=mesa
STOCK_MEMORY=1000
stock_start stock
stock_does stock 60 'echo 0 > /sys/class/graphics/fbcon/cursor_blink'

# Two pictures of something that moves.
moves() { # PROGRAM
    xen-vgpu screenshot "$(domid stock)" "$OUT/$1-1.png" || return
    sleep 2
    xen-vgpu screenshot "$(domid stock)" "$OUT/$1.png" || return
    ! cmp -s "$OUT/$1-1.png" "$OUT/$1.png"
}

# The first time it may be the console that gives way to it.
shown() { # PROGRAM
    wait_for 120 moves "$1" && wait_for 60 moves "$1" ||
        fail "the picture of $1 stands still"
}

# Those that llvmpipe in the guest gets right at this size, too.
stock_does stock 300 'glmark2-es2-drm --validate -b build:use-vbo=false
    -b bump:bump-render=normals -b shading:shading=phong > /tmp/said 2>&1;
    s=$?; cat /tmp/said; [ $s = 0 ]'
note "$(echo "$STOCK_SAID" | grep 'RENDERER\|Surface Size\|Validation' | tr -s ' \n' ' ')"
echo "$STOCK_SAID" | grep -q 'GL_RENDERER: *virgl' || fail "it is not virgl"
! echo "$STOCK_SAID" | grep 'Validation: Failure' || fail "a picture is wrong"
[ "$(echo "$STOCK_SAID" | grep -c 'Validation: Success')" = 3 ] ||
    fail "too little was validated"

# The stock driver's screens have no alpha channel.
stock_does stock 60 'glmark2-es2-drm --visual-config alpha=0
    -b shading:shading=phong:duration=30 > /tmp/said 2>&1 & program=$!'
shown glmark2
stock_does stock 300 'wait $program; s=$?; cat /tmp/said; [ $s = 0 ]'
note "$(echo "$STOCK_SAID" | grep 'FPS\|Score' | tr -s ' \n' ' ')"

# It ends when it has something to read.
for mode in smooth rgba; do
    stock_does stock 60 "sleep 1000 |
        kmscube -D /dev/dri/card0 -M $mode > /tmp/said 2>&1 & program=\$!"
    shown "kmscube-$mode"
    stock_does stock 60 'kill $program; killall sleep; wait; cat /tmp/said'
    note "kmscube $mode: $(echo "$STOCK_SAID" | grep 'Rendered\|renderer' | tail -n 2 | tr -s ' \n' ' ')"
done
stock_does stock 60 'dmesg | grep -i "virtio\|drm"'
! echo "$STOCK_SAID" | grep 'ERROR' || fail "the driver complains"
stock_end stock
