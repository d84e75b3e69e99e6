# SPDX-License-Identifier: GPL-2.0-or-later
# The lab itself: Xen with HVM, a toolstack that answers, what the sandbox needs.
# lab: timeout=400 check=1

xl info
xl info | grep '^virt_caps' | grep -qw hvm || fail "Xen offers no HVM"
xl list | grep -q '^Domain-0' || fail "xl list does not show dom0"

controllers=$(cat /sys/fs/cgroup/cgroup.subtree_control)
for c in memory pids; do
    case " $controllers " in
        *" $c "*) ;;
        *) fail "cgroup2 lacks the $c controller" ;;
    esac
done

lsm=$(cat /sys/kernel/security/lsm)
note "dom0: cgroup2 with $controllers; security modules $lsm"
case ",$lsm," in
    *,landlock,*) ;;
    *) fail "dom0's kernel has no Landlock" ;;
esac

echo "a file that comes back" > "$OUT/proof.txt"
