# SPDX-License-Identifier: GPL-2.0-or-later
# Both doorbells with every completion route, masks and pending bits.
# lab: timeout=200 check=1

guest_config routes vgpu-routes.elf
guest_run routes 150
guest_console routes | grep '^STATS' > "$OUT/stats"
assert_nothing_left "$(domid routes)"
