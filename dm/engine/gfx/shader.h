/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The shader gate: what a guest gives as SPIR-V passes here before a driver
 * sees it, and what passes is known by its bindings, interfaces and sizes.
 *
 * Three readers look at a module: a scan of our own, linear in its size, that
 * refuses what we don't offer and what would make the later ones (and the
 * driver) blow up; SPIRV-Tools' validator; the reflection. Then the module is
 * rewritten (shader_words()): indices into what lives in no buffer are
 * clamped, divisions that would trap are guarded, names and unused resources
 * are gone. The validator sees the result once more. docs/design.md says what
 * each is for.
 *
 * No function here logs, keeps state between calls, or reads its input twice
 * where that could matter: the words are in private memory already.
 */
#ifndef DM_ENGINE_GFX_SHADER_H
#define DM_ENGINE_GFX_SHADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bit numbers of VkShaderStageFlagBits. */
enum shader_stage {
    SHADER_VERTEX,
    SHADER_TESS_CONTROL,
    SHADER_TESS_EVALUATION,
    SHADER_GEOMETRY,
    SHADER_FRAGMENT,
    SHADER_COMPUTE,
    SHADER_STAGES,
};

/* Numbers of VkDescriptorType. A shader can't tell the dynamic ones from the
 * others; a layout can. */
enum shader_descriptor {
    SHADER_SAMPLER = 0,
    SHADER_COMBINED = 1,
    SHADER_SAMPLED_IMAGE = 2,
    SHADER_STORAGE_IMAGE = 3,
    SHADER_UNIFORM_TEXEL = 4,
    SHADER_STORAGE_TEXEL = 5,
    SHADER_UNIFORM_BUFFER = 6,
    SHADER_STORAGE_BUFFER = 7,
    SHADER_UNIFORM_DYNAMIC = 8,
    SHADER_STORAGE_DYNAMIC = 9,
};

enum shader_base { SHADER_NONE, SHADER_FLOAT, SHADER_INT, SHADER_UINT };

/* Numbers of SPIR-V's Dim. */
enum shader_dim {
    SHADER_DIM_1D = 0,
    SHADER_DIM_2D = 1,
    SHADER_DIM_3D = 2,
    SHADER_DIM_CUBE = 3,
    SHADER_DIM_BUFFER = 5,
};

/* What the vertices of a primitive are, for a geometry shader. */
enum shader_topology {
    SHADER_POINTS,
    SHADER_LINES,
    SHADER_LINES_ADJACENCY,
    SHADER_TRIANGLES,
    SHADER_TRIANGLES_ADJACENCY,
    SHADER_PATCHES,
};

/* Tessellation's domains. */
enum shader_domain {
    SHADER_NO_DOMAIN,
    SHADER_DOMAIN_TRIANGLES,
    SHADER_DOMAIN_QUADS,
    SHADER_DOMAIN_ISOLINES,
};

struct shader_limits {
    /* What bounds time and memory, ours and the driver's. */
    uint32_t bytes, bound;
    uint32_t functions, blocks, nesting, calls, switch_targets;
    uint32_t nested;  /* blocks, each as often as it is deep */
    uint32_t inlined; /* instructions, all calls inlined */
    uint32_t globals, members, decorations; /* the latter two: of one id */
    uint32_t type_depth, type_parts;
    uint32_t value;     /* scalars in one value, input, output */
    uint32_t values;    /* scalars in all values of a module */
    uint32_t private_;  /* scalars in all private and local variables */
    uint32_t rewritten; /* indices clamped and divisions guarded */
    uint32_t spec_ids;
    /* What Vulkan has a limit for. */
    uint32_t local_size[3], invocations, shared_bytes;
    uint32_t push_bytes, sets, bindings, array;
    uint32_t vertex_inputs, colours;
    uint32_t locations; /* of an interface between stages */
    uint32_t interface; /* components of one, built-ins included */
    uint32_t patch_vertices;
    uint32_t geometry_vertices, geometry_components, geometry_invocations;
    int32_t texel_offset[2], gather_offset[2]; /* least and most */
    /* What only some devices have. */
    bool read_without_format, write_without_format; /* storage images */
};

/* Smaller than these is fine, larger ones were not measured. */
extern const struct shader_limits shader_limits_default;

#define SHADER_BINDINGS 128u /* a module: sets * bindings */
#define SHADER_LOCATIONS 32u
#define SHADER_SPECS 64u

