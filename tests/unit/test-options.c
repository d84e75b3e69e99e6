/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "dm/monitor/options.h"

#define CHARDEV "socket,id=libxl-cmd,path=/tmp/qmp,server=on,wait=off"
#define BASE                                                                   \
    "xen-vgpu-dm", "-xen-domid", "7", "-no-shutdown", "-chardev", CHARDEV,     \
        "-mon", "chardev=libxl-cmd,mode=control", "-chardev",                  \
        "socket,id=libxenstat-cmd,path=/x,server=on,wait=off", "-name",        \
        "-vgpu", "-vnc", "none", "-vgpu-companion", "none"
#define FIFTY "01234567890123456789012345678901234567890123456789"
#define PARSE(o, err, ...)                                                     \
    options_parse(sizeof((char *[]){__VA_ARGS__}) / sizeof(char *),            \
                  (char *[]){__VA_ARGS__}, o, err)

static void as_libxl_calls(void **state)
{
    struct options_error err;
    struct options o;

    (void)state;
    assert_int_equal(PARSE(&o, &err, BASE, "-vgpu",
                           "model=native,vram=128M,slot=0x11,poll=0,sched=none",
                           "-vgpu",
                           "vram=2M,engines=gfx,local=24M,watchdog=40000,"
                           "threads=7,vulkan-icd=/opt/gpu.json,sched=host,"
                           "weight=10000,cap=35,latency=batch",
                           "-vgpu-log", "debug"),
                     0);
    assert_int_equal(o.domid, 7);
    assert_string_equal(o.name, "-vgpu");
    assert_string_equal(o.qmp_path, "/tmp/qmp");
    assert_int_equal(o.qmp_fd, -1);
    assert_int_equal(o.companion, COMPANION_NONE);
    assert_int_equal(o.log_level, LOG_DEBUG);
    assert_int_equal(o.nr_vgpus, 2);
    assert_int_equal(o.vgpus[0].vram, 128 << 20);
    assert_int_equal(o.vgpus[0].slot, 0x11);
    assert_int_equal(o.vgpus[0].poll, 0);
    assert_int_equal(o.vgpus[1].vram, 2 << 20);
    assert_int_equal(o.vgpus[1].slot, 0x10);
    assert_int_equal(o.vgpus[1].engines, 1u << XVGPU_ENGINE_GFX);
    assert_int_equal(o.vgpus[1].local, 24 << 20);
    assert_int_equal(o.vgpus[1].watchdog, 40000);
    assert_int_equal(o.vgpus[1].threads, 7);
    assert_string_equal(o.vgpus[1].vulkan_icd, "/opt/gpu.json");
    assert_false(o.vgpus[0].sched);
    assert_true(o.vgpus[1].sched);
    assert_int_equal(o.vgpus[1].weight, 10000);
    assert_int_equal(o.vgpus[1].cap, 350);
    assert_int_equal(o.vgpus[1].latency, PROTO_LATENCY_BATCH);
    assert_int_equal(options_vram_total(&o), 130 << 20);
}

static void vnc(void **state)
{
    static const struct {
        const char *arg;
        uint32_t kind, port;
        const char *where;
    } rows[] = {
        {"model=virtio-gpu,vnc=5900", VNC_TCP, 5900, "127.0.0.1"},
        {"vnc=127.1.2.3:1,model=virtio-gpu", VNC_TCP, 1, "127.1.2.3"},
        {"model=virtio-gpu,vnc=10.0.0.1:65535,vncpasswd=/x", VNC_TCP, 65535,
         "10.0.0.1"},
        {"model=virtio-gpu,vnc=[::1]:5900", VNC_TCP6, 5900, "::1"},
        {"model=virtio-gpu,vnc=unix:/run/a:b", VNC_UNIX, 0, "/run/a:b"},
    };
    struct options_error err;
    struct options o;
    size_t i;

    (void)state;
#ifndef XVGPU_VNC
    skip();
#endif
    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(
            PARSE(&o, &err, BASE, "-vgpu", (char *)(uintptr_t)rows[i].arg), 0);
        assert_int_equal(o.vgpus[0].vnc.kind, rows[i].kind);
        assert_int_equal(o.vgpus[0].vnc.port, rows[i].port);
        assert_string_equal(o.vgpus[0].vnc.where, rows[i].where);
    }
}

