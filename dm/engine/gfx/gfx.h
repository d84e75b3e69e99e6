/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The gfx engine: packets of xen-vgpu/gfx.h on Vulkan.
 *
 * Packets are recorded into chunks, command buffers of about CHUNK_NS of
 * work. At most two are under way: one runs while the next is recorded. A cut
 * ends a chunk wherever it is, also in the middle of rendering; what the
 * guest has bound is bound again in the next one. A boundary is a moment with
 * no chunk recorded or running (gfx_drain()).
 *
 * All functions that return int return 0, or -1 after engine_fault(), unless
 * said otherwise. What a packet asks for is checked in full before anything
 * is recorded or changed: a packet at fault has no effect.
 *
 * One thread calls all this. All images are in VK_IMAGE_LAYOUT_GENERAL.
 */
#ifndef DM_ENGINE_GFX_GFX_H
#define DM_ENGINE_GFX_GFX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <vulkan/vulkan.h>
#include <xen-vgpu/gfx.h>

#include "dm/engine/engine.h"

struct gfx;
struct pipeline;
struct shader; /* shader.h */
struct shader_info;

/* ---- Vulkan (vk.c) ------------------------------------------------------ */

struct vk {
    VkInstance instance;
    VkPhysicalDevice physical;
    VkDevice device;
    VkQueue queue;
    uint32_t family;
    VkPhysicalDeviceProperties props;
    VkPhysicalDeviceMemoryProperties memory;
    uint32_t host_type;   /* memory type: host-visible, coherent */
    uint32_t local_type;  /* memory type of the local heap's images */
    uint32_t allocations; /* of memory */
    bool import;          /* host memory can be imported */
    VkDeviceSize import_align;
    bool read_without_format, write_without_format; /* storage images */
    bool calibrated;
    double timestamp_ns;      /* of one tick */
    int64_t timestamp_offset; /* ns to add for CLOCK_MONOTONIC */
    PFN_vkGetMemoryHostPointerPropertiesEXT host_pointer_props;
};

/* 0 or a negative errno: -ENODEV when there is no device that will do. */
int vk_open(struct vk *vk);
void vk_close(struct vk *vk);
/* Memory for an object of the local heap, charged to the vGPU (g->local_used);
 * map is the CPU's view of host-visible memory, or NULL. 0, or a negative
 * errno: -ENOSPC over the vGPU's budget, -ENOMEM. */
int vk_alloc(struct gfx *g, const VkMemoryRequirements *req, bool host_visible,
             VkDeviceMemory *memory, void **map);
void vk_free(struct gfx *g, VkDeviceMemory memory, VkDeviceSize size);
/* Memory of any kind: no more allocations than the device takes. */
VkResult vk_memory(struct vk *vk, const VkMemoryAllocateInfo *info,
                   VkDeviceMemory *memory);
void vk_memory_free(struct vk *vk, VkDeviceMemory memory);

/* ---- Objects (object.c) ------------------------------------------------- */

/* First member of each class' structure. An object lives as long as its
 * number or another object refers to it, and until the chunk that was open
 * when the last reference went is done. */
struct object {
    uint32_t class_; /* XVGPU_GFX_<class> */
    uint32_t id;     /* 0: destroyed by the guest, still referred to */
    uint32_t refs;
    uint64_t serial;            /* in the order of creation */
    uint64_t last_chunk;        /* freed when this one is done */
    struct object *prev, *next; /* in g->objects, or g->graveyard (utlist.h's
                                   DL: the oldest first) */
    /* What it was made from, for the context image: the packet, further data
     * (SPIR-V), and the objects that were looked up, in order. */
    uint32_t *words, nr_words;
    uint32_t *data, data_bytes;
    struct object **uses;
    uint32_t nr_uses;
};

/* Does the packet's own part: checks its fields, looks objects up with
 * gfx_use(), makes the Vulkan objects. *out is its structure, allocated with
 * calloc(), which begins with struct object. */
