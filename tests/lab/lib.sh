# SPDX-License-Identifier: GPL-2.0-or-later
# Helpers for scenarios; README.md in this folder describes them.
# shellcheck shell=dash
# Runs in dom0 under busybox sh, with -e and -u.  No bashisms but what busybox
# has; forks are dear under emulation.

: "${LAB_STATE:=/tmp/lab}"

# --- verdicts ---------------------------------------------------------------

fail() { # MESSAGE
    echo "FAIL: $*"
    echo "$*" > "$LAB_STATE/reason"
    exit 1
}

skip() { # MESSAGE
    echo "SKIP: $*"
    echo "$*" > "$LAB_STATE/reason"
    exit 77
}

# Shown at once on the terminal of whoever runs the lab.
note() { # MESSAGE
    echo "$*"
    echo "note $LAB_INSTANCE $*" >> /lab/events
}

uptime_ms() {
    read -r _up _ < /proc/uptime # seconds with two decimals
    echo "${_up%.*}${_up#*.}0"
}

# Tries a command twice a second until it succeeds.
wait_for() { # SECONDS COMMAND [ARGUMENT...]
    _end=$(($(uptime_ms) + $1 * 1000))
    shift
    while ! "$@"; do
        [ "$(uptime_ms)" -lt $_end ] || return 1
        usleep 500000
    done
}

start_xenconsoled() {
    # Not in the scenario's control group, which ends with it.
    sh -c 'echo $$ > /sys/fs/cgroup/cgroup.procs
        exec xenconsoled --pid-file=/run/xenconsoled.pid --log=guest \
            --timestamp=none'
}

# xen-vgpud with 20 times its usual slice, and limits that an engine that means
# well keeps: the machine is emulated, and when others use it, too, a processor
# of dom0 stands still for many seconds. Who tests the limits sets others.
# Outlives the scenario's control group, too, and is ended by the runner.
VGPUD_SLICE_MS=100
start_vgpud() { # [OPTION...]
    mkdir -p /run/xen-vgpu /var/log/xen-vgpu
    sh -c 'echo $$ > /sys/fs/cgroup/cgroup.procs
        exec xen-vgpud "$@"' sh --slice=${VGPUD_SLICE_MS}ms --residency=20ms \
        --deadline=60s --compile=200s --idle-window=60s --idle-cpu=50s "$@" \
        >> /var/log/xen-vgpu/xen-vgpud.log 2>&1 < /dev/null &
    wait_for 60 vgpud_answers
}

# Another one in its place.
restart_vgpud() { # [OPTION...]
    kill -9 "$(pidof xen-vgpud)"
    start_vgpud "$@" || fail "xen-vgpud does not start again"
}

vgpud_answers() {
    vgpud_status > /dev/null 2>&1
}

# What it knows: a "path value" line for each value, such as
# "queues.gfx.vgpus.3.0.granted_ns 12345".
vgpud_status() {
    vgpud_ask '{"command":"status"}'
}

vgpud_ask() { # JSON
    /root/lab/dom0-ask /run/xen-vgpu/xen-vgpud.sock "$1"
}

# A value out of what vgpud_status has printed; 0 without one.
value_of() { # FILE PATH
    awk -v p="$2" '$1 == p { v = $2 } END { printf "%.0f\n", v }' "$1"
}

# --- guests -----------------------------------------------------------------

# What guest_config puts into the configuration; a scenario may set them first.
: "${GUEST_VGPU=model=native,vram=16M,sched=none}"  # one -vgpu; empty: none
: "${GUEST_DM_ARGS=}"       # further arguments, each quoted: '"-a", "b"'
: "${GUEST_MEMORY=64}"      # MiB
: "${GUEST_VIDEORAM=16}"    # MiB; the sum of all vram=
: "${GUEST_VCPUS=1}"
: "${GUEST_COMPANION=none}" # empty: QEMU beside ours (needs "# lab: qemu=1")
: "${GUEST_PAUSED=}"        # not empty: guest_create leaves the guest paused

# xl takes an argument with an equals sign for a setting, and names have some:
# "copy,jobs=1000" hands arguments to our microkernels.
config_file() { # NAME
    echo "$LAB_STATE/$(echo "$1" | tr = -).cfg"
}

