# SPDX-License-Identifier: GPL-2.0-or-later
# What ./run demo shows: two domains draw at the same time.
# lab: timeout=1200 alone=1 memory=4096 dom0=2560 vcpus=2 parts=vulkan

# One draws a planet by the CSR doorbell and MSI-X, the other computes, then
# draws 1,000 times a frame, by event channels. sdma copies a frame of each.
planet=planet,scene=0,compute=0,queries=0,frames=2,hold=1200
stream=stream,scene=3,queries=0,frames=5,completion=1,doorbell=1,hold=1200

# The machine is emulated: a draw may take its time.
GUEST_VGPU=model=native,vram=16M,sched=none,watchdog=60000
GUEST_MEMORY=96

seconds() { # NS: with one decimal
    echo "$(($1 / 1000000000)).$(($1 / 100000000 % 10))"
}

# A line of a guest about its work, in words, and in the list of works: NAME
# WHAT DRAWS BEGIN END (ms of dom0's time).
tell() { # NAME WHAT scene=SCENE draws=N ns=N
    draws=${4#draws=}
    ns=${5#ns=}
    end=$(uptime_ms)
    echo "$1 $2 $draws $((end - ns / 1000000)) $end" >> "$OUT/works"
    took="$(seconds "$ns") s"
    case $2 in
        COMPUTE) note "$1: ${3#scene=} computed and checked in $took" ;;
        FRAME) note "$1: a frame of $draws draws and dispatches in $took" ;;
        COPIED)
            note "$1: one more, which sdma waited for and copied, in $took" ;;
    esac
}

# Tells what a guest has done since the last time; true at its end.
follow() { # NAME
    name=${1%%,*}
    seen=0
    eval "seen=\${seen_$name:-0}"
    line=0
    while read -r text; do
        line=$((line + 1))
        [ $line -gt "$seen" ] || continue
        # shellcheck disable=SC2086
        case $text in
            COMPUTE* | FRAME* | COPIED*) tell "$name" $text ;;
            STATS* | "Test result"*) touch "$LAB_STATE/$name.end" ;;
        esac
    done < "/var/log/xen/console/guest-$1.log"
    eval "seen_$name=$line"
    [ -e "$LAB_STATE/$name.end" ]
}

both_end() {
    ended=0
    for g in $planet $stream; do
        ! follow "$g" || ended=$((ended + 1))
    done
    [ $ended = 2 ]
}

# A value of xen-vgpu show, in $show.
shown() { # SECTION NAME
    echo "$show" | awk -v section="$1" -v name="$2" '
        /^[^ ]/ { on = $0 == section }
        on && $1 == name { value = $2 }
        END { print value == "" ? "?" : value }'
}

stats() { # NAME KEY: of the line that the guest ends with
    guest_console "$1" | grep '^STATS' | tr ' ' '\n' | sed -n "s/^$2=//p"
}

done_of() { # NAME: its draws and dispatches
    awk -v name="$1" '$1 == name { n += $3 } END { print n + 0 }' "$OUT/works"
}

engines='%-6s %-7s %-6s %5s %8s %6s %7s %11s %5s %11s %7s %9s %7s\n'
engine() { # DOMID NAME ENGINE DRAWS
    s="engine $3"
    bytes=$(shown "$s" bytes)
    busy=$(shown "$s" busy_ns)
    # shellcheck disable=SC2059
    printf "$engines" "$1" "$2" "$3" "$(shown "$s" jobs)" \
        "$(shown "$s" packets)" "$4" "$(shown "$s" faults)" \
        $((bytes / 1024)) "$(shown "$s" maps)" \
        "$(shown "$s" done_interrupt)" \
        "$(shown "$s" done_evtchn)" "$(shown "$s" doorbells_evtchn)" \
        "$(seconds "$busy")"
}

domains='%-6s %-7s %7s %9s %9s %6s %6s %6s %7s\n'
domain() { # DOMID NAME GUEST
    evtchn=$(($(shown "engine gfx" done_evtchn) + \
        $(shown "engine sdma" done_evtchn)))
    min=$(stats "$3" min_ns)
    max=$(stats "$3" max_ns)
    # shellcheck disable=SC2059
    printf "$domains" "$1" "$2" "$(stats "$3" n)" "$(seconds "$min")" \
        "$(seconds "$max")" "$(shown interrupts msix)" \
        "$(shown interrupts msi)" "$(shown interrupts intx)" "$evtchn"
}

