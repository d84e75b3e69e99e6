/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"

#include "dm/monitor/options-parts.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int parse_companion(struct options *o, const char *arg,
                           struct options_error *err)
{
    if (!strcmp(arg, "none"))
        o->companion = COMPANION_NONE;
    else if (!strcmp(arg, "qemu"))
        o->companion = COMPANION_QEMU;
    else
        return options_fail(err, "-vgpu-companion %.64s: must be none or qemu",
                            arg);
    return 0;
}

static int parse_qemu(struct options *o, const char *arg,
                      struct options_error *err)
{
    if (*arg != '/')
        return options_fail(err, "-vgpu-qemu %.64s: must be a whole path", arg);
    o->qemu = arg;
    return 0;
}

static bool is_device(const char *arg, const char *name)
{
    size_t len = strlen(name);

    return !strncmp(arg, name, len) && (arg[len] == ',' || !arg[len]);
}

bool options_is_vga(const char *device)
{
    return is_device(device, "VGA") || is_device(device, "cirrus-vga");
}

static int parse_device(struct options *o, const char *arg,
                        struct options_error *err)
{
    static const char key[] = ",vgamem_mb=";
    const char *value = strstr(arg, key), *end;

    (void)err;
    if (is_device(arg, "qxl-vga"))
        o->vga = arg;
    if (!options_is_vga(arg) || !value)
        return 0;
    o->vga = arg;
    if (!options_number(value + sizeof(key) - 1, &o->vga_mib, &end))
        o->vga_mib = 0;
    return 0;
}

static int parse_log(struct options *o, const char *arg,
                     struct options_error *err)
{
    static const char *const levels[] = {"error", "warning", "info", "debug"};
    unsigned int i;

    for (i = 0; i < ARRAY_SIZE(levels); i++) {
        if (!strcmp(arg, levels[i])) {
            o->log_level = (enum log_level)i;
            return 0;
        }
    }
    return options_fail(
        err, "-vgpu-log %.64s: must be error, warning, info or debug", arg);
}

static int parse_domid(struct options *o, const char *arg,
                       struct options_error *err)
{
    if (!options_plain_number(arg, OPTIONS_DOMID_END - 1, &o->domid) ||
        !o->domid)
        return options_fail(err, "-xen-domid %.64s: must be 1 to %u", arg,
                            OPTIONS_DOMID_END - 1);
    return 0;
}

static int parse_attach(struct options *o, const char *arg,
                        struct options_error *err)
{
    o->attach = true;
    o->companion = COMPANION_NONE;
    if (!options_plain_number(arg, OPTIONS_DOMID_END - 1, &o->domid) ||
        !o->domid)
        return options_fail(err, "-vgpu-attach %.64s: must be a domid, 1 to %u",
                            arg, OPTIONS_DOMID_END - 1);
    return 0;
}

static int parse_name(struct options *o, const char *arg,
                      struct options_error *err)
{
    (void)err;
    o->name = arg;
    return 0;
}

/* Only libxl's own QMP socket is of interest; xenstat's and the guest's
 * channels are QEMU's business. */
static int parse_chardev(struct options *o, const char *arg,
                         struct options_error *err)
{
    static const char prefix[] = "socket,id=libxl-cmd,";
    const char *end;
    uint32_t fd;
    size_t len;

    if (strncmp(arg, prefix, sizeof(prefix) - 1))
        return 0;
    arg += sizeof(prefix) - 1;
    end = strchrnul(arg, ',');
    len = (size_t)(end - arg);
    if (!strncmp(arg, "path=", 5) && len > 5) {
        arg += 5;
        len -= 5;
        if (len >= sizeof(o->qmp_path_buf))
            return options_fail(err,
                                "-chardev path=: longer than %zu characters",
                                sizeof(o->qmp_path_buf) - 1);
        memcpy(o->qmp_path_buf, arg, len);
        o->qmp_path_buf[len] = '\0';
        o->qmp_path = o->qmp_path_buf;
        return 0;
    }
    if (!strncmp(arg, "fd=", 3) && len > 3 && len < 8) {
        char digits[8];

        memcpy(digits, arg + 3, len - 3);
        digits[len - 3] = '\0';
        if (options_plain_number(digits, 65535, &fd) && fd > 2) {
            o->qmp_fd = (int)fd;
            return 0;
        }
    }
    return options_fail(err,
                        "-chardev socket,id=libxl-cmd,: path= or fd= expected");
}

static int parse_incoming(struct options *o, const char *arg,
                          struct options_error *err)
{
    (void)o;
    return options_fail(
        err,
        "-incoming %.64s: restoring a domain with a vGPU is not "
        "there yet",
        arg);
}

/* Of libxl's arguments those whose values people choose, which must not be
 * taken for options. */
static int skip(struct options *o, const char *arg, struct options_error *err)
{
    (void)o;
    (void)arg;
    (void)err;
    return 0;
}

static const struct {
    const char *name;
    int (*set)(struct options *o, const char *arg, struct options_error *err);
    enum option_kind kind;
} args[] = {
    {"-vgpu", options_vgpu, OPTION_OURS},
    {"-vgpu-attach", parse_attach, OPTION_OURS},
    {"-vgpu-companion", parse_companion, OPTION_OURS},
    {"-vgpu-log", parse_log, OPTION_OURS},
    {"-vgpu-qemu", parse_qemu, OPTION_OURS},
    {"-xen-domid", parse_domid, OPTION_PAIR},
    {"-chardev", parse_chardev, OPTION_PAIR},
    {"-device", parse_device, OPTION_PAIR},
    {"-name", parse_name, OPTION_PAIR},
    {"-incoming", parse_incoming, OPTION_PAIR},
    {"-kernel", skip, OPTION_PAIR},
    {"-initrd", skip, OPTION_PAIR},
    {"-append", skip, OPTION_PAIR},
    {"-runas", skip, OPTION_PAIR},
    {"-chroot", skip, OPTION_PAIR},
};

