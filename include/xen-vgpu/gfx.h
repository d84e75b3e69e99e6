/* SPDX-License-Identifier: MIT */
/*
 * Packets of the gfx engine, besides the common ones of packet.h.
 *
 * They are shaped after Vulkan 1.3 (the Khronos Vulkan specification, chapters
 * named below): what is not said here is as there, with these differences.
 *
 *  - Objects have numbers that the guest chooses, from 1 to the maximum of
 *    their class (XVGPU_GFX_CLASSES). 0 is none. Creating a number that exists
 *    is a fault, as is destroying one that doesn't. Pipelines, layouts and
 *    sets do without what they were made from. A view is gone with its image
 *    or buffer. A descriptor of what is gone is null, and a pipeline that has
 *    a use for it is at fault. What is bound stays until something else is.
 *  - Enumerations and bit masks have Vulkan's values. Those marked with the
 *    name of a Vulkan type take the values that this header lists or, where it
 *    says so, all of Vulkan 1.0's.
 *  - Buffers lie in guest RAM or the aperture (by bus address), or in the local
 *    heap. Images lie in the local heap. What is in the local heap is lost
 *    when the engine is reset, and then reads as zero, as do queries; a
 *    rendering and active queries end; objects and what is bound remain.
 *  - There are no image layouts and no command buffers: packets are recorded
 *    and submitted as they come. BARRIER is still the guest's to give between
 *    packets that depend on each other through memory. FENCE and all other
 *    common packets but NOP and IB wait for all packets before them. So does
 *    the end of what is in the ring.
 *  - Rendering is by dynamic rendering (chapter 8): BEGIN_RENDERING names the
 *    attachments. What state a draw uses is what was set last, in or outside of
 *    rendering. The state of a fresh ring: nothing bound, and no default.
 *  - A semaphore between engines is a dword in memory: FENCE or WRITE on one
 *    side, WAIT_MEM on the other.
 *
 * What does not hold to this is a fault; FAULT_CODE says which. The packet
 * at fault has no effect. Results never depend on where the engine divides
 * the work.
 *
 * Each packet and structure is a table of fields, F(type, name, text), in
 * memory order without gaps; the first dword of a packet is its header
 * (packet.h) and is not in the table. Types: U32, I32, F32 (IEEE 754), U64
 * (low dword first), H of a class (an object's number).
 */
#ifndef XEN_VGPU_GFX_H
#define XEN_VGPU_GFX_H

#include <stdint.h>

#include "xen-vgpu/packet.h"

/* Limits */
#define XVGPU_GFX_MAX_COLOR 8u           /* colour attachments */
#define XVGPU_GFX_MAX_SETS 4u            /* descriptor sets of a layout */
#define XVGPU_GFX_MAX_BINDINGS 32u       /* of a set */
#define XVGPU_GFX_MAX_DESCRIPTORS 1024u  /* of a set, all arrays together */
#define XVGPU_GFX_MAX_PUSH 128u          /* bytes of push constants */
#define XVGPU_GFX_MAX_VERTEX_BUFFERS 16u /* and attributes */
#define XVGPU_GFX_MAX_VIEWPORTS 8u       /* and scissors */
#define XVGPU_GFX_MAX_SPEC 32u           /* specialization constants */
#define XVGPU_GFX_MAX_STAGES 5u
#define XVGPU_GFX_MAX_DIM 8192u /* pixels, 1D and 2D images */
#define XVGPU_GFX_MAX_DIM_3D 512u
#define XVGPU_GFX_MAX_LAYERS 256u
#define XVGPU_GFX_MAX_MIPS 14u
#define XVGPU_GFX_MAX_SPIRV (1u << 20)    /* bytes */
#define XVGPU_GFX_MAX_QUERIES 4096u       /* of a pool */
#define XVGPU_GFX_MAX_DRAWS 65536u        /* of an indirect draw */
#define XVGPU_GFX_MAX_PATCH 32u           /* control points */
#define XVGPU_GFX_MAX_STRIDE 2048u        /* bytes of a vertex */
#define XVGPU_GFX_BUFFER_ALIGN 256u       /* of a buffer's bus address */
#define XVGPU_GFX_MAX_BUFFER (1ull << 28) /* bytes */

/* Classes of objects: C(NAME, value, highest number, text) */
#define XVGPU_GFX_CLASSES(C)                                                   \
    C(BUFFER, 1, 4096, "buffer")                                               \
    C(BUFFER_VIEW, 2, 1024, "texel buffer view")                               \
    C(IMAGE, 3, 1024, "image")                                                 \
    C(VIEW, 4, 2048, "image view")                                             \
    C(SAMPLER, 5, 256, "sampler")                                              \
    C(SHADER, 6, 1024, "shader module")                                        \
    C(SET_LAYOUT, 7, 256, "descriptor set layout")                             \
    C(LAYOUT, 8, 256, "pipeline layout")                                       \
    C(SET, 9, 1024, "descriptor set")                                          \
    C(PIPELINE, 10, 1024, "pipeline")                                          \
    C(QUERIES, 11, 64, "query pool")

/* clang-format off */
#define XVGPU_GFX_CLASS_ENUM_(name, value, max, text)                          \
    XVGPU_GFX_##name = (value), XVGPU_GFX_##name##_MAX = (max),
enum { XVGPU_GFX_CLASSES(XVGPU_GFX_CLASS_ENUM_) };
#undef XVGPU_GFX_CLASS_ENUM_
#define XVGPU_GFX_NR_CLASSES 12u

/* ---- Structures inside of packets -------------------------------------- */

/* Of a descriptor set layout (chapter 14). */
#define XVGPU_GFX_BINDING_FIELDS(F)                                            \
    F(U32, binding, "number, below XVGPU_GFX_MAX_BINDINGS, ascending")         \
    F(U32, type, "VkDescriptorType: 0 sampler, 1 combined image sampler, 2 sampled image, 3 storage image, 4 uniform texel buffer, 5 storage texel buffer, 6 uniform buffer, 7 storage buffer") \
    F(U32, count, "array elements, 1 or more")                                 \
    F(U32, stages, "VkShaderStageFlags that may use it")