typedef int gfx_create_fn(struct gfx *g, const uint32_t *dw, uint32_t n,
                          const uint32_t *data, struct object **out);
typedef void gfx_free_fn(struct gfx *g, struct object *o);

/* One row a class. `id` is dword 1 of each creating packet. */
struct gfx_class {
    uint32_t class_, max;
    gfx_create_fn *create;
    gfx_free_fn *free;
};
/* Row 0 is for what has no number: remains of objects, until their chunk is
 * done. */
extern const struct gfx_class gfx_classes[XVGPU_GFX_NR_CLASSES];
/* The rows' functions: gfx_make_NAME() and gfx_drop_NAME(), of the creating
 * packet's name (queries: query.c). A drop function gives back what is the
 * class' own; words, uses and the structure itself are object.c's. */
#define GFX_CREATING(D)                                                        \
    D(buffer)                                                                  \
    D(buffer_view)                                                             \
    D(image)                                                                   \
    D(view)                                                                    \
    D(sampler)                                                                 \
    D(shader) D(set_layout) D(layout) D(set) D(graphics) D(compute) D(queries)
#define GFX_DECLARE_MAKE_(name) gfx_create_fn gfx_make_##name;
GFX_CREATING(GFX_DECLARE_MAKE_)
#undef GFX_DECLARE_MAKE_
gfx_free_fn gfx_drop_buffer, gfx_drop_buffer_view, gfx_drop_image,
    gfx_drop_view, gfx_drop_sampler, gfx_drop_shader, gfx_drop_set_layout,
    gfx_drop_layout, gfx_drop_set, gfx_drop_pipeline, gfx_drop_queries,
    gfx_drop_remains;

/* Create from a packet: checks the number, creates, enters it in its table.
 * `data` is what the packet refers to (SPIR-V; copied), or NULL. */
int gfx_create(struct gfx *g, uint32_t class_, const uint32_t *dw, uint32_t n,
               const uint32_t *data, uint32_t data_bytes);
/* Create again what a context image holds: `uses` stand for what the packet
 * looks up, in order. id 0: its number is gone, *out has the only reference. */
int gfx_create_again(struct gfx *g, uint32_t class_, uint32_t id,
                     const uint32_t *dw, uint32_t n, const uint32_t *data,
                     uint32_t data_bytes, struct object **uses,
                     uint32_t nr_uses, struct object **out);
int gfx_destroy(struct gfx *g, uint32_t class_, uint32_t id);
/* Whether the guest may still use it: it has its number, and what a view is
 * of, too. */
bool gfx_alive(const struct object *o);
/* While an object is being made: look up another that it will refer to. NULL
 * after engine_fault(OBJECT). */
struct object *gfx_use(struct gfx *g, uint32_t class_, uint32_t id);
/* Look up for use at once. NULL after engine_fault(OBJECT). */
struct object *gfx_find(struct gfx *g, uint32_t class_, uint32_t id);
void gfx_ref(struct object *o);
void gfx_unref(struct gfx *g, struct object *o); /* NULL: nothing */
/* Free what no unfinished chunk can refer to. */
void gfx_bury(struct gfx *g);
/* Free all; no chunk may be under way. */
void gfx_objects_clear(struct gfx *g);
/* Nobody refers to it any more: free it when its chunk is done. */
void gfx_leave(struct gfx *g, struct object *o);
/* vk_alloc(), trying again without what was destroyed. 0 or -1 (LIMIT). */
int gfx_alloc(struct gfx *g, const VkMemoryRequirements *req, bool host_visible,
              VkDeviceMemory *memory, void **map);
/* A call of Vulkan failed, for lack of memory most likely: a fault. Returns
 * -1. */
int gfx_vk_failed(struct gfx *g, VkResult res, const char *what);

/* Buffers (buffer.c). One in guest memory is mapped and imported when first
 * used, and again after an invalidation. */
