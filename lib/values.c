/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of enumerations' values. A field's description begins with the name
 * of its type: that is where the names are found by. */
#include <stdio.h>
#include <string.h>

#include "lib/packets.h"

struct names {
    const char *type;
    const char *const *names; /* by value, or by bit */
    unsigned int count;
    unsigned char flags; /* bits */
    unsigned char from;  /* value of the first name */
};

#define NAMES(name, ...) static const char *const name[] = {__VA_ARGS__}

NAMES(descriptor_types, "sampler", "combined image sampler", "sampled image",
      "storage image", "uniform texel buffer", "storage texel buffer",
      "uniform buffer", "storage buffer");
NAMES(compare_ops, "never", "less", "equal", "less or equal", "greater",
      "not equal", "greater or equal", "always");
NAMES(stencil_ops, "keep", "zero", "replace", "increment and clamp",
      "decrement and clamp", "invert", "increment and wrap",
      "decrement and wrap");
NAMES(blend_factors, "zero", "one", "src colour", "1 - src colour",
      "dst colour", "1 - dst colour", "src alpha", "1 - src alpha", "dst alpha",
      "1 - dst alpha", "constant colour", "1 - constant colour",
      "constant alpha", "1 - constant alpha", "src alpha saturate");
NAMES(blend_ops, "add", "subtract", "reverse subtract", "min", "max");
NAMES(load_ops, "load", "clear", "don't care");
NAMES(store_ops, "store", "don't care");
NAMES(resolve_modes, "none", "sample zero", "average");
NAMES(image_types, "1D", "2D", "3D");
NAMES(view_types, "1D", "2D", "3D", "cube", "1D array", "2D array",
      "cube array");
NAMES(filters, "nearest", "linear");
NAMES(address_modes, "repeat", "mirrored repeat", "clamp to edge",
      "clamp to border");
NAMES(borders, "float transparent black", "int transparent black",
      "float opaque black", "int opaque black", "float opaque white",
      "int opaque white");
NAMES(topologies, "points", "lines", "line strip", "triangles",
      "triangle strip", "triangle fan", "lines with adjacency",
      "line strip with adjacency", "triangles with adjacency",
      "triangle strip with adjacency", "patches");
NAMES(polygon_modes, "fill", "line", "point");
NAMES(front_faces, "counter-clockwise", "clockwise");
NAMES(logic_ops, "clear", "and", "and reverse", "copy", "and inverted", "no-op",
      "xor", "or", "nor", "equivalent", "invert", "or reverse", "copy inverted",
      "or inverted", "nand", "set");
NAMES(index_types, "16 bits", "32 bits");
NAMES(query_types, "occlusion", "statistics", "timestamp");
NAMES(wait_functions, "equal", "not equal", "at least", "at most");
NAMES(points, "graphics", "compute");
NAMES(shader_stages, "vertex", "tess. control", "tess. evaluation", "geometry",
      "fragment", "compute");
NAMES(image_usages, "transfer src", "transfer dst", "sampled", "storage",
      "colour", "depth/stencil");
NAMES(aspects, "colour", "depth", "stencil");
NAMES(cull_modes, "front", "back");
NAMES(faces, "front", "back");
NAMES(components, "r", "g", "b", "a");
NAMES(image_flags, NULL, NULL, NULL, "mutable format", "cube");
NAMES(pipeline_flags, "primitive restart", "depth clamp", "rasterizer discard",
      "depth bias", "depth test", "depth write", "stencil test",
      "alpha to coverage", "alpha to one", "sample shading", "logic op");
NAMES(stages, "top", "draw indirect", "vertex input", "vertex", "tess. control",
      "tess. evaluation", "geometry", "fragment", "early fragment tests",
      "late fragment tests", "colour output", "compute", "transfer", "bottom",
      "host", "all graphics", "all commands");
NAMES(accesses, "indirect read", "index read", "attribute read", "uniform read",
      "input attachment read", "shader read", "shader write", "colour read",
      "colour write", "depth/stencil read", "depth/stencil write",
      "transfer read", "transfer write", "host read", "host write",
      "memory read", "memory write");
NAMES(statistics, "ia vertices", "ia primitives", "vertex", "geometry",
      "geometry primitives", "clipping", "clipping primitives", "fragment",
      "tess. control", "tess. evaluation", "compute");

#define ROW(type, array, flags, from)                                          \
    {                                                                          \
        type, array, sizeof(array) / sizeof((array)[0]), flags, from           \
    }

