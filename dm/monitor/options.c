/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"

#include "dm/monitor/options.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

__attribute__((format(printf, 2, 3))) static int fail(struct options_error *err,
                                                      const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(err->text, sizeof(err->text), fmt, ap);
    va_end(ap);
    return -EINVAL;
}

/* A whole number, decimal or 0x…, and nothing behind it but *end. */
static bool number(const char *s, uint64_t *value, const char **end)
{
    char *e;

    if (*s < '0' || *s > '9')
        return false;
    errno = 0;
    *value = strtoull(s, &e, s[0] == '0' && s[1] == 'x' ? 16 : 10);
    if (errno)
        return false;
    *end = e;
    return true;
}

static bool plain_number(const char *s, uint64_t max, uint32_t *value)
{
    const char *end;
    uint64_t v;

    if (!number(s, &v, &end) || *end || v > max)
        return false;
    *value = (uint32_t)v;
    return true;
}

static int key_model(struct vgpu_options *v, const char *value,
                     struct options_error *err)
{
    (void)v;
    if (strcmp(value, "native"))
        return fail(err, "-vgpu model=%.64s: must be native", value);
    return 0;
}

static int key_vram(struct vgpu_options *v, const char *value,
                    struct options_error *err)
{
    unsigned int shift = 20; /* as videoram=, a bare number is MiB */
    const char *end = "";
    uint64_t n = 0;
    bool ok = number(value, &n, &end);

    if (ok && *end) {
        shift = *end == 'K' ? 10 : *end == 'M' ? 20 : *end == 'G' ? 30 : 0;
        ok = shift && !end[1];
    }
    ok = ok && n && n <= OPTIONS_VRAM_MAX >> shift;
    n <<= shift;
    if (!ok || n < OPTIONS_VRAM_MIN || (n & (n - 1)))
        return fail(err,
                    "-vgpu vram=%.64s: must be a power of two from 2M to 4G",
                    value);
    v->vram = n;
    return 0;
}

static int key_slot(struct vgpu_options *v, const char *value,
                    struct options_error *err)
{
    /* 0 is the host bridge. */
    if (!plain_number(value, OPTIONS_SLOT_MAX, &v->slot) || !v->slot)
        return fail(err, "-vgpu slot=%.64s: must be 0x1 to 0x1f", value);
    return 0;
}

static int key_poll(struct vgpu_options *v, const char *value,
                    struct options_error *err)
{
    if (!plain_number(value, OPTIONS_POLL_MAX, &v->poll))
        return fail(err, "-vgpu poll=%.64s: must be 0 to %u microseconds",
                    value, OPTIONS_POLL_MAX);
    return 0;
}

static int key_rate(struct vgpu_options *v, const char *value,
                    struct options_error *err)
{
    if (!plain_number(value, OPTIONS_RATE_MAX, &v->rate))
        return fail(err, "-vgpu rate=%.64s: must be 0 to %u accesses a second",
                    value, OPTIONS_RATE_MAX);
    return 0;
}

static int key_sched(struct vgpu_options *v, const char *value,
                     struct options_error *err)
{
    (void)v;
    if (strcmp(value, "none"))
        return fail(err,
                    "-vgpu sched=%.64s: must be none (there is no scheduler "
                    "in this version)",
                    value);
    return 0;
}

static const struct {
    const char *name;
    int (*set)(struct vgpu_options *v, const char *value,
               struct options_error *err);
} keys[] = {
    {"model", key_model}, {"vram", key_vram}, {"slot", key_slot},
    {"poll", key_poll},   {"rate", key_rate}, {"sched", key_sched},
};

static int parse_vgpu(struct options *o, const char *arg,
                      struct options_error *err)
{
    char copy[256], *rest = copy, *item, *value;
    unsigned int seen = 0, i;
    struct vgpu_options *v;
    int rc;

    if (o->nr_vgpus == PROTO_MAX_VGPUS)
        return fail(err, "-vgpu: given more than %u times", PROTO_MAX_VGPUS);
    if (strlen(arg) >= sizeof(copy))
        return fail(err, "-vgpu: longer than %zu characters", sizeof(copy) - 1);
    strcpy(copy, arg);
    v = &o->vgpus[o->nr_vgpus];
    v->vram = OPTIONS_VRAM_DEFAULT;
    v->poll = OPTIONS_POLL_DEFAULT;
    v->rate = OPTIONS_RATE_DEFAULT;
    while ((item = strsep(&rest, ","))) {
        value = strchr(item, '=');
        if (value)
            *value++ = '\0';
        for (i = 0; i < ARRAY_SIZE(keys) && strcmp(keys[i].name, item); i++)
            ;
        if (i == ARRAY_SIZE(keys) || !value)
            return fail(err,
                        "-vgpu %.64s: must be a list of model=, vram=, "
                        "slot=, poll=, rate=, sched=",
                        item);
        if (seen & 1u << i)
            return fail(err, "-vgpu %s=: given twice", keys[i].name);
        seen |= 1u << i;
        rc = keys[i].set(v, value, err);
        if (rc)
            return rc;
    }
    o->nr_vgpus++;
    return 0;
}

