/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The production processes together, in their sandboxes: xen-vgpu-dm,
 * xen-vgpu-device and xen-vgpu-engine as xl and a guest meet them. */
#include "harness.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "xen-vgpu/csr.h"
#include "xen-vgpu/packet.h"
#include "xen-vgpu/pci.h"

#define BDF 0x80 /* slot 0x10 */
#define BAR0 UINT64_C(0xf0000000)
#define BAR4 UINT64_C(0xf0010000)
#define BAR2 UINT64_C(0x800000000)
#define RING UINT64_C(0x100000)
#define SDMA XVGPU_ENGINE_BASE(XVGPU_ENGINE_SDMA)

static json_t *ret(json_t *j)
{
    return json_object_get(j, "return");
}

static uint64_t csr_read(const struct dm *dm, uint32_t reg, unsigned int size)
{
    uint64_t value = 0;

    assert_int_equal(
        fx_mmio_read((domid_t)dm->domid, 0, BAR0 + reg, size, &value), 0);
    return value;
}

static void csr_write(const struct dm *dm, uint32_t reg, unsigned int size,
                      uint64_t value)
{
    assert_int_equal(
        fx_mmio_write((domid_t)dm->domid, 0, BAR0 + reg, size, value), 0);
}

static uint32_t cfg_read(const struct dm *dm, unsigned int reg)
{
    uint32_t value = 0;

    assert_int_equal(
        fx_pci_cfg_read((domid_t)dm->domid, 0, BDF, reg, 4, &value), 0);
    return value;
}

static void cfg_write(const struct dm *dm, unsigned int reg, uint32_t value)
{
    assert_int_equal(
        fx_pci_cfg_write((domid_t)dm->domid, 0, BDF, reg, 4, value), 0);
}

/* What firmware and the driver do first. */
static void place_bars(const struct dm *dm)
{
    assert_int_equal(cfg_read(dm, 0),
                     (uint32_t)XVGPU_PCI_DEVICE << 16 | XVGPU_PCI_VENDOR);
    cfg_write(dm, 0x10, (uint32_t)BAR0);
    cfg_write(dm, 0x18, (uint32_t)BAR2);
    cfg_write(dm, 0x1c, (uint32_t)(BAR2 >> 32));
    cfg_write(dm, 0x20, (uint32_t)BAR4);
    cfg_write(dm, 0x04, 0x6);
    assert_int_equal(csr_read(dm, XVGPU_MAGIC, 4), XVGPU_MAGIC_VALUE);
}

static void ring_on(const struct dm *dm)
{
    csr_write(dm, SDMA + XVGPU_RING_BASE, 8, RING);
    csr_write(dm, SDMA + XVGPU_RING_SIZE, 4, 4096);
    csr_write(dm, SDMA + XVGPU_CTRL, 4, XVGPU_CTRL_ENABLE);
    assert_int_equal(csr_read(dm, SDMA + XVGPU_STATUS, 4),
                     XVGPU_STATUS_RUNNING);
}

static void starts_and_ends(void **state)
{
    struct dm dm;
    json_t *j;

    (void)state;
    dm_start(&dm, NULL);
    assert_true(dm_wait_running(&dm));
    j = dm_qmp(&dm, "query-chardev");
    assert_non_null(ret(j));
    json_decref(j);
    json_decref(dm_qmp(&dm, "cont"));
    assert_int_equal(fx_servers((domid_t)dm.domid), 1);
    dm_kill_domain_and_check(&dm);
}

static void stopped_by_libxl(void **state)
{
    struct dm dm;

    (void)state;
    dm_start(&dm, NULL);
    assert_true(dm_wait_running(&dm));
    kill(dm.pid, SIGHUP);
    assert_int_equal(dm_wait_exit(&dm), 0);
    dm_assert_nothing_left(&dm);
    fx_domain_kill((domid_t)dm.domid);
}