static void defaults(void **state)
{
    struct options_error err;
    struct options o;

    (void)state;
    assert_int_equal(
        PARSE(&o, &err, BASE, "-vgpu", "model=native", "-vgpu", "model=native"),
        0);
    assert_int_equal(o.vgpus[0].vram, OPTIONS_VRAM_DEFAULT);
    assert_int_equal(o.vgpus[0].slot, 0x10);
    assert_int_equal(o.vgpus[1].slot, 0x11);
    assert_int_equal(o.vgpus[0].engines,
                     1u << XVGPU_ENGINE_GFX | 1u << XVGPU_ENGINE_SDMA);
    assert_int_equal(o.vgpus[0].local, OPTIONS_LOCAL_DEFAULT);
    assert_int_equal(o.vgpus[0].watchdog, OPTIONS_WATCHDOG_DEFAULT);
    assert_string_equal(o.vgpus[0].vulkan_icd, "");
    assert_true(o.vgpus[0].sched);
    assert_int_equal(o.vgpus[0].weight, 100);
    assert_int_equal(o.vgpus[0].cap, 0);
    assert_int_equal(o.vgpus[0].latency, PROTO_LATENCY_NORMAL);
    assert_int_equal(o.log_level, LOG_INFO);
}

static void beside_qemu(void **state)
{
    struct options_error err;
    struct options o;

    (void)state;
    assert_int_equal(PARSE(&o, &err, BASE, "-vgpu-companion", "qemu", "-device",
                           "VGA,vgamem_mb=80", "-vgpu", "vram=64M"),
                     0);
    assert_int_equal(o.companion, COMPANION_QEMU);
    assert_int_equal(o.vga_mib, 80);
    assert_string_equal(o.qemu, "/usr/libexec/xen-qemu-system-i386");
    /* Without a VGA, and with one that no vGPU stands beside. */
    assert_int_equal(PARSE(&o, &err, BASE, "-vgpu-companion", "qemu", "-device",
                           "VGABOO,vgamem_mb=1", "-vgpu-qemu", "/q", "-vgpu",
                           "vram=64M"),
                     0);
    assert_string_equal(o.qemu, "/q");
    assert_int_equal(PARSE(&o, &err, BASE, "-device", "VGA,vgamem_mb=16",
                           "-vgpu", "vram=64M"),
                     0);
    assert_int_equal(options_kind("-vgpu-qemu"), OPTION_OURS);
    assert_int_equal(options_kind("-name"), OPTION_PAIR);
    assert_int_equal(options_kind("-nodefaults"), OPTION_OTHER);
}

static void socket_by_descriptor(void **state)
{
    struct options_error err;
    struct options o;

    (void)state;
    assert_int_equal(PARSE(&o, &err, "dm", "-xen-domid", "1", "-chardev",
                           "socket,id=libxl-cmd,fd=9,server=on,wait=off", "-S",
                           "-vgpu-companion", "none", "-vgpu", "vram=4G"),
                     0);
    assert_int_equal(o.qmp_fd, 9);
    assert_null(o.qmp_path);
    assert_true(o.prelaunch);
    assert_int_equal(o.vgpus[0].vram, UINT64_C(4) << 30);
    /* The user's name is anybody's choice. */
    assert_int_equal(PARSE(&o, &err, BASE, "-xen-domid-restrict", "-chroot",
                           "-vgpu-attach", "-vgpu", "vram=4M", "-runas", "-S"),
                     0);
    assert_int_equal(o.nr_vgpus, 1);
    assert_false(o.prelaunch);
    assert_false(o.attach);
    assert_int_equal(options_kind("-S"), OPTION_OTHER);
    assert_int_equal(options_kind("-runas"), OPTION_PAIR);
}

static void virtio_gpu(void **state)
{
    struct options_error err;
    struct options o;

    (void)state;
    assert_int_equal(
        PARSE(&o, &err, BASE, "-vgpu",
              "display=1920x1080,scanouts=2,model=virtio-gpu,local=64M"),
        0);
    assert_int_equal(o.vgpus[0].model, PROTO_MODEL_VIRTIO_GPU);
    assert_int_equal(o.vgpus[0].engines, 1u << XVGPU_ENGINE_GFX);
    assert_int_equal(o.vgpus[0].scanouts, 2);
    assert_int_equal(o.vgpus[0].width, 1920);
    assert_int_equal(o.vgpus[0].height, 1080);
    assert_int_equal(o.vgpus[0].local, 64 << 20);
    assert_int_equal(options_vram_total(&o), 0);
    assert_int_equal(PARSE(&o, &err, BASE, "-vgpu", "model=virtio-gpu"), 0);
    assert_int_equal(o.vgpus[0].scanouts, 1);
    assert_int_equal(o.vgpus[0].width, 1280);
}

static const char *expected(const char *vgpu, const char *says)
{
#ifndef XVGPU_VNC
    if (strstr(vgpu, "vnc="))
        return "built without VNC";
#endif
    (void)vgpu;
    return says;
}

