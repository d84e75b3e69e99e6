/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Blob resources of a virtio-gpu, with a renderer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "blob-guest.h"
#include "virgl-guest.h"

#define FEATURES_3D (BLOB_FEATURES | GUEST_FEATURES_3D)

static struct guest g;
static struct blob_request blob;

static int begin(void **state)
{
    (void)state;
    return guest_begin(&g, FEATURES_3D);
}

static int end(void **state)
{
    (void)state;
    return guest_end(&g);
}

#define PIPE_RESOURCE_CREATE (48u | 11u << 16) /* src/virgl_protocol.h */
#define TARGET_2D 2u

static uint32_t attach(uint32_t ctx, uint32_t id)
{
    return guest_on_context(&g, VIRTIO_GPU_CMD_CTX_ATTACH_RESOURCE, ctx, id);
}

/* A texture in context 1, to be had by its number. */
static void make_texture(uint32_t blob_id)
{
    struct {
        struct virtio_gpu_cmd_submit c;
        uint32_t dw[12];
    } s = {.c = {.hdr = {.type = VIRTIO_GPU_CMD_SUBMIT_3D, .ctx_id = 1},
                 .size = sizeof(s.dw)},
           .dw = {PIPE_RESOURCE_CREATE, BGRX, VIRGL_RES_BIND_RENDER_TARGET,
                  TARGET_2D, WIDTH, HEIGHT, 1, 1, 0, 0, 0, blob_id}};

    assert_int_equal(guest_send(&g, &s, sizeof(s)), OK);
}

static void is_offered(void **state)
{
    struct engine_host host = {0};

    (void)state;
    virtio_ops.describe(g.rig.e, &host);
    assert_true(host.features & 1u << VIRTIO_GPU_F_RESOURCE_BLOB);
    assert_true(host.features & 1u << VIRTIO_GPU_F_CONTEXT_INIT);
}

static void renderer_knows_the_pages(void **state)
{
    struct vgpu *v = vgpu_of(g.rig.e);

    (void)state;
    assert_int_equal(guest_context(&g, 1, 2), OK);
    assert_int_equal(blob_create(&g, 1), OK);
    assert_int_equal(attach(1, 1), OK);
    assert_int_equal(v->virgl->mapped, PAGES * PAGE);
    blob_paint(&g, 7);
    assert_int_equal(blob_show(&g, 1), OK);
    assert_int_equal(blob_flush(&g, 1), OK);
    assert_true(blob_is_shown(&g, 7));
    /* Mappings go, and come again when there is something to do. */
    g.rig.link->dev.map_generation++;
    guest_turn(&g);
    assert_int_equal(v->virgl->mapped, 0);
    make_texture(1);
    assert_int_equal(v->virgl->mapped, PAGES * PAGE);
    guest_respawn(&g);
    v = vgpu_of(g.rig.e);
    assert_int_equal(v->virgl->mapped, PAGES * PAGE);
    blob_paint(&g, 8);
    assert_int_equal(blob_flush(&g, 1), OK);
    assert_true(blob_is_shown(&g, 8));
    assert_int_equal(guest_on_resource(&g, VIRTIO_GPU_CMD_RESOURCE_UNREF, 1),
                     OK);
    assert_int_equal(v->virgl->mapped, 0);
    /* Not in memory: the renderer can't have it. */
    blob = blob_of(2, GUEST);
    blob.entry[2].addr = 0xf0000000;
    assert_int_equal(blob_send(&g, &blob), UNSPEC);
    assert_int_equal(v->backing_bytes, 0);
}

/* Pages of a large one are lent in pieces, and taken away in between. */
static void stops_while_it_is_made(void **state)
{
    struct vgpu *v = vgpu_of(g.rig.e);

    (void)state;
    assert_int_equal(guest_context(&g, 1, 2), OK);
    blob = blob_of(1, GUEST);
    blob.c.nr_entries = 1;
    blob.entry[0].addr = GUEST_DATA;
    blob.entry[0].length = 8 << 20;
    blob.c.size = 8 << 20;
    guest_put(&g, CONTROL, &blob, sizeof(blob), HDR);
    guest_preempt(&g);
    assert_true(v->request.busy);
    assert_false(resource_find(v, 1)->made);
    g.rig.link->dev.map_generation++;
    engine_turn(g.rig.e, 0);
    assert_int_equal(guest_returned(&g, CONTROL, NULL), 0);
    rig_grant(&g.rig, GRANT_RUN);
    guest_turn(&g);
    assert_int_equal(guest_returned(&g, CONTROL, NULL), 1);
    assert_true(resource_find(v, 1)->made);
    assert_int_equal(v->virgl->mapped, 8 << 20);
    assert_int_equal(attach(1, 1), OK);
    assert_int_equal(guest_on_resource(&g, VIRTIO_GPU_CMD_RESOURCE_UNREF, 1),
                     OK);
    guest_turn(&g);
    assert_int_equal(v->backing_bytes, 0);
}

