# SPDX-License-Identifier: GPL-2.0-or-later
# A shader that does not end costs its own guest an engine reset; another
# guest's pictures stay what they are.
# lab: timeout=600 check=1 long_timeout=1800 memory=4096 dom0=2560 vcpus=2 parts=vulkan

: "${GFX_SCHED=none}" # sched-gfx-hang.sh has another
GUEST_MEMORY=96
hangs=1
[ -z "${XVGPU_LONG:-}" ] || hangs=10
bad=bad,hangs=$hangs
good=good,scene=3,compute=0,frames=1,again=$((hangs + 1)),completion=1,doorbell=1

# The machine is emulated: a draw may take its time.
GUEST_VGPU=model=native,vram=16M,sched=$GFX_SCHED,watchdog=60000
guest_config $good vgpu-gfx.elf
GUEST_VGPU=model=native,vram=16M,sched=$GFX_SCHED,watchdog=10000
guest_config $bad vgpu-gfx-hang.elf
for g in $bad $good; do
    GUEST_PAUSED=1 guest_create $g
done
for g in $bad $good; do
    xl unpause $g
done
guest_expect $bad 1700
guest_expect $good 1700
for g in $bad $good; do
    guest_console "$g" | grep '^HANG\|^AGAIN\|^PICTURE\|^STATS' |
        sed "s/^/${g%%,*} /" | tee -a "$OUT/figures"
    assert_nothing_left "$(domid "$g")"
done
[ "$(grep -c '^bad HANG' "$OUT/figures")" = $hangs ] || fail "there was no hang"
[ "$(grep -c '^good AGAIN' "$OUT/figures")" = $((hangs + 1)) ] || fail "frames are missing"