static void guest_finds_it(void **state)
{
    struct dm dm;
    json_t *j;

    (void)state;
    dm_start(&dm, NULL);
    assert_true(dm_wait_running(&dm));
    place_bars(&dm);
    assert_int_equal(csr_read(&dm, XVGPU_VRAM_SIZE, 8), HARNESS_VRAM_MIB << 20);
    assert_true(fx_populated((domid_t)dm.domid, BAR2 >> 12));
    j = dm_admin(&dm, "{\"command\":\"regs\"}");
    assert_non_null(
        strstr(json_string_value(json_object_get(ret(j), "text")), "MAGIC"));
    json_decref(j);
    dm_kill_domain_and_check(&dm);
}

static void engine_runs_a_ring(void **state)
{
    const uint32_t nop = XVGPU_PKT_HEADER(XVGPU_PKT_NOP, 0, 1);
    struct dm dm;
    pid_t pid;
    int i;

    (void)state;
    dm_start(&dm, NULL);
    assert_true(dm_wait_running(&dm));
    place_bars(&dm);
    fx_write((domid_t)dm.domid, RING, &nop, sizeof(nop));
    ring_on(&dm);
    csr_write(&dm, SDMA + XVGPU_WPTR, 4, 4);
    for (i = 0; i < 2000 && csr_read(&dm, SDMA + XVGPU_RPTR, 4) != 4; i++)
        usleep(1000);
    assert_int_equal(csr_read(&dm, SDMA + XVGPU_RPTR, 4), 4);
    pid = dm_process(&dm, "engine sdma");
    assert_true(pid > 0);
    dm_kill_domain_and_check(&dm);
}

static void engine_is_killed(void **state)
{
    struct dm dm;
    pid_t pid, now = 0;
    int i;

    (void)state;
    dm_start(&dm, NULL);
    assert_true(dm_wait_running(&dm));
    place_bars(&dm);
    ring_on(&dm);
    pid = dm_process(&dm, "engine sdma");
    assert_true(pid > 0);
    kill(pid, SIGKILL);
    for (i = 0; i < 500 && (!now || now == pid); i++) {
        usleep(10000);
        now = dm_process(&dm, "engine sdma");
    }
    assert_true(now > 0 && now != pid);
    for (i = 0; i < 500 && !csr_read(&dm, SDMA + XVGPU_RESETS, 4); i++)
        usleep(10000);
    assert_int_equal(csr_read(&dm, SDMA + XVGPU_RESETS, 4), 1);
    dm_kill_domain_and_check(&dm);
}

/* A NOP behind what the ring has run. */
static void one_job(const struct dm *dm)
{
    const uint32_t nop = XVGPU_PKT_HEADER(XVGPU_PKT_NOP, 0, 1);
    uint64_t at = csr_read(dm, SDMA + XVGPU_WPTR, 4);
    int i;

    fx_write((domid_t)dm->domid, RING + at, &nop, sizeof(nop));
    csr_write(dm, SDMA + XVGPU_WPTR, 4, at + 4);
    for (i = 0; i < 5000 && csr_read(dm, SDMA + XVGPU_RPTR, 4) != at + 4; i++)
        usleep(1000);
    assert_int_equal(csr_read(dm, SDMA + XVGPU_RPTR, 4), at + 4);
}

/* Its successor takes over: server, registers, BARs, ring are all there. */
static void device_is_killed(void **state)
{
    struct dm dm;
    pid_t pid, now = 0, engine;
    int i, round;

    (void)state;
    dm_start(&dm, NULL);
    assert_true(dm_wait_running(&dm));
    place_bars(&dm);
    ring_on(&dm);
    engine = dm_process(&dm, "engine sdma");
    for (round = 0; round < 5; round++) {
        fx_mmio_write((domid_t)dm.domid, 1, BAR0 + XVGPU_SCRATCH, 4,
                      (uint64_t)round);
        pid = dm_process(&dm, "device");
        assert_true(pid > 0);
        kill(pid, SIGKILL);
        /* A vCPU's access waits for the successor. */
        assert_int_equal(csr_read(&dm, XVGPU_SCRATCH, 4), round);
        assert_int_equal(csr_read(&dm, SDMA + XVGPU_CTRL, 4),
                         XVGPU_CTRL_ENABLE);
        for (i = 0; i < 500 && (!now || now == pid); i++) {
            usleep(10000);
            now = dm_process(&dm, "device");
        }
        assert_true(now > 0 && now != pid);
        one_job(&dm);
    }
    assert_int_equal(csr_read(&dm, XVGPU_RESET_COUNT, 4), 0);
    assert_int_equal(csr_read(&dm, SDMA + XVGPU_RESETS, 4), 0);
    assert_int_equal(dm_process(&dm, "engine sdma"), engine);
    assert_int_equal(fx_servers((domid_t)dm.domid), 1);
    dm_kill_domain_and_check(&dm);
}

