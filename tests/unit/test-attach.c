/* SPDX-License-Identifier: GPL-2.0-or-later */
/* xen-vgpu attach: a PVH domain gets vGPUs and a PCI bus, or is as before. */
#include "harness.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <xen-vgpu/pci.h>

#include <cmocka.h>

#define CF8 0xcf8
#define CFC 0xcfc
#define VGPU_DEVFN 0x80u
#define ID(vendor, device) ((uint32_t)(device) << 16 | (vendor))

static char logs[] = "/tmp/xvgpu-logs-XXXXXX";

static const char *const words[] = {"-vgpu", "vram=8M", "-vgpu", "vram=2M",
                                    NULL};

/* As xl create -p makes one: no room but for its RAM. */
static int create(bool pvh, bool paused)
{
    const struct fx_domain_config config = {
        .ram_bytes = 32u << 20, .vcpus = 2, .pvh = pvh, .paused = paused};
    int domid = fx_domain_create(&config);

    assert_true(domid > 0);
    return domid;
}

/* What was logged for the domain; the next call overwrites it. */
static const char *logged(int domid)
{
    static char text[4096];
    char path[96];
    size_t n;
    FILE *f;

    snprintf(path, sizeof(path), "%s/xen-vgpu-%d.log", logs, domid);
    f = fopen(path, "r");
    n = f ? fread(text, 1, sizeof(text) - 1, f) : 0;
    text[n] = '\0';
    if (f)
        fclose(f);
    unlink(path);
    return text;
}

static uint32_t pci_config(domid_t domid, unsigned int devfn, unsigned int reg)
{
    uint32_t value = 0;

    fx_pio_write(domid, 1, CF8, 4, 0x80000000u | devfn << 8 | (reg & ~3u));
    assert_int_equal(fx_pio_read(domid, 1, CFC, 4, &value), 0);
    return value;
}

/* How Linux looks for the mechanism, then for a bridge, then for the rest. */
static void scan(domid_t domid)
{
    uint32_t value = 0;

    assert_int_equal(fx_pio_write(domid, 0, CF8 + 3, 1, 1), 0);
    assert_int_equal(fx_pio_write(domid, 0, CF8, 4, 0x80000000u), 0);
    assert_int_equal(fx_pio_read(domid, 0, CF8, 4, &value), 0);
    assert_int_equal(value, 0x80000000u);
    assert_int_equal(fx_pio_read(domid, 0, CF8, 1, &value), 0);
    assert_int_equal(value, 0xff);

    assert_int_equal(pci_config(domid, 0, 0),
                     ID(XVGPU_PCI_VENDOR, XVGPU_PCI_BRIDGE));
    assert_int_equal(pci_config(domid, 0, 8) >> 8, 0x060000);
    assert_int_equal(fx_pio_read(domid, 1, CFC + 3, 1, &value), 0);
    assert_int_equal(value, 0x06);
    assert_int_equal(fx_pio_write(domid, 1, CFC, 4, ~0u), 0);
    assert_int_equal(pci_config(domid, 0, 8) >> 8, 0x060000);
    assert_int_equal(pci_config(domid, 0, 0x3c), 0);
    assert_int_equal(pci_config(domid, 0, 0xfc), 0);
    assert_int_equal(pci_config(domid, 8, 0), ~0u);

    assert_int_equal(pci_config(domid, VGPU_DEVFN, 0),
                     ID(XVGPU_PCI_VENDOR, XVGPU_PCI_DEVICE));
    assert_int_equal(pci_config(domid, VGPU_DEVFN + 8, 0),
                     ID(XVGPU_PCI_VENDOR, XVGPU_PCI_DEVICE));
    assert_int_equal(pci_config(domid, VGPU_DEVFN, 0x3c), 0); /* no pin */
}

static void wait_reap(void)
{
    pid_t pid = 0;
    int i;

    for (i = 0; i < 4000 && pid >= 0; i++) {
        pid = waitpid(-1, NULL, WNOHANG);
        usleep(5000);
    }
    assert_int_equal(pid, -1);
}

