/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <linux/virtio_config.h>
#include <linux/virtio_gpu.h>
#include <linux/virtio_ring.h>
#include <stdio.h>
#include <string.h>
#include <xen-vgpu/csr.h>

#include "tools/commands.h"
#include "tools/print.h"
#include "tools/stats.h"
#include "tools/value.h"

int command_fetch(const struct target *t, json_t **vgpu)
{
    const char *text;
    int rc;

    rc = client_ask(t, "show", vgpu, NULL);
    if (rc)
        return rc;
    text = json_string_value(json_object_get(*vgpu, "statistics"));
    if (text)
        json_object_set_new(*vgpu, "statistics", stats_parse(text));
    return EXIT_OK;
}

static json_int_t integer(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

#define SIZE(bytes) print_size((char[32]){0}, 32, (uint64_t)(bytes))

static void show_head(const json_t *v)
{
    const json_t *opt = json_object_get(v, "options");
    const json_t *vram = json_object_get(v, "vram");
    const json_t *base =
        json_object_get(json_object_get(v, "statistics"), "vram_base");
    const uint64_t parked = (uint64_t)integer(vram, "parking_frame") << 12;
    const uint64_t at = base ? (uint64_t)json_integer_value(base) : parked;
    json_int_t small = integer(vram, "small_pages");

    printf("vGPU %" JSON_INTEGER_FORMAT ".%" JSON_INTEGER_FORMAT
           " of domain \"%s\": %s\n",
           integer(v, "domid"), integer(v, "vgpu"), VALUE_TEXT(v, "name"),
           VALUE_TEXT(v, "state"));
    printf("options    model=%s ", VALUE_TEXT(opt, "model"));
    if (integer(opt, "scanouts"))
        printf("scanouts=%" JSON_INTEGER_FORMAT " display=%" JSON_INTEGER_FORMAT
               "x%" JSON_INTEGER_FORMAT " local=%s vnc=%s ",
               integer(opt, "scanouts"), integer(opt, "width"),
               integer(opt, "height"), SIZE(integer(opt, "local")),
               json_is_true(json_object_get(opt, "vnc")) ? "yes" : "no");
    else
        printf("vram=%s ", SIZE(integer(opt, "vram")));
    printf("slot=0x%" PRIx64 " poll=%" JSON_INTEGER_FORMAT
           "us rate=%" JSON_INTEGER_FORMAT " sched=%s, companion %s\n",
           (uint64_t)integer(opt, "slot"), integer(opt, "poll"),
           integer(opt, "rate"), VALUE_TEXT(opt, "sched"),
           VALUE_TEXT(opt, "companion"));
    if (!integer(vram, "bytes"))
        return; /* a model without */
    printf("VRAM       %s at 0x%" PRIx64 "%s", SIZE(integer(vram, "bytes")), at,
           at == parked ? ", where it was made: the guest has not placed it"
                        : "");
    if (small)
        printf(", %" JSON_INTEGER_FORMAT " single pages", small);
    putchar('\n');
}

/* Its part of the GPU, as its monitor knows it. */
static void show_sched(const json_t *sched)
{
    const json_int_t cap = integer(sched, "cap");

    if (strcmp(VALUE_TEXT(sched, "mode"), "host"))
        return; /* sched=none stands among the options */
    printf("scheduling %s, weight %" JSON_INTEGER_FORMAT ", ",
           VALUE_TEXT(sched, "state"), integer(sched, "weight"));
    if (cap)
        printf("cap %g%%, ", (double)cap / 10);
    printf("latency %s%s\n", VALUE_TEXT(sched, "latency"),
           json_is_true(json_object_get(sched, "quarantined"))
               ? ", in quarantine: its engines don't start"
               : "");
}

static void show_processes(const json_t *list)
{
    size_t i;
    json_t *p;

    puts("\nPROCESS            PID        UID");
    json_array_foreach(list, i, p)
    {
        printf("%-14s %7" JSON_INTEGER_FORMAT " %10" JSON_INTEGER_FORMAT "\n",
               VALUE_TEXT(p, "name"), integer(p, "pid"), integer(p, "uid"));
    }
}

static void show_times(const json_t *times)
{
    const char *key;
    json_t *us;

    printf("  %-20s", "service time");
    json_object_foreach((json_t *)(uintptr_t)times, key, us)
    {
        if (json_is_integer(us))
            printf(" %s < %" JSON_INTEGER_FORMAT " us", key,
                   json_integer_value(us));
        else
            printf(" %s beyond the scale", key);
    }
    putchar('\n');
}

/* Features of virtio 1.2 by name. */
static const char *features(json_int_t value)
{
    static const struct {
        unsigned int bit;
        const char *name;
    } rows[] = {
        {VIRTIO_GPU_F_VIRGL, "VIRGL"},
        {VIRTIO_GPU_F_EDID, "EDID"},
        {VIRTIO_GPU_F_RESOURCE_BLOB, "RESOURCE_BLOB"},
        {VIRTIO_GPU_F_CONTEXT_INIT, "CONTEXT_INIT"},
        {VIRTIO_RING_F_INDIRECT_DESC, "INDIRECT_DESC"},
        {VIRTIO_RING_F_EVENT_IDX, "EVENT_IDX"},
        {VIRTIO_F_VERSION_1, "VERSION_1"},
    };
    static char text[128];
    size_t len = 0, i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if ((uint64_t)value >> rows[i].bit & 1)
            len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s",
                                    len ? " " : "  (", rows[i].name);
    snprintf(text + len, sizeof(text) - len, "%s", len ? ")" : "");
    return text;
}