guest_config() { # NAME KERNEL [LINE...]
    _name=$1
    _kernel=$2
    shift 2
    case $_kernel in
        /*) ;;
        *) _kernel=/root/guests/${_kernel%.elf}.elf ;;
    esac
    [ -f "$_kernel" ] || fail "no guest kernel $_kernel"
    _args=
    [ -z "$GUEST_COMPANION" ] ||
        _args="\"-vgpu-companion\", \"$GUEST_COMPANION\""
    [ -z "$GUEST_VGPU" ] ||
        _args="${_args:+$_args, }\"-vgpu\", \"$GUEST_VGPU\""
    [ -z "$GUEST_DM_ARGS" ] || _args="${_args:+$_args, }$GUEST_DM_ARGS"
    {
        cat <<END
name = "$_name"
type = "hvm"
firmware_override = "$_kernel"
memory = $GUEST_MEMORY
vcpus = $GUEST_VCPUS
videoram = $GUEST_VIDEORAM
vga = "none"
vnc = 0
nographic = 1
serial = "none"
tsc_mode = "native"
device_model_version = "qemu-xen"
device_model_override = "/usr/sbin/xen-vgpu-dm"
device_model_args = [ $_args ]
on_poweroff = "destroy"
on_reboot = "destroy"
on_watchdog = "destroy"
on_crash = "destroy"
on_soft_reset = "destroy"
END
        # xl takes the last of several assignments to one name.
        for _line; do
            echo "$_line"
        done
    } > "$(config_file "$_name")"
}

# The same for the Linux guest of the part "linux", which boots from what
# GUEST_DM_ARGS or further lines give it.
linux_config() { # NAME [LINE...]
    _linux=$1
    shift
    guest_config "$_linux" /root/linux/vmlinuz "$@"
    sed -i '/^firmware_override/d' "$(config_file "$_linux")"
}

# A PVH domain: no device model, no videoram=; vGPUs are attached to it.
pvh_config() { # NAME KERNEL [LINE...]
    _pvh=$1
    _pvh_kernel=$2
    shift 2
    case $_pvh_kernel in
        /*) ;;
        *) _pvh_kernel=/root/guests/${_pvh_kernel%.pvh.elf}.pvh.elf ;;
    esac
    guest_config "$_pvh" "$_pvh_kernel" "$@"
    sed -i -e '/^device_model_/d' -e '/^videoram/d' -e '/^vga/d' \
        -e '/^serial/d' -e '/^vnc/d' -e '/^nographic/d' \
        -e 's/^type = .*/type = "pvh"/' -e 's/^firmware_override/kernel/' \
        "$(config_file "$_pvh")"
}

# One at a time: two parallel xl create stall under emulation.
guest_create() { # NAME [XL-CREATE-OPTION...]
    _name=$1
    shift
    _log=/var/log/xen/console/guest-$_name.log
    if [ -e "$_log" ]; then # a former guest of that name
        _n=1
        while [ -e "$_log.$_n" ]; do _n=$((_n + 1)); done
        mv "$_log" "$_log.$_n"
    fi
    _cfg=$(config_file "$_name")
    cp "$_cfg" "$OUT/../"
    # Paused first: a short guest is gone before its domid could be asked for.
    xl create -p "$@" "$_cfg" || {
        _rc=$?
        cat "/var/log/xen/qemu-dm-$_name.log" 2>/dev/null || :
        return $_rc
    }
    xl domid "$_name" > "$LAB_STATE/$_name.domid"
    [ -n "${GUEST_PAUSED:-}" ] || xl unpause "$_name"
}

# The domain id that guest_create saw; answers when the domain is gone, too.
domid() { # NAME
    cat "$LAB_STATE/$1.domid"
}

# What the guest printed: its PV console, or Xen's debug port when that is empty.
guest_console() { # NAME
    if [ -s "/var/log/xen/console/guest-$1.log" ]; then
        tr -d '\r' < "/var/log/xen/console/guest-$1.log"
    else
        guest_debug_console "$1"
    fi
}

guest_debug_console() { # NAME
    xl dmesg | sed -n "s/^\((XEN) \)\{0,1\}\(\[[^]]*\] \)\{0,1\}(d$(domid "$1")) //p"
}

guest_result() { # NAME: prints SUCCESS, FAILURE, ERROR, SKIP or nothing
    _result=$(sed -n 's/.*Test result: \([A-Z]*\).*/\1/p' \
        "/var/log/xen/console/guest-$1.log" 2>/dev/null | tail -n 1)
    if [ -z "$_result" ] && [ "${2:-}" = debug ]; then
        _result=$(guest_debug_console "$1" |
            sed -n 's/.*Test result: \([A-Z]*\).*/\1/p' | tail -n 1)
    fi
    echo "$_result"
}

