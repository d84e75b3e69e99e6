# SPDX-License-Identifier: GPL-2.0-or-later
# lab: timeout=30
# The emulator loses a guest's registers: run again, but only once. The first
# attempt fails by it, in the second all is well; of "always" neither is.
# What Xen said then, a line of another guest in between.
cat > "$OUT/../hypervisor.log" <<'END'
(XEN) d22v0 Triple fault - invoking HVM shutdown action 1
(XEN) *** Dumping Dom22 vcpu#0 state: ***
(XEN) ----[ Xen-4.17.7  x86_64  debug=n  Not tainted ]----
(XEN) CPU:    0
(d21) COMPUTE scene=reduce draws=2 ns=3420057222
(XEN) RIP:    e008:[<ffff82d0402044a5>]
(XEN) RFLAGS: 0000000000000246   CONTEXT: hvm guest (d22v0)
(XEN) rax: 00000000b294a000   rbx: 0000000000137160   rcx: 000000000000000c
END
: "${SELFTEST_ALWAYS=}"
[ -n "$SELFTEST_ALWAYS" ] || [ ! -d "/lab/$LAB_INSTANCE.first" ] || exit 0
fail "by the emulator"
