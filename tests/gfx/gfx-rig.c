/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gfx-rig.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

static uint32_t packets[GFX_IB_BYTES / 4];

#define CHECK(cond)                                                            \
    do {                                                                       \
        if (!(cond)) {                                                         \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #cond);         \
            exit(99);                                                          \
        }                                                                      \
    } while (0)

/* What sanitizers find in the driver is not ours to mend. Leaks they know by
 * the library's name, so it stays when the loader has let it go. */
const char *__tsan_default_suppressions(void);
const char *__tsan_default_suppressions(void)
{
    return "race:libvulkan_lvp.so\nthread:libvulkan_lvp.so\n"
           "mutex:libvulkan_lvp.so\nsignal:libvulkan_lvp.so\n";
}

const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libvulkan_lvp.so\n";
}

static void keep_driver(void)
{
    static void *driver;

    if (!driver)
        driver = dlopen("libvulkan_lvp.so", RTLD_NOW | RTLD_NODELETE);
}

static void begin(struct gfx_rig *t)
{
    t->g = t->rig.e->backend;
    CHECK(rig_start(&t->rig) == 0);
    xvgpu_stream_init(&t->s, packets, sizeof(packets));
}

void gfx_rig_new(struct gfx_rig *t)
{
    keep_driver();
    *t = (struct gfx_rig){.ib = GFX_IB};
    rig_new_ops(&t->rig, &gfx_ops, GFX_RAM, 64);
    begin(t);
}

void gfx_rig_new_beside(struct gfx_rig *t, const struct gfx_rig *other,
                        uint64_t ib)
{
    *t = (struct gfx_rig){.ib = ib};
    rig_new_beside(&t->rig, &other->rig, &gfx_ops, 64);
    begin(t);
}

void gfx_rig_free(struct gfx_rig *t)
{
    rig_free(&t->rig);
}

void gfx_queue(struct gfx_rig *t)
{
    uint32_t n = xvgpu_stream_dwords(&t->s);

    CHECK(n);
    CHECK(fx_write(t->rig.domid, t->ib, packets, n * sizeof(*packets)) == 0);
    RIG_PUT(&t->rig, PKT(IB, 0, 4), LO(t->ib), HI(t->ib), n);
    rig_fence(&t->rig, 0, ++t->fence, false);
    xvgpu_stream_init(&t->s, packets, sizeof(packets));
}

uint32_t gfx_submit(struct gfx_rig *t)
{
    uint32_t code;

    gfx_queue(t);
    rig_go(&t->rig);
    if (t->rig.link->eng.state != LINK_STOPPED) {
        CHECK(t->rig.link->eng.fence == t->fence);
        return XVGPU_FAULT_NONE;
    }
    code = t->rig.link->eng.fault_code;
    rig_command(&t->rig, LINK_CMD_RESUME);
    rig_go(&t->rig);
    CHECK(t->rig.link->eng.state == LINK_RUNNING);
    CHECK(t->rig.link->eng.fence == t->fence);
    return code;
}

void *gfx_data(struct gfx_rig *t, uint64_t gpa, size_t bytes)
{
    return rig_ptr(&t->rig, gpa, bytes);
}

bool gfx_hand_over(struct gfx_rig *t)
{
    struct rig *rig = &t->rig;
    bool ok;

    rig->link->dev.start_rptr = rig->link->eng.rptr;
    rig->link->dev.start_fence = t->fence;
    rig->link->dev.start_stopped = 1;
    rig_respawn(rig);
    t->g = rig->e->backend;
    ok = rig_command(rig, LINK_CMD_START) == 0 &&
         rig_command(rig, LINK_CMD_RESUME) == 0;
    rig->link->dev.start_stopped = 0;
    return ok;
}
