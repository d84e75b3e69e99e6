/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "dm/monitor/attach.h"
#include "dm/monitor/launch.h"
#include "dm/monitor/monitor.h"
#include "dm/monitor/child.h"
#include "dm/monitor/options.h"
#include "lib/log.h"

static const char usage[] =
    "usage: xen-vgpu-dm -xen-domid DOMID -chardev socket,id=libxl-cmd,… \\\n"
    "         -vgpu KEY=VALUE[,…] [-vgpu …] [-vgpu-companion none|qemu] \\\n"
    "         [-vgpu-qemu PATH] [-vgpu-log LEVEL] [QEMU's arguments…]\n"
    "       xen-vgpu-dm -vgpu-attach DOMID -vgpu KEY=VALUE[,…] [-vgpu …] \\\n"
    "         [-vgpu-log LEVEL]\n"
    "Started by xl, or by xen-vgpu attach: see xen-vgpu-dm(8).\n";

int main(int argc, char *argv[])
{
    struct options_error err;
    struct options opt;
    char object[12];

    if (argc == 2 && !strcmp(argv[1], "--version")) {
        puts("xen-vgpu-dm " PACKAGE_VERSION);
        return 0;
    }
    if (argc == 2 && !strcmp(argv[1], "--help")) {
        fputs(usage, stdout);
        return 0;
    }
    log_init("xen-vgpu-dm", LOG_INFO);
    if (options_parse(argc, argv, &opt, &err)) {
        log_error("%s", err.text);
        return 1;
    }
    snprintf(object, sizeof(object), "%u", opt.domid);
    log_set_object(object);
    log_set_level(opt.log_level);
    if (opt.attach)
        return attach(&opt);
    child_sweep(opt.domid);
    if (opt.companion == COMPANION_QEMU)
        return launch(argc, argv, &opt);
    return monitor_run(&opt, NULL);
}