struct buffer {
    struct object o;
    bool local;
    uint64_t address, size;
    VkBuffer vk;
    VkDeviceMemory memory;
    VkDeviceSize bytes; /* of memory */
    VkDeviceSize bind;  /* its first byte in memory */
    void *map;   /* its first byte as the CPU sees it, while it has a vk */
    void *pages; /* mapping of guest memory */
    size_t nr_pages;
    uint64_t charged; /* of g->mapped */
    /* Not imported: memory is a copy, seen at `copy`; `before` is what it was
     * when the chunk was submitted. */
    void *copy, *before;
    struct buffer *mapped_prev, *mapped_next;
    uint64_t used_chunk;    /* the last one that refers to it */
    uint64_t written_chunk; /* the last one that may write to it (local) */
    uint64_t copied_chunk;  /* the last one that the copy was made for */
};
/* Have b->vk and b->map, for use in the open chunk (again after each cut).
 * Faults: ADDRESS, LIMIT. */
int gfx_buffer_ready(struct gfx *g, struct buffer *b);
/* Bytes [offset, offset + bytes) are in the buffer: 0 or -1 (PACKET_FIELD). */
int gfx_buffer_range(struct gfx *g, const struct buffer *b, uint64_t offset,
                     uint64_t bytes);
/* The open chunk may write to it. */
void gfx_buffer_written(struct gfx *g, struct buffer *b);
/* No chunk that is not done may write to it. Buffers in guest memory may
 * overlap: what is written to one is written to all. */
bool gfx_buffer_settled(const struct gfx *g, const struct buffer *b);
/* Guest memory may have changed: give back all mappings. At a boundary. */
void gfx_buffers_unmap(struct gfx *g);
/* Where guest memory can't be imported, copies of the buffers that a chunk
 * refers to: made before it is submitted, written back (what has changed in
 * them) when it is done; nothing else is under way in between. */
void gfx_buffers_copied_in(struct gfx *g, uint64_t chunk);
void gfx_buffers_written_back(struct gfx *g, uint64_t chunk);
/* copy.c: for a buffer that has its vk. On errors free() all the same. */
int gfx_copy_new(struct gfx *g, struct buffer *b);
void gfx_copy_free(struct gfx *g, struct buffer *b);
/* A VkBuffer without memory, which may be imported. */
int gfx_buffer_new_vk(struct gfx *g, uint64_t size, VkBufferUsageFlags usage,
                      bool imported, VkBuffer *out);

struct buffer_view {
    struct object o;
    struct buffer *buffer;
    const struct format *format;
    uint64_t offset, range;
    /* The buffer's memory, with the usage that the format allows. */
    VkBuffer alias;
    VkBufferView vk;
    uint64_t epoch; /* g->map_epoch that they belong to */
};
int gfx_buffer_view_ready(struct gfx *g, struct buffer_view *v);

struct format {
    uint32_t format, bytes, components, kind, features;
};
const struct format *gfx_format(uint32_t format); /* NULL: not ours */
/* The aspects that it has: colour, or depth and stencil. */
uint32_t gfx_aspects(const struct format *f);
/* What its texels are to a shader: enum shader_base. */
uint8_t gfx_shader_base(const struct format *f);
/* All formats are as gfx.h has them: 0 or -ENODEV. What shaders may do to
 * storage images of a format that they don't name is noted. */
int gfx_formats_check(struct vk *vk);

struct image {
    struct object o;
    const struct format *format;
    uint32_t type, width, height, depth, mips, layers, samples, usage, flags;
    VkImage vk;
    VkDeviceMemory memory;
    VkDeviceSize bytes;
};

struct view {
    struct object o;
    struct image *image;
    const struct format *format;
    uint32_t type, aspect, mip, mips, layer, layers, swizzle;
    uint32_t usage; /* what the image, the format and the swizzle allow */
    VkImageView vk;
};

struct sampler {
    struct object o;
    bool linear, compares;
    VkSampler vk;
};

struct shader_object {
    struct object o;
    struct shader *shader;
};

