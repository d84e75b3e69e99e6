# SPDX-License-Identifier: GPL-2.0-or-later
# lab: timeout=30
fail "on purpose"
echo never reached
