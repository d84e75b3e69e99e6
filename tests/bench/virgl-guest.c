/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "virgl-guest.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/virtio_config.h>
#include <linux/virtio_gpu.h>
#include <linux/virtio_ring.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <xenstore.h>

#include "fakexen.h"

#define RAM (768ull << 20)
#define PAGE 4096u
#define SLOTS 32u /* requests under way; also the queue's size */

#define DESC 0x100000ull
#define AVAIL 0x101000ull
#define USED 0x102000ull
#define TABLE(slot) (0x110000ull + (slot)*PAGE)
#define ANSWER(slot) (0x140000ull + (slot)*PAGE)
#define REQUEST(slot) (0x1000000ull + (slot) * (uint64_t)GUEST_REQUEST_MAX)
#define HEAP 0x2000000ull

#define BDF 0x80 /* slot 0x10 */
#define BAR1 0xf0010000ull
#define BAR4 0xf0000000ull
#define STATUS 0x14
#define NOTIFY 0x3000

#define START_MS 60000u
#define PATIENCE_MS 60000u

static struct {
    char dir[64];
    pid_t pid;
    domid_t domid;
    struct xs_handle *xs;
    struct vring_desc *desc;
    struct vring_avail *avail;
    struct vring_used *used;
    uint16_t sent, told, seen;
    uint32_t slot;  /* of the request that is written */
    uint32_t taken; /* bits of those under way */
    struct {
        uint64_t gpa;
        unsigned int class;
    } freed[SLOTS]; /* with the answer */
    struct guest_counts counts;
    uint64_t heap;
    uint64_t *blocks[20]; /* by class: free ones */
    size_t nr_blocks[20], room[20];
} g;

void bench_die(const char *what)
{
    fprintf(stderr, "virgl-frames: %s: %s\n", what, strerror(errno));
    exit(1);
}

/* ---- Registers ------------------------------------------------------------
 */

static void cfg(unsigned int reg, unsigned int size, uint32_t value)
{
    if (fx_pci_cfg_write(g.domid, 0, BDF, reg, size, value) < 0)
        bench_die("the device's configuration");
}

static uint32_t cfg_read(unsigned int reg, unsigned int size)
{
    uint32_t value = 0;

    if (fx_pci_cfg_read(g.domid, 0, BDF, reg, size, &value) < 0)
        bench_die("the device's configuration");
    return value;
}

static void wr(uint64_t at, unsigned int size, uint64_t value)
{
    if (fx_mmio_write(g.domid, 0, at, size, value) < 0)
        bench_die("the device's registers");
}

static uint32_t rd(uint64_t at, unsigned int size)
{
    uint64_t value = 0;

    if (fx_mmio_read(g.domid, 0, at, size, &value) < 0)
        bench_die("the device's registers");
    return (uint32_t)value;
}

static unsigned int capability(uint8_t id)
{
    unsigned int at = cfg_read(0x34, 1), n;

    for (n = 0; at && n < 48; n++) {
        if (cfg_read(at, 1) == id)
            return at;
        at = cfg_read(at + 1, 1);
    }
    bench_die("no such capability");
}

/* One vector of MSI-X for the control queue. */
static void drive(void)
{
    const uint32_t accept = 1u << VIRTIO_GPU_F_VIRGL |
                            1u << VIRTIO_RING_F_INDIRECT_DESC |
                            1u << VIRTIO_RING_F_EVENT_IDX;

    cfg(0x20, 4, (uint32_t)BAR4);
    cfg(0x14, 4, (uint32_t)BAR1);
    cfg(0x04, 4, 0x406); /* memory, bus master, no INTx */
    cfg(capability(0x11) + 2, 2, 0x8000);
    wr(BAR1 + 16, 8, 0xfee00000);
    wr(BAR1 + 24, 8, 0x51);
    wr(BAR4 + STATUS, 1, 0);
    wr(BAR4 + STATUS, 1, 3);
    wr(BAR4, 4, 0);
    if ((rd(BAR4 + 4, 4) & accept) != accept)
        bench_die("the device does not offer 3D");
    wr(BAR4 + 0x08, 4, 0);
    wr(BAR4 + 0x0c, 4, accept);
    wr(BAR4 + 0x08, 4, 1);
    wr(BAR4 + 0x0c, 4, 1u << (VIRTIO_F_VERSION_1 - 32));
    wr(BAR4 + STATUS, 1, 11);
    wr(BAR4 + 0x16, 2, 0);
    wr(BAR4 + 0x18, 2, SLOTS);
    wr(BAR4 + 0x1a, 2, 1);
    wr(BAR4 + 0x20, 4, DESC);
    wr(BAR4 + 0x28, 4, AVAIL);
    wr(BAR4 + 0x30, 4, USED);
    wr(BAR4 + 0x1c, 2, 1);
    wr(BAR4 + STATUS, 1, 15);
    if (rd(BAR4 + STATUS, 1) != 15)
        bench_die("the device does not start");
}