gfx_runs() { # NAME
    show=$(xen-vgpu show "$(domid "$1")") &&
        [ "$(shown "engine gfx" status)" = 1 ]
}

# How long a frame of the one and a frame of the other were in the making.
together() {
    awk 'BEGIN { n = m = 0 }
        $2 == "COMPUTE" { next }
        $1 == "planet" { from[n] = $4; to[n++] = $5; next }
        { begin[m] = $4; end[m++] = $5 }
        END {
            for (i = 0; i < n; i++)
                for (j = 0; j < m; j++) {
                    a = from[i] > begin[j] ? from[i] : begin[j]
                    b = to[i] < end[j] ? to[i] : end[j]
                    if (a < b)
                        sum += b - a
                }
            printf "%d\n", sum / 1000
        }' "$OUT/works"
}

note "creating two domains, each with a vGPU of its own"
for g in $planet $stream; do
    guest_config "$g" vgpu-gfx.elf
    GUEST_PAUSED=1 guest_create "$g"
done
# One engine at a time: emulated, a Vulkan driver is seconds in starting.
for g in $planet $stream; do
    xl unpause "$g"
    note "${g%%,*}: the gfx engine starts"
    guest_until "$g" 120 gfx_runs "$g"
done
note "both are at work; the first frame takes longest: shaders are compiled"
guest_until "$planet $stream" 1100 both_end
for g in $planet $stream; do
    guest_console "$g" | grep -q '^STATS' ||
        fail "$g does not come to its end: $(guest_why "$g")"
    ! guest_console "$g" | grep '^Fail' || fail "$g: a check failed"
done
seconds_together=$(together)
[ "$seconds_together" -gt 0 ] || fail "they did not draw at the same time"
note "taking screenshots; comparing them with what Vulkan draws directly"

for g in $planet $stream; do
    name=${g%%,*}
    id=$(domid "$g")
    xen-vgpu show "$id" > "$OUT/$name.show"
    xen-vgpu screenshot "$id" "$OUT/$name.png"
    verdict=$(/root/lab/compare "$OUT/$name.png" "/root/lab/$name.png" |
        tail -n 1) || :
    case $verdict in
        "the same: "*) ;;
        *) fail "$name: not the reference's picture: $verdict" ;;
    esac
    shown=$(/root/lab/dom0-pngsum "$OUT/$name.png")
    drawn=$(guest_console "$g" |
        sed -n 's/^PICTURE //; s/ scene=[a-z]*//; /sum=/p')
    [ "$shown" = "$drawn" ] || fail "$name: $shown, the guest drew: $drawn"
    echo "$name: $verdict" >> "$OUT/pictures"
done

{
    # shellcheck disable=SC2059
    printf "$engines" DOMAIN NAME ENGINE JOBS PACKETS DRAWS FAULTS \
        "KiB WRITTEN" MAPS INTERRUPTS EVTCHNS DOORBELLS "BUSY s"
    for g in $planet $stream; do
        name=${g%%,*}
        show=$(cat "$OUT/$name.show")
        engine "$(domid "$g")" "$name" gfx "$(done_of "$name")"
        engine "$(domid "$g")" "$name" sdma -
    done
    echo
    # shellcheck disable=SC2059
    printf "$domains" DOMAIN NAME FRAMES "BEST s" "WORST s" MSI-X MSI INTx \
        EVTCHNS
    for g in $planet $stream; do
        show=$(cat "$OUT/${g%%,*}.show")
        domain "$(domid "$g")" "${g%%,*}" "$g"
    done
    echo
    echo "Frames of both were in the making at the same time for" \
        "$seconds_together s. Against the"
    echo "reference, which Vulkan has drawn without us:"
    sed 's/^/  /' "$OUT/pictures"
} > "$OUT/table"
cat "$OUT/table"

note "ending both domains; nothing of theirs may be left"
for g in $planet $stream; do
    id=$(domid "$g")
    guest_destroy "$g"
    assert_nothing_left "$id"
done