/* What a descriptor refers to. The binding's type says which fields count; the
 * others must be 0. Object 0 (and sampler 0 for a sampled or storage image):
 * a null descriptor, which reads as zero. A sampler with linear filters or
 * anisotropy is for images of a format with XVGPU_GFX_FORMAT_FILTER, one that
 * compares for depth; what a shader compares is depth. Where the shader does
 * not say which sampler goes with which image, all must fit. */
#define XVGPU_GFX_DESCRIPTOR_FIELDS(F)                                         \
    F(U32, object, "buffer, buffer view or image view")                        \
    F(U32, sampler, "sampler")                                                 \
    F(U64, offset, "bytes into the buffer, a multiple of 64")                  \
    F(U64, range, "bytes, at most 64 KiB (uniform) or 2^27 (storage); 0: as many as there are")

/* A shader in a pipeline. Its entry point is named main. */
#define XVGPU_GFX_STAGE_FIELDS(F)                                              \
    F(H(SHADER), shader, "module")                                             \
    F(U32, first_spec, "its first specialization constant in the pipeline's list") \
    F(U32, nr_spec, "how many")

#define XVGPU_GFX_SPEC_FIELDS(F)                                               \
    F(U32, id, "SpecId")                                                       \
    F(U32, value, "32-bit value; booleans are 0 or 1")

/* Vertex input (chapter 22). */
#define XVGPU_GFX_VERTEX_BINDING_FIELDS(F)                                     \
    F(U32, stride, "bytes, up to XVGPU_GFX_MAX_STRIDE, a multiple of 4")       \
    F(U32, per_instance, "0: per vertex, 1: per instance")

#define XVGPU_GFX_VERTEX_ATTRIBUTE_FIELDS(F)                                   \
    F(U32, location, "in the vertex shader, below XVGPU_GFX_MAX_VERTEX_BUFFERS") \
    F(U32, binding, "vertex buffer")                                           \
    F(U32, format, "VkFormat with feature VERTEX")                             \
    F(U32, offset, "bytes into the vertex, a multiple of 4; it ends within the stride")

/* Stencil test of one face (chapter 28.). Masks and reference are dynamic. */
#define XVGPU_GFX_STENCIL_FIELDS(F)                                            \
    F(U32, fail, "VkStencilOp")                                                \
    F(U32, pass, "VkStencilOp")                                                \
    F(U32, depth_fail, "VkStencilOp")                                          \
    F(U32, compare, "VkCompareOp")

/* Blending of one colour attachment (chapter 29), and its format. */
#define XVGPU_GFX_BLEND_FIELDS(F)                                              \
    F(U32, format, "VkFormat of the attachment, 0: none")                      \
    F(U32, enable, "0 or 1; 1 only where the format has feature BLEND")        \
    F(U32, src_color, "VkBlendFactor, 0 to 14")                                \
    F(U32, dst_color, "VkBlendFactor, 0 to 14")                                \
    F(U32, color_op, "VkBlendOp, 0 to 4")                                      \
    F(U32, src_alpha, "VkBlendFactor, 0 to 14")                                \
    F(U32, dst_alpha, "VkBlendFactor, 0 to 14")                                \
    F(U32, alpha_op, "VkBlendOp, 0 to 4")                                      \
    F(U32, write_mask, "VkColorComponentFlags")

/* An attachment of rendering (chapter 8). Clear values are the bits of float,
 * int or unsigned int, as the format has it; of depth and stencil: depth,
 * stencil, 0, 0. */
#define XVGPU_GFX_ATTACHMENT_FIELDS(F)                                         \
    F(H(VIEW), view, "image view of one mip level, 0: none")                   \
    F(U32, load, "VkAttachmentLoadOp: 0 load, 1 clear, 2 don't care")          \
    F(U32, store, "VkAttachmentStoreOp: 0 store, 1 don't care")                \
    F(U32, resolve_mode, "VkResolveModeFlagBits: 0 none, 1 sample zero, 2 average (colour that is not integer)") \
    F(H(VIEW), resolve_view, "where to, if resolve_mode is not 0")             \
    F(U32, clear0, "clear value")                                              \
    F(U32, clear1, "clear value")                                              \
    F(U32, clear2, "clear value")                                              \
    F(U32, clear3, "clear value")

/* Part of an image: mip level, layers, aspect. */
#define XVGPU_GFX_SUBRESOURCE_FIELDS(F)                                        \
    F(U32, aspect, "VkImageAspectFlags: one bit of 1 colour, 2 depth, 4 stencil (clears: 2, 4 or 6)") \
    F(U32, mip, "level")                                                       \
    F(U32, layer, "first")                                                     \
    F(U32, layers, "how many")

#define XVGPU_GFX_BOX_FIELDS(F)                                                \
    F(U32, x, "texels") F(U32, y, "texels") F(U32, z, "texels")                \
    F(U32, width, "texels") F(U32, height, "texels") F(U32, depth, "texels")

#define XVGPU_GFX_CORNERS_FIELDS(F)                                            \
    F(U32, x0, "texels") F(U32, y0, "texels") F(U32, z0, "texels")             \
    F(U32, x1, "texels") F(U32, y1, "texels") F(U32, z1, "texels")

#define XVGPU_GFX_VIEWPORT_FIELDS(F)                                           \
    F(F32, x, "pixels, -16384 to 16383") F(F32, y, "pixels, -16384 to 16383")  \
    F(F32, width, "pixels, above 0, to 8192")                                  \
    F(F32, height, "pixels, not 0, -8192 to 8192")                             \
    F(F32, min_depth, "0 to 1") F(F32, max_depth, "0 to 1")

#define XVGPU_GFX_SCISSOR_FIELDS(F)                                            \
    F(U32, x, "pixels") F(U32, y, "pixels")                                    \
    F(U32, width, "pixels; x + width at most 2^31 - 1")                        \
    F(U32, height, "pixels; y + height at most 2^31 - 1")

#define XVGPU_GFX_VERTEX_BUFFER_FIELDS(F)                                      \
    F(H(BUFFER), buffer, "0: none")                                            \
    F(U32, reserved, "0")                                                      \
    F(U64, offset, "bytes, a multiple of 4, within the buffer")

/* Data of a packet, or push constants. */
#define XVGPU_GFX_DWORD_FIELDS(F)                                              \
    F(U32, value, "dword")

