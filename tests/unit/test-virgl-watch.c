/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A renderer that does not come back from a call: the process ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/proto.h"
#include "virgl-guest.h"

static bool stuck;

/* Instead of the library's. */
int virgl_renderer_submit_cmd(void *buffer, int ctx, int dwords)
{
    (void)buffer;
    (void)ctx;
    (void)dwords;
    while (stuck)
        pause();
    return 0;
}

/* In a process of its own: status 0 when it came back. */
static void hang(bool idle)
{
    struct {
        struct virtio_gpu_cmd_submit c;
        uint32_t nop;
    } c = {.c = {.hdr = {.type = VIRTIO_GPU_CMD_SUBMIT_3D, .ctx_id = 1},
                 .size = 4}};
    struct guest g;

    guest_new(&g, GUEST_FEATURES | 1ull << VIRTIO_GPU_F_VIRGL);
    /* The watch reads them as soon as there is one. */
    g.rig.config.limits.watchdog_ms = g.rig.config.limits.compile_ms = 50;
    rig_respawn(&g.rig);
    if (guest_start(&g, 0))
        _exit(1);
    if (guest_context(&g, 1, 0) != OK)
        _exit(2);
    alarm(120);
    if (idle)
        sleep(5); /* the watch sleeps, too */
    stuck = true;
    if (guest_send(&g, &c, sizeof(c)) != OK)
        _exit(3);
    _exit(0);
}

static int status_of(bool idle)
{
    pid_t pid = fork();
    int status;

    assert_true(pid >= 0);
    if (!pid)
        hang(idle);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void is_ended(void **state)
{
    (void)state;
    assert_int_equal(status_of(false), PROTO_EXIT_HUNG);
}

static void is_ended_after_idling(void **state)
{
    (void)state;
    assert_int_equal(status_of(true), PROTO_EXIT_HUNG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_ended),
        cmocka_unit_test(is_ended_after_idling),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
