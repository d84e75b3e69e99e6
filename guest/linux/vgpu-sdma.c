/* SPDX-License-Identifier: MIT */
/*
 * Copies by the SDMA engine of a vGPU, from a Linux program, as root. With
 * the module of xen_vgpu.c it takes memory and interrupts from there; without,
 * it maps the function's BARs from sysfs, pins pages of its own, and polls.
 *
 *   vgpu-sdma [-n JOBS] [-i poll|intx|msi|msix]
 *
 * A job copies RAM to VRAM, VRAM to VRAM, VRAM to RAM; each byte is verified.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "guest/lib/stream.h"
#include "guest/linux/xen_vgpu.h"
#include "xen-vgpu/csr.h"
#include "xen-vgpu/pci.h"

#define PAGE 4096u
#define TIMEOUT_MS 20000
#define SDMA XVGPU_ENGINE_BASE(XVGPU_ENGINE_SDMA)

/* Pages of the memory that the vGPU reaches. */
enum { RING, BACK, SOURCE, TARGET = SOURCE + 4, PAGES = TARGET + 4 };

#define JOB_BYTES (4u * PAGE)

struct back { /* written by the engine */
    volatile uint64_t fence;
    volatile uint32_t rptr;
};

struct vgpu {
    char dir[300]; /* in sysfs */
    volatile uint8_t *csr;
    uint8_t *vram;
    uint64_t vram_size, vram_bus;
    uint8_t *mem;
    uint64_t bus[PAGES];
    uint32_t wptr;
    uint64_t fence;
    int dev, event; /* of the module, or -1 */
    unsigned long irqs;
};

static int fail(const char *what)
{
    int rc = errno ? -errno : -EIO;

    fprintf(stderr, "vgpu-sdma: %s: %s\n", what, strerror(-rc));
    return rc;
}

static uint32_t read32(const struct vgpu *v, unsigned int reg)
{
    return *(volatile uint32_t *)(v->csr + reg);
}

static uint64_t read64(const struct vgpu *v, unsigned int reg)
{
    return *(volatile uint64_t *)(v->csr + reg);
}

static void write32(const struct vgpu *v, unsigned int reg, uint32_t value)
{
    *(volatile uint32_t *)(v->csr + reg) = value;
}

static void write64(const struct vgpu *v, unsigned int reg, uint64_t value)
{
    *(volatile uint64_t *)(v->csr + reg) = value;
}

/* --- the PCI function ----------------------------------------------------- */

static int open_attr(const struct vgpu *v, const char *name, int flags)
{
    char path[340];

    snprintf(path, sizeof(path), "%s/%s", v->dir, name);
    return open(path, flags | O_CLOEXEC);
}

static unsigned long attr(const struct vgpu *v, const char *name)
{
    char text[32] = "";
    int fd = open_attr(v, name, O_RDONLY);

    if (fd < 0)
        return 0;
    if (read(fd, text, sizeof(text) - 1) < 0)
        text[0] = '\0';
    close(fd);
    return strtoul(text, NULL, 0);
}

static int find(struct vgpu *v)
{
    static const char all[] = "/sys/bus/pci/devices";
    DIR *dir = opendir(all);
    struct dirent *e;

    while (dir && (e = readdir(dir))) {
        snprintf(v->dir, sizeof(v->dir), "%s/%s", all, e->d_name);
        if (e->d_name[0] != '.' && attr(v, "vendor") == XVGPU_PCI_VENDOR &&
            attr(v, "device") == XVGPU_PCI_DEVICE) {
            closedir(dir);
            return 0;
        }
    }
    if (dir)
        closedir(dir);
    errno = ENODEV;
    return fail("look for a vGPU");
}

/* What a driver does when it takes the function: decoding, bus mastering. */
static int enable(const struct vgpu *v)
{
    int fd = open_attr(v, "enable", O_WRONLY), rc = 0;
    uint16_t command;

    if (fd < 0 || write(fd, "1", 1) != 1)
        rc = fail("enable the function");
    if (fd >= 0)
        close(fd);
    if (rc)
        return rc;
    fd = open_attr(v, "config", O_RDWR);
    if (fd < 0)
        return fail("open config");
    if (pread(fd, &command, 2, 4) != 2)
        rc = fail("read config");
    command |= 0x4;
    if (!rc && pwrite(fd, &command, 2, 4) != 2)
        rc = fail("set bus mastering");
    close(fd);
    return rc;
}