/* All structures: S(NAME, name of the C type) */
#define XVGPU_GFX_STRUCTS(S)                                                   \
    S(BINDING, binding) S(DESCRIPTOR, descriptor) S(STAGE, stage)              \
    S(SPEC, spec) S(VERTEX_BINDING, vertex_binding)                            \
    S(VERTEX_ATTRIBUTE, vertex_attribute) S(STENCIL, stencil)                  \
    S(BLEND, blend) S(ATTACHMENT, attachment) S(SUBRESOURCE, subresource)      \
    S(BOX, box) S(CORNERS, corners) S(VIEWPORT, viewport)                      \
    S(SCISSOR, scissor) S(VERTEX_BUFFER, vertex_buffer) S(DWORD, dword)

/* ---- Packets: objects --------------------------------------------------- */

#define XVGPU_GFX_CREATE_BUFFER_FIELDS(F)                                      \
    F(H(BUFFER), id, "number")                                                 \
    F(U32, heap, "0: guest memory at `address`; 1: local heap, zeroed")        \
    F(U64, address, "bus address, a multiple of XVGPU_GFX_BUFFER_ALIGN; 0 in the local heap") \
    F(U64, size, "bytes, 4 to XVGPU_GFX_MAX_BUFFER, a multiple of 4")

#define XVGPU_GFX_CREATE_BUFFER_VIEW_FIELDS(F)                                 \
    F(H(BUFFER_VIEW), id, "number")                                            \
    F(H(BUFFER), buffer, "buffer")                                             \
    F(U32, format, "VkFormat with feature TEXEL, of single texels")            \
    F(U32, reserved, "0")                                                      \
    F(U64, offset, "bytes, a multiple of 64")                                  \
    F(U64, range, "bytes, a multiple of the texel's; at most 2^27 texels")

#define XVGPU_GFX_CREATE_IMAGE_FIELDS(F)                                       \
    F(H(IMAGE), id, "number")                                                  \
    F(U32, type, "VkImageType: 0 1D, 1 2D, 2 3D")                              \
    F(U32, format, "VkFormat, see XVGPU_GFX_FORMATS")                          \
    F(U32, width, "texels")                                                    \
    F(U32, height, "texels, 1D: 1")                                            \
    F(U32, depth, "texels, not 3D: 1")                                         \
    F(U32, mips, "levels, 1 to all; multisampled: 1")                          \
    F(U32, layers, "1 to XVGPU_GFX_MAX_LAYERS, 3D: 1")                         \
    F(U32, samples, "1 or 4 (2D only)")                                        \
    F(U32, usage, "VkImageUsageFlags: 1 transfer source, 2 transfer destination, 4 sampled, 8 storage (not multisampled), 0x10 colour, 0x20 depth and stencil attachment") \
    F(U32, flags, "VkImageCreateFlags: 8 mutable format, 0x10 cube compatible, or 0")

#define XVGPU_GFX_CREATE_VIEW_FIELDS(F)                                        \
    F(H(VIEW), id, "number")                                                   \
    F(H(IMAGE), image, "image")                                                \
    F(U32, type, "VkImageViewType, 0 to 6: 1D, 2D, 3D, cube, 1D array, 2D array, cube array") \
    F(U32, format, "the image's; if it has a mutable format, one of the same texel size that is no depth or stencil format") \
    F(U32, aspect, "VkImageAspectFlags; depth and stencil together only for attachments") \
    F(U32, mip, "first level")                                                 \
    F(U32, mips, "levels, 1 or more")                                          \
    F(U32, layer, "first layer")                                               \
    F(U32, layers, "1 or more; cube: 6, cube array: a multiple of 6")          \
    F(U32, swizzle, "VkComponentSwizzle of r in bits 3:0, g 7:4, b 11:8, a 15:12; 0 for attachments and storage")

#define XVGPU_GFX_CREATE_SAMPLER_FIELDS(F)                                     \
    F(H(SAMPLER), id, "number")                                                \
    F(U32, mag_filter, "VkFilter: 0 nearest, 1 linear")                        \
    F(U32, min_filter, "VkFilter")                                             \
    F(U32, mipmap_mode, "VkSamplerMipmapMode: 0 nearest, 1 linear")            \
    F(U32, address_u, "VkSamplerAddressMode, 0 to 3")                          \
    F(U32, address_v, "VkSamplerAddressMode, 0 to 3")                          \
    F(U32, address_w, "VkSamplerAddressMode, 0 to 3")                          \
    F(U32, border, "VkBorderColor, 0 to 5")                                    \
    F(F32, lod_bias, "-4 to 4")                                                \
    F(F32, min_lod, "0 to 1000")                                               \
    F(F32, max_lod, "min_lod to 1000")                                         \
    F(F32, max_anisotropy, "1 to 16; 1: none")                                 \
    F(U32, compare, "VkCompareOp + 1; 0: no comparison")

#define XVGPU_GFX_CREATE_SHADER_FIELDS(F)                                      \
    F(H(SHADER), id, "number")                                                 \
    F(U32, bytes, "of SPIR-V, a multiple of 4, up to XVGPU_GFX_MAX_SPIRV")     \
    F(U64, address, "bus address, a multiple of 4; read once, now")

/* Followed by `bindings` structures BINDING. */
#define XVGPU_GFX_CREATE_SET_LAYOUT_FIELDS(F)                                  \
    F(H(SET_LAYOUT), id, "number")                                             \
    F(U32, bindings, "how many, 0 to XVGPU_GFX_MAX_BINDINGS")

#define XVGPU_GFX_CREATE_LAYOUT_FIELDS(F)                                      \
    F(H(LAYOUT), id, "number")                                                 \
    F(U32, push_bytes, "push constants, for all stages, a multiple of 4, up to XVGPU_GFX_MAX_PUSH") \
    F(H(SET_LAYOUT), set0, "0: none")                                          \
    F(H(SET_LAYOUT), set1, "0: none")                                          \
    F(H(SET_LAYOUT), set2, "0: none")                                          \
    F(H(SET_LAYOUT), set3, "0: none")

#define XVGPU_GFX_CREATE_SET_FIELDS(F)                                         \
    F(H(SET), id, "number; all descriptors are null at first")                 \
    F(H(SET_LAYOUT), layout, "its layout")

/* Followed by `count` structures DESCRIPTOR. */
#define XVGPU_GFX_WRITE_SET_FIELDS(F)                                          \
    F(H(SET), id, "descriptor set")                                            \
    F(U32, binding, "which")                                                   \
    F(U32, first, "array element")                                             \
    F(U32, count, "1 or more, within the binding")

