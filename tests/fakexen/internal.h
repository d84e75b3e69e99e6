/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of the fake share.
 *
 * The hypervisor is one piece of shared memory, the machine's memory another,
 * so that a hypercall is a function call in whatever process makes it. After
 * the first library call a process needs no system calls beyond read, write,
 * poll, mmap, munmap and futex, which any sandbox of ours allows anyway.
 *
 * Lock order: domain, then store, then events, then memory. All locks are
 * robust: processes that hold them may be killed.
 */
#ifndef FAKEXEN_INTERNAL_H
#define FAKEXEN_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

#include <xen/hvm/dm_op.h>

#include "fakexen.h"

#define FX_MAX_CLIENTS 32
#define FX_MAX_QUEUES 64
#define FX_MAX_PORTS 1280
#define FX_QUEUE_LEN 2048
#define FX_MAX_SERVERS 8
#define FX_MAX_RANGES 256
#define FX_MAX_PINS 64
#define FX_MAX_MSI 4096
#define FX_NR_PARAMS 64

#define FX_NR_FRAMES (1u << 22) /* 16 GiB of machine memory, sparse */
#define FX_NR_CHUNKS (1u << 15) /* p2m leaves of 512 frames each */
#define FX_CHUNK_SHIFT 9
#define FX_CHUNK_FRAMES (1u << FX_CHUNK_SHIFT)
#define FX_NR_GFNS (UINT64_C(1) << (FX_GPA_BITS - FX_PAGE_SHIFT))
#define FX_TOP_ENTRIES (FX_NR_GFNS >> FX_CHUNK_SHIFT)

#define FX_NODES 2048
#define FX_WATCHES 256
#define FX_PATH_MAX 256
#define FX_VALUE_MAX 2048
#define FX_TOKEN_MAX 128
#define FX_WATCH_EVENTS 128

/* Every library function, once: names for counters and planned failures. */
/* clang-format off */
#define FX_CALLS(X) \
    X(xendevicemodel_open) \
    X(xendevicemodel_close) \
    X(xendevicemodel_create_ioreq_server) \
    X(xendevicemodel_get_ioreq_server_info) \
    X(xendevicemodel_map_io_range_to_ioreq_server) \
    X(xendevicemodel_unmap_io_range_from_ioreq_server) \
    X(xendevicemodel_map_pcidev_to_ioreq_server) \
    X(xendevicemodel_unmap_pcidev_from_ioreq_server) \
    X(xendevicemodel_destroy_ioreq_server) \
    X(xendevicemodel_set_ioreq_server_state) \
    X(xendevicemodel_set_pci_intx_level) \
    X(xendevicemodel_inject_msi) \
    X(xendevicemodel_track_dirty_vram) \
    X(xendevicemodel_modified_memory) \
    X(xendevicemodel_modified_memory_bulk) \
    X(xendevicemodel_relocate_memory) \
    X(xendevicemodel_pin_memory_cacheattr) \
    X(xendevicemodel_nr_vcpus) \
    X(xendevicemodel_shutdown) \
    X(xendevicemodel_restrict) \
    X(xenforeignmemory_open) \
    X(xenforeignmemory_close) \
    X(xenforeignmemory_map) \
    X(xenforeignmemory_map2) \
    X(xenforeignmemory_unmap) \
    X(xenforeignmemory_map_resource) \
    X(xenforeignmemory_unmap_resource) \
    X(xenforeignmemory_resource_size) \
    X(xenforeignmemory_restrict) \
    X(xenevtchn_open) \
    X(xenevtchn_close) \
    X(xenevtchn_fd) \
    X(xenevtchn_bind_interdomain) \
    X(xenevtchn_bind_unbound_port) \
    X(xenevtchn_unbind) \
    X(xenevtchn_notify) \
    X(xenevtchn_pending) \
    X(xenevtchn_unmask) \
    X(xenevtchn_restrict) \
    X(xentoolcore_restrict_all) \
    X(xc_interface_open) \
    X(xc_interface_close) \
    X(xc_domain_getinfo) \
    X(xc_domain_populate_physmap) \
    X(xc_domain_populate_physmap_exact) \
    X(xc_domain_decrease_reservation_exact) \
    X(xc_domain_maximum_gpfn) \
    X(xc_domain_setmaxmem) \
    X(xc_get_paging_mempool_size) \
    X(xc_set_paging_mempool_size) \
    X(xc_physinfo) \
    X(xc_hvm_param_get) \
    X(xc_hvm_param_set) \
    X(xc_get_hvm_param) \
    X(xc_set_hvm_param) \
    X(xc_domain_pause) \
    X(xc_domain_unpause) \
    X(xc_domain_destroy) \
    X(xs_open) \
    X(xs_close) \
    X(xs_read) \
    X(xs_write) \
    X(xs_rm) \
    X(xs_mkdir) \
    X(xs_directory) \
    X(xs_watch) \
    X(xs_unwatch) \
    X(xs_read_watch) \
    X(xs_check_watch) \
    X(xs_fileno) \
    X(xs_transaction_start) \
    X(xs_transaction_end) \
    X(xs_get_domain_path) \
    X(xs_set_permissions) \
    X(xs_is_domain_introduced)
