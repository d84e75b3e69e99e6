# SPDX-License-Identifier: GPL-2.0-or-later
# A stock guest's shader that does not end costs that guest's engine a reset;
# another stock guest draws on and loses nothing, and the first one can draw
# again.
# lab: timeout=900 parts=mesa,virtio,gl memory=4096 dom0=2304 smp=4

. /root/lab/stock.sh

small='-m 160x120 -r 1 -t 2'
# Each has a processor of its own: where the emulator runs several in turns on
# one it now and then mixes up their registers.
STOCK_VGPU=model=virtio-gpu,sched=host,watchdog=60000,display=320x240
stock_start good 'cpus = "1"'
STOCK_IMAGE=mesa
STOCK_MEMORY=1000
STOCK_VGPU=model=virtio-gpu,sched=host,watchdog=10000,display=640x480
stock_start bad 'cpus = "2"'
stock_does bad 300 "gl-picture $small -o /tmp/before"
echo "$STOCK_SAID" | grep -q '^GL_RENDERER virgl' || fail "it is not virgl"
note "before: $(echo "$STOCK_SAID" | grep STATS)"

# Both draw; then one draws what does not end, by another program.
stock_does good 60 'until [ -e /tmp/enough ]; do kms-picture -b 1 || break; sleep 2; done
    > /tmp/said 2>&1 &
    drawing=$!'
stock_does bad 60 "gl-picture $small -b 900 -c /tmp/before > /tmp/said 2>&1 &
    drawing=\$!"
flushes() {
    xen-vgpu show "$(domid good)" | sed -n 's/^ *flushes *//p' | head -n 1
}
first=$(flushes)
stock_tell bad 'gl-picture -H; echo "it ended with $?"'
stock_done bad 600
note "the hang: $(echo "$STOCK_SAID" | tail -n 1)"
second=$(flushes)

vgpud_status > "$OUT/status"
for guest in bad good; do
    xen-vgpu show "$(domid $guest)" > "$OUT/show-$guest"
    echo "$guest $(value_of "$OUT/status" \
        "queues.gfx.vgpus.$(domid $guest).0.resets")" >> "$OUT/resets"
done
note "resets: $(tr '\n' ' ' < "$OUT/resets")"
grep -q '^good 0$' "$OUT/resets" || fail "the other guest was reset, too"
! grep -q '^bad 0$' "$OUT/resets" || fail "there was no reset"

# The program that drew beside it in the same guest; what its kernel says.
stock_does bad 300 'kill $drawing; wait $drawing; echo "status $?"; cat /tmp/said'
note "the guest's other program: $(echo "$STOCK_SAID" | grep -v ERROR | tr '\n' ' ')"
stock_does bad 60 'dmesg | grep "virtio\|drm"'
echo "$STOCK_SAID" > "$OUT/kernel-bad"
note "its kernel: $(grep -c response "$OUT/kernel-bad") times a refusal, the last is: \
$(grep response "$OUT/kernel-bad" | tail -n 1)"
stock_does bad 300 "gl-picture $small -c /tmp/before"
note "drawn anew: $(echo "$STOCK_SAID" | grep COMPARED)"
# Its console is still there, too.
stock_does bad 60 'echo 0 > /sys/class/graphics/fbcon/cursor_blink;
    echo again > /dev/tty0; sleep 2; fb-sum /dev/fb0'
stock_screenshot bad "$OUT/console.png"

third=$(flushes)
note "pictures of the other guest: $first before the hang, $second, $third"
[ "$second" -gt "$first" ] || fail "the other guest stood still"
[ "$third" -gt "$second" ] || fail "the other guest stands still"
stock_does good 120 'touch /tmp/enough; wait $drawing; cat /tmp/said'
! echo "$STOCK_SAID" | grep 'kms-picture:' || fail "the other guest lost something"
stock_does good 60 'showing kms-picture -c -p 2'
stock_screenshot good "$OUT/picture.png"
stock_does good 60 hide
stock_does good 60 'dmesg'
! echo "$STOCK_SAID" | grep 'ERROR' || fail "the other guest's driver complains"
stock_end bad
stock_end good