struct shader_binding {
    uint8_t set, binding;
    uint8_t type; /* enum shader_descriptor */
    uint8_t dim;  /* images: enum shader_dim */
    uint8_t base; /* images: what a texel's components are */
    bool arrayed, multisampled;
    bool written;    /* may be: storage buffers and images */
    bool compared;   /* images: may be sampled with a comparison */
    uint32_t format; /* storage images: SPIR-V's ImageFormat, 0: any */
    uint32_t count;
    uint32_t min_size; /* buffers: up to the end of what has a fixed size */
    /* Images: samplers of other bindings that may be used with them, a bit
     * each, by their places in `bindings`. */
    uint32_t samplers[SHADER_BINDINGS / 32];
};

/* One location of an interface. */
struct shader_slot {
    uint8_t mask; /* components in use; 0: the location isn't */
    uint8_t base; /* enum shader_base */
    bool flat;
};

struct shader_spec {
    uint32_t id;
    uint32_t at; /* the value, or the opcode of a bool: offset in words */
    bool is_bool;
};

struct shader_info {
    enum shader_stage stage;
    uint32_t n_bindings, n_specs;
    struct shader_binding bindings[SHADER_BINDINGS];
    struct shader_spec specs[SHADER_SPECS]; /* 4 bytes each */
    uint32_t push_bytes;

    /* Vertices' (tessellation, geometry: of each vertex), and a patch's. */
    struct shader_slot in[SHADER_LOCATIONS], out[SHADER_LOCATIONS];
    struct shader_slot patch_in[SHADER_LOCATIONS], patch_out[SHADER_LOCATIONS];
    uint32_t in_components, out_components; /* built-ins included */
    uint32_t in_distances, out_distances;   /* to clip and cull */

    uint32_t local_size[3], shared_bytes;
    bool uses_num_workgroups, uses_primitive_id, uses_draw_parameters;
    bool writes_primitive_id, writes_memory, writes_layer, writes_viewport;
    bool writes_point_size; /* it names it, at least */
    bool uses_sample_shading;
    bool separate_samplers; /* there are images with other bindings' samplers */
    bool early_fragment_tests, discards, writes_depth;
    uint32_t patch_vertices; /* tessellation: output, 0: not said here */
    enum shader_domain domain;
    bool point_mode;
    enum shader_topology geometry_in, geometry_out;
    uint32_t geometry_vertices, geometry_invocations;

    uint32_t clamped, guarded; /* by the rewriting */
};

struct shader;

/* 0; -EINVAL: no valid module; -ENOTSUP: it asks for what we don't offer;
 * -E2BIG: it is beyond the limits; -ENOMEM. `why` then holds a line of
 * printable characters. `words` are the caller's and not kept.
 *
 * Memory that the validator does not get ends the process: it is C++. */
int shader_check(const uint32_t *words, size_t n_words,
                 const struct shader_limits *limits, struct shader **out,
                 char *why, size_t why_len);
void shader_free(struct shader *s);

/* As long as the shader lives. */
const struct shader_info *shader_info(const struct shader *s);
/* What the driver is to be given. The entry point's name is "main". */
const uint32_t *shader_words(const struct shader *s, size_t *n_words);

struct shader_value {
    uint32_t id;
    uint32_t value; /* of a bool: VkBool32 */
};

/* Another shader with these specialization constants for good: the driver
 * gets no VkSpecializationInfo. All checks are done again, so that the sizes
 * that depend on them are the final ones. Ids that the shader does not have
 * are passed over, as Vulkan does. Errors as of shader_check(). */
int shader_specialize(const struct shader *s, const struct shader_value *values,
                      size_t n_values, const struct shader_limits *limits,
                      struct shader **out, char *why, size_t why_len);

struct shader_layout_binding {
    uint32_t set, binding, count;
    enum shader_descriptor type;
    uint32_t stages; /* 1 << enum shader_stage */
};

struct shader_push_range {
    uint32_t offset, size, stages;
};

/* What the rest of a pipeline says. */
struct shader_pipeline {
    const struct shader_layout_binding *bindings;
    size_t n_bindings;
    const struct shader_push_range *ranges;
    size_t n_ranges;
    /* Graphics only. A vertex attribute's base, SHADER_NONE: there is none;
     * the same of a colour attachment. */
    uint8_t attributes[SHADER_LOCATIONS], colours[8];
    enum shader_topology topology;
    uint32_t patch_vertices; /* of the input */
};

/* The stages (NULL: not there) against each other and the pipeline: 0 or
 * -EINVAL and a reason. */
int shader_match(const struct shader *const stages[SHADER_STAGES],
                 const struct shader_pipeline *pipeline, char *why,
                 size_t why_len);

const char *shader_stage_name(enum shader_stage stage);

#endif