# Waits for the guest's verdict: 0 for SUCCESS, 77 for SKIP, 1 for anything
# else, a guest that died without one included.
guest_wait() { # NAME SECONDS
    _end=$(($(uptime_ms) + $2 * 1000))
    _round=0
    while :; do
        # xl is dear: ask it every fourth time only.
        _round=$((_round + 1))
        _how=
        [ $((_round % 4)) -ne 0 ] || _how=debug
        _result=$(guest_result "$1" $_how)
        [ -z "$_result" ] || break
        if [ -n "$_how" ] && guest_is_gone "$1"; then
            usleep 300000 # xenconsoled may still be writing
            _result=$(guest_result "$1" debug)
            [ -n "$_result" ] || _result="none, the domain is gone"
            break
        fi
        if [ "$(uptime_ms)" -ge $_end ]; then
            _result="none after $2 s"
            break
        fi
        usleep 500000
    done
    [ "$_result" = SUCCESS ] && return 0
    echo "guest $1: result: $_result; the end of its console:"
    guest_console "$1" | tail -n 20
    [ "$_result" = SKIP ] && return 77
    return 1
}

# Waits for what a guest does, while it lives: one that is gone, or takes too
# long, is the scenario's failure, with all that there is to say about it.
guest_until() { # NAME... SECONDS COMMAND [ARGUMENT...]; names in one word
    _guests=$1
    _seconds=$2
    _end=$(($(uptime_ms) + $2 * 1000))
    _round=0
    shift 2
    until "$@"; do
        # xl is dear: ask it every fourth time only.
        _round=$((_round + 1))
        [ $((_round % 4)) -ne 0 ] || for _guest in $_guests; do
            guest_is_gone "$_guest" || continue
            usleep 300000 # xenconsoled may still be writing
            ! "$@" || return 0
            guest_dump_gone "$_guest"
            fail "guest $_guest is gone: $(guest_why_gone "$_guest")"
        done
        [ "$(uptime_ms)" -lt $_end ] || {
            for _guest in $_guests; do guest_dump "$_guest"; done
            fail "waited $_seconds s for guest $_guests: $(guest_why "$_guest")"
        }
        usleep 500000
    done
}

guest_printed() { # NAME SECONDS PATTERN
    guest_until "$1" "$2" \
        grep -qs -e "$3" "/var/log/xen/console/guest-$1.log"
}

# Asked twice: a command of dom0's that fails once is no guest's end.
guest_is_gone() { # NAME
    ! xl domid "$1" > /dev/null 2>&1 && usleep 300000 &&
        ! xl domid "$1" > /dev/null 2>&1
}

# All that there is to say about a guest that does nothing any more.
guest_dump() { # NAME
    _id=$(domid "$1")
    for _command in "xl vcpu-list" "xenctx $_id 0" "xen-vgpu show $_id" \
        "xen-vgpu regs $_id" "lsevtchn $_id" "xl debug-keys eq" \
        "tail -n 20 /var/log/xen/qemu-dm-$1.log"; do
        echo "--- $_command"
        timeout 10 $_command 2>&1 || :
    done
}

guest_dump_gone() { # NAME
    echo "--- the end of its console, of its device model's log, of Xen's"
    guest_console "$1" | tail -n 20
    tail -n 20 "/var/log/xen/qemu-dm-$1.log" 2>&1 || :
    xl dmesg | tail -n 40
}

# Creates a guest, waits, and makes its failure the scenario's.
guest_run() { # NAME SECONDS
    guest_create "$1" || fail "xl create $1 failed"
    guest_expect "$1" "$2"
}

guest_expect() { # NAME SECONDS
    _rc=0
    guest_wait "$1" "$2" || _rc=$?
    case $_rc in
        0) ;;
        77) skip "guest $1 skipped its test" ;;
        *) fail "guest $1: $(guest_why "$1")" ;;
    esac
}

# One line that says why a guest failed, for verdicts.
guest_why() { # NAME
    _why=$(guest_console "$1" | grep -E '^(Fail|FAIL|Error|ERROR|Fatal|PANIC)' |
        head -n 1) || :
    [ -n "$_why" ] || _why=$(guest_console "$1" | grep . | tail -n 1) || :
    echo "${_why:-no output}"
}

