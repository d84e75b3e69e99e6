/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The engine of a virtio-gpu (virtio 1.2, 5.7): commands from two virtqueues,
 * resources, scanouts.
 *
 * A malformed command is answered with an error and harms nothing else. One
 * command at a time is under way, of either queue; one that is long stops at
 * boundaries and goes on later (request.pos).
 *
 * What the next process needs stands in the context memfd (store.c) at each
 * moment: this process may be killed at any.
 */
#ifndef DM_ENGINE_VIRTIO_VGPU_H
#define DM_ENGINE_VIRTIO_VGPU_H

#include <linux/virtio_gpu.h>
#include <sys/uio.h>
/* Adding without memory marks the element instead of ending the process. */
#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#include "dm/engine/engine.h"
#include "dm/engine/virtio/virtq.h"
#include "lib/scanout.h"

/* Of one vGPU. */
#define VGPU_RESOURCES 16384u
#define VGPU_SIDE_MAX 16384u          /* pixels, of a 2D resource */
#define VGPU_BACKING_MAX (4ull << 30) /* bytes of guest memory listed */
#define VGPU_MAPPED_MAX (2ull << 30)  /* bytes of it mapped for the renderer */
#define VGPU_CONTEXTS 64u
#define VGPU_RINGS 64u              /* of a context: timelines of fences */
#define VGPU_ENTRIES_MAX (1u << 18) /* of one resource's list */
#define VGPU_CRUMBS_MAX 512u        /* of those, shorter than VGPU_CRUMB */
#define VGPU_CRUMB 4096u            /* bytes */
#define VGPU_RESPONSE 4096u
#define VGPU_WAITING 32u /* answers that wait, of a queue; a power of two */

/* ---- What outlives the process (store.c) -------------------------------- */

#define STORE_MAGIC 0x56475658u /* "XVGV" */
#define STORE_FRESH 0x56475646u /* "FVGV": it is cleared before it is used */
#define STORE_VERSION 4u
#define STORE_BLOCK_ENTRIES 63u

struct saved_entry {
    uint64_t addr;
    uint32_t len, pad;
};

/* Backing pages are listed in a chain of these. */
struct saved_block {
    uint32_t next; /* its number + 1, or 0 */
    uint32_t nr;
    uint64_t pad;
    struct saved_entry entry[STORE_BLOCK_ENTRIES];
};

struct saved_resource {
    uint32_t id;    /* 0: not used; written last */
    uint32_t first; /* block of its backing + 1, or 0: none; written last */
    uint32_t is_3d; /* the renderer has it; otherwise it is ours, and 2D */
    /* As the guest has said; all but the first three for 3D only, and none
     * for blobs. */
    uint32_t format, width, height;
    uint32_t target, bind, depth, array_size, last_level, nr_samples, flags;
    uint32_t frame; /* it lies in one of the scanouts': number + 1, or 0 */
    /* VIRTIO_GPU_BLOB_MEM_*, or 0: not a blob. The others are the blob's. */
    uint32_t blob_mem, blob_flags;
    uint32_t blob_context; /* whose blob_id it is, where the host has it */
    uint32_t pad;
    uint64_t contexts; /* it is attached to: bits, by their slots */
    uint64_t blob_id, size;
};

/* How pixels lie in a blob. */
struct saved_surface {
    uint32_t format, width, height, stride, offset;
};

struct saved_scanout {
    uint32_t resource; /* 0: shows nothing */
    uint32_t x, y, width, height;
    struct saved_surface surface; /* if it is a blob */
};

struct saved_context {
    uint32_t id, used; /* `used` is written last */
    uint32_t capset;   /* 0: of old, without context_init */
};

struct saved_queue {
    uint16_t last_avail, used;
    /* Chains that are done, or nearly so, from `used` up to `end`. */
    uint16_t end, head[VGPU_WAITING];
};

struct saved_head {
    uint32_t magic, version;
    struct saved_queue queue[LINK_QUEUES];
    /* The chain under way; `next` is last_avail behind it. */
    uint32_t busy; /* 1; written last */
    uint32_t busy_queue;
    uint16_t busy_head, busy_next;
    struct saved_scanout scanout[SCANOUT_MAX];
    struct saved_context context[VGPU_CONTEXTS];
};

struct store {
    struct saved_head *head;
    struct saved_resource *resource;
    struct saved_block *block;
    uint32_t nr_blocks;
    uint32_t *free_block;    /* a stack of numbers */
    uint32_t *free_resource; /* the same */
    uint32_t nr_free_blocks, nr_free_resources;
    unsigned char *claimed; /* blocks, until store_settle() */
};

