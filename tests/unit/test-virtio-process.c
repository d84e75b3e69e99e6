/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A virtio-gpu as its driver meets it, of production processes in their
 * sandboxes: pictures, and what of them survives which process. */
#include "config.h"

#include "harness.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ring.h>

#ifdef XVGPU_VNC
#include "rfb-client.h"
#endif
#include "tools/client.h"
#include "virtio-requests.h"

#define BDF 0x80 /* slot 0x10 */
#define BAR1 UINT64_C(0xf0010000)
#define BAR4 UINT64_C(0xf0000000)
#define STATUS 0x14
#define NOTIFY 0x3000

#define QUEUE 16u
#define DESC UINT64_C(0x100000)
#define AVAIL UINT64_C(0x101000)
#define USED UINT64_C(0x102000)
#define REQUEST UINT64_C(0x103000)
#define RESPONSE UINT64_C(0x104000)
#define PIXELS UINT64_C(0x200000)
#define WIDTH 64u
#define HEIGHT 48u
#define PATIENCE_MS 60000

static struct dm dm;
static uint16_t sent;
static uint32_t accepted; /* of the lower features */

static domid_t domid(void)
{
    return (domid_t)dm.domid;
}

static void cfg(unsigned int reg, uint32_t value)
{
    assert_int_equal(fx_pci_cfg_write(domid(), 0, BDF, reg, 4, value), 0);
}

static void wr(uint32_t reg, unsigned int size, uint64_t value)
{
    assert_int_equal(fx_mmio_write(domid(), 0, BAR4 + reg, size, value), 0);
}

static uint32_t rd(uint32_t reg, unsigned int size)
{
    uint64_t value = 0;

    assert_int_equal(fx_mmio_read(domid(), 0, BAR4 + reg, size, &value), 0);
    return (uint32_t)(value & ((1ull << (8 * size)) - 1));
}

static void *ptr(uint64_t gpa, size_t bytes)
{
    void *p = fx_ptr(domid(), gpa, bytes);

    assert_non_null(p);
    return p;
}

/* A control queue, without interrupts and without luxuries. */
static void drive(void)
{
    sent = 0;
    memset(ptr(AVAIL, 4096), 0, 4096);
    memset(ptr(USED, 4096), 0, 4096);
    wr(STATUS, 1, 0);
    assert_int_equal(rd(STATUS, 1), 0);
    wr(STATUS, 1, 3);
    wr(0x08, 4, 1);
    wr(0x0c, 4, 1u << (VIRTIO_F_VERSION_1 - 32));
    wr(0x08, 4, 0);
    wr(0x0c, 4, accepted);
    wr(STATUS, 1, 11);
    assert_int_equal(rd(STATUS, 1), 11);
    wr(0x16, 2, 0);
    wr(0x18, 2, QUEUE);
    wr(0x1a, 2, 1);
    wr(0x20, 4, DESC);
    wr(0x28, 4, AVAIL);
    wr(0x30, 4, USED);
    wr(0x1c, 2, 1);
    assert_int_equal(rd(0x1c, 2), 1);
    wr(STATUS, 1, 15);
    assert_int_equal(rd(STATUS, 1), 15);
}

static void begin(const char *options)
{
    const struct fx_domain_config config = {
        .ram_bytes = 16u << 20, .vcpus = 1, .timeout_ms = PATIENCE_MS};
    const char *const words[] = {"-vgpu", options, NULL};

    dm_start_on(&dm, fx_domain_create(&config), words);
    assert_true(dm_wait_running(&dm));
    cfg(0x20, (uint32_t)BAR4);
    cfg(0x14, (uint32_t)BAR1);
    cfg(0x04, 0x6);
    drive();
}