static void *map_bar(const struct vgpu *v, const char *name, uint64_t size)
{
    int fd = open_attr(v, name, O_RDWR);
    void *p = MAP_FAILED;

    if (fd >= 0) {
        p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        close(fd);
    }
    return p;
}

static int map_bars(struct vgpu *v)
{
    v->csr = map_bar(v, "resource0", XVGPU_CSR_BAR_SIZE);
    if (v->csr == MAP_FAILED)
        return fail("map resource0");
    if (read32(v, XVGPU_MAGIC) != XVGPU_MAGIC_VALUE ||
        read32(v, XVGPU_ABI_VERSION) >> 16 != XVGPU_ABI_MAJOR) {
        errno = EPROTONOSUPPORT;
        return fail("read the vGPU's ABI version");
    }
    v->vram_size = read64(v, XVGPU_VRAM_SIZE);
    v->vram_bus = read64(v, XVGPU_VRAM_BASE);
    v->vram = map_bar(v, "resource2", v->vram_size);
    return v->vram == MAP_FAILED ? fail("map resource2") : 0;
}

/* --- memory and interrupts ------------------------------------------------ */

/* Locked pages can still be moved by compaction, which this forbids: good
 * enough for a test, while a driver's memory is the right way. */
static int pin_pages(struct vgpu *v)
{
    const char *path = "/proc/sys/vm/compact_unevictable_allowed";
    uint64_t entry;
    unsigned int i;
    int fd, rc = 0;

    fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0 || write(fd, "0", 1) != 1)
        fprintf(stderr, "vgpu-sdma: %s: %s\n", path, strerror(errno));
    if (fd >= 0)
        close(fd);
    v->mem = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (v->mem == MAP_FAILED || mlock(v->mem, PAGES * PAGE))
        return fail("lock memory");
    fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return fail("open pagemap");
    for (i = 0; i < PAGES && !rc; i++) {
        v->mem[i * PAGE] = 0;
        if (pread(fd, &entry, 8, (off_t)(((uintptr_t)v->mem / PAGE + i) * 8)) !=
            8)
            rc = fail("read pagemap");
        v->bus[i] = (entry & ((UINT64_C(1) << 55) - 1)) * PAGE;
        if (!rc && (!(entry >> 63) || !v->bus[i])) {
            errno = EPERM;
            rc = fail("find a page's address");
        }
    }
    close(fd);
    return rc;
}

static int module_memory(struct vgpu *v)
{
    struct xen_vgpu_alloc alloc = {.size = PAGES * PAGE};
    unsigned int i;

    if (ioctl(v->dev, XEN_VGPU_ALLOC, &alloc))
        return fail("get memory of the module");
    v->mem =
        mmap(NULL, alloc.size, PROT_READ | PROT_WRITE, MAP_SHARED, v->dev, 0);
    if (v->mem == MAP_FAILED)
        return fail("map memory of the module");
    for (i = 0; i < PAGES; i++)
        v->bus[i] = alloc.bus + i * PAGE;
    return 0;
}

static int take_interrupts(struct vgpu *v, unsigned long kind)
{
    struct xen_vgpu_event event = {.engine = XVGPU_ENGINE_SDMA};

    v->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    event.fd = v->event;
    if (v->event < 0 || ioctl(v->dev, XEN_VGPU_EVENT, &event))
        return fail("give the module an eventfd");
    if (ioctl(v->dev, XEN_VGPU_IRQ, kind))
        return fail("take the interrupt");
    write32(v, XVGPU_INTR_STATUS, ~0u);
    write32(v, XVGPU_INTR_ENABLE,
            XVGPU_INTR_DONE(XVGPU_ENGINE_SDMA) |
                XVGPU_INTR_FAULT(XVGPU_ENGINE_SDMA));
    if (read32(v, XVGPU_INTR_ROUTE) != kind) {
        errno = EPROTO;
        return fail("see the interrupt's route in INTR_ROUTE");
    }
    return 0;
}

