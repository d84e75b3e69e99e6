# SPDX-License-Identifier: GPL-2.0-or-later
# A stock guest draws on our virtio-gpu while its engine's and its device's
# process are killed and the administrator resets the vGPU: its driver goes on,
# and what it shows then is right. Then the driver is unbound and bound.
# lab: timeout=500 check=1 parts=virtio memory=2560 dom0=1280

. /root/lab/stock.sh

STOCK_VGPU=model=virtio-gpu,sched=host
stock_start stock
id=$(domid stock)

# What is drawn now is what is seen.
picture() { # NUMBER
    stock_does stock 120 "kms-picture -w -p $1 > /tmp/said & while ! grep DRAWN /tmp/said; do sleep 1; done; sleep 1"
    stock_screenshot stock "$OUT/picture-$1.png"
    stock_does stock 60 'kill $!; wait; echo ended'
}

# Another process of that name is there.
replaced() { # PROCESS PID
    _now=$(vgpu_pid "$id" "$1")
    [ -n "$_now" ] && [ "$_now" != "$2" ]
}

killed() { # PROCESS
    _old=$(vgpu_pid "$id" "$1")
    kill -9 "$_old"
    wait_for 60 replaced "$1" "$_old" || fail "no other $1"
}

picture 1
stock_tell stock 'kms-picture -b 10'
for process in 'engine gfx' device 'engine gfx' device; do
    random_sleep 1000
    killed "$process"
done
random_sleep 1000
xen-vgpu reset "$id"
stock_done stock 200 || fail "kms-picture: $(echo "$STOCK_SAID" | tail -n 3)"
note "drawn meanwhile: $(echo "$STOCK_SAID" | grep '^STATS' | tr '\n' ' ')"
picture 2
xen-vgpu show "$id" > "$OUT/show"
awk '$1 == "device_status" { exit $2 != 15 }' "$OUT/show" ||
    fail "the device wants a reset"

# The driver goes, and comes back.
stock_does stock 120 'cd /sys/bus/pci/drivers/virtio-pci; echo 0000:00:10.0 > unbind; [ ! -e /dev/dri/card0 ]'
stock_does stock 120 'echo 0000:00:10.0 > bind; cd /; sleep 2; ls /dev/dri/card*; [ ! -e /dev/dri/card1 ] || ln -s card1 /dev/dri/card0; [ -e /dev/dri/card0 ]'
picture 3
stock_end stock