/* clang-format on */

enum fx_call {
#define X(name) FX_CALL_##name,
    FX_CALLS(X)
#undef X
        FX_NR_CALLS
};

/* Who owns a machine frame and why it may not be reused yet. */
struct fx_frame {
    uint32_t maps;   /* foreign mappings */
    uint8_t owner;   /* domain slot + 1, 0: free */
    uint8_t placed;  /* in the owner's p2m, or an ioreq page */
    uint8_t leaked;  /* populated over: charged until the domain goes */
    uint8_t charged; /* counts in the owner's pages; ioreq pages do not */
    uint8_t dirty;   /* FX_DIRTY_* */
};

#define FX_DIRTY_VRAM 1
#define FX_DIRTY_LOG 2

struct fx_range {
    uint64_t start, end;
};

struct fx_rangeset {
    unsigned int n;
    struct fx_range r[FX_MAX_RANGES]; /* sorted, never adjacent */
};

struct fx_server {
    bool used, enabled;
    uint8_t bufioreq;
    uint32_t page, bufpage; /* frame + 1, 0: not allocated yet */
    evtchn_port_t bufport;
    evtchn_port_t port[FX_MAX_VCPUS];
    bool pending[FX_MAX_VCPUS];
    struct fx_rangeset range[3];
    _Atomic uint32_t generation; /* counts the servers that lived here */
};

enum fx_port_state {
    FX_PORT_FREE,
    FX_PORT_UNBOUND,
    FX_PORT_INTERDOMAIN,
};

struct fx_port {
    uint8_t state;
    bool xen;      /* Xen's own: an event wakes the vCPU */
    bool pending;  /* raised and not yet taken */
    bool enabled;  /* dom0: unmasked */
    uint16_t vcpu; /* with xen */
    uint8_t queue; /* dom0: the handle's queue */
    domid_t remote_domid;
    evtchn_port_t remote_port;
    _Atomic uint32_t seq; /* guests wait here */
    _Atomic uint32_t waiters;
};

struct fx_porttable {
    struct fx_port port[FX_MAX_PORTS]; /* 0 is never used */
    unsigned int hint;
};

/* Something a process can poll: an event-channel or xenstore handle. */
struct fx_queue {
    bool used;
    uint8_t client;
    uint32_t head, tail;
    uint32_t port[FX_QUEUE_LEN];
};

struct fx_vcpu {
    _Atomic uint32_t wake; /* futex: bumped by events and by death */
    _Atomic uint32_t waiting;
    uint32_t cf8;
};

struct fx_msi {
    uint64_t addr;
    uint32_t data;
};

struct fx_pin {
    uint64_t start, end;
    uint32_t type;
};

struct fx_domain {
    pthread_mutex_t lock;
    _Atomic uint32_t domid; /* 0: slot is free */
    _Atomic bool dying, crashed;
    bool paused;
    bool pvh;
    char crash_reason[96];
    unsigned int vcpus;
    unsigned int timeout_ms, spin_ns;