/* The same in MiB, or "". */
static const char *size_text(json_int_t value)
{
    static char text[48];

    text[0] = '\0';
    if (value >= 1 << 16)
        snprintf(text, sizeof(text), "  (%.1f MiB)", (double)value / (1 << 20));
    return text;
}

/* What a number stands for, or "". */
static const char *meaning(const char *key, json_int_t value)
{
    const size_t len = strlen(key);

    static const char *const status[] = {
        [XVGPU_STATUS_DISABLED] = "  (ring disabled)",
        [XVGPU_STATUS_RUNNING] = "  (ring running)",
        [XVGPU_STATUS_STOPPED] = "  (ring stopped by a fault)",
    };
#define FAULT_TEXT(name, code, text) [code] = "  (" text ")",
    static const char *const faults[] = {XVGPU_FAULT_CODES(FAULT_TEXT)};
#undef FAULT_TEXT

    if (!strcmp(key, "status") && value >= 0 &&
        (size_t)value < sizeof(status) / sizeof(status[0]))
        return status[value];
    if (!strcmp(key, "fault_code") && value >= 0 &&
        (size_t)value < sizeof(faults) / sizeof(faults[0]) && faults[value])
        return faults[value];
    if (!strcmp(key, "offered") || !strcmp(key, "accepted"))
        return features(value);
    return len > 6 && !strcmp(key + len - 6, "_bytes") ? size_text(value) : "";
}

static void show_group(const json_t *group)
{
    const char *key;
    json_t *value;

    json_object_foreach((json_t *)(uintptr_t)group, key, value)
    {
        if (json_is_integer(value))
            printf("  %-20s %" JSON_INTEGER_FORMAT "%s\n", key,
                   json_integer_value(value),
                   meaning(key, json_integer_value(value)));
        else if (json_is_string(value))
            printf("  %-20s %s\n", key,
                   print_clean((char[128]){0}, 128, json_string_value(value)));
        else if (!strcmp(key, "service_time_us"))
            show_times(value);
    }
}

/* What the monitor knows of an engine. */
static void show_engine(const json_t *e)
{
    printf("  %-20s %s, started %" JSON_INTEGER_FORMAT " times\n", "process",
           VALUE_TEXT(e, "process"), integer(e, "starts"));
    if (json_object_get(e, "device"))
        printf("  %-20s %s\n", "device", VALUE_TEXT(e, "device"));
    if (json_object_get(e, "guest_memory"))
        printf("  %-20s %s\n", "guest memory", VALUE_TEXT(e, "guest_memory"));
}

static void show_statistics(const json_t *v)
{
    const json_t *engines = json_object_get(v, "engines");
    const json_t *stats = json_object_get(v, "statistics");
    json_t *group;
    const char *key;

    json_object_foreach((json_t *)(uintptr_t)engines, key, group)
    {
        printf("\nengine %s\n", print_clean((char[32]){0}, 32, key));
        show_engine(group);
        group = json_object_get(stats, key);
        if (group) {
            json_object_del(group, "process"); /* said above, by the monitor */
            show_group(group);
        }
    }
    if (!stats) {
        printf("\nno statistics: %s\n", VALUE_TEXT(v, "statistics_error"));
        return;
    }
    puts("\ndevice");
    show_group(stats);
    json_object_foreach((json_t *)(uintptr_t)stats, key, group)
    {
        if (json_is_object(group) && !json_object_get(engines, key)) {
            printf("\n%s\n", key);
            show_group(group);
        }
    }
}

int command_show(const struct target *t, bool json)
{
    json_t *v = NULL;
    int rc;

    rc = command_fetch(t, &v);
    if (!rc && json) {
        rc = print_json(v);
    } else if (!rc) {
        show_head(v);
        show_sched(json_object_get(v, "sched"));
        show_processes(json_object_get(v, "processes"));
        show_statistics(v);
    }
    json_decref(v);
    return rc;
}
