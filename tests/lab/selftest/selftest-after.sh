# SPDX-License-Identifier: GPL-2.0-or-later
# lab: timeout=30
note "alive after another died"