/* The answer's type; 0 when none comes. */
static uint32_t command(const void *request, uint32_t len, uint32_t answer)
{
    struct vring_desc *d = ptr(DESC, 2 * sizeof(*d));
    struct vring_avail *avail = ptr(AVAIL, 4096);
    struct vring_used *used = ptr(USED, 4096);
    struct virtio_gpu_ctrl_hdr *hdr = ptr(RESPONSE, 4096);
    unsigned int ms;

    memset(hdr, 0, sizeof(*hdr));
    memcpy(ptr(REQUEST, len), request, len);
    d[0] = (struct vring_desc){REQUEST, len, VRING_DESC_F_NEXT, 1};
    d[1] = (struct vring_desc){RESPONSE, answer, VRING_DESC_F_WRITE, 0};
    avail->ring[sent % QUEUE] = 0;
    __atomic_store_n(&avail->idx, ++sent, __ATOMIC_RELEASE);
    wr(NOTIFY, 2, 0);
    for (ms = 0; ms < PATIENCE_MS; ms++) {
        if (__atomic_load_n(&used->idx, __ATOMIC_ACQUIRE) == sent)
            return hdr->type;
        usleep(1000);
    }
    return 0;
}

#define OK(c)                                                                  \
    assert_int_equal(                                                          \
        command(&(c), sizeof(c), sizeof(struct virtio_gpu_ctrl_hdr)),          \
        VIRTIO_GPU_RESP_OK_NODATA)

static void set_scanout(void)
{
    const struct virtio_gpu_set_scanout s = request_scanout(1, WIDTH, HEIGHT);

    OK(s);
}

static void flush(void)
{
    const struct virtio_gpu_resource_flush f = request_flush(1, WIDTH, HEIGHT);

    OK(f);
}

static void create(void)
{
    const struct virtio_gpu_resource_create_2d c =
        request_create_2d(1, VIRTIO_GPU_FORMAT_B8G8R8X8_UNORM, WIDTH, HEIGHT);
    const struct request_backing a =
        request_backing(1, PIXELS, WIDTH * HEIGHT * 4);

    OK(c);
    OK(a);
    set_scanout();
}

static void show(uint32_t colour)
{
    const struct virtio_gpu_transfer_to_host_2d t =
        request_transfer(1, WIDTH, HEIGHT);
    uint32_t *p = ptr(PIXELS, WIDTH * HEIGHT * 4), i;

    for (i = 0; i < WIDTH * HEIGHT; i++)
        p[i] = colour + i;
    OK(t);
    flush();
}

/* What `xen-vgpu screenshot` gets: a step from one pixel to the next. */
static void assert_steps(uint32_t colour, uint32_t step)
{
    const struct target t = {.domid = (uint32_t)dm.domid};
    uint32_t got[WIDTH * HEIGHT], i;
    json_t *about = NULL;
    int fd = -1;

    assert_int_equal(client_ask(&t, "screenshot", &about, &fd), EXIT_OK);
    assert_int_equal(json_integer_value(json_object_get(about, "width")),
                     WIDTH);
    assert_int_equal(json_integer_value(json_object_get(about, "height")),
                     HEIGHT);
    assert_int_equal(pread(fd, got, sizeof(got), 0), sizeof(got));
    for (i = 0; i < WIDTH * HEIGHT; i++)
        assert_int_equal(got[i] & 0xffffff, colour + step * i);
    close(fd);
    json_decref(about);
}

static void assert_shown(uint32_t colour)
{
    assert_steps(colour, 1);
}

static void end_process(const char *name)
{
    pid_t pid = dm_process(&dm, name);
    unsigned int ms;

    assert_true(pid > 0);
    assert_int_equal(kill(pid, SIGKILL), 0);
    for (ms = 0; ms < PATIENCE_MS; ms++) {
        const pid_t now = dm_process(&dm, name);

        if (now && now != pid)
            return;
        usleep(1000);
    }
    fail_msg("no other %s", name);
}

static void picture(void **state)
{
    (void)state;
    begin("model=virtio-gpu,sched=none");
    create();
    show(0x100000);
    assert_shown(0x100000);
    show(0x200000);
    assert_shown(0x200000);
    /* The driver is unbound, and bound again. */
    wr(STATUS, 1, 0);
    drive();
    create();
    show(0x300000);
    assert_shown(0x300000);
    dm_kill_domain_and_check(&dm);
}