static void refused(void **state)
{
    static const struct {
        const char *vgpu, *says;
    } rows[] = {
        {"", "must be a list"},
        {"vram", "must be a list"},
        {"vram=64M,", "must be a list"},
        {"share=3", "must be a list"},
        {"model=virtio", "must be native or virtio-gpu"},
        {"model=virtio-gpu,vram=64M", "vram=: not with model=virtio-gpu"},
        {"engines=gfx,model=virtio-gpu", "engines=: not with"},
        {"model=virtio-gpu,vulkan-icd=/x", "vulkan-icd=: not with"},
        {"scanouts=2", "scanouts=: not with model=native"},
        {"display=640x480,model=native", "display=: not with"},
        {"model=virtio-gpu,scanouts=0", "must be 1 to 4"},
        {"model=virtio-gpu,scanouts=5", "must be 1 to 4"},
        {"model=virtio-gpu,display=1280", "must be WIDTHxHEIGHT"},
        {"model=virtio-gpu,display=1280x", "must be WIDTHxHEIGHT"},
        {"model=virtio-gpu,display=x800", "must be WIDTHxHEIGHT"},
        {"model=virtio-gpu,display=1280x800x", "must be WIDTHxHEIGHT"},
        {"model=virtio-gpu,display=63x64", "from 64x64 to 4096x2304"},
        {"model=virtio-gpu,display=4097x64", "from 64x64 to 4096x2304"},
        {"vnc=5900", "vnc=: not with model=native"},
        {"model=virtio-gpu,vnc=", "must be PORT"},
        {"model=virtio-gpu,vnc=0", "must be PORT"},
        {"model=virtio-gpu,vnc=65536", "must be PORT"},
        {"model=virtio-gpu,vnc=localhost:5900", "must be PORT"},
        {"model=virtio-gpu,vnc=127.0.0.1:", "must be PORT"},
        {"model=virtio-gpu,vnc=:5900", "must be PORT"},
        {"model=virtio-gpu,vnc=::1:5900", "must be PORT"},
        {"model=virtio-gpu,vnc=[::1]", "must be PORT"},
        {"model=virtio-gpu,vnc=[]:5900", "must be PORT"},
        {"model=virtio-gpu,vnc=unix:vnc", "must be PORT"},
        {"model=virtio-gpu,vnc=unix:/" FIFTY FIFTY, "must be PORT"},
        {"model=virtio-gpu,vnc=0.0.0.0:5900", "needs vncpasswd="},
        {"model=virtio-gpu,vnc=[::]:5900", "needs vncpasswd="},
        {"vnc=[::1]:65534,model=virtio-gpu,scanouts=3", "no ports behind"},
        {"model=virtio-gpu,vncpasswd=/etc/vnc", "without vnc="},
        {"model=virtio-gpu,vnc=5900,vncpasswd=vnc", "whole path"},
        {"vram=", "power of two from 2M to 4G"},
        {"vram=0", "power of two"},
        {"vram=1M", "power of two"},
        {"vram=3M", "power of two"},
        {"vram=8G", "power of two"},
        {"vram=64MB", "power of two"},
        {"vram=64m", "power of two"},
        {"vram=-64M", "power of two"},
        {"vram= 64M", "power of two"},
        {"vram=18446744073709551616", "power of two"},
        {"vram=17592186044416M", "power of two"},
        {"slot=0", "0x1 to 0x1f"},
        {"slot=32", "0x1 to 0x1f"},
        {"slot=0x", "0x1 to 0x1f"},
        {"poll=1001", "0 to 1000"},
        {"poll=5us", "0 to 1000"},
        {"rate=x", "0 to 10000000"},
        {"sched=fair", "must be host or none"},
        {"sched=", "must be host or none"},
        {"weight=0", "1 to 10000"},
        {"weight=10001", "1 to 10000"},
        {"weight=-1", "1 to 10000"},
        {"cap=101", "1 to 100"},
        {"cap=50%", "1 to 100"},
        {"cap=", "1 to 100"},
        {"latency=high", "normal, low or batch"},
        {"latency=", "normal, low or batch"},
        {"vram=2M,vram=2M", "given twice"},
        {"engines=", "must be sdma, gfx or gfx+sdma"},
        {"engines=mm", "must be sdma, gfx or gfx+sdma"},
        {"engines=gfx+gfx", "must be sdma, gfx or gfx+sdma"},
        {"local=8M", "16M to 64G"},
        {"local=65G", "16M to 64G"},
        {"local=18446744073709551615G", "16M to 64G"},
        {"watchdog=99", "100 to 600000"},
        {"watchdog=600001", "100 to 600000"},
        {"threads=0", "1 to 32"},
        {"threads=33", "1 to 32"},
        {"vulkan-icd=lvp.json", "whole path"},
        {"vulkan-icd=/a\n/b", "whole path"},
    };
    struct options_error err;
    struct options o;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        err.text[0] = '\0';
        assert_int_equal(PARSE(&o, &err, BASE, "-vgpu", (char *)rows[i].vgpu),
                         -EINVAL);
        if (!strstr(err.text, expected(rows[i].vgpu, rows[i].says)))
            fail_msg("%s: \"%s\"", rows[i].vgpu, err.text);
    }
}