/* --- the ring --------------------------------------------------------------
 */

static struct back *back(const struct vgpu *v)
{
    return (struct back *)(void *)(v->mem + BACK * PAGE);
}

static int ring_on(struct vgpu *v)
{
    memset(v->mem + BACK * PAGE, 0, PAGE);
    v->wptr = 0;
    v->fence = 0;
    write32(v, SDMA + XVGPU_CTRL, 0);
    write64(v, SDMA + XVGPU_RING_BASE, v->bus[RING]);
    write32(v, SDMA + XVGPU_RING_SIZE, PAGE);
    write64(v, SDMA + XVGPU_RPTR_ADDR,
            v->bus[BACK] + offsetof(struct back, rptr));
    write32(v, SDMA + XVGPU_CTRL, XVGPU_CTRL_ENABLE);
    if (read32(v, SDMA + XVGPU_STATUS) == XVGPU_STATUS_RUNNING)
        return 0;
    errno = EIO;
    return fail("start the ring");
}

/* A job's packets, and the fence that ends it. 0 or a negative errno. */
static int submit(struct vgpu *v, struct xvgpu_stream *job)
{
    uint32_t n, i;

    xvgpu_put_fence(job, v->bus[BACK] + offsetof(struct back, fence),
                    ++v->fence, v->event >= 0);
    n = xvgpu_stream_dwords(job);
    if (!n) {
        errno = ENOSPC;
        return fail("put a job's packets");
    }
    for (i = 0; i < n; i++) {
        *(volatile uint32_t *)(void *)(v->mem + RING * PAGE + v->wptr) =
            job->dw[i];
        v->wptr = (v->wptr + 4) % PAGE;
    }
    __sync_synchronize();
    write32(v, SDMA + XVGPU_WPTR, v->wptr);
    return 0;
}

/* Sleep until something may have happened. 0 or a negative errno. */
static int doze(struct vgpu *v, int *left_ms)
{
    struct pollfd p = {.fd = v->event, .events = POLLIN};
    uint64_t n;

    if (*left_ms <= 0)
        return -ETIMEDOUT;
    if (v->event < 0) {
        usleep(1000);
        (*left_ms)--;
        return 0;
    }
    if (poll(&p, 1, TIMEOUT_MS) != 1 || read(v->event, &n, 8) != 8)
        return -ETIMEDOUT; /* polling the fence would hide a lost interrupt */
    v->irqs += n;
    return 0;
}

static int wait_fence(struct vgpu *v)
{
    int left_ms = TIMEOUT_MS, rc = 0;

    /* One interrupt for each job, also when its fence is there before. */
    do {
        rc = doze(v, &left_ms);
        if (read32(v, SDMA + XVGPU_STATUS) == XVGPU_STATUS_STOPPED)
            rc = -EIO;
    } while (!rc && back(v)->fence < v->fence);
    __sync_synchronize();
    if (!rc)
        return 0;
    fprintf(stderr,
            "vgpu-sdma: job %llu: %s; status %u, fault %u at offset %#x, "
            "rptr %#x, wptr %#x, fence %llu\n",
            (unsigned long long)v->fence, strerror(-rc),
            read32(v, SDMA + XVGPU_STATUS), read32(v, SDMA + XVGPU_FAULT_CODE),
            read32(v, SDMA + XVGPU_FAULT_OFFSET), read32(v, SDMA + XVGPU_RPTR),
            v->wptr, (unsigned long long)back(v)->fence);
    return rc;
}

/* --- jobs ------------------------------------------------------------------
 */

static uint8_t pattern(unsigned int job, unsigned int i)
{
    return (uint8_t)((job * 2654435761u + i * 40503u) >> 8);
}

