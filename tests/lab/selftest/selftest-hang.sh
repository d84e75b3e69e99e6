# SPDX-License-Identifier: GPL-2.0-or-later
# lab: timeout=5
# Neither the scenario nor what it started may survive.
sleep 1000 &
sleep 1000