/* Followed by `nr_stages` STAGE, `nr_spec` SPEC, `nr_bindings`
 * VERTEX_BINDING, `nr_attributes` VERTEX_ATTRIBUTE, `nr_color` BLEND, and two
 * STENCIL (front, back) if flag STENCIL_TEST is set, in this order. */
#define XVGPU_GFX_CREATE_GRAPHICS_FIELDS(F)                                    \
    F(H(PIPELINE), id, "number")                                               \
    F(H(LAYOUT), layout, "pipeline layout")                                    \
    F(U32, nr_stages, "1 to 5, in the order vertex, tessellation control, tessellation evaluation, geometry, fragment; both tessellation stages or none") \
    F(U32, nr_spec, "specialization constants of all stages")                  \
    F(U32, nr_bindings, "vertex buffers")                                      \
    F(U32, nr_attributes, "vertex attributes")                                 \
    F(U32, nr_color, "colour attachments")                                     \
    F(U32, depth_format, "VkFormat, 0: no depth attachment")                   \
    F(U32, stencil_format, "VkFormat, 0: no stencil attachment; equal to depth_format if both") \
    F(U32, flags, "XVGPU_GFX_PIPELINE_*")                                      \
    F(U32, topology, "VkPrimitiveTopology, 0 to 10")                           \
    F(U32, patch_points, "1 to 32 with topology 10, 0 otherwise")              \
    F(U32, polygon_mode, "VkPolygonMode: 0 fill, 1 line, 2 point")             \
    F(U32, cull_mode, "VkCullModeFlags")                                       \
    F(U32, front_face, "VkFrontFace: 0 counter-clockwise, 1 clockwise")        \
    F(U32, samples, "of all attachments: 1 or 4")                              \
    F(U32, sample_mask, "bits")                                                \
    F(U32, depth_compare, "VkCompareOp")                                       \
    F(U32, logic_op, "VkLogicOp, with flag LOGIC_OP; then nothing blends")     \
    F(U32, viewports, "and scissors, 1 to XVGPU_GFX_MAX_VIEWPORTS")

#define XVGPU_GFX_PIPELINE_PRIMITIVE_RESTART 0x1u
#define XVGPU_GFX_PIPELINE_DEPTH_CLAMP 0x2u
#define XVGPU_GFX_PIPELINE_RASTERIZER_DISCARD 0x4u
#define XVGPU_GFX_PIPELINE_DEPTH_BIAS 0x8u
#define XVGPU_GFX_PIPELINE_DEPTH_TEST 0x10u
#define XVGPU_GFX_PIPELINE_DEPTH_WRITE 0x20u
#define XVGPU_GFX_PIPELINE_STENCIL_TEST 0x40u
#define XVGPU_GFX_PIPELINE_ALPHA_TO_COVERAGE 0x80u
#define XVGPU_GFX_PIPELINE_ALPHA_TO_ONE 0x100u
#define XVGPU_GFX_PIPELINE_SAMPLE_SHADING 0x200u
#define XVGPU_GFX_PIPELINE_LOGIC_OP 0x400u
#define XVGPU_GFX_PIPELINE_FLAGS 0x7ffu

/* Followed by `nr_spec` SPEC. */
#define XVGPU_GFX_CREATE_COMPUTE_FIELDS(F)                                     \
    F(H(PIPELINE), id, "number")                                               \
    F(H(LAYOUT), layout, "pipeline layout")                                    \
    F(H(SHADER), shader, "compute shader")                                     \
    F(U32, nr_spec, "specialization constants")

#define XVGPU_GFX_CREATE_QUERIES_FIELDS(F)                                     \
    F(H(QUERIES), id, "number; all values are 0 at first")                     \
    F(U32, type, "VkQueryType: 0 occlusion, 1 pipeline statistics, 2 timestamp") \
    F(U32, count, "queries, 1 to XVGPU_GFX_MAX_QUERIES")                       \
    F(U32, statistics, "VkQueryPipelineStatisticFlags, 0x1 to 0x7ff; other types: 0")

#define XVGPU_GFX_DESTROY_FIELDS(F)                                            \
    F(U32, class_, "XVGPU_GFX_CLASSES")                                        \
    F(U32, id, "number")

/* ---- Packets: state ------------------------------------------------------ */

#define XVGPU_GFX_BIND_PIPELINE_FIELDS(F)                                      \
    F(H(PIPELINE), id, "graphics or compute: each kind has a binding of its own")

#define XVGPU_GFX_BIND_SET_FIELDS(F)                                           \
    F(U32, point, "0 graphics, 1 compute")                                     \
    F(U32, index, "set number, below XVGPU_GFX_MAX_SETS")                      \
    F(H(SET), set, "of the very set layout that the pipeline's layout has there; 0: none")

/* Followed by bytes / 4 dwords. */
#define XVGPU_GFX_PUSH_CONSTANTS_FIELDS(F)                                     \
    F(U32, point, "0 graphics, 1 compute")                                     \
    F(U32, offset, "bytes, a multiple of 4")                                   \
    F(U32, bytes, "4 or more, a multiple of 4; offset + bytes up to XVGPU_GFX_MAX_PUSH")

/* Followed by `count` VERTEX_BUFFER. */
#define XVGPU_GFX_BIND_VERTEX_BUFFERS_FIELDS(F)                                \
    F(U32, first, "binding")                                                   \
    F(U32, count, "1 or more")

#define XVGPU_GFX_BIND_INDEX_BUFFER_FIELDS(F)                                  \
    F(H(BUFFER), buffer, "0: none")                                            \
    F(U32, type, "VkIndexType: 0 16 bits, 1 32 bits")                          \
    F(U64, offset, "bytes, a multiple of the index's size")

/* Followed by `count` VIEWPORT. */
#define XVGPU_GFX_SET_VIEWPORTS_FIELDS(F)                                      \
    F(U32, first, "number") F(U32, count, "1 or more")

/* Followed by `count` SCISSOR. */
#define XVGPU_GFX_SET_SCISSORS_FIELDS(F)                                       \
    F(U32, first, "number") F(U32, count, "1 or more")

#define XVGPU_GFX_SET_BLEND_CONSTANTS_FIELDS(F)                                \
    F(F32, r, "red") F(F32, g, "green") F(F32, b, "blue") F(F32, a, "alpha")

