# SPDX-License-Identifier: GPL-2.0-or-later
# SIGKILL of the device process at random moments under load: its successor
# takes over, the guest does not notice, another guest loses no job.
# lab: timeout=500 check=1 long_timeout=1500

kills=4
[ -z "${XVGPU_LONG:-}" ] || kills=${XVGPU_KILLS:-100}
# The monitor gives up after 10 in a minute, so then it is another guest's turn.
turn=9

worker_start $OTHER
n=0
done_by_victims=0
while has_more $n "$kills"; do
    victim=victim,until=1,seed=$((100 + n)),route=$((n / turn % 3 + 1))
    worker_start "$victim"
    last=$((n + turn))
    while [ $n -lt $last ] && has_more $n "$kills"; do
        p=$(vgpu_pid "$(domid "$victim")" device)
        [ -n "$p" ] || continue # the last one's successor is not there yet
        random_sleep 500
        beside_other kill -9 "$p"
        worker_goes_on "$victim"
        n=$((n + 1))
    done
    worker_end "$victim"
    done_by_victims=$((done_by_victims + WORKER_JOBS))
done
note "the device process was killed $n times; the guest did" \
    "$done_by_victims jobs meanwhile, 0 lost"
other_end
