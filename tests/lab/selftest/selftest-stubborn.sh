# SPDX-License-Identifier: GPL-2.0-or-later
# lab: timeout=5
# Deaf to the first signal.
trap '' TERM
while :; do sleep 1; done