#define XVGPU_GFX_SET_STENCIL_FIELDS(F)                                        \
    F(U32, faces, "VkStencilFaceFlags: 1 front, 2 back, 3 both")               \
    F(U32, reference, "value")                                                 \
    F(U32, compare_mask, "bits")                                               \
    F(U32, write_mask, "bits")

#define XVGPU_GFX_SET_DEPTH_BIAS_FIELDS(F)                                     \
    F(F32, constant, "factor") F(F32, clamp, "0") F(F32, slope, "factor")

/* ---- Packets: rendering and compute ------------------------------------- */

/* Followed by nr_color ATTACHMENT, then one for depth and one for stencil if
 * flags say so. Those of colour, and what they are resolved to, are of
 * different images; depth and stencil are of one view, resolved alike. Draws
 * read and write what is attached (levels and layers of the views, depth and
 * stencil together) in no other way. */
#define XVGPU_GFX_BEGIN_RENDERING_FIELDS(F)                                    \
    F(U32, x, "render area, pixels") F(U32, y, "render area, pixels")          \
    F(U32, width, "1 or more, within all attachments")                         \
    F(U32, height, "1 or more, within all attachments")                        \
    F(U32, layers, "1 or more, within all attachments")                        \
    F(U32, nr_color, "0 to XVGPU_GFX_MAX_COLOR")                               \
    F(U32, flags, "1: a depth attachment follows, 2: a stencil attachment")

#define XVGPU_GFX_END_RENDERING_FIELDS(F)

#define XVGPU_GFX_DRAW_FIELDS(F)                                               \
    F(U32, vertices, "0: nothing is drawn") F(U32, instances, "0: as well")    \
    F(U32, first_vertex, "first_vertex + vertices below 2^32")                 \
    F(U32, first_instance, "first_instance + instances below 2^32")

#define XVGPU_GFX_DRAW_INDEXED_FIELDS(F)                                       \
    F(U32, indices, "all in the index buffer, or nothing is drawn: a fault")   \
    F(U32, instances, "count") F(U32, first_index, "first")                    \
    F(I32, vertex_offset, "added to each index")                               \
    F(U32, first_instance, "first")

/* The structures in the buffer are those of DRAW and DRAW_INDEXED without the
 * header. They are read when all packets before have been done. */
#define XVGPU_GFX_DRAW_INDIRECT_FIELDS(F)                                      \
    F(H(BUFFER), buffer, "where the structures are")                           \
    F(U32, indexed, "0: DRAW, 1: DRAW_INDEXED")                                \
    F(U64, offset, "bytes, a multiple of 4")                                   \
    F(U32, draws, "how many, at most XVGPU_GFX_MAX_DRAWS")                     \
    F(U32, stride, "bytes from one to the next, a multiple of 4; at least a structure's size if draws > 1") \
    F(H(BUFFER), count_buffer, "0, or where a smaller count is (4 bytes)")     \
    F(U32, reserved, "0")                                                      \
    F(U64, count_offset, "bytes, a multiple of 4")

#define XVGPU_GFX_DISPATCH_FIELDS(F)                                           \
    F(U32, x, "workgroups, at most 65,535; 0: nothing") F(U32, y, "the same")  \
    F(U32, z, "the same")

/* The structure in the buffer is DISPATCH without the header. */
#define XVGPU_GFX_DISPATCH_INDIRECT_FIELDS(F)                                  \
    F(H(BUFFER), buffer, "where it is")                                        \
    F(U32, reserved, "0")                                                      \
    F(U64, offset, "bytes, a multiple of 4")

/* A memory barrier (chapter 7) for all memory: what the bits of
 * VkPipelineStageFlags2 and VkAccessFlags2 below 2^32 say. Not in rendering. */
#define XVGPU_GFX_BARRIER_FIELDS(F)                                            \
    F(U32, src_stages, "VkPipelineStageFlagBits of Vulkan 1.0")                \
    F(U32, src_access, "VkAccessFlagBits of Vulkan 1.0")                       \
    F(U32, dst_stages, "VkPipelineStageFlagBits of Vulkan 1.0")                \
    F(U32, dst_access, "VkAccessFlagBits of Vulkan 1.0")

/* ---- Packets: transfers; not in rendering, but CLEAR_ATTACHMENT ---------- */

#define XVGPU_GFX_COPY_BUFFER_FIELDS(F)                                        \
    F(H(BUFFER), src, "source") F(H(BUFFER), dst, "destination")               \
    F(U64, src_offset, "bytes") F(U64, dst_offset, "bytes")                    \
    F(U64, bytes, "1 or more; ranges of one buffer must not overlap")

#define XVGPU_GFX_FILL_BUFFER_FIELDS(F)                                        \
    F(H(BUFFER), dst, "destination") F(U32, value, "repeated")                 \
    F(U64, offset, "bytes, a multiple of 4")                                   \
    F(U64, bytes, "4 or more, a multiple of 4")

/* Followed by bytes / 4 dwords. */
#define XVGPU_GFX_UPDATE_BUFFER_FIELDS(F)                                      \
    F(H(BUFFER), dst, "destination")                                           \
    F(U32, bytes, "4 or more, a multiple of 4")                                \
    F(U64, offset, "bytes, a multiple of 4")

/* Followed by SUBRESOURCE and BOX of the image. */
#define XVGPU_GFX_COPY_BUFFER_IMAGE_FIELDS(F)                                  \
    F(H(BUFFER), buffer, "buffer") F(H(IMAGE), image, "image")                 \
    F(U32, to_image, "1: from the buffer to the image, 0: back")               \
    F(U32, row_length, "texels from one line of the buffer to the next; 0: the box's width") \
    F(U32, image_height, "lines from one slice to the next; 0: the box's height") \
    F(U32, reserved, "0")                                                      \
    F(U64, offset, "bytes into the buffer, a multiple of the texel's size and of 4")

/* Followed by SUBRESOURCE and BOX of the source, SUBRESOURCE and BOX of the
 * destination (the boxes have one size). Texel sizes and samples are equal. */
#define XVGPU_GFX_COPY_IMAGE_FIELDS(F)                                         \
    F(H(IMAGE), src, "source") F(H(IMAGE), dst, "destination")

/* Followed by SUBRESOURCE and CORNERS of the source, SUBRESOURCE and CORNERS
 * of the destination. */