/* ---- The processes --------------------------------------------------------
 */

static void exec_dm(const char *dm, const char *options)
{
    char domid[12], chardev[128];

    prctl(PR_SET_PDEATHSIG, SIGTERM);
    snprintf(domid, sizeof(domid), "%d", g.domid);
    snprintf(chardev, sizeof(chardev),
             "socket,id=libxl-cmd,path=%s/qmp,server=on,wait=off", g.dir);
    execl(dm, "xen-vgpu-dm", "-xen-domid", domid, "-no-shutdown", "-chardev",
          chardev, "-mon", "chardev=libxl-cmd,mode=control", "-nodefaults",
          "-name", "guest", "-vgpu-companion", "none", "-vgpu", options,
          (char *)NULL);
    _exit(126);
}

static void wait_running(void)
{
    char path[64], *state;
    unsigned int ms;
    bool running;

    snprintf(path, sizeof(path), "/local/domain/0/device-model/%d/state",
             g.domid);
    for (ms = 0; ms < START_MS; ms += 5) {
        state = xs_read(g.xs, XBT_NULL, path, NULL);
        running = state && !strcmp(state, "running");
        free(state);
        if (running)
            return;
        if (waitpid(g.pid, NULL, WNOHANG) == g.pid)
            bench_die("xen-vgpu-dm has ended");
        usleep(5000);
    }
    bench_die("the device does not come");
}

static void name(const char *variable, const char *leaf)
{
    char path[96];

    snprintf(path, sizeof(path), "%s/%s", g.dir, leaf);
    setenv(variable, path, 1);
}

