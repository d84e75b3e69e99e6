# SPDX-License-Identifier: GPL-2.0-or-later
# Somebody looks at a stock guest by VNC: sees what it draws, has it change the
# size of its display, and comes back after the process that shows it has died.
# lab: timeout=400 check=1 parts=virtio memory=2560 dom0=1280

. /root/lab/stock.sh

STOCK_VGPU=model=virtio-gpu,sched=none,vnc=unix:/run/vnc

seen() {
    _seen=$(/root/lab/dom0-rfb /run/vnc)
    _drawn=$(guest_console stock | sed -n 's/^DRAWN //p' | tail -n 1)
    [ "$_seen" = "$_drawn" ] || fail "seen: $_seen, the guest drew: $_drawn"
    note "seen: $_seen"
}

stock_start stock
stock_does stock 60 'kms-picture -c -w -p 1 & sleep 3'
seen
stock_does stock 60 'kill %1; wait'

# What a viewer asks for is in EDID, and the first mode of the next program.
/root/lab/dom0-rfb /run/vnc 1024 768 > "$OUT/resized" &
viewer=$!
stock_does stock 60 'sleep 3; kms-picture -w -p 2 & sleep 3'
wait "$viewer" || fail "the viewer who asked for another size saw none"
seen
case $_seen in "width=1024 height=768 "*) ;; *) fail "the guest's size: $_seen" ;; esac

# The picture does not depend on who shows it.
kill -9 "$(xen-vgpu show "$(domid stock)" | awk '$1 == "display" { print $2 }')"
seen
stock_end stock
