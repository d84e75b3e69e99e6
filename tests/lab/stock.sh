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

stock_end() { # NAME
    stock_tell "$1" 'poweroff -f'
    guest_gone "$1" 120
    assert_nothing_left "$(domid "$1")"
}
