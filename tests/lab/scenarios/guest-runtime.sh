# SPDX-License-Identifier: GPL-2.0-or-later
# Our guests' runtime under Xen's own QEMU: which side is at fault when all fails?
# lab: timeout=120 qemu=1
GUEST_VGPU=
GUEST_COMPANION=
qemu='device_model_override = "/usr/libexec/xen-qemu-system-i386"'

# QEMU parses the name, too, so commas are doubled for it.
good=hello,,number=42
bad=hello,,fault=16
guest_config $good hello "$qemu"
guest_config $bad hello "$qemu"

guest_run $good 30
guest_console $good | grep -q 'argument number=42$' ||
    fail "the guest did not get its argument"
guest_gone $good 20
assert_nothing_left "$(domid $good)"

# A fault must be an ERROR, and end the domain.
guest_create $bad
rc=0
guest_wait $bad 30 || rc=$?
[ $rc -eq 1 ] || fail "guest_wait gave $rc for a guest that faulted"
guest_console $bad | grep -q '^PANIC: Exception 14' || fail "no word of the fault"
guest_gone $bad 20