/* The device dies while it deals with an engine's death: before that one's
 * successor is there, or when it is there and has not been given the ring. The
 * guest is told once, and goes on. */
static void both_are_killed(void **state)
{
    struct dm dm;
    pid_t device;
    uint32_t round;
    int i;

    (void)state;
    dm_start(&dm, NULL);
    assert_true(dm_wait_running(&dm));
    place_bars(&dm);
    ring_on(&dm);
    for (round = 0; round < 2; round++) {
        device = dm_process(&dm, "device");
        assert_true(device > 0);
        kill(dm_process(&dm, "engine sdma"), SIGKILL);
        for (i = 0; i < 50000 && csr_read(&dm, SDMA + XVGPU_RESETS, 4) == round;
             i++)
            usleep(100);
        /* Time for the new engine to be ready, as a rule. It may have to wait
         * for what the device holds of the fake Xen: nobody waits for that. */
        if (round == 1) {
            kill(device, SIGSTOP);
            usleep(300000);
        }
        kill(device, SIGKILL);
        assert_int_equal(csr_read(&dm, SDMA + XVGPU_STATUS, 4),
                         XVGPU_STATUS_STOPPED);
        assert_int_equal(csr_read(&dm, SDMA + XVGPU_FAULT_CODE, 4),
                         XVGPU_FAULT_ENGINE_RESET);
        csr_write(&dm, SDMA + XVGPU_CTRL, 4,
                  XVGPU_CTRL_ENABLE | XVGPU_CTRL_RESUME);
        one_job(&dm);
        assert_int_equal(csr_read(&dm, SDMA + XVGPU_RESETS, 4), round + 1);
        assert_int_equal(csr_read(&dm, SDMA + XVGPU_FAULTS, 8), round + 1);
    }
    dm_kill_domain_and_check(&dm);
}

/* Nobody is left to tell them: they see it themselves. */
static void monitor_is_killed(void **state)
{
    struct dm dm;
    int i;

    (void)state;
    dm_start(&dm, NULL);
    assert_true(dm_wait_running(&dm));
    place_bars(&dm);
    ring_on(&dm);
    kill(dm.pid, SIGKILL);
    assert_int_equal(dm_wait_exit(&dm), 128 + SIGKILL);
    for (i = 0; i < 500 && fx_broker_clients(); i++)
        usleep(10000);
    assert_int_equal(fx_broker_clients(), 0);
    harness_reap();
    assert_int_equal(fx_servers((domid_t)dm.domid), 0);
    assert_int_equal(fx_foreign_mappings((domid_t)dm.domid), 0);
    /* The sockets and nodes that it left do not stop the next one of this
     * domid: libxl removes its part, we replace ours. */
    harness_sweep(&dm);
    fx_domain_kill((domid_t)dm.domid);
}