# The same for one that is gone: Xen knows of faults that it did not see.
guest_why_gone() { # NAME
    _xen=$(xl dmesg | sed -n "s/^(XEN) \(\[[^]]*\] \)\{0,1\}\(d$(domid "$1")v\)/\2/p" |
        tail -n 1)
    echo "$(guest_why "$1")${_xen:+; Xen says: $_xen}"
}

guest_destroy() { # NAME
    xl destroy "$1"
}

# Waits until the domain is gone, zombies included.
guest_gone() { # NAME-OR-DOMID SECONDS
    case $1 in
        *[!0-9]*) _id=$(domid "$1") ;;
        *) _id=$1 ;;
    esac
    wait_for "$2" _domain_absent "$_id"
}

_domain_absent() { # DOMID
    ! xl list | awk -v d="$1" '$2 == d { found = 1 } END { exit !found }'
}

# --- guests at work ------------------------------------------------------------

SCENARIO_START=$(uptime_ms)

# A number below N, from a sequence that is the same in each run; what happens
# at that moment is not.
: "${RANDOM_STATE=1}"
random_below() { # N: sets $RANDOM_VALUE
    RANDOM_STATE=$(((RANDOM_STATE * 1103515245 + 12345) & 0x7fffffff))
    RANDOM_VALUE=$((RANDOM_STATE / 65536 % $1))
}

random_sleep() { # MS: less than that
    random_below "$1"
    usleep $((RANDOM_VALUE * 1000))
}

# Whether there is more to do; with XVGPU_SECONDS only for so long.
has_more() { # DONE OF
    [ "$1" -lt "$2" ] && [ "$(uptime_ms)" -lt $((SCENARIO_START + ${XVGPU_SECONDS:-100000} * 1000)) ]
}

# The process that is called so in "xen-vgpu show": monitor, device,
# "engine sdma". Nothing if there is none now.
vgpu_pid() { # DOMID PROCESS
    xen-vgpu show "$1" 2>/dev/null | awk -v n="$2" '
        /^PROCESS/ { table = 1; next }
        /^$/ { table = 0 }
        table && index($0, n " ") == 1 { print $(NF - 1) }'
}

# A worker is a guest with vgpu-copy that copies and verifies until it is told
# to stop: NAME is "x,until=1" and further arguments.
worker_start() { # NAME
    guest_config "$1" vgpu-copy.elf
    echo 0 > "$LAB_STATE/$1.jobs"
    guest_create "$1" || fail "xl create $1 failed"
    worker_goes_on "$1"
}

# Jobs that an engine has done; nothing when its device can't say.
engine_jobs() { # NAME ENGINE
    xen-vgpu show "$(domid "$1")" 2>/dev/null | awk -v e="$2" '
        /^engine / { engine = $2 }
        engine == e && $1 == "jobs" { print $2 }'
}

worker_jobs() { # NAME
    engine_jobs "$1" sdma
}

# Waits until a worker has done more jobs than when it was last asked.
worker_goes_on() { # NAME: sets $WORKER_JOBS
    read -r _seen < "$LAB_STATE/$1.jobs"
    _end=$(($(uptime_ms) + 180000))
    _round=0
    while :; do
        WORKER_JOBS=$(worker_jobs "$1")
        [ "${WORKER_JOBS:-0}" -le "$_seen" ] || break
        [ -z "$(guest_result "$1")" ] ||
            fail "guest $1 has ended: $(guest_why "$1")"
        _round=$((_round + 1))
        [ $((_round % 20)) -ne 0 ] || ! guest_is_gone "$1" || {
            guest_dump_gone "$1"
            fail "guest $1 is gone: $(guest_why_gone "$1")"
        }
        [ "$(uptime_ms)" -lt $_end ] || {
            guest_dump "$1"
            fail "guest $1 stands still at job $_seen"
        }
        usleep 50000
    done
    echo "$WORKER_JOBS" > "$LAB_STATE/$1.jobs"
}

# Each job that the engine has done the guest has verified, and the reverse.
worker_stop() { # NAME: sets $WORKER_JOBS
    worker_goes_on "$1"
    xenstore-write "/local/domain/$(domid "$1")/data/turn" 1
    guest_expect "$1" 180
    WORKER_JOBS=$(guest_console "$1" | sed -n 's/^VERIFIED //p')
    _jobs=$(guest_console "$1" | sed -n 's/^STATS .* jobs=\([0-9]*\) .*/\1/p')
    [ -n "$WORKER_JOBS" ] && [ "$WORKER_JOBS" = "$_jobs" ] ||
        fail "guest $1 has verified $WORKER_JOBS jobs of $_jobs"
}