struct set_layout {
    struct object o;
    uint32_t nr_bindings, nr_descriptors;
    struct xvgpu_gfx_binding binding[XVGPU_GFX_MAX_BINDINGS];
    uint32_t first[XVGPU_GFX_MAX_BINDINGS]; /* descriptor of element 0 */
    VkDescriptorSetLayout vk;
};

enum { POINT_GRAPHICS, POINT_COMPUTE, NR_POINTS };

/* Stages that the guest may name; a point's have their push constants. */
#define GFX_STAGES (VK_SHADER_STAGE_ALL_GRAPHICS | VK_SHADER_STAGE_COMPUTE_BIT)

static inline VkShaderStageFlags gfx_push_stages(unsigned int point)
{
    return point == POINT_COMPUTE ? VK_SHADER_STAGE_COMPUTE_BIT
                                  : VK_SHADER_STAGE_ALL_GRAPHICS;
}

struct layout {
    struct object o;
    uint32_t push_bytes;
    struct set_layout *set[XVGPU_GFX_MAX_SETS]; /* or NULL */
    VkPipelineLayout vk[NR_POINTS];
};

struct descriptor {
    struct object *object;   /* referred to; NULL: a null descriptor */
    struct sampler *sampler; /* the same */
    uint64_t offset, range;
};

struct set {
    struct object o;
    struct set_layout *layout;
    struct descriptor *descriptor; /* layout->nr_descriptors */
    VkDescriptorSet vk;
    VkDescriptorPool pool;
    bool stale;          /* vk does not say what `descriptor` does */
    uint64_t epoch;      /* g->map_epoch that vk belongs to */
    uint64_t alive;      /* g->destroyed when all in it was there */
    uint64_t version;    /* counts writes */
    uint32_t dead;       /* descriptors of what was destroyed */
    uint64_t used_chunk; /* the last chunk that it was bound in */
};
/* WRITE_SET */
int gfx_write_set(struct gfx *g, const uint32_t *dw, uint32_t n);
/* Have set->vk as the descriptors say, with all buffers mapped. One that a
 * chunk may be using is not changed: another one is allocated, and the old
 * one freed with that chunk. To be called before it is bound, in each chunk
 * again. What was destroyed is a null descriptor. */
int gfx_set_ready(struct gfx *g, struct set *set);
/* One descriptor, by its number in the set; objects may be NULL, and must
 * exist. 0, or -1 after engine_fault(): not for this binding. */
int gfx_describe(struct gfx *g, struct set *set, uint64_t number,
                 struct object *object, struct object *sampler, uint64_t offset,
                 uint64_t range);
/* After that: the images in the sets (all that the pipeline uses) are what its
 * shaders take them for, none is attached to the rendering, and the samplers
 * that they are used with are fit for them; cheap when asked again. STATE, or
 * OBJECT if one that they use was destroyed. */
int gfx_sets_match(struct gfx *g, struct pipeline *p, struct set *const *set);
/* Whether an image may be sampled so. */
bool gfx_sampler_fits(const struct sampler *s, const struct view *v);

struct pipeline {
    struct object o;
    bool compute;
    struct layout *layout;
    VkPipeline vk;
    /* By enum shader_stage, or NULL; of a compute pipeline: [0]. */
    const struct shader_info *info[XVGPU_GFX_MAX_STAGES];
    struct shader *own[XVGPU_GFX_MAX_STAGES]; /* specialized: to be freed */
    uint32_t set_mask;                        /* sets that its shaders use */
    uint32_t write_mask; /* of those, the ones they may write through */
    bool separate_samplers;
    /* Sets that were found to match, and in which rendering. */
    struct matched {
        uint64_t serial, version, rendering;
    } matched[XVGPU_GFX_MAX_SETS][4];
    struct matched together[XVGPU_GFX_MAX_SETS]; /* all samplers fit */
    /* graphics */
    uint32_t topology, patch_points, nr_color, samples, flags, viewports;
    uint32_t color_format[XVGPU_GFX_MAX_COLOR];
    uint32_t depth_format, stencil_format;
    uint32_t vertex_buffers; /* mask of those that attributes read */
    uint32_t stride[XVGPU_GFX_MAX_VERTEX_BUFFERS];
    bool splits;        /* draws may be cut into ranges of primitives, or
                           dispatches into ranges of groups */
    uint32_t local[3];  /* compute: workgroup size */
    bool warm;          /* it has run: compiled by now */
    double ns_per_unit; /* measured; 0: not yet */
};

