/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dm_restrict=1 with xen-vgpu-dm as the only device model: libxl's socket comes
 * as a descriptor, an answer on it is the sign to go on, its limits are there,
 * and it signals none of our processes. */
#include "harness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "xen-vgpu/csr.h"
#include "xen-vgpu/pci.h"

#define BDF 0x80 /* slot 0x10 */
#define BAR0 UINT64_C(0xf0000000)
#define BAR2 UINT64_C(0x800000000)
#define RING UINT64_C(0x100000)
#define SDMA XVGPU_ENGINE_BASE(XVGPU_ENGINE_SDMA)

static void csr_write(const struct dm *dm, uint32_t reg, unsigned int size,
                      uint64_t value)
{
    assert_int_equal(
        fx_mmio_write((domid_t)dm->domid, 0, BAR0 + reg, size, value), 0);
}

static void cfg_write(const struct dm *dm, unsigned int reg, uint32_t value)
{
    assert_int_equal(
        fx_pci_cfg_write((domid_t)dm->domid, 0, BDF, reg, 4, value), 0);
}

static void place_bars(const struct dm *dm)
{
    cfg_write(dm, 0x10, (uint32_t)BAR0);
    cfg_write(dm, 0x18, (uint32_t)BAR2);
    cfg_write(dm, 0x1c, (uint32_t)(BAR2 >> 32));
    cfg_write(dm, 0x04, 0x6);
}

static void start(struct dm *dm)
{
    dm_start_restricted(dm, NULL);
    assert_true(dm_wait_prelaunch(dm));
}

/* The domain is all that libxl ends. */
static void end(struct dm *dm)
{
    assert_int_equal(fx_domain_kill((domid_t)dm->domid), 0);
    assert_int_equal(dm_wait_exit(dm), 0);
    dm_forget_restricted(dm);
    dm_assert_nothing_left(dm);
}

static void expect_status(const struct dm *dm, const char *status)
{
    json_t *j = dm_qmp(dm, "query-status");

    assert_string_equal(json_string_value(json_object_get(
                            json_object_get(j, "return"), "status")),
                        status);
    json_decref(j);
}

static void libxl_asks_by_qmp(void **state)
{
    struct dm dm;

    (void)state;
    start(&dm);
    assert_int_equal(fx_servers((domid_t)dm.domid), 1);
    /* The other sign would be one too many. */
    assert_null(dm_node(&dm, "state"));
    json_decref(dm_qmp(&dm, "query-chardev"));
    json_decref(dm_qmp(&dm, "cont"));
    expect_status(&dm, "running");
    end(&dm);
}

static void only_the_monitor_has_the_socket(void **state)
{
    struct dm dm;
    pid_t device, engine;

    (void)state;
    start(&dm);
    place_bars(&dm);
    csr_write(&dm, SDMA + XVGPU_RING_BASE, 8, RING);
    csr_write(&dm, SDMA + XVGPU_RING_SIZE, 4, 4096);
    csr_write(&dm, SDMA + XVGPU_CTRL, 4, XVGPU_CTRL_ENABLE);
    device = dm_process(&dm, "device");
    engine = dm_process(&dm, "engine sdma");
    assert_true(device > 0 && engine > 0);
    assert_true(dm_holds_socket(&dm, dm.pid));
    if (!geteuid()) { /* else nobody may look */
        assert_false(dm_holds_socket(&dm, device));
        assert_false(dm_holds_socket(&dm, engine));
    }
    end(&dm);
}

/* The picture is a file, too, and the log is full to libxl's limit. */
static void larger_than_libxl_allows(void **state)
{
    struct stat st;
    struct dm dm;
    json_t *j;

    (void)state;
    start(&dm);
    place_bars(&dm);
    csr_write(&dm, XVGPU_SCANOUT_BASE, 8, 0);
    csr_write(&dm, XVGPU_SCANOUT_WIDTH, 4, 512);
    csr_write(&dm, XVGPU_SCANOUT_HEIGHT, 4, 256);
    csr_write(&dm, XVGPU_SCANOUT_STRIDE, 4, 2048);
    csr_write(&dm, XVGPU_SCANOUT_FORMAT, 4, XVGPU_FORMAT_XRGB8888);
    csr_write(&dm, XVGPU_SCANOUT_CTRL, 4, 1);
    j = dm_admin(&dm, "{\"command\":\"screenshot\"}");
    assert_non_null(json_object_get(j, "return"));
    json_decref(j);
    assert_int_equal(fstat(dm.log, &st), 0);
    assert_true(st.st_size > HARNESS_FILE_MAX);
    end(&dm);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        harness_test(libxl_asks_by_qmp),
        harness_test(only_the_monitor_has_the_socket),
        harness_test(larger_than_libxl_allows),
    };
    int rc;

    harness_start("fake");
    rc = cmocka_run_group_tests(tests, NULL, NULL);
    harness_stop();
    return rc;
}