/* Nor is the device left to destroy the server: the next monitor does. */
static void orphans_are_removed(void **state)
{
    struct dm first, second;
    pid_t device;

    (void)state;
    dm_start(&first, NULL);
    assert_true(dm_wait_running(&first));
    place_bars(&first);
    ring_on(&first);
    device = dm_process(&first, "device");
    assert_true(device > 0);
    kill(device, SIGSTOP);
    kill(first.pid, SIGKILL);
    assert_int_equal(dm_wait_exit(&first), 128 + SIGKILL);
    kill(device, SIGKILL);
    harness_reap();
    assert_int_equal(fx_servers((domid_t)first.domid), 1);

    dm_start(&second, NULL);
    assert_true(dm_wait_running(&second));
    assert_int_equal(fx_servers((domid_t)first.domid), 0);
    assert_int_equal(fx_servers((domid_t)second.domid), 1);
    assert_null(dm_node(&first, "xen-vgpu/ioservid"));
    dm_kill_domain_and_check(&second);
    harness_sweep(&first);
    fx_domain_kill((domid_t)first.domid);
}

/* Its domain is there yet, but xl has begun to destroy it: no node. */
static void deserted_socket_is_removed(void **state)
{
    struct dm first, second;
    char path[256];

    (void)state;
    dm_start(&first, NULL);
    assert_true(dm_wait_running(&first));
    kill(first.pid, SIGKILL);
    assert_int_equal(dm_wait_exit(&first), 128 + SIGKILL);
    harness_reap();
    snprintf(path, sizeof(path), "%s/%d.sock", getenv("XVGPU_RUN_DIR"),
             first.domid);
    assert_int_equal(access(path, F_OK), 0);
    dm_remove_nodes(&first);

    dm_start(&second, NULL);
    assert_true(dm_wait_running(&second));
    assert_int_not_equal(access(path, F_OK), 0);
    dm_kill_domain_and_check(&second);
    harness_sweep(&first);
    fx_domain_kill((domid_t)first.domid);
}

/* Without cgroup2 its uid tells whose a process is. */
static void orphans_are_killed(void **state)
{
    struct dm first, second;
    pid_t device;
    int i;

    (void)state;
    if (geteuid())
        skip(); /* all run under one uid */
    setenv("XVGPU_CGROUP", "", 1);
    dm_start(&first, NULL);
    assert_true(dm_wait_running(&first));
    device = dm_process(&first, "device");
    assert_true(device > 0);
    kill(device, SIGSTOP);
    kill(first.pid, SIGKILL);
    assert_int_equal(dm_wait_exit(&first), 128 + SIGKILL);
    assert_int_equal(waitpid(device, NULL, WNOHANG), 0);

    dm_start(&second, NULL);
    assert_true(dm_wait_running(&second));
    for (i = 0; i < 2000 && waitpid(device, NULL, WNOHANG) == 0; i++)
        usleep(5000);
    assert_int_equal(kill(device, 0), -1);
    assert_int_equal(fx_servers((domid_t)first.domid), 0);
    unsetenv("XVGPU_CGROUP");
    dm_kill_domain_and_check(&second);
    harness_sweep(&first);
    fx_domain_kill((domid_t)first.domid);
}

/* Answers are kept for a client that is slow to read, not without end. */
static void slow_reader(void **state)
{
    static const char regs[] = "{\"command\":\"regs\"}";
    struct dm dm;
    json_t *j;

    (void)state;
    dm_start(&dm, NULL);
    assert_true(dm_wait_running(&dm));
    assert_int_equal(dm_admin_burst(&dm, regs, 150, false), 150);
    assert_in_range(dm_admin_burst(&dm, regs, 2000, true), 0, 1999);
    j = dm_admin(&dm, regs);
    assert_non_null(ret(j));
    json_decref(j);
    dm_kill_domain_and_check(&dm);
}

static void two_vgpus(void **state)
{
    static const char *const two[] = {"-vgpu",     "vram=8M,sched=none",
                                      "-vgpu",     "vram=4M,sched=none",
                                      "-vgpu-log", "warning",
                                      NULL};
    struct dm dm;
    json_t *j;

    (void)state;
    dm_start(&dm, two);
    assert_true(dm_wait_running(&dm));
    place_bars(&dm);
    assert_int_equal(csr_read(&dm, XVGPU_VRAM_SIZE, 8), 8 << 20);
    j = dm_admin(&dm, "{\"command\":\"show\",\"vgpu\":1}");
    assert_non_null(json_object_get(ret(j), "statistics"));
    json_decref(j);
    dm_kill_domain_and_check(&dm);
}

