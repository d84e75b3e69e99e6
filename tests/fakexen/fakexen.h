/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fake Xen: the guest's and the hypervisor's side, for tests.
 *
 * libfakexen offers the symbols of libxendevicemodel, libxenforeignmemory,
 * libxenevtchn, libxentoolcore, libxenctrl and libxenstore that xen-vgpu
 * calls, and this API to play the guest against them. README.md says what
 * differs from real Xen.
 *
 * The process that calls fx_init() (or creates a domain, or calls any library
 * function without XEN_FAKE_SOCKET in its environment) is the host. Others
 * join it when XEN_FAKE_SOCKET names the socket of its fx_broker_listen().
 * Only the host may use this API; the library functions work everywhere.
 *
 * Unless said otherwise functions return 0 or a positive value on success and
 * a negative errno on failure: -ESRCH no such domain, -ESHUTDOWN the domain
 * has died or crashed, -EINVAL nonsense, -ETIMEDOUT nothing came in time.
 * All functions are thread-safe, with one rule: a vCPU is used by one thread
 * at a time, as a vCPU does one thing at a time.
 */
#ifndef FAKEXEN_H
#define FAKEXEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <xen/xen.h>
#include <xen/event_channel.h>
#include <xen/hvm/ioreq.h>

#define FX_PAGE_SIZE 4096u
#define FX_PAGE_SHIFT 12

/* Guest-physical addresses end here; beyond it nothing can be populated. */
#define FX_GPA_BITS 40

/* Limits of the fake, not of Xen. */
#define FX_MAX_DOMAINS 16
#define FX_MAX_VCPUS 128

/* How long a vCPU waits for its device model unless told otherwise. */
#define FX_DEFAULT_TIMEOUT_MS 10000

/* ---- The host -------------------------------------------------------- */

/*
 * Creates the fake hypervisor in this process. Idempotent; the other
 * functions call it. Aborts the process when memory cannot be had: no test
 * can go on without.
 */
void fx_init(void);

/*
 * Forgets all domains, event channels, xenstore nodes, counters and planned
 * failures: a fresh host for the next test case. Handles and mappings that
 * are still open become invalid; fx_open_handles() and
 * fx_foreign_mappings() tell before whether there are any.
 */
void fx_reset(void);

/*
 * Serves other processes on a UNIX socket at PATH, in a thread, until
 * fx_broker_stop(). Each process that connects gets the descriptors it needs;
 * when it dies, what its kernel would release is released: its event
 * channels, foreign mappings and watches. Its ioreq servers stay, as on Xen.
 */
int fx_broker_listen(const char *path);
void fx_broker_stop(void);

/* Processes connected at the moment. */
unsigned int fx_broker_clients(void);

/* ---- Domains --------------------------------------------------------- */

struct fx_domain_config {
    uint64_t ram_bytes;      /* a multiple of the page size */
    unsigned int vcpus;      /* 1 to FX_MAX_VCPUS */
    uint64_t low_bytes;      /* RAM below 4 GiB; 0: up to 0xf0000000 */
    uint64_t extra_kb;       /* room beyond RAM, as videoram= gives */
    unsigned int timeout_ms; /* 0: FX_DEFAULT_TIMEOUT_MS */
    bool pvh;                /* as such the domain is listed, no more */
    bool paused;             /* by the toolstack, which vCPUs don't care for */
};

/* What the next domain is called; those behind it count on from there. */
void fx_next_domid(domid_t domid);

/*
 * Creates an HVM, or PVH, domain and returns its domid, always a new one. RAM
 * that does not fit below low_bytes starts at 4 GiB. Its xenstore home,
 * /local/domain/DOMID, exists afterwards.
 */
int fx_domain_create(const struct fx_domain_config *config);

/* As above with all defaults. */
int fx_domain_new(uint64_t ram_bytes, unsigned int vcpus);

/*
 * The domain dies, as after xl destroy: vCPUs return -ESHUTDOWN, ioreq
 * servers and event channels go, @releaseDomain fires. While foreign mappings
 * exist the domain lingers as a dying one; with the last of them it vanishes.
 */