/* ---- This process -------------------------------------------------------- */

struct resource {
    uint32_t id;
    struct saved_resource *s;
    bool made; /* 3D: the renderer knows it */
    /* 2D: as the guest's format has them, lines of width * 4; in a frame of
     * the scanouts' if that has a number + 1. */
    uint32_t *pixels;
    uint32_t frame;
    uint64_t bytes; /* what it counts for */
    /* 3D: its backing, while the renderer may use it. */
    struct loan *loan;
    struct iovec *iov; /* the renderer has it */
    bool gone;         /* it could not be lent again since the last unmapping */
    uint32_t nr_iov;
    uint64_t backing_bytes;
    /* Where the last look into its backing ended. */
    uint32_t block, entry;
    uint64_t entry_offset;
    UT_hash_handle hh;
};

struct request {
    bool busy; /* taken, and not yet answered */
    uint32_t queue;
    uint32_t len; /* bytes of the request, all of them in `buf` */
    unsigned char *buf;
    uint32_t room;
    struct virtio_gpu_ctrl_hdr hdr;
    uint64_t pos; /* how far a handler has come; 0 at first */
    uint32_t response_len;
    unsigned char response[VGPU_RESPONSE]
        __attribute__((aligned(__alignof__(uint64_t))));
    struct virtq_chain chain;
};

/* An answer that waits for the renderer, or behind one that does. */
struct waiting_answer {
    uint32_t mark; /* of virgl_mark(); 0: only behind others */
    uint32_t len;
    uint64_t addr;
    uint16_t head;
    struct virtio_gpu_ctrl_hdr hdr;
};

struct vgpu {
    struct engine *e;
    struct virtq queue[LINK_QUEUES];
    struct request request;
    struct resource *resources; /* by id */
    uint64_t bytes, backing_bytes;
    struct store store;
    void *scanouts;  /* see lib/scanout.h; or NULL */
    uint32_t frames; /* used ones, as bits */
    uint16_t end[LINK_QUEUES];
    struct waiting_answer waiting[VGPU_WAITING]; /* of the control queue */
    uint32_t queue_done[LINK_QUEUES];
    bool due[LINK_QUEUES]; /* interrupts, for what was given back */
    uint64_t due_ns;       /* since then */
    struct virgl *virgl;   /* the renderer, or NULL: 2D only */
    uint64_t mapped_max;   /* bytes of guest memory lent to it */
    /* What the guest's driver has accepted. */
    bool driver_3d, driver_blob, driver_init;
    uint64_t commands[LINK_COMMANDS]; /* account.c */
};

/* One row a command; a request shorter than `min` is answered with an error,
 * so that handlers may read that much. */
struct command {
    uint32_t type;
    uint32_t min;
    /* Answers by vgpu_answer(), vgpu_refuse(), or not at all: that is OK
     * without data. STEP_DONE, or STEP_PREEMPTED with its position kept. */
    enum step (*run)(struct vgpu *g, struct request *rq);
};

static inline struct vgpu *vgpu_of(struct engine *e)
{
    return e->backend;
}

/* virtio.c */
extern const struct engine_ops virtio_ops;

/* front.c: the queues */
extern const struct engine_front virtio_front;
/* The queues can't be gone on with: only the driver's reset helps. */
void vgpu_fault(struct vgpu *g, int rc, uint64_t addr);

/* request.c */
/* Take the next chain, if any, or go on with the one under way. STEP_FAULT
 * when its queue is broken (vgpu_fault() has been called). */
enum step vgpu_step(struct vgpu *g);

/* answer.c. Those that return int: 0, or the control queue is broken and its
 * bad_addr says where. */
/* Of a header, what the driver has not accepted goes. */
void vgpu_only_accepted(const struct vgpu *g, struct request *rq);
void vgpu_refuse(struct request *rq, uint32_t error);
/* The same, unless it is 0; what is left to a handler then. */
enum step vgpu_refuse_if(struct request *rq, uint32_t error);
/* All of the response, which begins with a header that is filled in. */
void *vgpu_answer(struct request *rq, uint32_t type, uint32_t len);
/* The command is done: it is answered now, or in its turn. */
int vgpu_complete(struct vgpu *g, struct request *rq);
/* Answers wait; give back those that need not any more. */
bool vgpu_waits(const struct vgpu *g);
int vgpu_release(struct vgpu *g);
/* Wait for the renderer, then give all back. */
int vgpu_settle(struct vgpu *g);
/* What is due: when nothing more is there to be answered, so that one interrupt
 * serves for several commands, or before others get the engine. */
