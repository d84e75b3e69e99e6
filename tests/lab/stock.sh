# SPDX-License-Identifier: GPL-2.0-or-later
# Stock Linux guests with a virtio-gpu, for scenarios with parts=virtio or
# parts=mesa; README.md in this folder describes them.  Sourced by scenarios
# after lib.sh.
# shellcheck shell=dash

: "${STOCK_VGPU=model=virtio-gpu,sched=none}" # of xen-vgpu attach; empty: none
: "${STOCK_IMAGE=virtio}"                     # the part; mesa is the other
: "${STOCK_MEMORY=256}"                       # MiB; mesa needs 1000

# PVH, and at its first command when this returns.
stock_start() { # NAME [LINE...]
    _stock=$1
    shift
    _memory=$GUEST_MEMORY
    GUEST_MEMORY=$STOCK_MEMORY
    pvh_config "$_stock" "/root/$STOCK_IMAGE/vmlinuz" \
        "ramdisk = \"/root/$STOCK_IMAGE/initrd\"" \
        'cmdline = "console=tty0 console=hvc0 pci=noacpi,noearly panic=1 quiet"' \
        "$@"
    GUEST_MEMORY=$_memory
    GUEST_PAUSED=1
    guest_create "$_stock"
    GUEST_PAUSED=
    [ -z "$STOCK_VGPU" ] ||
        xen-vgpu attach "$(domid "$_stock")" -vgpu "$STOCK_VGPU"
    xl unpause "$_stock"
    stock_ready "$_stock"
}

# HVM beside QEMU, booting from the part's disk; OPTIONS are QEMU's, quoted as
# in GUEST_DM_ARGS.  With an empty GUEST_VGPU QEMU is alone.
stock_beside_qemu() { # NAME OPTIONS [LINE...]
    _stock=$1
    # shellcheck disable=SC2034
    GUEST_COMPANION='' GUEST_PAUSED='' GUEST_MEMORY=$STOCK_MEMORY
    GUEST_DM_ARGS="\"-drive\", \"file=/root/$STOCK_IMAGE/disk.img,format=raw,if=none,id=disk,readonly=on\", \"-device\", \"virtio-blk-pci,drive=disk\", $2"
    shift 2
    guest_config "$_stock" "/root/$STOCK_IMAGE/vmlinuz" "$@"
    sed -i -e '/^firmware_override/d' "$(config_file "$_stock")"
    [ -n "$GUEST_VGPU" ] ||
        sed -i '/^device_model_override/d' "$(config_file "$_stock")"
    guest_create "$_stock"
    stock_ready "$_stock"
}

stock_ready() { # NAME
    echo 0 > "$LAB_STATE/$1.told"
    guest_printed "$1" 300 '^Ready'
}

# A line for the guest's shell; line ends count as spaces.
stock_tell() { # NAME COMMAND
    read -r _told < "$LAB_STATE/$1.told"
    echo $((_told + 1)) > "$LAB_STATE/$1.told"
    {
        echo "$2" | tr '\n' ' '
        echo
    } > "$(xenstore-read "/local/domain/$(domid "$1")/console/tty")"
}