int fx_domain_kill(domid_t domid);

/* True while the domain exists, dying ones included. */
bool fx_domain_exists(domid_t domid);

/* True when the domain crashed; *reason then says why (may be NULL). */
bool fx_domain_crashed(domid_t domid, const char **reason);

/* How long this domain's vCPUs wait for an answer. */
int fx_domain_set_timeout(domid_t domid, unsigned int ms);

/*
 * A vCPU spins for so many nanoseconds before it sleeps on its answer. 0 at
 * first. For benchmarks with cores to spare.
 */
int fx_domain_set_spin(domid_t domid, unsigned int ns);

/* ---- Guest memory ---------------------------------------------------- */

/*
 * Copies between BUF and guest-physical memory without involving a vCPU or
 * device models. -EFAULT when a page in the range is not populated (what lies
 * before it has been copied).
 */
int fx_read(domid_t domid, uint64_t gpa, void *buf, size_t len);
int fx_write(domid_t domid, uint64_t gpa, const void *buf, size_t len);

/*
 * Direct pointer to LEN bytes at GPA, or NULL if they are not populated or
 * not contiguous in the fake's memory (a domain's initial RAM and each
 * populated extent are, until pages are moved or withdrawn). Valid until the
 * domain goes or the pages are. Writes through it are not seen by
 * track_dirty_vram.
 */
void *fx_ptr(domid_t domid, uint64_t gpa, size_t len);

/* True if the guest frame is populated. */
bool fx_populated(domid_t domid, xen_pfn_t gfn);

/*
 * The balloon driver on VCPU withdraws NR frames, and Xen tells all device
 * models by INVALIDATE, waiting for their answers. A page stays charged to
 * the domain as long as somebody maps it.
 */
int fx_balloon_out(domid_t domid, unsigned int vcpu, xen_pfn_t gfn,
                   unsigned int nr);

/* Populates NR frames (balloon in). -ENOMEM over the domain's limit. */
int fx_populate(domid_t domid, xen_pfn_t gfn, unsigned int nr);

/* Pages charged to the domain, withdrawn but still mapped ones included. */
long fx_domain_pages(domid_t domid);

/*
 * Foreign mappings of the domain's pages that are alive, in pages, over all
 * processes. Works for domains that linger; 0 for unknown ones.
 */
long fx_foreign_mappings(domid_t domid);

/* Caching type pinned for the frame, or -ENOENT. */
int fx_cacheattr(domid_t domid, xen_pfn_t gfn);

/* Log-dirty as in live migration: fx_dirty() reports and clears. */
int fx_log_dirty(domid_t domid, bool on);
bool fx_dirty(domid_t domid, xen_pfn_t gfn);

/* ---- vCPU accesses --------------------------------------------------- */

/*
 * An access of SIZE (1, 2, 4, 8) bytes at GPA as the guest's instruction
 * would do it. RAM is accessed directly; the rest goes to the enabled ioreq
 * server that claimed the whole range (the one with the highest id), nobody's
 * reads as ones. Accesses that cross a page become two. -EIO: the device
 * model broke its slot, the guest instruction could not be completed.
 * -ETIMEDOUT: no answer; the request stays pending, as on Xen, and the vCPU's
 * next access first waits for it.
 */
int fx_mmio_read(domid_t domid, unsigned int vcpu, uint64_t gpa,
                 unsigned int size, uint64_t *val);
int fx_mmio_write(domid_t domid, unsigned int vcpu, uint64_t gpa,
                  unsigned int size, uint64_t val);

/*
 * rep movs between GPA (device) and DATA_GPA (guest RAM), COUNT elements of
 * SIZE bytes, both sides going down when DF. DIR is IOREQ_READ (device to
 * RAM) or IOREQ_WRITE. One ioreq with data_is_ptr a 4,096 elements.
 */
int fx_mmio_rep(domid_t domid, unsigned int vcpu, uint64_t gpa, int dir,
                unsigned int size, unsigned int count, bool df,
                uint64_t data_gpa);