void vgpu_interrupt(struct vgpu *g);
/* The same if it has been due for long: a driver that fills its queue faster
 * than it can be emptied waits for room. */
void vgpu_interrupt_late(struct vgpu *g);
/* Chains that another process had taken: with an error. The queue goes on
 * behind them. */
int vgpu_answer_all_dead(struct vgpu *g, uint32_t queue);

/* command.c, command-2d.c: the tables */
const struct command *vgpu_command(const struct vgpu *g, uint32_t queue,
                                   uint32_t type);
enum step vgpu_create_2d(struct vgpu *g, struct request *rq);
enum step vgpu_unref(struct vgpu *g, struct request *rq);
enum step vgpu_attach_backing(struct vgpu *g, struct request *rq);
enum step vgpu_detach_backing(struct vgpu *g, struct request *rq);
enum step vgpu_transfer_2d(struct vgpu *g, struct request *rq);
/* scanout.c */
enum step vgpu_set_scanout(struct vgpu *g, struct request *rq);
enum step vgpu_flush(struct vgpu *g, struct request *rq);
enum step vgpu_update_cursor(struct vgpu *g, struct request *rq);
enum step vgpu_move_cursor(struct vgpu *g, struct request *rq);
/* blob.c */
extern const struct command vgpu_commands_blob[];
extern const uint32_t vgpu_nr_commands_blob;
/* command-3d.c */
extern const struct command vgpu_commands_3d[];
extern const uint32_t vgpu_nr_commands_3d;
/* transfer-3d.c: of a 3D resource */
enum step vgpu_transfer_3d(struct vgpu *g, struct request *rq,
                           struct resource *r, bool to_host);
/* submit.c */
enum step vgpu_submit(struct vgpu *g, struct request *rq);

/* resource.c. 0, or an error of virtio_gpu_ctrl_type. */
struct resource *resource_find(struct vgpu *g, uint32_t id);
/* `want` says what, but for `first` and `contexts`. */
uint32_t resource_create(struct vgpu *g, const struct saved_resource *want);
void resource_destroy(struct vgpu *g, struct resource *r);
/* Its bytes are the guest's pages, and nobody else has them. */
static inline bool resource_in_guest(const struct resource *r)
{
    return r->s->blob_mem == VIRTIO_GPU_BLOB_MEM_GUEST;
}
void resources_clear(struct vgpu *g);
/* `entries` are the guest's, in private memory. Then it is to be lent. */
uint32_t resource_attach(struct vgpu *g, struct resource *r,
                         const struct virtio_gpu_mem_entry *entries,
                         uint32_t n);
void resource_detach(struct vgpu *g, struct resource *r);
/* Copy from its backing. False: it has none there, or not in memory. */
bool resource_read(struct vgpu *g, struct resource *r, uint64_t offset,
                   void *buf, uint32_t len);
/* Its entries in order, each once: stops where fn() returns other than 0. */
int resource_each(const struct vgpu *g, const struct resource *r,
                  int (*fn)(const struct saved_entry *entry, void *user),
                  void *user);
/* Make again what another process had: what makes no sense is left out. */
void resources_recover(struct vgpu *g);

/* virgl.c: the renderer. Of those of resources nothing happens for 2D ones. */
int virgl_open(struct vgpu *g);
void virgl_close(struct vgpu *g);
uint32_t virgl_capsets(const struct vgpu *g);
const char *virgl_name(const struct vgpu *g);
/* All that it draws is computed in this process. */
bool virgl_on_processors(const struct vgpu *g);
/* Make, and destroy. 0 or an error of virtio_gpu_ctrl_type. A blob that has
 * backing is made when that is lent for the first time. */
uint32_t virgl_create(struct vgpu *g, struct resource *r);
void virgl_destroy(struct vgpu *g, struct resource *r);
/* A mark behind all that was begun; 0: all is done. Whether it is done up to
 * there; wait for that. The process ends if nothing gets done for longer than
 * the watchdog allows. */
uint32_t virgl_mark(struct vgpu *g);
bool virgl_passed(struct vgpu *g, uint32_t mark);
void virgl_wait(struct vgpu *g, uint32_t mark);
/* Something was begun: wait for what was begun before it only, so that it goes
 * on while the next part is prepared. */
