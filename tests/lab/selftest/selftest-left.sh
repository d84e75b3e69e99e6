# SPDX-License-Identifier: GPL-2.0-or-later
# lab: timeout=30
# A process of ours that outlives the scenario fails it.
printf '#!/bin/sh\nsleep 1000\n' > /tmp/xen-vgpu-fake
chmod +x /tmp/xen-vgpu-fake
/tmp/xen-vgpu-fake &