worker_end() { # NAME: sets $WORKER_JOBS
    worker_stop "$1"
    assert_nothing_left "$(domid "$1")"
}

# Another guest beside the one that is harmed. It leaves some of the
# processors to others, which would take five times as long otherwise.
OTHER=other,until=1,pause=10,seed=31,route=3

# Does harm while the other guest is at work: it has done more jobs than at the
# moment after the last harm, and must do more than at the moment after this.
beside_other() { # COMMAND [ARGUMENT...]
    worker_goes_on "$OTHER"
    _before=$WORKER_JOBS
    "$@" || return
    _after=$(worker_jobs "$OTHER")
    echo "${_after:-$_before}" > "$LAB_STATE/$OTHER.jobs"
    echo "$_before ${_after:-?}" >> "$OUT/other"
}

other_end() {
    worker_end "$OTHER"
    other_report
}

# Says what it did meanwhile; it must have been stopped.
other_report() {
    note "$(awk -v jobs="$WORKER_JOBS" '
        NR > 1 && (least == "" || $1 - last < least) { least = $1 - last }
        { last = $1 }
        END { printf "%d times beside another guest: of its %d jobs 0 are lost, " \
            "at least %d from one time to the next", NR, jobs, least }' \
        "$OUT/other")"
}

# --- the emulator --------------------------------------------------------------

# QEMU 7.2's VMRUN now and then goes on with the hypervisor's registers instead
# of the guest's, which is then dead of a triple fault.  Xen dumps what is not
# a guest's: its own code segment, and an address in its own text.  Prints the
# domain ids.
emulator_lost_registers() { # HYPERVISOR-LOG
    awk '
        /^\(XEN\) .*\*\*\* Dumping Dom[1-9][0-9]* vcpu#[0-9]* state/ {
            match($0, /Dom[0-9]*/)
            id = substr($0, RSTART + 3, RLENGTH - 3)
            lines = 0
            xens = 0
        }
        id == "" { next }
        ++lines > 20 { id = "" } # other lines may come in between
        /^\(XEN\) .*RIP: +e008:\[<ffff82d0[0-9a-f]*>\]/ { xens = 1 }
        /^\(XEN\) .*CONTEXT: hvm guest/ {
            if (xens)
                print id
            id = ""
        }' "$1"
}

# --- guests that draw ----------------------------------------------------------

# Small pictures of many draws: an engine that stops at each of them.
LOAD=scene=3,width=64,height=48,route=3
# One dispatch a frame, of some 40 ms: soon begun and soon done.
SPIN=spin=40,depth=3

# A guest with vgpu-gfx-load, at work when this returns.
load_start() { # NAME: "x,$LOAD" and further arguments
    guest_config "$1" vgpu-gfx-load.elf
    guest_create "$1" || fail "xl create $1 failed"
    guest_printed "$1" 240 '^READY\|^Test result'
    guest_console "$1" | grep -q '^READY' ||
        fail "guest $1 does not work: $(guest_why "$1")"
}

# A new turn; the guest says how the last one has been.
load_turn() { # NAME NUMBER
    xenstore-write "/local/domain/$(domid "$1")/data/turn" "$2"
}

load_said() { # NAME TURN: puts its line about that turn into $LOAD_SAID
    guest_printed "$1" 120 "^STATS .* turn=$2 \|^Test result"
    LOAD_SAID=$(guest_console "$1" | grep "^STATS .* turn=$2 ") ||
        fail "guest $1 says nothing of turn $2: $(guest_why "$1")"
}

# Waits until each has drawn more than now.
load_goes_on() { # NAME...
    for _load; do
        _jobs_then=
        guest_until "$_load" 120 _load_has_more "$_load"
    done
}

_load_has_more() { # NAME
    _jobs_now=$(engine_jobs "$1" gfx)
    : "${_jobs_then:=$_jobs_now}"
    [ "${_jobs_now:-0}" -gt "${_jobs_then:-0}" ]
}

# The guest has seen each frame done, and the last picture is the first one's.
load_end() { # NAME...
    for _load; do
        load_turn "$_load" 1000
    done
    for _load; do
        guest_expect "$_load" 240
        assert_nothing_left "$(domid "$_load")"
    done
}