    uint64_t pages, max_pages, maximum_gpfn;
    uint64_t pool; /* bytes for page tables; nothing takes from it */
    uint64_t maps; /* foreign mappings in pages */
    bool log_dirty, vram_tracked;
    uint64_t vram_first, vram_nr;
    uint64_t param[FX_NR_PARAMS];
    unsigned int pins;
    struct fx_pin pin[FX_MAX_PINS];

    struct fx_server server[FX_MAX_SERVERS];
    uint64_t bad_ioreqs;
    struct fx_vcpu vcpu[FX_MAX_VCPUS];

    uint64_t msi_head, msi_tail, msi_lost;
    struct fx_msi msi[FX_MAX_MSI];
    _Atomic uint32_t msi_seq;
    uint8_t intx[32];

    struct fx_porttable ports;
    uint32_t top[FX_TOP_ENTRIES]; /* chunk + 1 */
};

struct fx_chunk {
    uint32_t frame[FX_CHUNK_FRAMES]; /* frame + 1 */
};

struct fx_node {
    bool used;
    uint32_t len;
    char path[FX_PATH_MAX];
    char value[FX_VALUE_MAX];
};

struct fx_watch {
    bool used;
    uint8_t queue;
    uint16_t prefix; /* to cut off again for relative watches */
    char path[FX_PATH_MAX];
    char token[FX_TOKEN_MAX];
};

struct fx_watch_event {
    char path[FX_PATH_MAX];
    char token[FX_TOKEN_MAX];
    bool dead; /* its watch was removed */
};

struct fx_store {
    pthread_mutex_t lock;
    uint64_t generation;
    unsigned int nodes; /* highest slot used + 1 */
    struct fx_node node[FX_NODES];
    struct fx_watch watch[FX_WATCHES];
    struct fx_watch_event event[FX_MAX_QUEUES][FX_WATCH_EVENTS];
};

struct fx_shared {
    pthread_mutex_t event_lock;
    pthread_mutex_t memory_lock;
    pthread_mutex_t table_lock; /* creating domains; outermost */
    domid_t next_domid;
    _Atomic uint64_t calls[FX_NR_CALLS];
    _Atomic int handles[FX_MAX_CLIENTS];

    uint32_t frame_hint, frames_high;
    uint32_t chunk_high, chunk_free; /* free list: index + 1 */

    struct fx_queue queue[FX_MAX_QUEUES];
    struct fx_porttable dom0;
    struct fx_domain domain[FX_MAX_DOMAINS];
    struct fx_store store;

    struct fx_frame frame[FX_NR_FRAMES];
    struct fx_chunk chunk[FX_NR_CHUNKS];
    uint16_t maps[FX_MAX_CLIENTS][FX_NR_FRAMES]; /* to clean up after kills */
};

/* This process's view. */
struct fx_process {
    struct fx_shared *shared;
    uint8_t *memory; /* the machine's memory; host only */
    int shared_fd, memory_fd;
    int hole_fd; /* an empty file: touching a mapping of it is SIGBUS */
    int socket;  /* to the broker, -1 in the host */
    unsigned int client;
    int efd[FX_MAX_QUEUES];
    _Atomic bool fail_armed;
};

extern struct fx_process fx;

/* broker.c: fetches the host's descriptors, or aborts. */
void fx_broker_join(const char *path);

/* state.c */
struct fx_shared *fx_attach(void);
void fx_lock(pthread_mutex_t *lock);
void fx_unlock(pthread_mutex_t *lock);
int fx_enter_slow(enum fx_call call);
uint64_t fx_now_ns(void);
int fx_futex_wait(_Atomic uint32_t *word, uint32_t value, uint64_t deadline);
void fx_futex_wake(_Atomic uint32_t *word);
void fx_shared_init(struct fx_shared *s);