static int run_job(struct vgpu *v, unsigned int job)
{
    uint8_t *source = v->mem + SOURCE * PAGE, *target = v->mem + TARGET * PAGE;
    uint64_t half = v->vram_size / 2 & ~(uint64_t)(JOB_BYTES - 1);
    uint64_t a = (uint64_t)job * JOB_BYTES % half, b = half + a;
    uint32_t packets[128]; /* less than the ring has room for */
    struct xvgpu_stream stream;
    unsigned int i;
    int rc;

    for (i = 0; i < JOB_BYTES; i++)
        source[i] = pattern(job, i);
    memset(target, 0, JOB_BYTES);
    xvgpu_stream_init(&stream, packets, sizeof(packets));
    for (i = 0; i < JOB_BYTES / PAGE; i++)
        xvgpu_put_copy(&stream, v->bus[SOURCE + i], v->vram_bus + a + i * PAGE,
                       PAGE);
    xvgpu_put_copy(&stream, v->vram_bus + a, v->vram_bus + b, JOB_BYTES);
    for (i = 0; i < JOB_BYTES / PAGE; i++)
        xvgpu_put_copy(&stream, v->vram_bus + b + i * PAGE, v->bus[TARGET + i],
                       PAGE);
    rc = submit(v, &stream);
    if (!rc)
        rc = wait_fence(v);
    if (rc)
        return rc;
    for (i = 0; i < JOB_BYTES; i++) {
        if (target[i] == source[i] && v->vram[b + i] == source[i])
            continue;
        fprintf(stderr,
                "vgpu-sdma: job %u, byte %u: RAM %02x, VRAM %02x, not %02x\n",
                job, i, target[i], v->vram[b + i], source[i]);
        return -EIO;
    }
    return 0;
}

/* Who is listening on what. */
static void show_interrupts(void)
{
    FILE *f = fopen("/proc/interrupts", "re");
    char line[256];

    while (f && fgets(line, sizeof(line), f)) {
        if (strstr(line, "xen-vgpu"))
            fputs(line, stdout);
    }
    if (f)
        fclose(f);
}

static int prepare(struct vgpu *v, unsigned long kind)
{
    int rc = find(v);

    if (rc)
        return rc;
    v->dev = open("/dev/xen-vgpu0", O_RDWR | O_CLOEXEC);
    if (v->dev < 0 && (errno != ENOENT || kind != XEN_VGPU_IRQ_NONE))
        return fail("open /dev/xen-vgpu0 (is the module loaded?)");
    rc = v->dev < 0 ? enable(v) : 0;
    if (!rc)
        rc = map_bars(v);
    if (!rc)
        rc = v->dev < 0 ? pin_pages(v) : module_memory(v);
    if (!rc && kind != XEN_VGPU_IRQ_NONE)
        rc = take_interrupts(v, kind);
    return rc ? rc : ring_on(v);
}

int main(int argc, char *argv[])
{
    static const char *const kinds[] = {"poll", "intx", "msi", "msix"};
    struct vgpu v = {.dev = -1, .event = -1};
    unsigned int jobs = 100, kind = 0, i;
    int opt, rc;

    while ((opt = getopt(argc, argv, "n:i:")) != -1) {
        if (opt == 'n')
            jobs = (unsigned int)strtoul(optarg, NULL, 0);
        for (i = 0; opt == 'i' && i < 4 && strcmp(optarg, kinds[i]); i++)
            ;
        if (opt == 'i')
            kind = i;
        if (opt == '?' || kind > 3) {
            fprintf(stderr, "usage: vgpu-sdma [-n JOBS] "
                            "[-i poll|intx|msi|msix]\n");
            return 2;
        }
    }
    rc = prepare(&v, kind);
    for (i = 0; !rc && i < jobs; i++)
        rc = run_job(&v, i);
    if (v.dev < 0 && v.csr && v.csr != MAP_FAILED)
        write32(&v, SDMA + XVGPU_CTRL, 0); /* before the pages are gone */
    if (rc)
        return 1;
    show_interrupts();
    if (kind && v.irqs < jobs) {
        fprintf(stderr, "vgpu-sdma: %lu interrupts for %u jobs\n", v.irqs,
                jobs);
        return 1;
    }
    printf("vgpu-sdma: OK memory=%s completion=%s jobs=%u bytes=%llu "
           "irqs=%lu vram=%#llx+%lluM\n",
           v.dev < 0 ? "pagemap" : "module", kinds[kind], jobs,
           3ull * JOB_BYTES * jobs, v.irqs, (unsigned long long)v.vram_bus,
           (unsigned long long)v.vram_size >> 20);
    return 0;
}
