/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The value of -vgpu. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dm/monitor/options-parts.h"
#include "lib/scanout.h"

int options_fail(struct options_error *err, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(err->text, sizeof(err->text), fmt, ap);
    va_end(ap);
    return -EINVAL;
}

bool options_number(const char *s, uint64_t *value, const char **end)
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

bool options_plain_number(const char *s, uint64_t max, uint32_t *value)
{
    const char *end;
    uint64_t v;

    if (!options_number(s, &v, &end) || *end || v > max)
        return false;
    *value = (uint32_t)v;
    return true;
}

const char *options_model_name(uint32_t model)
{
    static const char *const names[] = {
        [PROTO_MODEL_NATIVE] = "native",
        [PROTO_MODEL_VIRTIO_GPU] = "virtio-gpu",
    };

    return model < ARRAY_SIZE(names) ? names[model] : "?";
}

static int key_model(struct vgpu_options *v, const char *value,
                     struct options_error *err)
{
    uint32_t i;

    for (i = PROTO_MODEL_NATIVE; i <= PROTO_MODEL_VIRTIO_GPU; i++) {
        if (strcmp(options_model_name(i), value))
            continue;
        v->model = i;
        return 0;
    }
    return options_fail(err, "-vgpu model=%.64s: must be native or virtio-gpu",
                        value);
}

/* As videoram=, a bare number is MiB. False for no size, and for more than
 * max. */
static bool size(const char *value, uint64_t max, uint64_t *bytes)
{
    unsigned int shift = 20;
    const char *end = "";
    uint64_t n = 0;
    bool ok = options_number(value, &n, &end);

    if (ok && *end) {
        shift = *end == 'K' ? 10 : *end == 'M' ? 20 : *end == 'G' ? 30 : 0;
        ok = shift && !end[1];
    }
    if (!ok || n > max >> shift)
        return false;
    *bytes = n << shift;
    return true;
}

static int key_vram(struct vgpu_options *v, const char *value,
                    struct options_error *err)
{
    if (!size(value, OPTIONS_VRAM_MAX, &v->vram) ||
        v->vram < OPTIONS_VRAM_MIN || (v->vram & (v->vram - 1)))
        return options_fail(
            err, "-vgpu vram=%.64s: must be a power of two from 2M to 4G",
            value);
    return 0;
}

static int key_local(struct vgpu_options *v, const char *value,
                     struct options_error *err)
{
    if (!size(value, OPTIONS_LOCAL_MAX, &v->local) ||
        v->local < OPTIONS_LOCAL_MIN)
        return options_fail(err, "-vgpu local=%.64s: must be 16M to 64G",
                            value);
    return 0;
}

static int key_slot(struct vgpu_options *v, const char *value,
                    struct options_error *err)
{
    /* 0 is the host bridge. */
    if (!options_plain_number(value, OPTIONS_SLOT_MAX, &v->slot) || !v->slot)
        return options_fail(err, "-vgpu slot=%.64s: must be 0x1 to 0x1f",
                            value);
    return 0;
}

static int key_poll(struct vgpu_options *v, const char *value,
                    struct options_error *err)
{
    if (!options_plain_number(value, OPTIONS_POLL_MAX, &v->poll))
        return options_fail(err,
                            "-vgpu poll=%.64s: must be 0 to %u microseconds",
                            value, OPTIONS_POLL_MAX);
    return 0;
}

static int key_rate(struct vgpu_options *v, const char *value,
                    struct options_error *err)
{
    if (!options_plain_number(value, OPTIONS_RATE_MAX, &v->rate))
        return options_fail(
            err, "-vgpu rate=%.64s: must be 0 to %u accesses a second", value,
            OPTIONS_RATE_MAX);
    return 0;
}

const char *options_latency_name(uint32_t latency)
{
    static const char *const names[] = {
        [PROTO_LATENCY_NORMAL] = "normal",
        [PROTO_LATENCY_LOW] = "low",
        [PROTO_LATENCY_BATCH] = "batch",
    };

    return latency < ARRAY_SIZE(names) ? names[latency] : "?";
}

static int key_sched(struct vgpu_options *v, const char *value,
                     struct options_error *err)
{
    v->sched = !strcmp(value, "host");
    if (!v->sched && strcmp(value, "none"))
        return options_fail(err, "-vgpu sched=%.64s: must be host or none",
                            value);
    return 0;
}