# What guests that are named for their weights ("w400,...") had of an engine's
# time, by a counter of theirs in two outputs of vgpud_status: each share may be
# off by so many percent of the whole.
assert_shares() { # PERCENT COUNTER BEFORE AFTER GUEST...
    _percent=$1
    _counter=$2
    _before=$3
    _after=$4
    shift 4
    for _guest; do
        _path=queues.gfx.vgpus.$(domid "$_guest").0.$_counter
        _weight=${_guest%%,*}
        echo "${_weight#w}" \
            $(($(value_of "$_after" "$_path") - $(value_of "$_before" "$_path")))
    done > "$OUT/shares"
    awk -v percent="$_percent" '
        { w[NR] = $1; t[NR] = $2; sum_w += $1; sum_t += $2 }
        END {
            for (i = 1; i <= NR; i++) {
                share = sum_t ? 100 * t[i] / sum_t : 0
                want = 100 * w[i] / sum_w
                printf "%d: %.2f %% of %.2f, ", w[i], share, want
                bad += share - want > percent || want - share > percent
            }
            printf "of %.1f s, bad=%d\n", sum_t / 1e9, bad
        }' "$OUT/shares" > "$OUT/stats"
    note "$(cat "$OUT/stats")"
    grep -q 'bad=0$' "$OUT/stats" || fail "a share is off by more than $_percent %"
}

# --- what must be gone with a domain ------------------------------------------

# Process ids of all programs of ours (the kernel cuts names to 15 letters).
vgpu_processes() {
    for _p in /proc/[0-9]*; do
        read -r _comm 2>/dev/null < "$_p/comm" || continue
        case $_comm in
            xen-vgpu*) echo "${_p#/proc/}" ;;
        esac
    done
}

# Those that serve one domain, by control group or command line.
domain_processes() { # DOMID
    for _p in $(vgpu_processes); do
        _group=
        read -r _group 2>/dev/null < "/proc/$_p/cgroup" || :
        case $_group in
            */xen-vgpu/"$1" | */xen-vgpu/"$1"[./]*)
                echo "$_p"
                continue ;;
            */xen-vgpu/[0-9]*) continue ;;
        esac
        tr '\0' '\n' 2>/dev/null < "/proc/$_p/cmdline" | awk -v id="$1" '
            NR == 1 && /xen-vgpud$/ { exit }
            NR == 1 { dm = /xen-vgpu-dm$/ }
            # A device model has other numbers, too: -m 48.
            $0 == id && (!dm || last == "-xen-domid") { found = 1 }
            { last = $0 }
            END { exit !found }' && echo "$_p"
    done
    return 0
}

uid_of() { # PID
    awk '/^Uid:/ { print $2 }' "/proc/$1/status"
}

# The processes that hold the socket on which a domain's QMP is listened to.
qmp_holders() { # DOMID
    _inode=$(awk -v e="/qmp-libxl-$1" '$4 == "00010000" &&
        substr($8, length($8) - length(e) + 1) == e { print $7 }' /proc/net/unix)
    [ -n "$_inode" ] || return 0
    for _p in /proc/[0-9]*; do
        ! ls -l "$_p/fd" 2>/dev/null | grep -qF "socket:[$_inode]" ||
            echo "${_p#/proc/}"
    done
}

# Lists what a dead domain left; nothing when all is well.
left_of() { # DOMID
    _domain_absent "$1" || echo "domain $1 in xl list"
    for _p in $(domain_processes "$1"); do
        echo "process $_p ($(tr '\0' ' ' < "/proc/$_p/cmdline"))"
    done
    for _f in "/sys/fs/cgroup/xen-vgpu/$1" "/run/xen-vgpu/$1" "/run/xen-vgpu/$1".* \
        "/var/cache/xen-vgpu/$1".*; do
        [ ! -e "$_f" ] || echo "$_f"
    done
    xenstore-ls -f 2>/dev/null | grep -E \
        "^/(local/domain|libxl|local/domain/0/(device-model|backend/[^/]*|xen-vgpu)|xen-vgpu)/$1[/. ]" |
        sed 's/^/xenstore node /' || :
}

assert_nothing_left() { # DOMID
    _end=$(($(uptime_ms) + 30000))
    while _left=$(left_of "$1"); [ -n "$_left" ]; do
        if [ "$(uptime_ms)" -ge $_end ]; then
            echo "$_left"
            fail "domain $1 left behind: $(echo "$_left" | head -n 1)"
        fi
        usleep 300000
    done
}
