# SPDX-License-Identifier: GPL-2.0-or-later
# A stock HVM guest beside QEMU shows a picture on our virtio-gpu, reboots by
# itself, and shows another: xl makes a new domain, with a new vGPU.
# lab: timeout=600 qemu=1 parts=virtio memory=2560 dom0=1280

. /root/lab/stock.sh

picture() { # NUMBER
    stock_does stock 120 "kms-picture -w -p $1 > /tmp/said & while ! grep DRAWN /tmp/said; do sleep 1; done; sleep 1"
    stock_screenshot stock "$OUT/picture-$1.png"
    stock_does stock 60 'kill $!; wait; grep KMS /tmp/said'
    echo "$STOCK_SAID" | grep -q 'driver=virtio_gpu' ||
        fail "another driver: $STOCK_SAID"
}

another() {
    _now=$(xl domid stock 2> /dev/null) && [ "$_now" != "$first" ]
}

GUEST_VGPU=model=virtio-gpu,sched=host
stock_beside_qemu stock '"-no-user-config"' 'on_reboot = "restart"'
first=$(domid stock)
picture 1
# The next domain's console begins anew.
mv /var/log/xen/console/guest-stock.log /var/log/xen/console/guest-stock.log.1
xen-vgpu show "$first" > "$OUT/show-1"
echo 'reboot -f' > "$(xenstore-read "/local/domain/$first/console/tty")"
wait_for 120 another || fail "no other domain after the reboot"
xl domid stock > "$LAB_STATE/stock.domid"
note "domain $first is $(domid stock) now"
assert_nothing_left "$first"
stock_ready stock
picture 2
stock_end stock