static int parse_companion(struct options *o, const char *arg,
                           struct options_error *err)
{
    if (!strcmp(arg, "none"))
        o->companion = COMPANION_NONE;
    else if (!strcmp(arg, "qemu"))
        o->companion = COMPANION_QEMU;
    else
        return fail(err, "-vgpu-companion %.64s: must be none or qemu", arg);
    return 0;
}

static int parse_qemu(struct options *o, const char *arg,
                      struct options_error *err)
{
    if (*arg != '/')
        return fail(err, "-vgpu-qemu %.64s: must be a whole path", arg);
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
    if (!number(value + sizeof(key) - 1, &o->vga_mib, &end))
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
    return fail(err, "-vgpu-log %.64s: must be error, warning, info or debug",
                arg);
}

static int parse_domid(struct options *o, const char *arg,
                       struct options_error *err)
{
    if (!plain_number(arg, OPTIONS_DOMID_END - 1, &o->domid) || !o->domid)
        return fail(err, "-xen-domid %.64s: must be 1 to %u", arg,
                    OPTIONS_DOMID_END - 1);
    return 0;
}

static int parse_attach(struct options *o, const char *arg,
                        struct options_error *err)
{
    o->attach = true;
    o->companion = COMPANION_NONE;
    if (!plain_number(arg, OPTIONS_DOMID_END - 1, &o->domid) || !o->domid)
        return fail(err, "-vgpu-attach %.64s: must be a domid, 1 to %u", arg,
                    OPTIONS_DOMID_END - 1);
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
            return fail(err, "-chardev path=: longer than %zu characters",
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
        if (plain_number(digits, 65535, &fd) && fd > 2) {
            o->qmp_fd = (int)fd;
            return 0;
        }
    }
    return fail(err, "-chardev socket,id=libxl-cmd,: path= or fd= expected");
}

static int parse_incoming(struct options *o, const char *arg,
                          struct options_error *err)
{
    (void)o;
    return fail(err,
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
    {"-vgpu", parse_vgpu, OPTION_OURS},
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
            return fail(err, "-vgpu slot=0x%x: used by two vGPUs", v->slot);
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
        return fail(err, "vga=\"qxl\": can't be beside a vGPU, use stdvga, "
                         "cirrus or none");
    if (o->vga_mib >= OPTIONS_QEMU_VGA_MIB + vram)
        return 0;
    return fail(err,
                "videoram=%" PRIu64 " is too small for QEMU's VGA (%u MiB) "
                "and the VRAM of the vGPUs (%" PRIu64
                " MiB): set videoram=%" PRIu64 " in the domain's configuration",
                o->vga_mib, OPTIONS_QEMU_VGA_MIB, vram,
                OPTIONS_QEMU_VGA_MIB + vram);
}

/* Nobody adds arguments for QEMU then: what is not ours is a mistake. */
static int check_attach(int argc, char *const argv[], struct options *o,
                        struct options_error *err)
{
    int i;

    for (i = 1; i < argc; i += 2) {
        if (strcmp(argv[i], "-vgpu") && strcmp(argv[i], "-vgpu-attach") &&
            strcmp(argv[i], "-vgpu-log"))
            return fail(err,
                        "%.64s: can't be used when vGPUs are attached, there "
                        "are -vgpu and -vgpu-log",
                        argv[i]);
    }
    if (!o->nr_vgpus)
        return fail(err, "-vgpu: missing");
    return assign_slots(o, err);
}

static int check(struct options *o, struct options_error *err)
{
    if (!o->domid)
        return fail(err, "-xen-domid: missing (libxl gives it; this program "
                         "is started through device_model_override=)");
    if (!o->nr_vgpus)
        return fail(err, "-vgpu: missing from device_model_args");
    if (!o->qmp_path && o->qmp_fd < 0)
        return fail(err, "-chardev socket,id=libxl-cmd,…: missing");
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
                return fail(err,
                            "%.64s: no such option, there are -vgpu, "
                            "-vgpu-attach, -vgpu-companion, -vgpu-log and "
                            "-vgpu-qemu",
                            argv[i]);
            continue;
        }
        if (++i == argc)
            return fail(err, "%s: needs a value", args[n].name);
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
