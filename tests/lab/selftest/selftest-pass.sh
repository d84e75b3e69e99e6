# SPDX-License-Identifier: GPL-2.0-or-later
# lab: timeout=30
head -c 3000000 /dev/zero > "$OUT/zeros"
note "a note"
