/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "device-life.h"

#include <stdlib.h>
#include <unistd.h>

#include "in-process.h"

struct host device;

static struct host_config config;
static const struct act *steps;
static size_t nr_steps;

bool device_gone(void)
{
    return __atomic_load_n(&device.ended, __ATOMIC_ACQUIRE);
}

bool device_until(bool (*is_so)(void))
{
    unsigned int i;

    for (i = 0; i < 3000 && !device_gone(); i++) {
        if (is_so())
            return true;
        usleep(1000);
    }
    return false;
}

/* ---- Questions --------------------------------------------------------- */

static bool has_replied(void)
{
    return __atomic_load_n(&device.replied, __ATOMIC_ACQUIRE);
}

static const char *ask(uint32_t query, int *fd)
{
    if (!host_query(&device, query, 0))
        return "no device to ask";
    if (!device_until(has_replied) && !has_replied())
        return "no reply";
    if (device.reply.msg.u.reply.status) {
        if (device.reply.text_len) /* as the tool shows it */
            log_error("%s", device.reply.text);
        return "the question was refused";
    }
    if (fd)
        *fd = device.reply.nr_fds == 1 ? device.reply.fds[0] : -1;
    return NULL;
}

const char *device_show(void)
{
    return ask(PROTO_QUERY_SHOW, NULL);
}

const char *device_regs(void)
{
    return ask(PROTO_QUERY_REGS, NULL);
}

const char *device_picture(void)
{
    uint32_t pixel = 0;
    const char *why;
    int fd = -1;

    why = ask(PROTO_QUERY_SCREENSHOT, &fd);
    if (why)
        return why;
    if (fd < 0 || pread(fd, &pixel, 4, 4096) != 4 || pixel != 0x04030201)
        why = "wrong picture";
    if (fd >= 0)
        close(fd);
    return why;
}

/* ---- One life ---------------------------------------------------------- */

static void enters(bool is_device)
{
    points_exempt(!is_device);
}

static const char *left(void)
{
    const char *why;

    /* The monitor destroys the one that the device could not. */
    if (fx_servers(device.domid) && !points_fired("destroy_ioreq_server"))
        return "an ioreq server is left";
    why = left_in_process(device.domid);
    if (!why && fx_open_handles())
        why = "Xen handles are left";
    return why;
}

static void life(struct outcome *o)
{
    int fds, rc;
    bool up;

    fx_init();
    fds = count_fds();
    if (!host_begin(&device, &config))
        abort();
    guest_begin(device.domid, config.vram);
    up = host_up(&device);
    if (up) {
        take_steps(o, steps, nr_steps);
        phase(o, "stop");
    }
    rc = host_end(&device, up);
    points_get()->on = 0;
    /* An ended device is no failed step. */
    if (!up || rc) {
        o->ended = up;
        o->refused = !up;
        o->failed = NULL;
        if (!rc)
            o->failed = "it ended as if all were well";
    }
    if (!o->failed)
        o->failed = left();
    if (!o->failed && count_fds() != fds)
        o->failed = "descriptors are left";
    fx_domain_kill(device.domid);
}

int device_lives(const char *title, const struct host_config *host,
                 const struct act *list, size_t nr, unsigned int share)
{
    config = *host;
    config.devfn = GUEST_DEVFN;
    config.timeout_ms = GUEST_TIMEOUT_MS;
    config.log_level = LOG_INFO;
    config.enters = enters;
    steps = list;
    nr_steps = nr;
    log_init("xen-vgpu-device", LOG_INFO);
    return report_in_process(title, life, share);
}