static int key_weight(struct vgpu_options *v, const char *value,
                      struct options_error *err)
{
    if (!options_plain_number(value, PROTO_WEIGHT_MAX, &v->weight) ||
        !v->weight)
        return options_fail(err, "-vgpu weight=%.64s: must be 1 to %u", value,
                            PROTO_WEIGHT_MAX);
    return 0;
}

static int key_cap(struct vgpu_options *v, const char *value,
                   struct options_error *err)
{
    if (!options_plain_number(value, 100, &v->cap))
        return options_fail(
            err, "-vgpu cap=%.64s: must be 1 to 100 per cent, or 0", value);
    v->cap *= OPTIONS_CAP_UNIT;
    return 0;
}

static int key_latency(struct vgpu_options *v, const char *value,
                       struct options_error *err)
{
    uint32_t i;

    for (i = PROTO_LATENCY_NORMAL; i <= PROTO_LATENCY_BATCH; i++) {
        if (strcmp(options_latency_name(i), value))
            continue;
        v->latency = i;
        return 0;
    }
    return options_fail(
        err, "-vgpu latency=%.64s: must be normal, low or batch", value);
}

static int key_engines(struct vgpu_options *v, const char *value,
                       struct options_error *err)
{
    static const struct {
        const char *name;
        uint32_t mask;
    } rows[] = {
        {"sdma", 1u << XVGPU_ENGINE_SDMA},
        {"gfx", 1u << XVGPU_ENGINE_GFX},
        {"gfx+sdma", 1u << XVGPU_ENGINE_GFX | 1u << XVGPU_ENGINE_SDMA},
    };
    unsigned int i;

    for (i = 0; i < ARRAY_SIZE(rows); i++) {
        if (strcmp(rows[i].name, value))
            continue;
        v->engines = rows[i].mask;
        return 0;
    }
    return options_fail(
        err, "-vgpu engines=%.64s: must be sdma, gfx or gfx+sdma", value);
}

static int key_watchdog(struct vgpu_options *v, const char *value,
                        struct options_error *err)
{
    if (!options_plain_number(value, OPTIONS_WATCHDOG_MAX, &v->watchdog) ||
        v->watchdog < OPTIONS_WATCHDOG_MIN)
        return options_fail(
            err, "-vgpu watchdog=%.64s: must be %u to %u milliseconds", value,
            OPTIONS_WATCHDOG_MIN, OPTIONS_WATCHDOG_MAX);
    return 0;
}

static int key_threads(struct vgpu_options *v, const char *value,
                       struct options_error *err)
{
    if (!options_plain_number(value, OPTIONS_THREADS_MAX, &v->threads) ||
        !v->threads)
        return options_fail(err, "-vgpu threads=%.64s: must be 1 to %u", value,
                            OPTIONS_THREADS_MAX);
    return 0;
}

static int key_vulkan_icd(struct vgpu_options *v, const char *value,
                          struct options_error *err)
{
    if (*value != '/' || strlen(value) >= sizeof(v->vulkan_icd) ||
        strchr(value, '\n'))
        return options_fail(
            err,
            "-vgpu vulkan-icd=%.64s: must be a whole path, no longer "
            "than %zu characters",
            value, sizeof(v->vulkan_icd) - 1);
    strcpy(v->vulkan_icd, value);
    return 0;
}

static int key_scanouts(struct vgpu_options *v, const char *value,
                        struct options_error *err)
{
    if (!options_plain_number(value, SCANOUT_MAX, &v->scanouts) || !v->scanouts)
        return options_fail(err, "-vgpu scanouts=%.64s: must be 1 to %u", value,
                            SCANOUT_MAX);
    return 0;
}

static int key_display(struct vgpu_options *v, const char *value,
                       struct options_error *err)
{
    uint64_t width = 0, height = 0;
    const char *end;

    if (!options_number(value, &width, &end) || *end != 'x' ||
        !options_number(end + 1, &height, &end) || *end ||
        width < OPTIONS_DISPLAY_MIN || width > SCANOUT_WIDTH_MAX ||
        height < OPTIONS_DISPLAY_MIN || height > SCANOUT_HEIGHT_MAX)
        return options_fail(err,
                            "-vgpu display=%.64s: must be WIDTHxHEIGHT, from "
                            "%ux%u to %ux%u",
                            value, OPTIONS_DISPLAY_MIN, OPTIONS_DISPLAY_MIN,
                            SCANOUT_WIDTH_MAX, SCANOUT_HEIGHT_MAX);
    v->width = (uint32_t)width;
    v->height = (uint32_t)height;
    return 0;
}

