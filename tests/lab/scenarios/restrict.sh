# SPDX-License-Identifier: GPL-2.0-or-later
# dm_restrict=1 with our device model alone: libxl hands its QMP socket over,
# sets limits, and kills by a uid that no process of ours has.
# lab: timeout=300 check=1

# The picture is larger than the files that libxl allows.
name=draw,frames=3,hold=200
guest_config $name vgpu-draw.elf 'dm_restrict = 1'
guest_create $name
id=$(domid $name)
pid=$(xenstore-read "/local/domain/$id/image/device-model-pid")
killed=$(xenstore-read "/local/domain/$id/image/device-model-kill-uid")
[ "$killed" = $((131072 + id)) ] || fail "libxl would kill uid $killed"
tr '\0' ' ' < "/proc/$pid/cmdline" > "$OUT/cmdline"
for word in fd= ' -S ' -xen-domid-restrict -chroot -runas; do
    grep -q -e "$word" "$OUT/cmdline" || fail "libxl gave no $word"
done
[ "$(qmp_holders "$id")" = "$pid" ] ||
    fail "libxl's socket is held by $(qmp_holders "$id" | tr '\n' ' '), not by the monitor, $pid, alone"
# QMP was the only sign that libxl got.
! xenstore-exists "/local/domain/0/device-model/$id/state" ||
    fail "the node state is written"
guest_printed $name 60 '^PICTURE'
processes=0
for p in $(domain_processes "$id"); do
    cat "/proc/$p/comm" "/proc/$p/limits" >> "$OUT/limits"
    processes=$((processes + 1))
    uid=$(uid_of "$p")
    [ "$uid" != "$killed" ] || fail "process $p has the uid that libxl kills"
    [ "$p" = "$pid" ] || [ "$uid" -ge 2000000000 ] || fail "process $p has uid $uid"
done
[ $processes -eq 3 ] || fail "$processes processes, not monitor, device and engine"
grep -q 'Max core file size *0 *0' "$OUT/limits" || fail "libxl set no limits"
xen-vgpu screenshot "$id" "$OUT/screen.png"
shown=$(/root/lab/dom0-pngsum "$OUT/screen.png")
drawn=$(guest_console $name | sed -n 's/^PICTURE //; s/ style=[0-9]*//; /sum=/p')
[ "$shown" = "$drawn" ] || fail "screenshot: $shown, the guest drew: $drawn"
note "monitor $pid; libxl kills uid $killed; $processes processes of ours with other uids"
guest_destroy $name
assert_nothing_left "$id"
for p in /proc/[0-9]*; do
    uid=$(uid_of "${p#/proc/}" 2>/dev/null) || continue
    [ "${uid:-0}" -lt 131072 ] || fail "uid $uid still has process ${p#/proc/}"
done

# A guest that ends by itself.
guest_config copy,jobs=200 vgpu-copy.elf 'dm_restrict = 1'
guest_run copy,jobs=200 60
assert_nothing_left "$(domid copy,jobs=200)"

# A start that fails is told by the end of the process.
GUEST_VIDEORAM=8
guest_config small vgpu-copy.elf 'dm_restrict = 1'
if guest_create small > "$OUT/small.txt" 2>&1; then
    fail "a domain without room for VRAM was created"
fi
grep -q 'set videoram=16' "$OUT/small.txt" ||
    fail "the refusal names no videoram=: $(tail -n 1 "$OUT/small.txt")"
GUEST_VIDEORAM=16

# A user without dm_restrict=1: xl waits as ever, but kills by uid. In mid-job.
echo vgpu-guest:x:131000:131000::/:/bin/false >> /etc/passwd
name=copy,jobs=1000000
guest_config $name vgpu-copy.elf 'device_model_user = "vgpu-guest"'
guest_create $name
id=$(domid $name)
[ "$(xenstore-read "/local/domain/$id/image/device-model-kill-uid")" = 131000 ] ||
    fail "libxl does not kill by uid"
guest_printed $name 60 .
guest_destroy $name
assert_nothing_left "$id"