static pid_t run_program(const char *program, const char *a, const char *b,
                         const char *c)
{
    pid_t pid = fork();

    if (pid == 0) {
        execl(program, program, a, b, c, (char *)NULL);
        _exit(127);
    }
    assert_true(pid > 0);
    return pid;
}

static int exit_code(pid_t pid)
{
    int status = -1;

    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static off_t size_of(const char *file)
{
    struct stat st;

    return stat(file, &st) ? 0 : st.st_size;
}

/* Until more than `size` bytes are in the file: recording has begun. */
static void await_size(const char *file, off_t size)
{
    unsigned int i;

    for (i = 0; i < 2000 && size_of(file) <= size; i++)
        usleep(5000);
    assert_true(size_of(file) > size);
}

static pid_t record(const char *domid, const char *file)
{
    pid_t pid = run_program("./xen-vgpu", "record", domid, file);

    await_size(file, 0);
    return pid;
}

static void what_is_recorded_replays(void **state)
{
    char domid[12], file[] = "/tmp/xvgpu-record-XXXXXX";
    struct dm dm;
    pid_t pid;
    int fd;

    (void)state;
    fd = mkstemp(file);
    assert_true(fd >= 0);
    dm_start(&dm, NULL);
    assert_true(dm_wait_running(&dm));
    snprintf(domid, sizeof(domid), "%d", dm.domid);
    place_bars(&dm);
    csr_write(&dm, XVGPU_SCRATCH + 8, 4, 0x1234);
    ring_on(&dm);
    pid = record(domid, file);
    assert_int_equal(
        exit_code(run_program("./xen-vgpu", "record", domid, "/dev/null")), 1);
    assert_int_equal(csr_read(&dm, XVGPU_SCRATCH + 8, 4), 0x1234);
    csr_write(&dm, XVGPU_SCRATCH, 8, 0x1122334455667788);
    assert_int_equal(csr_read(&dm, XVGPU_SCRATCH + 4, 4), 0x11223344);
    assert_int_equal(csr_read(&dm, SDMA + XVGPU_RING_BASE, 8), RING);
    cfg_write(&dm, 0x10, (uint32_t)BAR0 + 0x100000);
    assert_int_equal(cfg_read(&dm, 0x10), (uint32_t)BAR0 + 0x100000);
    cfg_write(&dm, 0x10, (uint32_t)BAR0);
    csr_write(&dm, XVGPU_RESET, 4, 1);
    assert_int_equal(csr_read(&dm, XVGPU_SCRATCH, 4), 0);
    kill(pid, SIGINT);
    assert_int_equal(exit_code(pid), 0);
    assert_int_equal(
        exit_code(run_program("tests/fuzz/replay", file, NULL, NULL)), 0);
    /* The place is free again; the next one ends with the domain. */
    assert_int_equal(ftruncate(fd, 0), 0);
    pid = record(domid, file);
    csr_read(&dm, XVGPU_MAGIC, 4);
    fx_domain_kill((domid_t)dm.domid);
    assert_int_equal(exit_code(pid), 0);
    assert_int_equal(dm_wait_exit(&dm), 0);
    dm_assert_nothing_left(&dm);
    assert_true(size_of(file) > 144);
    close(fd);
    unlink(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        harness_test(starts_and_ends),
        harness_test(stopped_by_libxl),
        harness_test(guest_finds_it),
        harness_test(engine_runs_a_ring),
        harness_test(engine_is_killed),
        harness_test(device_is_killed),
        harness_test(both_are_killed),
        harness_test(slow_reader),
        harness_test(two_vgpus),
        harness_test(monitor_is_killed),
        harness_test(orphans_are_removed),
        harness_test(deserted_socket_is_removed),
        harness_test(orphans_are_killed),
        harness_test(what_is_recorded_replays),
    };
    int rc;

    harness_start("fake");
    rc = cmocka_run_group_tests(tests, NULL, NULL);
    harness_stop();
    return rc;
}