struct query_pool {
    struct object o;
    uint32_t type, count, statistics;
    uint32_t values; /* of one query */
    uint64_t *value; /* count * values; kept across chunks */
};

/* ---- State --------------------------------------------------------------- */

struct attachment {
    struct view *view, *resolve;
    struct xvgpu_gfx_attachment a;
};

/* What the guest has set; references are counted. */
struct gfx_state {
    struct pipeline *pipeline[NR_POINTS];
    struct set *set[NR_POINTS][XVGPU_GFX_MAX_SETS];
    uint8_t push[NR_POINTS][XVGPU_GFX_MAX_PUSH];
    struct {
        struct buffer *buffer;
        uint64_t offset;
    } vertex[XVGPU_GFX_MAX_VERTEX_BUFFERS];
    struct buffer *index;
    uint32_t index_type;
    uint64_t index_offset;
    struct xvgpu_gfx_viewport viewport[XVGPU_GFX_MAX_VIEWPORTS];
    struct xvgpu_gfx_scissor scissor[XVGPU_GFX_MAX_VIEWPORTS];
    uint32_t viewports_set, scissors_set; /* masks */
    float blend[4];
    uint32_t stencil_reference[2], stencil_compare[2], stencil_write[2];
    float depth_bias[3];
    struct {
        struct query_pool *pool; /* NULL: none active */
        uint32_t query, precise;
        bool in_rendering; /* begun there */
        bool fresh;        /* no segment yet */
        bool open;         /* a segment has begun */
        uint32_t slot;     /* its slot */
    } query[2];            /* occlusion, statistics */
    /* The rendering that BEGIN_RENDERING has begun. */
    bool rendering;
    bool loaded; /* a part of it has been recorded: load, don't clear */
    VkRect2D area;
    uint32_t layers, nr_color, samples;
    bool has_depth, has_stencil;
    struct attachment color[XVGPU_GFX_MAX_COLOR], depth, stencil;
};

/* What a new command buffer, or a change, makes it necessary to emit. */
#define DIRTY_PIPELINE 0x1u
#define DIRTY_SETS 0x2u
#define DIRTY_PUSH 0x4u
#define DIRTY_VERTEX 0x8u
#define DIRTY_INDEX 0x10u
#define DIRTY_VIEWPORT 0x20u
#define DIRTY_SCISSOR 0x40u
#define DIRTY_DYNAMIC 0x80u /* blend constants, stencil, depth bias */
#define DIRTY_ALL 0xffu

/* ---- Chunks (chunk.c) -----------------------------------------------------
 */

#define GFX_MAX_USES 64u              /* of one object */
#define GFX_MAX_SPIRV_ALL (16u << 20) /* bytes of all shader modules */

#define NR_CHUNKS 2u
#define CHUNK_NS 1000000.0
#define CHUNK_PIPELINES 8u
#define CHUNK_QUERIES 256u /* segments of each type, and timestamps */

/* Part of a guest's query that one chunk measures. */
struct segment {
    struct query_pool *pool;
    uint32_t query;
    bool first; /* of this query since it was begun */
};