static uint32_t transfer_3d(uint32_t id)
{
    struct virtio_gpu_transfer_host_3d c = {
        .hdr = {.type = VIRTIO_GPU_CMD_TRANSFER_TO_HOST_3D, .ctx_id = 1},
        .box = {0, 0, 0, WIDTH, HEIGHT, 1},
        .offset = OFFSET,
        .stride = STRIDE,
        .resource_id = id,
    };

    return guest_send(&g, &c, sizeof(c));
}

/* A context's texture as a blob: shown from there; gone with the process. */
static void of_the_host(void **state)
{
    struct virtio_gpu_set_scanout_blob c = blob_surface(2);

    (void)state;
    assert_int_equal(guest_context(&g, 1, 2), OK);
    make_texture(77);
    blob = blob_of(1, HOST3D);
    blob.c.hdr.ctx_id = 1;
    blob.c.blob_id = 77;
    blob.c.nr_entries = 0;
    blob.c.blob_flags = VIRTIO_GPU_BLOB_FLAG_USE_MAPPABLE;
    assert_int_equal(blob_send(&g, &blob), BAD_PARAMETER);
    blob.c.blob_flags = 0;
    blob.c.hdr.ctx_id = 9;
    assert_int_equal(blob_send(&g, &blob), BAD_CONTEXT);
    blob.c.hdr.ctx_id = 1;
    blob.c.blob_id = 78;
    assert_int_equal(blob_send(&g, &blob), BAD_PARAMETER);
    blob.c.blob_id = 77;
    blob.c.size = g.rig.e->limits.local_size + 1;
    assert_int_equal(blob_send(&g, &blob), NO_MEMORY);
    blob.c.size = SIZE;
    assert_int_equal(blob_send(&g, &blob), OK);
    assert_int_equal(vgpu_of(g.rig.e)->bytes, SIZE);
    assert_int_equal(guest_attach(&g, 1, GUEST_DATA, PAGES * PAGE), UNSPEC);

    make_texture(78);
    blob = blob_of(2, HOST3D_GUEST);
    blob.c.hdr.ctx_id = 1;
    blob.c.blob_id = 78;
    assert_int_equal(blob_send(&g, &blob), OK);
    blob_paint(&g, 9);
    assert_int_equal(transfer_3d(1), UNSPEC); /* from where? */
    assert_int_equal(attach(1, 2), OK);
    assert_int_equal(transfer_3d(2), OK);
    assert_int_equal(blob_send_surface(&g, &c), BAD_PARAMETER);
    c.offsets[0] = 0;
    c.format = RGBA;
    assert_int_equal(blob_send_surface(&g, &c), BAD_PARAMETER);
    c.format = BGRX;
    c.width = WIDTH + 1;
    assert_int_equal(blob_send_surface(&g, &c), BAD_PARAMETER);
    c.width = WIDTH;
    assert_int_equal(blob_send_surface(&g, &c), OK);
    assert_int_equal(blob_flush(&g, 2), OK);
    assert_true(blob_is_shown(&g, 9));
    guest_respawn(&g);
    assert_int_equal(blob_flush(&g, 2), BAD_ID);
    assert_int_equal(attach(1, 1), BAD_ID);
    assert_int_equal(vgpu_of(g.rig.e)->bytes, 0);
    assert_true(blob_is_shown(&g, 9)); /* what was shown stays */
}

/* What the renderer loses of a blob of its own at its end is not ours. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libvirglrenderer.so\n";
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(is_offered),
        TEST(renderer_knows_the_pages),
        TEST(stops_while_it_is_made),
        TEST(of_the_host),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
