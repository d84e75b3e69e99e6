/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <signal.h>

#include "dm/device/device.h"

int main(int argc, char **argv)
{
    static char object[16];
    struct device *dev;
    int rc;

    log_init("xen-vgpu-device", LOG_INFO);
    if (argc != 3 || strcmp(argv[1], "--domid")) {
        fprintf(stderr, "xen-vgpu-device is started by xen-vgpu-dm(8)\n");
        return 2;
    }
    snprintf(object, sizeof(object), "%.8s", argv[2]);
    log_set_object(object);
    signal(SIGPIPE, SIG_IGN);

    rc = device_new(PROTO_FD, &dev);
    if (rc) {
        log_error("starting failed: %s", strerror(-rc));
        return 1;
    }
    rc = device_start(dev);
    if (!rc) {
        rc = device_loop(dev);
        if (rc && rc != -EPIPE) {
            log_error("ending, for a successor: %s", strerror(-rc));
            return 1;
        }
    }
    if (rc)
        log_error("ending: %s", strerror(-rc));
    device_free(dev);
    return rc ? 1 : 0;
}