enum {
    NATIVE = 1u << PROTO_MODEL_NATIVE,
    VIRTIO = 1u << PROTO_MODEL_VIRTIO_GPU
};

static const struct {
    const char *name;
    int (*set)(struct vgpu_options *v, const char *value,
               struct options_error *err);
    uint32_t models; /* which have it */
} keys[] = {
    {"model", key_model, NATIVE | VIRTIO},
    {"vram", key_vram, NATIVE},
    {"slot", key_slot, NATIVE | VIRTIO},
    {"poll", key_poll, NATIVE | VIRTIO},
    {"rate", key_rate, NATIVE | VIRTIO},
    {"sched", key_sched, NATIVE | VIRTIO},
    {"weight", key_weight, NATIVE | VIRTIO},
    {"cap", key_cap, NATIVE | VIRTIO},
    {"latency", key_latency, NATIVE | VIRTIO},
    {"engines", key_engines, NATIVE},
    {"local", key_local, NATIVE | VIRTIO},
    {"watchdog", key_watchdog, NATIVE | VIRTIO},
    {"threads", key_threads, NATIVE | VIRTIO},
    {"vulkan-icd", key_vulkan_icd, NATIVE},
    {"scanouts", key_scanouts, VIRTIO},
    {"display", key_display, VIRTIO},
    {"vnc", options_vnc, VIRTIO},
    {"vncpasswd", options_vncpasswd, VIRTIO},
};

/* What the model has, and has not. */
static int check_model(struct vgpu_options *v, unsigned int seen,
                       struct options_error *err)
{
    unsigned int i;

    for (i = 0; i < ARRAY_SIZE(keys); i++)
        if (seen & 1u << i && !(keys[i].models & 1u << v->model))
            return options_fail(err, "-vgpu %s=: not with model=%s",
                                keys[i].name, options_model_name(v->model));
    if (v->model != PROTO_MODEL_VIRTIO_GPU)
        return 0;
    v->vram = 0;
    v->engines = 1u << XVGPU_ENGINE_GFX;
    return options_check_vnc(v, err);
}

int options_vgpu(struct options *o, const char *arg, struct options_error *err)
{
    char copy[512], *rest = copy, *item, *value;
    unsigned int seen = 0, i;
    struct vgpu_options *v;
    int rc;

    if (o->nr_vgpus == PROTO_MAX_VGPUS)
        return options_fail(err, "-vgpu: given more than %u times",
                            PROTO_MAX_VGPUS);
    if (strlen(arg) >= sizeof(copy))
        return options_fail(err, "-vgpu: longer than %zu characters",
                            sizeof(copy) - 1);
    strcpy(copy, arg);
    v = &o->vgpus[o->nr_vgpus];
    v->vram = OPTIONS_VRAM_DEFAULT;
    v->poll = OPTIONS_POLL_DEFAULT;
    v->rate = OPTIONS_RATE_DEFAULT;
    v->engines = 1u << XVGPU_ENGINE_GFX | 1u << XVGPU_ENGINE_SDMA;
    v->local = OPTIONS_LOCAL_DEFAULT;
    v->watchdog = OPTIONS_WATCHDOG_DEFAULT;
    v->sched = true;
    v->weight = PROTO_WEIGHT_DEFAULT;
    v->scanouts = 1;
    v->width = OPTIONS_WIDTH_DEFAULT;
    v->height = OPTIONS_HEIGHT_DEFAULT;
    while ((item = strsep(&rest, ","))) {
        value = strchr(item, '=');
        if (value)
            *value++ = '\0';
        for (i = 0; i < ARRAY_SIZE(keys) && strcmp(keys[i].name, item); i++)
            ;
        if (i == ARRAY_SIZE(keys) || !value)
            return options_fail(
                err,
                "-vgpu %.64s: must be a list of model=, vram=, "
                "slot=, poll=, rate=, sched=, weight=, cap=, latency=, "
                "engines=, local=, watchdog=, threads=, vulkan-icd=, "
                "scanouts=, display=, vnc=, vncpasswd=",
                item);
        if (seen & 1u << i)
            return options_fail(err, "-vgpu %s=: given twice", keys[i].name);
        seen |= 1u << i;
        rc = keys[i].set(v, value, err);
        if (rc)
            return rc;
    }
    rc = check_model(v, seen, err);
    if (!rc)
        o->nr_vgpus++;
    return rc;
}