static void attaches(void **state)
{
    int domid = create(true, true), i;
    struct dm dm, again;
    const char *text;
    uint32_t value = 0;
    json_t *j;
    pid_t pid;

    (void)state;
    dm_attach(&dm, domid, words);
    assert_int_equal(dm_wait_exit(&dm), 0);
    assert_non_null(strstr(logged(domid), "2 vGPUs ready"));
    j = dm_admin(&dm, "{\"command\":\"show\"}");
    text = json_string_value(
        json_object_get(json_object_get(j, "return"), "state"));
    assert_string_equal(text ? text : "", "running");
    json_decref(j);
    scan((domid_t)domid);

    dm_attach(&again, domid, words);
    assert_int_equal(dm_wait_exit(&again), 1);
    assert_non_null(strstr(logged(domid), "has vGPUs already"));
    scan((domid_t)domid);

    /* The successor of a device process has the bus, too, and its state. */
    fx_pio_write((domid_t)domid, 0, CF8, 4, 0x80001234u);
    pid = dm_process(&dm, "device");
    assert_true(pid > 0);
    kill(pid, SIGKILL);
    for (i = 0; i < 2000 && (dm_process(&dm, "device") == pid ||
                             !dm_process(&dm, "device"));
         i++)
        usleep(5000);
    assert_int_equal(fx_pio_read((domid_t)domid, 0, CF8, 4, &value), 0);
    assert_int_equal(value, 0x80001234u);
    scan((domid_t)domid);

    assert_int_equal(fx_domain_kill((domid_t)domid), 0);
    wait_reap();
    dm_assert_nothing_left(&dm);
    assert_null(dm_node(&dm, ""));
    assert_false(fx_domain_exists((domid_t)domid));
    logged(domid);
}

/* However many ask at once, one of them gets it, whole. */
static void one_of_many(void **state)
{
    int domid = create(true, true), done = 0;
    struct dm dm[4];
    const char *text;
    unsigned int i;

    (void)state;
    for (i = 0; i < 4; i++)
        dm_attach(&dm[i], domid, words);
    for (i = 0; i < 4; i++)
        done += dm_wait_exit(&dm[i]) == 0;
    assert_int_equal(done, 1);
    text = logged(domid);
    for (i = 0; i < 3; i++) {
        text = strstr(text, "has vGPUs already");
        assert_non_null(text++);
    }
    assert_int_equal(fx_domain_pages((domid_t)domid), (32 + 10) << 8);
    scan((domid_t)domid);
    assert_int_equal(fx_domain_kill((domid_t)domid), 0);
    wait_reap();
    dm_assert_nothing_left(&dm[0]);
    logged(domid);
}

static void as_before(int domid, const char *reason)
{
    struct dm dm;

    dm_attach(&dm, domid, words);
    assert_int_equal(dm_wait_exit(&dm), 1);
    if (!strstr(logged(domid), reason))
        fail_msg("the log lacks \"%s\"", reason);
    wait_reap();
    dm_assert_nothing_left(&dm);
    assert_int_equal(fx_domain_pages((domid_t)domid), 32 << 8);
    /* Nor has it room for one page more. */
    assert_int_not_equal(fx_populate((domid_t)domid, 0x140000, 1), 0);
    fx_domain_kill((domid_t)domid);
}

static void refused(void **state)
{
    struct dm dm;

    (void)state;
    as_before(create(true, false), "has been started");
    as_before(create(false, true), "PVH");
    dm_attach(&dm, 999, words);
    assert_int_equal(dm_wait_exit(&dm), 1);
    assert_non_null(strstr(logged(999), "No such process"));
    wait_reap();
}

/* VRAM was there already, and the room for it. */
static void no_device_process(void **state)
{
    char *was = strdup(getenv("XVGPU_LIBEXEC"));

    (void)state;
    assert_non_null(was);
    setenv("XVGPU_LIBEXEC", "/nowhere", 1);
    as_before(create(true, true), "/nowhere");
    setenv("XVGPU_LIBEXEC", was, 1);
    free(was);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        harness_test(attaches),
        harness_test(one_of_many),
        harness_test(refused),
        harness_test(no_device_process),
    };
    int rc;

    if (!mkdtemp(logs))
        return 1;
    setenv("XVGPU_LOG_DIR", logs, 1);
    harness_start("fake");
    rc = cmocka_run_group_tests(tests, NULL, NULL);
    harness_stop();
    rmdir(logs);
    return rc;
}
