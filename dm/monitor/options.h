/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command line: libxl's arguments for QEMU, of which few matter here,
 * and ours from device_model_args. Pure: nothing is opened.
 */
#ifndef MONITOR_OPTIONS_H
#define MONITOR_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/log.h"
#include "lib/proto.h"

#define OPTIONS_VRAM_MIN (UINT64_C(2) << 20)
#define OPTIONS_VRAM_MAX (UINT64_C(4) << 30)
#define OPTIONS_VRAM_DEFAULT (UINT64_C(64) << 20)
#define OPTIONS_SLOT_DEFAULT 0x10u /* clear of QEMU's automatic slots */
#define OPTIONS_SLOT_MAX 0x1fu
#define OPTIONS_POLL_DEFAULT 50u
#define OPTIONS_POLL_MAX 1000u
#define OPTIONS_RATE_DEFAULT 20000u
#define OPTIONS_RATE_MAX 10000000u
#define OPTIONS_LOCAL_MIN (UINT64_C(16) << 20)
#define OPTIONS_LOCAL_MAX (UINT64_C(64) << 30)
#define OPTIONS_LOCAL_DEFAULT (UINT64_C(256) << 20)
#define OPTIONS_WATCHDOG_MIN 100u
#define OPTIONS_WATCHDOG_MAX 600000u
#define OPTIONS_WATCHDOG_DEFAULT 2000u
#define OPTIONS_WIDTH_DEFAULT 1280u
#define OPTIONS_HEIGHT_DEFAULT 800u
#define OPTIONS_DISPLAY_MIN 64u
#define OPTIONS_CAP_UNIT 10u /* per mille of one per cent */
#define OPTIONS_THREADS_MAX 32u
#define OPTIONS_THREADS_DEFAULT 4u /* or as many as there are processors */

/* What libxl gives QEMU's VGA when nobody says otherwise. */
#define OPTIONS_QEMU_VGA_MIB 16u

/* DOMID_FIRST_RESERVED: domids from here on are not guests. */
#define OPTIONS_DOMID_END 0x7ff0u

enum vnc_kind { VNC_NONE, VNC_TCP, VNC_TCP6, VNC_UNIX };

/* Where a vGPU is shown. */
struct vnc_options {
    uint32_t kind;      /* enum vnc_kind */
    uint32_t port;      /* of scanout 0 */
    char where[96];     /* an address, in numbers, or a socket's path */
    char password[128]; /* a file, or "" */
};

struct vgpu_options {
    uint32_t model;       /* enum proto_model */
    uint64_t vram;        /* bytes; virtio-gpu: 0 */
    uint32_t slot;        /* PCI device number on bus 0 */
    uint32_t poll;        /* us */
    uint32_t rate;        /* accesses a second; 0: no limit */
    uint32_t engines;     /* bit mask, XVGPU_ENGINE_* */
    uint32_t watchdog;    /* ms that a packet may run on the GPU */
    uint32_t threads;     /* of a driver that draws on processors */
    uint64_t local;       /* bytes of gfx's local heap, or of resources */
    char vulkan_icd[128]; /* a Vulkan driver's manifest, or "" */
    bool sched;           /* xen-vgpud decides when engines run */
    uint32_t weight;      /* share of engines' time, to the others' */
    uint32_t cap;         /* per mille of an engine's time; 0: none */
    uint32_t latency;     /* enum proto_latency */
    /* virtio-gpu: how many scanouts, and of what size. */
    uint32_t scanouts, width, height;
    struct vnc_options vnc;
};

enum companion { COMPANION_NONE, COMPANION_QEMU };

struct options {
    uint32_t domid;
    const char *name;     /* the domain's, "" if libxl gave none */
    const char *qmp_path; /* NULL: see qmp_fd */
    char qmp_path_buf[108];
    int qmp_fd;     /* the listening socket under dm_restrict=1, or -1 */
    bool prelaunch; /* wait for QMP `cont`, as libxl then says */
    enum companion companion;
    bool attach;      /* to a PVH domain that xl has created paused */
    const char *qemu; /* the program beside us */
    const char *vga;  /* QEMU's -device, NULL without one */
    uint64_t vga_mib; /* of memory that libxl gave it */
    enum log_level log_level;
    unsigned int nr_vgpus;
    struct vgpu_options vgpus[PROTO_MAX_VGPUS];
};

/* What is wrong with the command line, for a person. */
struct options_error {
    char text[256];
};

/* Reads argv; strings in *o refer to it. 0, or -EINVAL with *err filled. */
int options_parse(int argc, char *const argv[], struct options *o,
                  struct options_error *err);

/* How far an argument reaches: with OPTION_OURS and OPTION_PAIR the next word
 * belongs to it; options_parse() has seen to it that there is one. */
enum option_kind { OPTION_OTHER, OPTION_PAIR, OPTION_OURS };

enum option_kind options_kind(const char *arg);

/* Is this value of -device a VGA with memory from videoram=? */
bool options_is_vga(const char *device);

/* An enum proto_latency as latency= takes it. */
const char *options_latency_name(uint32_t latency);

/* An enum proto_model as model= takes it. */
const char *options_model_name(uint32_t model);

/* Bytes of VRAM of all vGPUs. */
uint64_t options_vram_total(const struct options *o);

#endif