void virgl_go_on(struct vgpu *g);
/* Read pixels of level 0 to lines of 4 * rect->width bytes: 0 or -1. */
int virgl_read(struct vgpu *g, const struct resource *r,
               const struct virtio_gpu_rect *rect, uint32_t *to);
/* Whether a blob's host part is such a surface. */
bool virgl_has_surface(const struct resource *r,
                       const struct saved_surface *surface);
/* All of level 0 from its backing. */
void virgl_fill(struct vgpu *g, struct resource *r);

/* lend.c: guest memory that the renderer uses. */
/* Lend it the backing, to the end or, false, to a boundary at which to stop: to
 * be called again. *error: 0 or of virtio_gpu_ctrl_type. */
bool virgl_lend(struct vgpu *g, struct resource *r, uint32_t *error);
/* The same in one go, for what another process had lent. */
uint32_t virgl_lend_again(struct vgpu *g, struct resource *r);
/* Take it back; it is unmapped by virgl_tidy(). */
void virgl_take_back(struct vgpu *g, struct resource *r);
/* Unmap some of it: whether there is more. */
bool virgl_tidy(struct vgpu *g);
/* All mappings are to go; what was lent is lent again by virgl_ready(), before
 * the renderer is given anything to do. False: to a boundary at which to stop,
 * call again. */
void virgl_unmap(struct vgpu *g);
bool virgl_ready(struct vgpu *g);

/* context-3d.c */
/* A context's slot, or -1. */
int context_find(const struct vgpu *g, uint32_t id);
uint32_t context_create(struct vgpu *g, uint32_t id, uint32_t capset,
                        const char *name, uint32_t len);
void context_destroy(struct vgpu *g, uint32_t slot);
void contexts_clear(struct vgpu *g);
void contexts_recover(struct vgpu *g);

/* frame.c: 2D resources that may be shown are where they are shown from. */
/* Pixels for r, which are 0, or those of a process before in that frame; NULL:
 * it has none. */
uint32_t *frame_take(struct vgpu *g, struct resource *r);
void frame_release(struct vgpu *g, struct resource *r);
/* The memory of those that are free. */
void frames_trim(struct vgpu *g);

/* scanout.c */
/* Not empty, and inside. */
bool rect_within(const struct virtio_gpu_rect *r, uint32_t width,
                 uint32_t height);
/* Where the bytes B, G, R, A of a pixel of that format are; NULL: none such. */
const uint8_t *scanout_order(uint32_t format);
/* Show what it says; `resource` 0 shows nothing. 0 or an error of
 * virtio_gpu_ctrl_type. */
uint32_t scanout_set(struct vgpu *g, uint32_t i,
                     const struct saved_scanout *want);
/* The resource goes. */
void scanouts_forget(struct vgpu *g, uint32_t id);
/* All show nothing. */
void scanouts_clear(struct vgpu *g);
/* What was shown goes on being shown, if that is still possible. */
void scanouts_recover(struct vgpu *g);

/* blob.c */
/* Whether a blob has such a surface. */
bool blob_has_surface(const struct resource *r,
                      const struct saved_surface *surface);
/* Copy a rectangle that lies within, from the guest's pages, to lines of
 * 4 * rect->width bytes. False: they are not there. */
bool blob_read(struct vgpu *g, struct resource *r,
               const struct saved_surface *surface,
               const struct virtio_gpu_rect *rect, uint32_t *to);

/* account.c: what people see of it, after a request, and by itself. */
void vgpu_account_request(struct vgpu *g, const struct request *rq);
void vgpu_account(struct vgpu *g);

/* store.c */
/* fd -1: in private memory. 0 or a negative errno. */
int store_open(struct store *s, int fd);
void store_close(struct store *s);
/* Begin anew. */
void store_clear(struct store *s);
/* What is there is nobody's any more; it is cleared later. */
void store_forget(struct store *s);
bool store_is_fresh(const struct store *s);
/* Whether another process has left something that can be gone on with. Nothing
 * is free then until store_settle(): whoever walks the records claims what they
 * use, or clears their `id` or `first`. */
bool store_reopen(struct store *s);
bool store_claim_block(struct store *s, uint32_t block);
void store_settle(struct store *s);
/* NULL: there are too many. Its id is 0 still. */
struct saved_resource *store_new_resource(struct store *s);
void store_free_resource(struct store *s, struct saved_resource *r);
/* A list of entries; *first as in struct saved_resource. 0 or -ENOSPC. */
int store_new_list(struct store *s, const struct saved_entry *entries,
                   uint32_t n, uint32_t *first);
void store_free_list(struct store *s, uint32_t first);

#endif
