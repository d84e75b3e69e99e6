# SPDX-License-Identifier: GPL-2.0-or-later
# Both doorbells with every completion route, masks and pending bits.
# lab: timeout=400 check=1

guest_config routes vgpu-routes.elf
guest_run routes 300
guest_console routes | grep '^STATS' > "$OUT/stats"
assert_nothing_left "$(domid routes)"