static void displays(void **state)
{
    struct virtio_gpu_ctrl_hdr c = {.type = VIRTIO_GPU_CMD_GET_DISPLAY_INFO};
    const struct virtio_gpu_resp_display_info *info;

    (void)state;
    begin("model=virtio-gpu,sched=none,scanouts=2,display=1920x1080");
    assert_int_equal(rd(0x2008, 4), 2);
    assert_int_equal(command(&c, sizeof(c), sizeof(*info)),
                     VIRTIO_GPU_RESP_OK_DISPLAY_INFO);
    info = ptr(RESPONSE, sizeof(*info));
    assert_int_equal(info->pmodes[1].r.width, 1920);
    assert_int_equal(info->pmodes[1].r.height, 1080);
    assert_int_equal(info->pmodes[1].enabled, 1);
    assert_int_equal(info->pmodes[2].enabled, 0);
    dm_kill_domain_and_check(&dm);
}

/* What the administrator sees of it. */
static void shown(void **state)
{
    static const char *const wants[] = {
        "model=virtio-gpu scanouts=2 display=1280x800 local=256 MiB vnc=no",
        "  offered ",
        "EDID ", /* and what the host's renderer has */
        " INDIRECT_DESC EVENT_IDX VERSION_1)",
        "  accepted             4294967296  (VERSION_1)",
        "\nscanout1\n",
        "\nengine gfx\n",
        "  resources            1\n",
        "  resource_bytes       12288\n",
        "\ncommands\n  objects              2\n", /* made, backed */
        "  flushes              1\n",             /* a scanout set */
        "  refused              0\n",
    };
    char command_line[64], text[8192];
    unsigned int i;
    size_t len;
    FILE *f;

    (void)state;
    begin("model=virtio-gpu,sched=none,scanouts=2");
    create();
    snprintf(command_line, sizeof(command_line), "./xen-vgpu show %d",
             dm.domid);
    f = popen(command_line, "r");
    assert_non_null(f);
    len = fread(text, 1, sizeof(text) - 1, f);
    assert_int_equal(pclose(f), 0);
    text[len] = '\0';
    for (i = 0; i < sizeof(wants) / sizeof(wants[0]); i++)
        if (!strstr(text, wants[i]))
            fail_msg("no \"%s\" in:\n%s", wants[i], text);
    assert_null(strstr(text, "VRAM"));
    dm_kill_domain_and_check(&dm);
}

/* The driver notices nothing: what it had is there. */
static void engine_killed(void **state)
{
    (void)state;
    begin("model=virtio-gpu,sched=none");
    create();
    show(0x100000);
    end_process("engine gfx");
    assert_shown(0x100000);
    show(0x200000);
    assert_shown(0x200000);
    assert_int_equal(rd(STATUS, 1), 15);
    dm_kill_domain_and_check(&dm);
}

/* A context clears resource 1 to a colour and shows it. */
static void clear(float red, float green, float blue)
{
    const struct virtio_gpu_ctx_create ctx = request_context(1, 0);
    const struct virtio_gpu_resource_create_3d c =
        request_create_3d(1, WIDTH, HEIGHT);
    const struct virtio_gpu_ctx_resource a =
        request_on_context(VIRTIO_GPU_CMD_CTX_ATTACH_RESOURCE, 1, 1);
    struct {
        struct virtio_gpu_cmd_submit c;
        uint32_t dw[STREAM_TARGET + STREAM_CLEAR];
    } s = {.c = {.hdr = {.type = VIRTIO_GPU_CMD_SUBMIT_3D, .ctx_id = 1},
                 .size = sizeof(s.dw)}};

    stream_clear(s.dw + stream_target(s.dw, 1), red, green, blue);
    OK(ctx);
    OK(c);
    OK(a);
    OK(s);
    set_scanout();
    flush();
}

/* What the renderer does with a guest's first commands the sandbox allows. */
static void picture_3d(void **state)
{
    const uint32_t virgl = 1u << VIRTIO_GPU_F_VIRGL;

    (void)state;
    begin("model=virtio-gpu,sched=none");
    wr(0x00, 4, 0);
    if (rd(0x04, 4) & virgl) {
        accepted = virgl;
        drive();
        accepted = 0;
        clear(1, 0.5f, 0); /* orange */
        assert_steps(0xff8000, 0);
        assert_int_equal(rd(STATUS, 1), 15);
    }
    dm_kill_domain_and_check(&dm);
}