/*
 * Port I/O of 1, 2 or 4 bytes. 0xcf8 is snooped, and 0xcfc reaches the
 * server of the PCI function selected by it, if one claimed it.
 */
int fx_pio_read(domid_t domid, unsigned int vcpu, uint16_t port,
                unsigned int size, uint32_t *val);
int fx_pio_write(domid_t domid, unsigned int vcpu, uint16_t port,
                 unsigned int size, uint32_t val);

/*
 * PCI configuration access to BDF (bus << 8 | device << 3 | function), in one
 * step, without touching the vCPU's 0xcf8.
 */
int fx_pci_cfg_read(domid_t domid, unsigned int vcpu, uint16_t bdf,
                    unsigned int reg, unsigned int size, uint32_t *val);
int fx_pci_cfg_write(domid_t domid, unsigned int vcpu, uint16_t bdf,
                     unsigned int reg, unsigned int size, uint32_t val);

/*
 * Sends REQ as it stands to server ID, whatever it claims, and stores the
 * answer's data in it: for requests that no instruction makes. state and
 * vp_eport are filled in.
 */
int fx_ioreq_raw(domid_t domid, unsigned int vcpu, unsigned int id,
                 struct ioreq *req);

/* ---- Interrupts ------------------------------------------------------ */

/*
 * Takes the oldest injected MSI, waiting up to TIMEOUT_MS. The pointers may be
 * NULL.
 */
int fx_msi_wait(domid_t domid, uint64_t *addr, uint32_t *data,
                unsigned int timeout_ms);

/* MSIs waiting to be taken. */
int fx_msi_queued(domid_t domid);

/* Level of a PCI interrupt line: device 0..31, intx 0..3 (A..D). */
int fx_intx_level(domid_t domid, unsigned int device, unsigned int intx);

/* ---- Event channels, the guest's end --------------------------------- */

/* A new port on which dom0 may bind, or a negative errno. */
int fx_evtchn_alloc_unbound(domid_t domid);

/* Binds to a port that dom0 allocated for this domain; returns ours. */
int fx_evtchn_bind(domid_t domid, evtchn_port_t dom0_port);

int fx_evtchn_close(domid_t domid, evtchn_port_t port);
int fx_evtchn_notify(domid_t domid, evtchn_port_t port);

/* Waits until PORT is pending and clears it. */
int fx_evtchn_wait(domid_t domid, evtchn_port_t port, unsigned int timeout_ms);

/* True if dom0 has bound the port. */
bool fx_evtchn_bound(domid_t domid, evtchn_port_t port);

/* ---- What happened --------------------------------------------------- */

/* Calls of the library function NAME so far, over all processes. */
uint64_t fx_calls(const char *name);

/* Calls of all library functions, over all processes. */
uint64_t fx_calls_total(void);

/* Live ioreq servers of the domain. */
int fx_servers(domid_t domid);

/* Ranges that server ID holds of TYPE (XEN_DMOP_IO_RANGE_*). */
int fx_ranges(domid_t domid, unsigned int id, unsigned int type);

/* Open library handles (of all kinds), over all processes. */
int fx_open_handles(void);

/* dom0's event-channel ports in use, over all processes. */
int fx_dom0_ports(void);

/* Answers that broke the protocol: see fx_mmio_read's -EIO. */
uint64_t fx_bad_ioreqs(domid_t domid);

/* MSIs lost because the test never took them. */
uint64_t fx_msi_lost(domid_t domid);

/* ---- Faults ---------------------------------------------------------- */

/*
 * The Nth call from now on (1 the next) of the library function NAME by this
 * process fails with ERR; NAME "*" counts calls of all of them. One plan per
 * name; N of 0 cancels it. -ENOENT: no such function here.
 *
 * Other processes read XEN_FAKE_FAIL at their first call: a comma-separated
 * list of [PROGRAM/]NAME:N:ERRNO, ERRNO a number, e.g.
 * "xen-vgpu-device/xenevtchn_bind_interdomain:2:12".
 */
int fx_fail_at(const char *name, unsigned int n, int err);

/* Cancels all plans of this process. */
void fx_fail_clear(void);

#endif /* FAKEXEN_H */