#define REFUSED(says, ...)                                                     \
    do {                                                                       \
        struct options_error err_;                                             \
        struct options o_;                                                     \
        assert_int_equal(PARSE(&o_, &err_, __VA_ARGS__), -EINVAL);             \
        if (!strstr(err_.text, says))                                          \
            fail_msg("\"%s\" lacks \"%s\"", err_.text, says);                  \
    } while (0)

static void refused_lines(void **state)
{
    (void)state;
    REFUSED("-xen-domid: missing", "dm");
    REFUSED("must be 1 to", "dm", "-xen-domid", "0");
    REFUSED("must be 1 to", "dm", "-xen-domid", "32752");
    REFUSED("needs a value", "dm", "-xen-domid");
    REFUSED("-vgpu: missing", "dm", "-xen-domid", "1");
    REFUSED("whole path", BASE, "-vgpu-qemu", "qemu");
    REFUSED("set videoram=80", BASE, "-vgpu-companion", "qemu", "-vgpu",
            "vram=64M", "-device", "VGA,vgamem_mb=64");
    REFUSED("set videoram=80", BASE, "-vgpu-companion", "qemu", "-vgpu",
            "vram=64M", "-device", "cirrus-vga,vgamem_mb=79");
    REFUSED("qxl", BASE, "-vgpu-companion", "qemu", "-vgpu", "vram=2M",
            "-device", "qxl-vga,vram_size_mb=64");
    REFUSED("must be none or qemu", "dm", "-vgpu-companion", "kvm");
    REFUSED("-vgpu: missing", BASE);
    REFUSED("-chardev", "dm", "-xen-domid", "1", "-vgpu-companion", "none",
            "-vgpu", "vram=2M");
    REFUSED("path= or fd=", "dm", "-chardev", "socket,id=libxl-cmd,host=x");
    REFUSED("path= or fd=", "dm", "-chardev", "socket,id=libxl-cmd,fd=2");
    REFUSED("no such option", BASE, "-vgpus", "x");
    REFUSED("error, warning, info or debug", BASE, "-vgpu-log", "loud");
    REFUSED("two vGPUs", BASE, "-vgpu", "slot=5", "-vgpu", "slot=5");
    REFUSED("more than 4", BASE, "-vgpu", "vram=2M", "-vgpu", "vram=2M",
            "-vgpu", "vram=2M", "-vgpu", "vram=2M", "-vgpu", "vram=2M");
    REFUSED("-incoming", BASE, "-vgpu", "vram=2M", "-incoming", "fd:5");
}

static void attached(void **state)
{
    struct options_error err;
    struct options o;

    (void)state;
    assert_int_equal(PARSE(&o, &err, "dm", "-vgpu-attach", "9", "-vgpu",
                           "vram=2M", "-vgpu-log", "debug", "-vgpu", "vram=4M"),
                     0);
    assert_true(o.attach);
    assert_int_equal(o.domid, 9);
    assert_int_equal(o.companion, COMPANION_NONE);
    assert_int_equal(o.nr_vgpus, 2);
    assert_int_equal(o.vgpus[1].slot, 0x11);
    assert_int_equal(options_kind("-vgpu-attach"), OPTION_OURS);
    REFUSED("must be a domid", "dm", "-vgpu-attach", "0", "-vgpu", "vram=2M");
    REFUSED("must be a domid", "dm", "-vgpu-attach", "1.1", "-vgpu", "vram=2M");
    REFUSED("-vgpu: missing", "dm", "-vgpu-attach", "1");
    REFUSED("two vGPUs", "dm", "-vgpu-attach", "1", "-vgpu", "slot=5", "-vgpu",
            "slot=5");
    /* No QEMU will take what is not ours. */
    REFUSED("--vgpu: can't be used", "dm", "-vgpu-attach", "1", "-vgpu",
            "vram=2M", "--vgpu", "vram=2M");
    REFUSED("-vgpu-companion: can't be used", "dm", "-vgpu-attach", "1",
            "-vgpu-companion", "qemu", "-vgpu", "vram=2M");
    REFUSED("-xen-domid: can't be used", "dm", "-xen-domid", "2",
            "-vgpu-attach", "1", "-vgpu", "vram=2M");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_libxl_calls),
        cmocka_unit_test(defaults),
        cmocka_unit_test(beside_qemu),
        cmocka_unit_test(socket_by_descriptor),
        cmocka_unit_test(attached),
        cmocka_unit_test(virtio_gpu),
        cmocka_unit_test(vnc),
        cmocka_unit_test(refused),
        cmocka_unit_test(refused_lines),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