# Waits until it is done; its status, and what it printed in $STOCK_SAID.
stock_done() { # NAME SECONDS
    read -r _told < "$LAB_STATE/$1.told"
    guest_printed "$1" "$2" "^Done $_told: "
    STOCK_SAID=$(guest_console "$1" | awk -v n="$_told" '
        $0 ~ "^Done " n ": " { exit }
        begun { print }
        n == 1 ? /^Ready/ : $0 ~ "^Done " n - 1 ": " { begun = 1 }')
    _status=$(guest_console "$1" | sed -n "s/^Done $_told: \([0-9]*\)/\1/p")
    return "${_status:-1}"
}

# A command that must succeed.
stock_does() { # NAME SECONDS COMMAND: sets $STOCK_SAID
    stock_tell "$1" "$3"
    stock_done "$1" "$2" ||
        fail "guest $1: $3: $(echo "$STOCK_SAID" | tail -n 3 | tr '\n' ' ')"
}

# A value out of what it printed: "STATS fps=3.2 ..." and the like.
stock_value() { # KEY
    echo "$STOCK_SAID" | tr ' ' '\n' | sed -n "s/^$1=//p" | tail -n 1
}

# The screenshot must show what the guest says that it shows, soon: it may still
# be on its way.
stock_screenshot() { # NAME FILE [SCANOUT]: the last line DRAWN or SHOWN
    _drawn=$(guest_console "$1" | sed -n 's/^\(DRAWN\|SHOWN\) //p' | tail -n 1)
    wait_for 30 stock_shows "$@" ||
        fail "screenshot: $_shown, the guest drew: $_drawn"
}

stock_shows() { # NAME FILE [SCANOUT]
    _domid=$(domid "$1")
    shift
    xen-vgpu screenshot "$_domid" "$@" || return
    _shown=$(/root/lab/dom0-pngsum "$1")
    [ "$_shown" = "$_drawn" ]
}

# --- what each stock driver must do; pictures are left in $OUT -----------------

# The console, its blinking cursor off: what the kernel says is on the screen is
# on it. Then pictures by KMS, with a cursor.
stock_kms() { # NAME
    guest_console "$1" | grep -q '^DRM card0-Virtual-1 connected' ||
        fail "the stock driver finds no display"
    stock_does "$1" 60 'echo 0 > /sys/class/graphics/fbcon/cursor_blink;
        { printf "\\033[2J\\033[H"; uname -a; dmesg | grep "\\[drm";
        cat /proc/fb; ls -C /sys/class; echo "a stock guest"; } > /dev/tty0;
        sleep 2; fb-sum /dev/fb0'
    stock_screenshot "$1" "$OUT/console.png"
    for _picture in 1 2; do
        stock_does "$1" 60 "showing kms-picture -c -p $_picture"
        stock_screenshot "$1" "$OUT/picture-$_picture.png"
        stock_does "$1" 60 hide
    done
    [ "$(guest_console "$1" | grep '^DRAWN' | sort -u | wc -l)" = 2 ] ||
        fail "two pictures are one"
}

# All stages of OpenGL ES 3.2, compared with what llvmpipe draws inside the
# guest; in /tmp/virgl then. And on the screen.
STOCK_SMALL='-m 160x120 -r 2 -t 2'
stock_gl() { # NAME
    guest_console "$1" | grep -q 'features: +virgl' ||
        fail "the stock driver is offered no OpenGL"
    stock_does "$1" 300 "gl-picture $STOCK_SMALL -o /tmp/virgl"
    note "$(echo "$STOCK_SAID" | tr '\n' ' ')"
    echo "$STOCK_SAID" | grep -q '^GL_RENDERER virgl' || fail "it is not virgl"
    stock_does "$1" 300 "gl-picture -l $STOCK_SMALL -c /tmp/virgl"
    note "$(echo "$STOCK_SAID" | tr '\n' ' ')"
    echo "$STOCK_SAID" | grep -q '^GL_RENDERER llvmpipe' ||
        fail "it is not llvmpipe"
    stock_does "$1" 300 'showing gl-picture -k /dev/dri/card0 -r 2 -t 2'
    stock_screenshot "$1" "$OUT/gl.png"
    note "a frame on the screen: $(echo "$STOCK_SAID" | tr '\n' ' ')"
    stock_does "$1" 60 hide
}

# The driver goes and comes back; what it finds then works, too.
stock_rebound() { # NAME
    stock_does "$1" 120 'cd /sys/bus/pci/drivers/virtio-pci;
        d=$(basename 0000:*); echo "$d" > unbind; sleep 1; echo "$d" > bind;
        sleep 2; cd /; ls /dev/dri'
    note "unbound and bound: $(echo "$STOCK_SAID" | tr '\n' ' ')"
    stock_does "$1" 60 'showing kms-picture -p 3'
    stock_screenshot "$1" "$OUT/again.png"
    stock_does "$1" 60 hide
}

stock_end() { # NAME
    stock_tell "$1" 'poweroff -f'
    guest_gone "$1" 120
    assert_nothing_left "$(domid "$1")"
}