struct chunk {
    VkCommandBuffer cmd;
    VkFence fence;
    VkQueryPool queries[3]; /* by VkQueryType */
    struct segment segment[3][CHUNK_QUERIES];
    uint32_t nr_segments[3], to_reset[3];
    uint64_t number;
    uint64_t packets; /* that are done when it is */
    double aim_ns;    /* as much is to be in it */
    double estimate;  /* ns */
    uint32_t draws;
    bool cold;          /* a pipeline in it runs for the first time */
    bool probe;         /* a pipeline is measured for the first time */
    uint64_t submit_ns; /* 0: not under way */
    struct pipeline *pipeline[CHUNK_PIPELINES];
    uint32_t nr_pipelines;
};

struct gfx_position {
    uint32_t draw;     /* of an indirect draw */
    uint32_t instance; /* of a draw that is cut */
    uint32_t first;    /* its vertex or index, or a dispatch's group */
    uint32_t y, z;     /* of a dispatch */
};

struct gfx {
    struct engine *e;
    struct context *context; /* or NULL */
    struct vk vk;
    VkCommandPool command_pool;
    struct chunk chunk[NR_CHUNKS];
    struct chunk *open;    /* recorded now, or NULL */
    uint64_t chunk_number; /* of the open chunk, or of the next one */
    uint64_t done_number;  /* all up to this one are done */
    uint64_t last_done_ns, chunks_submitted;
    bool vk_rendering; /* vkCmdBeginRendering in the open chunk */
    uint32_t dirty[NR_POINTS];
    VkDescriptorSet bound[NR_POINTS][XVGPU_GFX_MAX_SETS]; /* unless dirty */
    struct gfx_state state;
    struct gfx_position at;
    /* Settings */
    double chunk_ns;      /* aim of a chunk */
    double fixed_ns;      /* what an empty one takes */
    uint32_t chunk_draws; /* or a fixed number of draws; 0: by time */
    uint32_t watchdog_ms, compile_ms;
    uint64_t local_max, local_used; /* bytes */
    uint64_t mapped_max, mapped;    /* bytes of guest memory in buffers */
    /* Objects */
    struct object **table[XVGPU_GFX_NR_CLASSES];
    struct object *objects, *graveyard;
    uint32_t graves; /* in the graveyard */
    uint64_t serial;
    uint64_t map_epoch;
    uint64_t guest_written; /* the last chunk that may write to guest memory */
    uint64_t destroyed;     /* objects, so far */
    uint64_t renderings;    /* that have ended: the number of the next one */
    uint64_t spirv;         /* bytes of all shader modules */
    uint32_t samplers;      /* of the driver's */
    struct buffer *mapped_buffers;
    uint32_t copies; /* buffers of them that are not imported */
    struct object *making[GFX_MAX_USES]; /* looked up by gfx_use() */
    uint32_t nr_making;
    struct object **again; /* gfx_create_again(): what it finds */
    uint32_t nr_again;
    VkSampler no_sampler;         /* instead of none */
    VkDescriptorSetLayout no_set; /* the same */
};

/* The command buffer to record into, outside of rendering (a part of a
 * rendering that is open ends). NULL after engine_fault(). */
VkCommandBuffer gfx_cmd(struct gfx *g);
/* The same within the guest's rendering, begun or gone on with. */
VkCommandBuffer gfx_cmd_rendering(struct gfx *g);
/* `p` (or NULL) was used for `units` (see gfx_units()): may cut. */
int gfx_charge(struct gfx *g, struct pipeline *p, double units);
/* Units that fit into the rest of the chunk, at least 1. */
double gfx_room(const struct gfx *g, const struct pipeline *p);
/* Whether so many are known to take no longer than a scheduler's slice. */
bool gfx_fits_slice(const struct gfx *g, const struct pipeline *p,
                    double units);
/* Before the first use of a pipeline: it gets a chunk, and time, of its own. -1
 * without engine_fault(): not under this grant (e->cold). */
int gfx_warm(struct gfx *g, struct pipeline *p);
/* End the open chunk and submit it. */
int gfx_cut(struct gfx *g);
/* A boundary: all that was recorded is done, its queries' values are in. */
int gfx_drain(struct gfx *g);
/* Have room in the open chunk, if any, for one more segment of each type. */
int gfx_segment_room(struct gfx *g);
/* -ENOMEM: close() all the same. */
int gfx_chunks_open(struct gfx *g);
void gfx_chunks_close(struct gfx *g);

