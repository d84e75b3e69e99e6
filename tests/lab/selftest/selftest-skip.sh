# SPDX-License-Identifier: GPL-2.0-or-later
# lab: timeout=30
skip "nothing to do"
