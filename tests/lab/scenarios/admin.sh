# SPDX-License-Identifier: GPL-2.0-or-later
# xen-vgpu list, show, regs and screenshot on a guest that draws.
# lab: timeout=400 check=1

name=draw,frames=3,hold=100
guest_config $name vgpu-draw.elf
guest_create $name
id=$(domid $name)
guest_printed $name 180 '^PICTURE'
xen-vgpu list | tee "$OUT/list"
grep -q "^$id.0 *$name native" "$OUT/list" ||
    fail "list does not show domain $id, or not all of its name"
xen-vgpu list --json > "$OUT/list.json"
xen-vgpu show "$id" | tee "$OUT/show"
base=$(xen-vgpu regs "$id" | sed -n 's/.*VRAM_BASE *0x0*/0x/p')
grep -q "^VRAM .* at $base\$" "$OUT/show" || fail "show: VRAM is not at $base"
grep -q ' rate=' "$OUT/show" || fail "show names no rate="
xen-vgpu show --json "$id" > "$OUT/show.json"
xen-vgpu regs "$id" > "$OUT/regs"
grep -q 'MAGIC.*0x50475658' "$OUT/regs" || fail "regs does not show MAGIC"
xen-vgpu regs --json "$id" > "$OUT/regs.json"
xen-vgpu screenshot "$id" "$OUT/screen.png"
[ -s "$OUT/screen.png" ] || fail "no picture"
shown=$(/root/lab/dom0-pngsum "$OUT/screen.png")
drawn=$(guest_console $name | sed -n 's/^PICTURE //; s/ style=[0-9]*//; /sum=/p')
[ "$shown" = "$drawn" ] || fail "screenshot: $shown, the guest drew: $drawn"
! xen-vgpu show 4711 2> "$OUT/error" || fail "show of no domain succeeds"
guest_destroy $name
assert_nothing_left "$id"