/* ---- The context image (context.c, recover.c) ------------------------------
 */

/* In `fd`, which is then the caller's again. 0 or a negative errno. Without
 * it nothing is kept. */
int gfx_context_open(struct gfx *g, int fd);
void gfx_context_close(struct gfx *g);
/* There is no object, and nothing bound. */
void gfx_context_clear(struct gfx *g);
/* At a boundary: what has been noted counts. */
void gfx_context_commit(struct gfx *g);
/* Notes: an object was made; its number is gone; descriptors of a set. */
int gfx_context_created(struct gfx *g, const struct object *o);
int gfx_context_unnumbered(struct gfx *g, const struct object *o);
int gfx_context_written(struct gfx *g, const struct set *set, uint32_t first,
                        uint32_t count);
/* Note all that there is, anew. 0 or a negative errno. */
int gfx_context_rewrite(struct gfx *g);
/* Make all that another process left. 0 or a negative errno: nothing of it is
 * there. */
int gfx_recover(struct gfx *g);

/* ---- Packets --------------------------------------------------------------
 */

/* state.c: emit what a draw or dispatch needs. gfx_apply_draw() has rendering
 * begun. NULL after engine_fault(), or as gfx_warm() says. */
VkCommandBuffer gfx_apply_draw(struct gfx *g, bool indexed);
VkCommandBuffer gfx_apply_dispatch(struct gfx *g);
void gfx_state_clear(struct gfx *g);
bool gfx_viewport_ok(const struct xvgpu_gfx_viewport *v);
bool gfx_scissor_ok(const struct xvgpu_gfx_scissor *s);
/* render.c: within gfx_cmd(), gfx_cmd_rendering() and cuts. */
void gfx_rendering_begin_part(struct gfx *g);
void gfx_rendering_end_part(struct gfx *g);
void gfx_rendering_clear(struct gfx *g);
/* Whether what a view shows is attached to the rendering, or resolved to. */
bool gfx_attached(const struct gfx_state *s, const struct view *v);
/* Bits of a float that depth can be cleared to. */
bool gfx_depth_ok(uint32_t bits);
/* query.c: segments of the active queries around a part or a dispatch; for
 * these gfx_warm() has left room in the open chunk. */
void gfx_queries_begin(struct gfx *g, bool compute);
void gfx_queries_end(struct gfx *g, bool compute);
/* What a chunk has measured is added to the guests' values. */
void gfx_queries_collect(struct gfx *g, struct chunk *c);

/* One handler a packet, gfx_pkt_NAME(); rows in gfx.c. */
typedef enum step gfx_packet_fn(struct engine *e, const uint32_t *dw,
                                uint32_t n);
#define GFX_DECLARE_(NAME, name, type, more, text) gfx_packet_fn gfx_pkt_##name;
XVGPU_GFX_PACKETS(GFX_DECLARE_)
#undef GFX_DECLARE_

static inline struct gfx *gfx_of(struct engine *e)
{
    return e->backend;
}

static inline int gfx_fault(struct gfx *g, uint32_t code, uint64_t addr)
{
    engine_fault(g->e, code, addr);
    return -1;
}

/* Structures that follow a packet's fields. */
#define GFX_TAIL(packet) ((const void *)((packet) + 1))

/* The packet is exactly its fields and `bytes` more: 0, or -1 after
 * engine_fault(PACKET_LENGTH). */
int gfx_length(struct engine *e, uint32_t n, size_t fields, uint64_t bytes);

static inline enum step gfx_step(int rc)
{
    return rc < 0 ? STEP_FAULT : STEP_DONE;
}

/* The row of a type, or NULL. */
const struct packet_type *gfx_packet_type(uint32_t type);
extern const struct engine_ops gfx_ops;

#endif