#define XVGPU_GFX_BLIT_IMAGE_FIELDS(F)                                         \
    F(H(IMAGE), src, "source") F(H(IMAGE), dst, "destination")                 \
    F(U32, filter, "VkFilter")

/* Followed as COPY_IMAGE is; from 4 samples to 1, of one format. */
#define XVGPU_GFX_RESOLVE_IMAGE_FIELDS(F)                                      \
    F(H(IMAGE), src, "source") F(H(IMAGE), dst, "destination")

/* Followed by SUBRESOURCE; of it the levels from mip on, `mips`. */
#define XVGPU_GFX_CLEAR_IMAGE_FIELDS(F)                                        \
    F(H(IMAGE), image, "image") F(U32, mips, "levels, 1 or more")              \
    F(U32, value0, "as of ATTACHMENT") F(U32, value1, "") F(U32, value2, "")   \
    F(U32, value3, "")

/* In rendering only. */
#define XVGPU_GFX_CLEAR_ATTACHMENT_FIELDS(F)                                   \
    F(U32, aspect, "VkImageAspectFlags: 1, 2, 4 or 6")                         \
    F(U32, color, "number of the colour attachment, 0 for others")             \
    F(U32, value0, "as of ATTACHMENT") F(U32, value1, "") F(U32, value2, "")   \
    F(U32, value3, "")                                                         \
    F(U32, x, "pixels, in the render area") F(U32, y, "pixels")                \
    F(U32, width, "pixels") F(U32, height, "pixels")                           \
    F(U32, layer, "first") F(U32, layers, "how many")

/* ---- Packets: queries (chapter 18) --------------------------------------- */

/* A query begins and ends outside of rendering, or within one rendering. */
#define XVGPU_GFX_BEGIN_QUERY_FIELDS(F)                                        \
    F(H(QUERIES), pool, "of type 0 or 1; one active query a type")             \
    F(U32, query, "number; its value becomes 0")                               \
    F(U32, precise, "1: count samples, 0: 0 or not 0 will do (occlusion)")

#define XVGPU_GFX_END_QUERY_FIELDS(F)                                          \
    F(H(QUERIES), pool, "as begun") F(U32, query, "as begun")

#define XVGPU_GFX_WRITE_TIMESTAMP_FIELDS(F)                                    \
    F(H(QUERIES), pool, "of type 2") F(U32, query, "number")                   \
    F(U32, stage, "one VkPipelineStageFlagBits")

/* Values: 8 bytes each; of statistics one for each bit set, lowest first; of
 * timestamps ns since the vGPU's reset. It waits for all packets before. */
#define XVGPU_GFX_COPY_QUERIES_FIELDS(F)                                       \
    F(H(QUERIES), pool, "of any type; none of these is active")                \
    F(U32, first, "query") F(U32, count, "1 or more")                          \
    F(U32, stride, "bytes from one query's values to the next's, a multiple of 8") \
    F(U64, address, "bus address, a multiple of 8")

/* All packets: P(NAME, name of the C type, type, how it may be longer than its
 * fields: 0 not, 1 as its comment says, text) */
#define XVGPU_GFX_PACKETS(P)                                                   \
    P(CREATE_BUFFER, create_buffer, 0x20, 0, "buffer")                         \
    P(CREATE_BUFFER_VIEW, create_buffer_view, 0x21, 0, "texel buffer view")    \
    P(CREATE_IMAGE, create_image, 0x22, 0, "image")                            \
    P(CREATE_VIEW, create_view, 0x23, 0, "image view")                         \
    P(CREATE_SAMPLER, create_sampler, 0x24, 0, "sampler")                      \
    P(CREATE_SHADER, create_shader, 0x25, 0, "shader module")                  \
    P(CREATE_SET_LAYOUT, create_set_layout, 0x26, 1, "descriptor set layout")  \
    P(CREATE_LAYOUT, create_layout, 0x27, 0, "pipeline layout")                \
    P(CREATE_SET, create_set, 0x28, 0, "descriptor set")                       \
    P(WRITE_SET, write_set, 0x29, 1, "descriptors of a set")                   \
    P(CREATE_GRAPHICS, create_graphics, 0x2a, 1, "graphics pipeline")          \
    P(CREATE_COMPUTE, create_compute, 0x2b, 1, "compute pipeline")             \
    P(CREATE_QUERIES, create_queries, 0x2c, 0, "query pool")                   \
    P(DESTROY, destroy, 0x2d, 0, "an object is no longer needed")              \
    P(BIND_PIPELINE, bind_pipeline, 0x30, 0, "pipeline of draws or dispatches") \
    P(BIND_SET, bind_set, 0x31, 0, "descriptor set")                           \
    P(PUSH_CONSTANTS, push_constants, 0x32, 1, "push constants")               \
    P(BIND_VERTEX_BUFFERS, bind_vertex_buffers, 0x33, 1, "vertex buffers")     \
    P(BIND_INDEX_BUFFER, bind_index_buffer, 0x34, 0, "index buffer")           \
    P(SET_VIEWPORTS, set_viewports, 0x35, 1, "viewports")                      \
    P(SET_SCISSORS, set_scissors, 0x36, 1, "scissors")                         \
    P(SET_BLEND_CONSTANTS, set_blend_constants, 0x37, 0, "blend constants")    \
    P(SET_STENCIL, set_stencil, 0x38, 0, "stencil masks and reference")        \
    P(SET_DEPTH_BIAS, set_depth_bias, 0x39, 0, "depth bias")                   \
    P(BEGIN_RENDERING, begin_rendering, 0x40, 1, "draws follow")               \
    P(END_RENDERING, end_rendering, 0x41, 0, "end of draws")                   \
    P(DRAW, draw, 0x42, 0, "draw")                                             \
    P(DRAW_INDEXED, draw_indexed, 0x43, 0, "indexed draw")                     \
    P(DRAW_INDIRECT, draw_indirect, 0x44, 0, "draws with parameters in memory") \
    P(DISPATCH, dispatch, 0x45, 0, "compute; not in rendering")                \
    P(DISPATCH_INDIRECT, dispatch_indirect, 0x46, 0, "compute, parameters in memory; not in rendering") \
    P(BARRIER, barrier, 0x47, 0, "memory barrier")                             \
    P(COPY_BUFFER, copy_buffer, 0x50, 0, "buffer to buffer")                   \
    P(FILL_BUFFER, fill_buffer, 0x51, 0, "value to buffer")                    \
    P(UPDATE_BUFFER, update_buffer, 0x52, 1, "dwords to buffer")               \
    P(COPY_BUFFER_IMAGE, copy_buffer_image, 0x53, 1, "between buffer and image") \
    P(COPY_IMAGE, copy_image, 0x54, 1, "image to image")                       \
    P(BLIT_IMAGE, blit_image, 0x55, 1, "image to image, scaled")               \
    P(RESOLVE_IMAGE, resolve_image, 0x56, 1, "samples to one")                 \
    P(CLEAR_IMAGE, clear_image, 0x57, 1, "value to image")                     \
    P(CLEAR_ATTACHMENT, clear_attachment, 0x58, 0, "value to an attachment")   \
    P(BEGIN_QUERY, begin_query, 0x60, 0, "occlusion or statistics")            \
    P(END_QUERY, end_query, 0x61, 0, "end of it")                              \
    P(WRITE_TIMESTAMP, write_timestamp, 0x62, 0, "timestamp")                  \
    P(COPY_QUERIES, copy_queries, 0x63, 0, "values to memory")