/* Its place in args, or their number. */
static unsigned int find_arg(const char *arg)
{
    unsigned int n;

    for (n = 0; n < ARRAY_SIZE(args) && strcmp(args[n].name, arg); n++)
        ;
    return n;
}

enum option_kind options_kind(const char *arg)
{
    unsigned int n = find_arg(arg);

    return n < ARRAY_SIZE(args) ? args[n].kind : OPTION_OTHER;
}

static const struct vgpu_options *in_slot(const struct options *o,
                                          uint32_t slot)
{
    unsigned int i;

    for (i = 0; i < o->nr_vgpus; i++) {
        if (o->vgpus[i].slot == slot)
            return &o->vgpus[i];
    }
    return NULL;
}

/* Who names no slot gets the next free one. */
static int assign_slots(struct options *o, struct options_error *err)
{
    uint32_t slot = OPTIONS_SLOT_DEFAULT;
    struct vgpu_options *v;

    for (v = o->vgpus; v < o->vgpus + o->nr_vgpus; v++) {
        if (v->slot && in_slot(o, v->slot) != v)
            return options_fail(err, "-vgpu slot=0x%x: used by two vGPUs",
                                v->slot);
    }
    for (v = o->vgpus; v < o->vgpus + o->nr_vgpus; v++) {
        if (v->slot)
            continue;
        while (in_slot(o, slot))
            slot++;
        v->slot = slot;
    }
    return 0;
}

/* libxl gives QEMU's VGA all of videoram=, of which VRAM is a part. */
static int check_vga(const struct options *o, struct options_error *err)
{
    uint64_t vram = options_vram_total(o) >> 20;

    if (!o->vga)
        return 0; /* there being too little shows when VRAM is populated */
    if (!options_is_vga(o->vga))
        return options_fail(err,
                            "vga=\"qxl\": can't be beside a vGPU, use stdvga, "
                            "cirrus or none");
    if (o->vga_mib >= OPTIONS_QEMU_VGA_MIB + vram)
        return 0;
    return options_fail(
        err,
        "videoram=%" PRIu64 " is too small for QEMU's VGA (%u MiB) "
        "and the VRAM of the vGPUs (%" PRIu64 " MiB): set videoram=%" PRIu64
        " in the domain's configuration",
        o->vga_mib, OPTIONS_QEMU_VGA_MIB, vram, OPTIONS_QEMU_VGA_MIB + vram);
}

/* Nobody adds arguments for QEMU then: what is not ours is a mistake. */
static int check_attach(int argc, char *const argv[], struct options *o,
                        struct options_error *err)
{
    int i;

    for (i = 1; i < argc; i += 2) {
        if (strcmp(argv[i], "-vgpu") && strcmp(argv[i], "-vgpu-attach") &&
            strcmp(argv[i], "-vgpu-log"))
            return options_fail(
                err,
                "%.64s: can't be used when vGPUs are attached, there "
                "are -vgpu and -vgpu-log",
                argv[i]);
    }
    if (!o->nr_vgpus)
        return options_fail(err, "-vgpu: missing");
    return assign_slots(o, err);
}

static int check(struct options *o, struct options_error *err)
{
    if (!o->domid)
        return options_fail(err,
                            "-xen-domid: missing (libxl gives it; this program "
                            "is started through device_model_override=)");
    if (!o->nr_vgpus)
        return options_fail(err, "-vgpu: missing from device_model_args");
    if (!o->qmp_path && o->qmp_fd < 0)
        return options_fail(err, "-chardev socket,id=libxl-cmd,…: missing");
    if (assign_slots(o, err))
        return -EINVAL;
    return o->companion == COMPANION_QEMU ? check_vga(o, err) : 0;
}

int options_parse(int argc, char *const argv[], struct options *o,
                  struct options_error *err)
{
    unsigned int n;
    int i, rc;

    memset(o, 0, sizeof(*o));
    o->name = "";
    o->qmp_fd = -1;
    o->companion = COMPANION_QEMU;
    o->qemu = XVGPU_QEMU;
    o->log_level = LOG_INFO;
    for (i = 1; i < argc; i++) {
        n = find_arg(argv[i]);
        if (n == ARRAY_SIZE(args)) {
            if (!strcmp(argv[i], "-S"))
                o->prelaunch = true;
            if (!strncmp(argv[i], "-vgpu", 5))
                return options_fail(
                    err,
                    "%.64s: no such option, there are -vgpu, "
                    "-vgpu-attach, -vgpu-companion, -vgpu-log and "
                    "-vgpu-qemu",
                    argv[i]);
            continue;
        }
        if (++i == argc)
            return options_fail(err, "%s: needs a value", args[n].name);
        rc = args[n].set(o, argv[i], err);
        if (rc)
            return rc;
    }
    return o->attach ? check_attach(argc, argv, o, err) : check(o, err);
}

uint64_t options_vram_total(const struct options *o)
{
    uint64_t sum = 0;
    unsigned int i;

    for (i = 0; i < o->nr_vgpus; i++)
        sum += o->vgpus[i].vram;
    return sum;
}
