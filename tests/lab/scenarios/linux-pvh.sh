# SPDX-License-Identifier: GPL-2.0-or-later
# Stock Debian Linux as PVH domain: finds an attached vGPU, copies, MSI-X, MSI.
# lab: timeout=400 parts=linux memory=2560 dom0=1280

GUEST_PAUSED=1
GUEST_MEMORY=256
pvh_config linux /root/linux/vmlinuz 'ramdisk = "/root/linux/initrd"' \
    'cmdline = "console=hvc0 pci=noacpi,noearly panic=1 quiet vgpu.irq=msix,msi"'
guest_create linux
xen-vgpu attach "$(domid linux)" -vgpu vram=16M,sched=none
xl unpause linux
guest_expect linux 240
guest_console linux > "$OUT/console.txt"
grep -q '^PCI 0000:00:10.0 class 0x030200' "$OUT/console.txt" ||
    fail "no vGPU in the guest's sysfs"
for what in 'memory=pagemap completion=poll' 'memory=module completion=poll' \
    "completion=msix " "completion=msi "; do
    note "$(grep "vgpu-sdma: OK .*$what" "$OUT/console.txt" | head -n 1)"
    grep -q "vgpu-sdma: OK .*$what" "$OUT/console.txt" || fail "no round $what"
done
assert_nothing_left "$(domid linux)"