/* What follows the fields of a packet that may be longer, in order: T(packet,
 * name of its C type, structure, name of its C type, how many of it). p points
 * to the packet; nothing says that the number is sane. */
#define XVGPU_GFX_TAILS(T)                                                     \
    T(CREATE_SET_LAYOUT, create_set_layout, BINDING, binding, p->bindings)     \
    T(WRITE_SET, write_set, DESCRIPTOR, descriptor, p->count)                  \
    T(CREATE_GRAPHICS, create_graphics, STAGE, stage, p->nr_stages)            \
    T(CREATE_GRAPHICS, create_graphics, SPEC, spec, p->nr_spec)                \
    T(CREATE_GRAPHICS, create_graphics, VERTEX_BINDING, vertex_binding, p->nr_bindings) \
    T(CREATE_GRAPHICS, create_graphics, VERTEX_ATTRIBUTE, vertex_attribute, p->nr_attributes) \
    T(CREATE_GRAPHICS, create_graphics, BLEND, blend, p->nr_color)             \
    T(CREATE_GRAPHICS, create_graphics, STENCIL, stencil, p->flags & XVGPU_GFX_PIPELINE_STENCIL_TEST ? 2 : 0) \
    T(CREATE_COMPUTE, create_compute, SPEC, spec, p->nr_spec)                  \
    T(PUSH_CONSTANTS, push_constants, DWORD, dword, p->bytes / 4)              \
    T(BIND_VERTEX_BUFFERS, bind_vertex_buffers, VERTEX_BUFFER, vertex_buffer, p->count) \
    T(SET_VIEWPORTS, set_viewports, VIEWPORT, viewport, p->count)              \
    T(SET_SCISSORS, set_scissors, SCISSOR, scissor, p->count)                  \
    T(BEGIN_RENDERING, begin_rendering, ATTACHMENT, attachment, p->nr_color)   \
    T(BEGIN_RENDERING, begin_rendering, ATTACHMENT, attachment, p->flags & 1)  \
    T(BEGIN_RENDERING, begin_rendering, ATTACHMENT, attachment, p->flags >> 1 & 1) \
    T(UPDATE_BUFFER, update_buffer, DWORD, dword, p->bytes / 4)                \
    T(COPY_BUFFER_IMAGE, copy_buffer_image, SUBRESOURCE, subresource, 1)       \
    T(COPY_BUFFER_IMAGE, copy_buffer_image, BOX, box, 1)                       \
    T(COPY_IMAGE, copy_image, SUBRESOURCE, subresource, 1)                     \
    T(COPY_IMAGE, copy_image, BOX, box, 1)                                     \
    T(COPY_IMAGE, copy_image, SUBRESOURCE, subresource, 1)                     \
    T(COPY_IMAGE, copy_image, BOX, box, 1)                                     \
    T(BLIT_IMAGE, blit_image, SUBRESOURCE, subresource, 1)                     \
    T(BLIT_IMAGE, blit_image, CORNERS, corners, 1)                             \
    T(BLIT_IMAGE, blit_image, SUBRESOURCE, subresource, 1)                     \
    T(BLIT_IMAGE, blit_image, CORNERS, corners, 1)                             \
    T(RESOLVE_IMAGE, resolve_image, SUBRESOURCE, subresource, 1)               \
    T(RESOLVE_IMAGE, resolve_image, BOX, box, 1)                               \
    T(RESOLVE_IMAGE, resolve_image, SUBRESOURCE, subresource, 1)               \
    T(RESOLVE_IMAGE, resolve_image, BOX, box, 1)                               \
    T(CLEAR_IMAGE, clear_image, SUBRESOURCE, subresource, 1)

/* ---- C types -------------------------------------------------------------- */

#define XVGPU_GFX_TYPE_U32 uint32_t
#define XVGPU_GFX_TYPE_I32 int32_t
#define XVGPU_GFX_TYPE_F32 float
#define XVGPU_GFX_TYPE_U64 uint64_t
#define XVGPU_GFX_TYPE_H(class_) uint32_t
#define XVGPU_GFX_MEMBER_(type, name, text) XVGPU_GFX_TYPE_##type name;

#define XVGPU_GFX_STRUCT_(NAME, name)                                          \
    struct xvgpu_gfx_##name {                                                  \
        XVGPU_GFX_##NAME##_FIELDS(XVGPU_GFX_MEMBER_)                           \
    } __attribute__((packed, aligned(4)));
XVGPU_GFX_STRUCTS(XVGPU_GFX_STRUCT_)
#undef XVGPU_GFX_STRUCT_

#define XVGPU_GFX_PACKET_(NAME, name, type, more, text)                        \
    struct xvgpu_gfx_##name {                                                  \
        uint32_t header;                                                       \
        XVGPU_GFX_##NAME##_FIELDS(XVGPU_GFX_MEMBER_)                           \
    } __attribute__((packed, aligned(4)));
XVGPU_GFX_PACKETS(XVGPU_GFX_PACKET_)
#undef XVGPU_GFX_PACKET_
#undef XVGPU_GFX_MEMBER_

