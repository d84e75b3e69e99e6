# SPDX-License-Identifier: GPL-2.0-or-later
# lab: timeout=30
# A command that fails unnoticed must not pass.
echo "last words"
false
echo never reached
