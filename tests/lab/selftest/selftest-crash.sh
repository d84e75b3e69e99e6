# SPDX-License-Identifier: GPL-2.0-or-later
# lab: timeout=60
# A guest that ends in a triple fault of its own is not run again, and who waits
# for a line of it is told at once. Xen's own registers beside it, or those of a
# PV guest, don't make it look like the emulator's doing.
[ ! -d "/lab/$LAB_INSTANCE.first" ] || exit 0
cat > "$OUT/../hypervisor.log" <<'END'
(XEN) d7v0 Triple fault - invoking HVM shutdown action 1
(XEN) *** Dumping Dom7 vcpu#0 state: ***
(XEN) ----[ Xen-4.17.7  x86_64  debug=n  Not tainted ]----
(XEN) CPU:    0
(XEN) RIP:    0008:[<0000000000101234>]
(XEN) RFLAGS: 0000000000010046   CONTEXT: hvm guest (d7v0)
(XEN) ----[ Xen-4.17.7  x86_64  debug=n  Not tainted ]----
(XEN) CPU:    1
(XEN) RIP:    e008:[<ffff82d0402044a5>] common/keyhandler.c#dump
(XEN) RFLAGS: 0000000000000246   CONTEXT: hypervisor
(XEN) *** Dumping Dom8 vcpu#0 state: ***
(XEN) RIP:    e033:[<ffffffff81e00046>]
(XEN) RFLAGS: 0000000000000246   CONTEXT: pv guest (d8v0)
END
guest_config hello,fault=0x7f0000000000 hello.elf
guest_create hello,fault=0x7f0000000000
guest_printed hello,fault=0x7f0000000000 50 '^never printed'
