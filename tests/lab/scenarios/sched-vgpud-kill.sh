# SPDX-License-Identifier: GPL-2.0-or-later
# xen-vgpud is killed again and again while two guests draw and two copy: they
# go on with what they were granted, wait, and no guest loses a job.
# lab: timeout=900 long_timeout=1800 memory=4096 dom0=2560 vcpus=2 parts=vulkan

kills=5
[ -z "${XVGPU_LONG:-}" ] || kills=${XVGPU_KILLS:-20}
GUEST_MEMORY=96
GUEST_VGPU=model=native,vram=16M,sched=host,watchdog=60000
one=one,$SPIN,route=3
two=two,$SPIN,completion=1,doorbell=1
load_start $one
load_start $two
GUEST_MEMORY=64
copies=copies,until=1,seed=41,doorbell=1,completion=1
worker_start $OTHER
worker_start $copies

n=0
while has_more $n "$kills"; do
    random_sleep 1500
    kill -9 "$(pidof xen-vgpud)"
    random_sleep 500
    start_vgpud || fail "xen-vgpud does not start again"
    load_goes_on $one $two
    worker_goes_on $OTHER
    worker_goes_on $copies
    n=$((n + 1))
done
note "xen-vgpud was killed $n times; two guests that draw and two that copy went on"
load_end $one $two
worker_end $copies
copied=$WORKER_JOBS
worker_end $OTHER
note "jobs that the copying guests verified: $copied and $WORKER_JOBS, 0 lost"