/* Counts a call and returns the errno it shall fail with, usually 0. */
static inline int fx_enter(enum fx_call call)
{
    struct fx_shared *s = fx.shared ? fx.shared : fx_attach();

    atomic_fetch_add_explicit(&s->calls[call], 1, memory_order_relaxed);
    if (atomic_load_explicit(&fx.fail_armed, memory_order_relaxed))
        return fx_enter_slow(call);
    return 0;
}

/* First line of every library function. */
#define FX_ENTER(name, failure)                                                \
    do {                                                                       \
        int fx_err_ = fx_enter(FX_CALL_##name);                                \
        if (fx_err_) {                                                         \
            errno = fx_err_;                                                   \
            return failure;                                                    \
        }                                                                      \
    } while (0)

/* Returns a library function's -1 with errno for a negative errno. */
int fx_result(int rc);

/* domain.c: fx_domain_get returns the domain locked, or NULL. */
struct fx_domain *fx_domain_get(domid_t domid);
void fx_domain_put(struct fx_domain *d);
unsigned int fx_domain_slot(const struct fx_domain *d);
void fx_domain_crash(struct fx_domain *d, const char *reason);
int fx_domain_die(domid_t domid);

/* memory.c: all with the domain locked. Frames are numbers + 1, 0: none. */
uint64_t fx_frames_free(void);
uint32_t fx_p2m_get(const struct fx_domain *d, uint64_t gfn);
int fx_p2m_set(struct fx_domain *d, uint64_t gfn, uint32_t frame);
void fx_p2m_destroy(struct fx_domain *d);
int fx_populate_extent(struct fx_domain *d, uint64_t gfn, uint64_t nr,
                       uint64_t align);
int fx_withdraw(struct fx_domain *d, uint64_t gfn);
uint32_t fx_frame_alloc(struct fx_domain *d, uint64_t nr, uint64_t align,
                        bool charge);
void fx_frame_unplace(struct fx_domain *d, uint32_t frame);
void fx_frame_map(struct fx_domain *d, uint32_t frame);
void fx_frame_unmap(struct fx_domain *d, uint32_t frame, unsigned int client);
void fx_frame_mark_dirty(uint32_t frame);
bool fx_frame_take_dirty(uint32_t frame, uint8_t which);
void fx_memory_drop_client(unsigned int client);

/* Memory of a frame in this process; only the host has it mapped. */
static inline uint8_t *fx_frame_ptr(uint32_t frame)
{
    return fx.memory + ((uint64_t)(frame - 1) << FX_PAGE_SHIFT);
}

/* evtchn.c: fx_event_* take the event lock themselves. */
int fx_queue_open(void);
void fx_queue_close(int queue);
void fx_queue_signal(int queue);
int fx_event_alloc_xen(struct fx_domain *d, unsigned int vcpu);
void fx_event_free(struct fx_domain *d, evtchn_port_t port);
void fx_event_free_all(struct fx_domain *d);
int fx_event_send(struct fx_porttable *t, evtchn_port_t port);
void fx_event_drop_client(unsigned int client);

/* devicemodel.c */
void fx_servers_destroy(struct fx_domain *d);
int fx_server_frame(struct fx_domain *d, unsigned int id, unsigned long frame,
                    uint32_t *out);

/* rangeset.c */
int fx_rangeset_add(struct fx_rangeset *r, uint64_t start, uint64_t end);
int fx_rangeset_remove(struct fx_rangeset *r, uint64_t start, uint64_t end);
bool fx_rangeset_contains(const struct fx_rangeset *r, uint64_t start,
                          uint64_t end);

/* store.c */
void fx_store_fire_special(const char *path);
void fx_store_drop_client(unsigned int client);
void fx_store_home(domid_t domid);

/* Handles that xentoolcore_restrict_all reaches. */
struct fx_restrictable {
    struct fx_restrictable *next;
    int (*restrict_to)(struct fx_restrictable *r, domid_t domid);
};

void fx_handle_add(struct fx_restrictable *r,
                   int (*fn)(struct fx_restrictable *, domid_t));
void fx_handle_del(struct fx_restrictable *r);

/* A handle not yet restricted has this domid. */
#define FX_UNRESTRICTED DOMID_INVALID

#endif /* FAKEXEN_INTERNAL_H */