/* The first whose type the description begins with. */
static const struct names tables[] = {
    ROW("VkDescriptorType", descriptor_types, 0, 0),
    ROW("VkCompareOp + 1", compare_ops, 0, 1),
    ROW("VkCompareOp", compare_ops, 0, 0),
    ROW("VkStencilOp", stencil_ops, 0, 0),
    ROW("VkStencilFaceFlags", faces, 1, 0),
    ROW("VkBlendFactor", blend_factors, 0, 0),
    ROW("VkBlendOp", blend_ops, 0, 0),
    ROW("VkAttachmentLoadOp", load_ops, 0, 0),
    ROW("VkAttachmentStoreOp", store_ops, 0, 0),
    ROW("VkResolveModeFlagBits", resolve_modes, 0, 0),
    ROW("VkImageType", image_types, 0, 0),
    ROW("VkImageViewType", view_types, 0, 0),
    ROW("VkFilter", filters, 0, 0),
    ROW("VkSamplerMipmapMode", filters, 0, 0),
    ROW("VkSamplerAddressMode", address_modes, 0, 0),
    ROW("VkBorderColor", borders, 0, 0),
    ROW("VkPrimitiveTopology", topologies, 0, 0),
    ROW("VkPolygonMode", polygon_modes, 0, 0),
    ROW("VkFrontFace", front_faces, 0, 0),
    ROW("VkLogicOp", logic_ops, 0, 0),
    ROW("VkIndexType", index_types, 0, 0),
    ROW("VkQueryType", query_types, 0, 0),
    ROW("XVGPU_WAIT_", wait_functions, 0, 0),
    ROW("0 graphics, 1 compute", points, 0, 0),
    ROW("VkShaderStageFlags", shader_stages, 1, 0),
    ROW("VkImageUsageFlags", image_usages, 1, 0),
    ROW("VkImageAspectFlags", aspects, 1, 0),
    ROW("VkImageCreateFlags", image_flags, 1, 0),
    ROW("VkCullModeFlags", cull_modes, 1, 0),
    ROW("VkColorComponentFlags", components, 1, 0),
    ROW("VkPipelineStageFlagBits", stages, 1, 0),
    ROW("one VkPipelineStageFlagBits", stages, 1, 0),
    ROW("VkAccessFlagBits", accesses, 1, 0),
    ROW("VkQueryPipelineStatisticFlags", statistics, 1, 0),
    ROW("XVGPU_GFX_PIPELINE_", pipeline_flags, 1, 0),
};

static const char *format_name(uint32_t value)
{
#define FORMAT(NAME, number, bytes, components, kind, features)                \
    if (value == (number))                                                     \
        return #NAME;
    XVGPU_GFX_FORMATS(FORMAT)
#undef FORMAT
    return "";
}

static const char *class_name(uint32_t value)
{
#define CLASS(NAME, number, max, text)                                         \
    if (value == (number))                                                     \
        return #NAME;
    XVGPU_GFX_CLASSES(CLASS)
#undef CLASS
    return "";
}

static int begins_with(const char *text, const char *start)
{
    return !strncmp(text, start, strlen(start));
}

/* "a|b", and the bits that have no name as a number. */
static void flag_names(const struct names *n, uint32_t value, char *buf,
                       size_t len)
{
    size_t used = 0;
    unsigned int i;

    for (i = 0; i < n->count && used < len; i++) {
        if (!(value & 1u << i) || !n->names[i])
            continue;
        value &= ~(1u << i);
        used += (size_t)snprintf(buf + used, len - used, "%s%s",
                                 used ? "|" : "", n->names[i]);
    }
    if (value && used && used < len)
        snprintf(buf + used, len - used, "|0x%x", value);
}

void packet_value_name(const struct packet_field *f, uint32_t value, char *buf,
                       size_t len)
{
    const struct names *n = tables;
    const struct names *end = tables + sizeof(tables) / sizeof(tables[0]);

    *buf = '\0';
    if (f->kind != FIELD_U32)
        return;
    if (!strcmp(f->name, "format") || begins_with(f->text, "VkFormat")) {
        snprintf(buf, len, "%s", format_name(value));
        return;
    }
    if (begins_with(f->text, "XVGPU_GFX_CLASSES")) {
        snprintf(buf, len, "%s", class_name(value));
        return;
    }
    while (n < end && !begins_with(f->text, n->type))
        n++;
    if (n == end)
        return;
    if (n->flags)
        flag_names(n, value, buf, len);
    else if (value >= n->from && value - n->from < n->count)
        snprintf(buf, len, "%s", n->names[value - n->from]);
}