#define XVGPU_GFX_PACKET_ENUM_(NAME, name, type, more, text)                   \
    XVGPU_PKT_GFX_##NAME = (type),
enum { XVGPU_GFX_PACKETS(XVGPU_GFX_PACKET_ENUM_) };
#undef XVGPU_GFX_PACKET_ENUM_

/* ---- Formats -------------------------------------------------------------- */

/* What a format is good for. */
#define XVGPU_GFX_FORMAT_SAMPLED 0x01u  /* and transfers */
#define XVGPU_GFX_FORMAT_FILTER 0x02u   /* linear filters, blits from it */
#define XVGPU_GFX_FORMAT_STORAGE 0x04u
#define XVGPU_GFX_FORMAT_COLOR 0x08u    /* attachment; blits to it */
#define XVGPU_GFX_FORMAT_BLEND 0x10u
#define XVGPU_GFX_FORMAT_DEPTH 0x20u
#define XVGPU_GFX_FORMAT_STENCIL 0x40u
#define XVGPU_GFX_FORMAT_VERTEX 0x80u
#define XVGPU_GFX_FORMAT_TEXEL 0x100u   /* uniform texel buffers */
#define XVGPU_GFX_FORMAT_STEXEL 0x200u  /* storage texel buffers */

/* Kinds of a format's components in shaders. */
#define XVGPU_GFX_KIND_FLOAT 0u
#define XVGPU_GFX_KIND_SINT 1u
#define XVGPU_GFX_KIND_UINT 2u

/* The formats that every host has: M(NAME, VkFormat, bytes a texel,
 * components, kind, features) */
#define XVGPU_GFX_FORMATS(M)                                                   \
    M(R8_UNORM, 9, 1, 1, FLOAT, 0x19b)                                         \
    M(R8_SNORM, 10, 1, 1, FLOAT, 0x183)                                        \
    M(R8_UINT, 13, 1, 1, UINT, 0x189)                                          \
    M(R8_SINT, 14, 1, 1, SINT, 0x189)                                          \
    M(R8G8_UNORM, 16, 2, 2, FLOAT, 0x19b)                                      \
    M(R8G8_SNORM, 17, 2, 2, FLOAT, 0x183)                                      \
    M(R8G8_UINT, 20, 2, 2, UINT, 0x189)                                        \
    M(R8G8_SINT, 21, 2, 2, SINT, 0x189)                                        \
    M(R8G8B8A8_UNORM, 37, 4, 4, FLOAT, 0x39f)                                  \
    M(R8G8B8A8_SNORM, 38, 4, 4, FLOAT, 0x387)                                  \
    M(R8G8B8A8_UINT, 41, 4, 4, UINT, 0x38d)                                    \
    M(R8G8B8A8_SINT, 42, 4, 4, SINT, 0x38d)                                    \
    M(R8G8B8A8_SRGB, 43, 4, 4, FLOAT, 0x1b)                                    \
    M(B8G8R8A8_UNORM, 44, 4, 4, FLOAT, 0x19b)                                  \
    M(B8G8R8A8_SRGB, 50, 4, 4, FLOAT, 0x1b)                                    \
    M(A2B10G10R10_UNORM, 64, 4, 4, FLOAT, 0x19b)                               \
    M(R16_UINT, 74, 2, 1, UINT, 0x189)                                         \
    M(R16_SINT, 75, 2, 1, SINT, 0x189)                                         \
    M(R16_SFLOAT, 76, 2, 1, FLOAT, 0x19b)                                      \
    M(R16G16_UNORM, 77, 4, 2, FLOAT, 0x80)                                     \
    M(R16G16_SNORM, 78, 4, 2, FLOAT, 0x80)                                     \
    M(R16G16_UINT, 81, 4, 2, UINT, 0x189)                                      \
    M(R16G16_SINT, 82, 4, 2, SINT, 0x189)                                      \
    M(R16G16_SFLOAT, 83, 4, 2, FLOAT, 0x19b)                                   \
    M(R16G16B16A16_UNORM, 91, 8, 4, FLOAT, 0x80)                               \
    M(R16G16B16A16_SNORM, 92, 8, 4, FLOAT, 0x80)                               \
    M(R16G16B16A16_UINT, 95, 8, 4, UINT, 0x38d)                                \
    M(R16G16B16A16_SINT, 96, 8, 4, SINT, 0x38d)                                \
    M(R16G16B16A16_SFLOAT, 97, 8, 4, FLOAT, 0x39f)                             \
    M(R32_UINT, 98, 4, 1, UINT, 0x38d)                                         \
    M(R32_SINT, 99, 4, 1, SINT, 0x38d)                                         \
    M(R32_SFLOAT, 100, 4, 1, FLOAT, 0x38d)                                     \
    M(R32G32_UINT, 101, 8, 2, UINT, 0x38d)                                     \
    M(R32G32_SINT, 102, 8, 2, SINT, 0x38d)                                     \
    M(R32G32_SFLOAT, 103, 8, 2, FLOAT, 0x38d)                                  \
    M(R32G32B32_UINT, 104, 12, 3, UINT, 0x80)                                  \
    M(R32G32B32_SINT, 105, 12, 3, SINT, 0x80)                                  \
    M(R32G32B32_SFLOAT, 106, 12, 3, FLOAT, 0x80)                               \
    M(R32G32B32A32_UINT, 107, 16, 4, UINT, 0x38d)                              \
    M(R32G32B32A32_SINT, 108, 16, 4, SINT, 0x38d)                              \
    M(R32G32B32A32_SFLOAT, 109, 16, 4, FLOAT, 0x38d)                           \
    M(B10G11R11_UFLOAT, 122, 4, 3, FLOAT, 0x103)                               \
    M(D16_UNORM, 124, 2, 1, FLOAT, 0x21)                                       \
    M(D32_SFLOAT, 126, 4, 1, FLOAT, 0x21)                                      \
    M(D32_SFLOAT_S8_UINT, 130, 8, 2, FLOAT, 0x61)

#define XVGPU_GFX_FORMAT_ENUM_(NAME, value, bytes, components, kind, features) \
    XVGPU_GFX_FORMAT_##NAME = (value),
enum { XVGPU_GFX_FORMATS(XVGPU_GFX_FORMAT_ENUM_) };
#undef XVGPU_GFX_FORMAT_ENUM_
/* clang-format on */

#endif