/* Control groups are named by domid, as those of the unit tests are. */
static void lock(void)
{
    int fd = open("/tmp/xvgpu-test.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    if (fd < 0 || flock(fd, LOCK_EX))
        bench_die("the tests' lock");
}

void guest_open(const char *dm, const char *libexec, unsigned int threads)
{
    const struct fx_domain_config config = {
        .ram_bytes = RAM, .vcpus = 1, .timeout_ms = PATIENCE_MS};
    char options[112];

    lock();
    strcpy(g.dir, "/tmp/xvgpu-bench-XXXXXX");
    if (!mkdtemp(g.dir) || chmod(g.dir, 0711))
        bench_die(g.dir);
    fx_init();
    name("XEN_FAKE_SOCKET", "xen");
    name("XVGPU_RUN_DIR", "run");
    name("XVGPU_CACHE_DIR", "cache");
    setenv("XVGPU_LIBEXEC", libexec, 1);
    if (fx_broker_listen(getenv("XEN_FAKE_SOCKET")))
        bench_die("the fake Xen");
    g.xs = xs_open(0);
    g.domid = (domid_t)fx_domain_create(&config);
    snprintf(options, sizeof(options),
             "model=virtio-gpu,sched=none,local=1G,watchdog=60000,"
             "threads=%u",
             threads);
    fflush(NULL);
    g.pid = fork();
    if (g.pid < 0)
        bench_die("fork");
    if (!g.pid)
        exec_dm(dm, options);
    wait_running();
    g.desc = guest_at(DESC, PAGE);
    g.avail = guest_at(AVAIL, PAGE);
    g.used = guest_at(USED, PAGE);
    g.heap = HEAP;
    drive();
}

void guest_close(void)
{
    char command[96];

    fx_domain_kill(g.domid);
    waitpid(g.pid, NULL, 0);
    xs_close(g.xs);
    fx_broker_stop();
    snprintf(command, sizeof(command), "rm -rf %s", g.dir);
    if (system(command))
        fprintf(stderr, "virgl-frames: %s stays\n", g.dir);
}

/* ---- Memory ---------------------------------------------------------------
 */

void *guest_at(uint64_t gpa, size_t bytes)
{
    void *p = fx_ptr(g.domid, gpa, bytes);

    if (!p)
        bench_die("the guest's memory");
    return p;
}

bool guest_has(const void *p)
{
    const char *base = (const char *)g.desc - DESC;

    return g.desc && (const char *)p >= base && (const char *)p < base + RAM;
}

static unsigned int class_of(size_t bytes)
{
    unsigned int class = 0;

    while ((size_t)PAGE << class < bytes)
        class ++;
    return class;
}

uint64_t guest_alloc(size_t bytes)
{
    unsigned int class = class_of(bytes);
    uint64_t gpa;

    if (g.nr_blocks[class])
        return g.blocks[class][--g.nr_blocks[class]];
    gpa = g.heap;
    g.heap += (uint64_t)PAGE << class;
    if (g.heap > RAM)
        bench_die("the guest's memory is full");
    return gpa;
}

static void free_block(uint64_t gpa, unsigned int class)
{
    if (g.nr_blocks[class] == g.room[class]) {
        g.room[class] = 2 * g.room[class] + 16;
        g.blocks[class] =
            realloc(g.blocks[class], g.room[class] * sizeof(uint64_t));
        if (!g.blocks[class])
            bench_die("memory");
    }
    g.blocks[class][g.nr_blocks[class]++] = gpa;
}

void guest_free(uint64_t gpa, size_t bytes)
{
    g.freed[g.slot].gpa = gpa;
    g.freed[g.slot].class = class_of(bytes);
}

/* ---- The queue ------------------------------------------------------------
 */

static void finish(uint32_t slot)
{
    const struct virtio_gpu_ctrl_hdr *hdr =
        guest_at(ANSWER(slot), sizeof(*hdr));
    const struct virtio_gpu_ctrl_hdr *asked =
        guest_at(REQUEST(slot), sizeof(*asked));

    if (hdr->type >= VIRTIO_GPU_RESP_ERR_UNSPEC)
        fprintf(stderr, "virgl-frames: command 0x%x: error 0x%x\n", asked->type,
                hdr->type);
    if (g.freed[slot].gpa)
        free_block(g.freed[slot].gpa, g.freed[slot].class);
    g.freed[slot].gpa = 0;
    g.taken &= ~(1u << slot);
}

/* What came back; then, as Linux does, the next one is to be told. */
static void reclaim(void)
{
    do {
        while (g.seen != __atomic_load_n(&g.used->idx, __ATOMIC_ACQUIRE))
            finish(g.used->ring[g.seen++ % SLOTS].id % SLOTS);
        __atomic_store_n(&g.avail->ring[SLOTS], g.seen, __ATOMIC_SEQ_CST);
    } while (g.seen != __atomic_load_n(&g.used->idx, __ATOMIC_SEQ_CST));
}

/* An interrupt, or one that was not looked at before. */
static void wait_interrupt(void)
{
    if (fx_msi_wait(g.domid, NULL, NULL, PATIENCE_MS) < 0)
        bench_die("no interrupt comes");
    g.counts.interrupts++;
}

void *guest_request(void)
{
    reclaim();
    while (g.taken == ~0u) {
        guest_notify();
        wait_interrupt();
        reclaim();
    }
    g.slot = (uint32_t)__builtin_ctz(~g.taken);
    return guest_at(REQUEST(g.slot), GUEST_REQUEST_MAX);
}

/* A descriptor a page, in a table, as Linux lists a buffer of vmalloc(). */
void guest_send(size_t len, size_t answer)
{
    struct vring_desc *table = guest_at(TABLE(g.slot), PAGE);
    uint64_t from = REQUEST(g.slot);
    uint16_t n = 0;
    size_t part;

    for (; len; len -= part) {
        part = len < PAGE ? len : PAGE;
        table[n] = (struct vring_desc){from, (uint32_t)part, VRING_DESC_F_NEXT,
                                       (uint16_t)(n + 1)};
        from += part;
        n++;
    }
    table[n++] = (struct vring_desc){ANSWER(g.slot), (uint32_t)answer,
                                     VRING_DESC_F_WRITE, 0};
    g.desc[g.slot] = (struct vring_desc){
        TABLE(g.slot), n * (uint32_t)sizeof(*table), VRING_DESC_F_INDIRECT, 0};
    g.counts.commands++;
    g.taken |= 1u << g.slot;
    g.avail->ring[g.sent % SLOTS] = (uint16_t)g.slot;
    __atomic_store_n(&g.avail->idx, ++g.sent, __ATOMIC_RELEASE);
}

void guest_notify(void)
{
    uint16_t event;

    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    memcpy(&event, &g.used->ring[SLOTS], sizeof(event));
    if (g.sent != g.told && vring_need_event(event, g.sent, g.told)) {
        wr(BAR4 + NOTIFY, 2, 0);
        g.counts.notified++;
    }
    g.told = g.sent;
}

bool guest_busy(void)
{
    reclaim();
    return g.taken;
}

void guest_wait(void)
{
    guest_notify();
    while (guest_busy())
        wait_interrupt();
}

struct guest_counts guest_counts(void)
{
    return g.counts;
}

const void *guest_answer(void)
{
    return guest_at(ANSWER(g.slot), PAGE);
}
