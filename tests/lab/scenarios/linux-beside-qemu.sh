# SPDX-License-Identifier: GPL-2.0-or-later
# Stock Debian Linux beside QEMU: sysfs, copies without and with our module.
# lab: timeout=400 qemu=1 parts=linux memory=2560 dom0=1280

GUEST_COMPANION=
GUEST_MEMORY=256
GUEST_VIDEORAM=32 # QEMU's VGA and ours
GUEST_DM_ARGS='"-drive", "file=/root/linux/disk.img,format=raw,if=none,id=disk,readonly=on", "-device", "virtio-blk-pci,drive=disk"'
linux_config stock 'vga = "stdvga"'
guest_run stock 240
guest_console stock > "$OUT/console.txt"
grep -q '^PCI 0000:00:10.0 class 0x030200' "$OUT/console.txt" ||
    fail "no vGPU in the guest's sysfs"
for what in 'memory=pagemap completion=poll' 'memory=module completion=poll' \
    completion=msix completion=msi completion=intx; do
    note "$(grep "vgpu-sdma: OK .*$what " "$OUT/console.txt" | head -n 1)"
    grep -q "vgpu-sdma: OK .*$what " "$OUT/console.txt" || fail "no round $what"
done
grep -q 'xen-pirq.*-msi-x.*xen-vgpu0' "$OUT/console.txt" ||
    fail "MSI-X did not come through xen-pirq"
guest_gone stock 240
assert_nothing_left "$(domid stock)"