static void device_killed(void **state)
{
    (void)state;
    begin("model=virtio-gpu,sched=none");
    create();
    show(0x100000);
    end_process("device");
    show(0x200000);
    assert_shown(0x200000);
    assert_int_equal(rd(STATUS, 1), 15);
    wr(STATUS, 1, 0);
    drive();
    create();
    show(0x300000);
    assert_shown(0x300000);
    dm_kill_domain_and_check(&dm);
}

/* Nothing but the engine may end for what is in a queue, and a reset helps. */
static void queue_of_nonsense(void **state)
{
    struct vring_avail *avail;
    unsigned int ms;

    (void)state;
    begin("model=virtio-gpu,sched=none");
    create();
    avail = ptr(AVAIL, 4096);
    avail->ring[sent % QUEUE] = QUEUE;
    __atomic_store_n(&avail->idx, sent + 1, __ATOMIC_RELEASE);
    wr(NOTIFY, 2, 0);
    for (ms = 0; ms < PATIENCE_MS && !(rd(STATUS, 1) & 0x40); ms++)
        usleep(1000);
    assert_int_equal(rd(STATUS, 1), 15 | 0x40);
    drive();
    create();
    show(0x100000);
    assert_shown(0x100000);
    dm_kill_domain_and_check(&dm);
}

#ifdef XVGPU_VNC
static void assert_seen(struct rfb *r, uint32_t colour)
{
    uint32_t i;

    assert_int_equal(r->width, WIDTH);
    assert_int_equal(r->height, HEIGHT);
    for (i = 0; i < WIDTH * HEIGHT; i++)
        assert_int_equal(r->pixels[i] & 0xffffff, colour + i);
}

/* What somebody sees who looks, and the size that he would like to see. */
static void viewer(void **state)
{
    static const int32_t encodings[] = {0, RFB_NEW_SIZE, RFB_EXT_SIZE};
    struct virtio_gpu_ctrl_hdr c = {.type = VIRTIO_GPU_CMD_GET_DISPLAY_INFO};
    const struct virtio_gpu_resp_display_info *info;
    char path[48], options[96];
    unsigned int ms;
    struct rfb r;

    (void)state;
    snprintf(path, sizeof(path), "/tmp/xvgpu-vnc-%d", (int)getpid());
    snprintf(options, sizeof(options),
             "model=virtio-gpu,sched=none,vnc=unix:%s", path);
    begin(options);
    create();
    show(0x100000);
    rfb_connect_unix(&r, path);
    assert_true(rfb_authenticate(&r, NULL));
    rfb_init(&r);
    rfb_get(&r, false);
    assert_seen(&r, 0x100000);
    show(0x200000);
    rfb_get(&r, true);
    assert_seen(&r, 0x200000);
    end_process("engine gfx");
    rfb_get(&r, false);
    assert_seen(&r, 0x200000);

    rfb_encodings(&r, encodings, 3);
    rfb_ask_size(&r, 800, 600, 0);
    for (ms = 0; ms < PATIENCE_MS && !(rd(0x2000, 4) & 1); ms++)
        usleep(1000);
    assert_int_equal(rd(0x2000, 4), 1);
    assert_int_equal(command(&c, sizeof(c), sizeof(*info)),
                     VIRTIO_GPU_RESP_OK_DISPLAY_INFO);
    info = ptr(RESPONSE, sizeof(*info));
    assert_int_equal(info->pmodes[0].r.width, 800);
    assert_int_equal(info->pmodes[0].r.height, 600);
    rfb_close(&r);
    dm_kill_domain_and_check(&dm);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        harness_test(picture),
        harness_test(displays),
        harness_test(picture_3d),
        harness_test(shown),
        harness_test(engine_killed),
        harness_test(device_killed),
        harness_test(queue_of_nonsense),
#ifdef XVGPU_VNC
        harness_test(viewer),
#endif
    };
    int rc;

    harness_start("fake");
    rc = cmocka_run_group_tests(tests, NULL, NULL);
    harness_stop();
    return rc;
}
