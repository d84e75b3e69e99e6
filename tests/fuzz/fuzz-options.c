/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A command line: arguments with a newline behind each. */
#include "dm/monitor/launch.h"
#include "dm/monitor/options.h"
#include "fuzz.h"

#define MAX_ARGS 64

static void check(const struct options *o)
{
    uint32_t slots = 0;
    uint64_t sum = 0;
    unsigned int i;

    FUZZ_CHECK(o->domid && o->domid < OPTIONS_DOMID_END);
    FUZZ_CHECK(o->nr_vgpus && o->nr_vgpus <= PROTO_MAX_VGPUS);
    FUZZ_CHECK(o->name);
    FUZZ_CHECK(!o->qmp_path || strlen(o->qmp_path) < sizeof(o->qmp_path_buf));
    FUZZ_CHECK(o->qmp_path || o->qmp_fd > 2 || o->qmp_fd == -1);
    FUZZ_CHECK(o->log_level <= LOG_DEBUG);
    for (i = 0; i < o->nr_vgpus; i++) {
        const struct vgpu_options *v = &o->vgpus[i];

        FUZZ_CHECK(v->slot && v->slot <= OPTIONS_SLOT_MAX);
        FUZZ_CHECK(!(slots & 1u << v->slot));
        slots |= 1u << v->slot;
        FUZZ_CHECK(v->vram >= OPTIONS_VRAM_MIN && v->vram <= OPTIONS_VRAM_MAX);
        FUZZ_CHECK(!(v->vram & (v->vram - 1)));
        FUZZ_CHECK(v->poll <= OPTIONS_POLL_MAX);
        FUZZ_CHECK(v->engines && !(v->engines & ~(1u << XVGPU_ENGINE_SDMA |
                                                  1u << XVGPU_ENGINE_GFX)));
        FUZZ_CHECK(v->local >= OPTIONS_LOCAL_MIN &&
                   v->local <= OPTIONS_LOCAL_MAX);
        FUZZ_CHECK(v->watchdog >= OPTIONS_WATCHDOG_MIN &&
                   v->watchdog <= OPTIONS_WATCHDOG_MAX);
        FUZZ_CHECK(v->threads <= OPTIONS_THREADS_MAX);
        FUZZ_CHECK(!v->vulkan_icd[0] || v->vulkan_icd[0] == '/');
        sum += v->vram;
    }
    FUZZ_CHECK(sum == options_vram_total(o));
}

/* QEMU's command line has nothing of ours, and room for one VGA only. */
static void check_qemu(int argc, char *const argv[], const struct options *o)
{
    char **qemu = launch_argv(argc, argv, o);
    int i, ours = 0;

    FUZZ_CHECK(qemu && !strcmp(qemu[0], o->qemu));
    for (i = 1; qemu[i]; i++) {
        FUZZ_CHECK(i < argc && strlen(qemu[i]) < 1u << 20);
        switch (options_kind(qemu[i])) {
        case OPTION_PAIR:
            FUZZ_CHECK(qemu[++i]);
            break;
        case OPTION_OURS:
            ours++;
            break;
        case OPTION_OTHER:
            break;
        }
    }
    FUZZ_CHECK(!ours);
    free(qemu);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const usual[] = {"xen-vgpu-dm", "-xen-domid", "7",
                                        "-vgpu-companion", "none"};
    char *argv[MAX_ARGS + 1], *copy = malloc(size + 1), *rest = copy, *arg;
    struct options_error err = {""};
    struct options o;
    int argc = 0;
    size_t i;

    FUZZ_CHECK(copy);
    memcpy(copy, data, size);
    copy[size] = '\0';
    argv[argc++] = (char *)(uintptr_t)usual[0];
    /* A first line of its own says that the usual ones are there. */
    if (size && *copy == '+') {
        rest++;
        for (i = 1; i < sizeof(usual) / sizeof(usual[0]); i++)
            argv[argc++] = (char *)(uintptr_t)usual[i];
    }
    while (argc < MAX_ARGS && (arg = strsep(&rest, "\n")))
        argv[argc++] = arg;
    argv[argc] = NULL;
    if (options_parse(argc, argv, &o, &err) == 0) {
        check(&o);
        if (o.companion == COMPANION_QEMU)
            check_qemu(argc, argv, &o);
    } else {
        FUZZ_CHECK(*err.text && memchr(err.text, '\0', sizeof(err.text)));
    }
    free(copy);
    return 0;
}
