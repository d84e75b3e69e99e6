/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/gfx/vk-scene.h"

#include <errno.h>
#include <string.h>

struct record {
    struct vk_scene *s;
    VkCommandBuffer cmd;
    const struct vk_pipeline *pipeline;
};

static float to_float(uint32_t bits)
{
    float f;

    memcpy(&f, &bits, sizeof(f));
    return f;
}

static void begin(const struct record *r, const struct scene_pass *pass)
{
    const struct vk_image *images = r->s->images;
    VkRenderingAttachmentInfo colour = {
        .sType = VK_STRUCTURE_TYPE_RENDERING_ATTACHMENT_INFO,
        .imageView = images[pass->colour].view,
        .imageLayout = VK_IMAGE_LAYOUT_COLOR_ATTACHMENT_OPTIMAL,
        .loadOp = VK_ATTACHMENT_LOAD_OP_CLEAR,
        .storeOp = VK_ATTACHMENT_STORE_OP_STORE,
    };
    VkRenderingAttachmentInfo depth = {
        .sType = VK_STRUCTURE_TYPE_RENDERING_ATTACHMENT_INFO,
        .imageLayout = VK_IMAGE_LAYOUT_DEPTH_STENCIL_ATTACHMENT_OPTIMAL,
        .loadOp = VK_ATTACHMENT_LOAD_OP_CLEAR,
        .storeOp = VK_ATTACHMENT_STORE_OP_DONT_CARE,
        .clearValue.depthStencil.depth = to_float(pass->clear_depth),
    };
    VkRenderingInfo info = {
        .sType = VK_STRUCTURE_TYPE_RENDERING_INFO,
        .renderArea.extent = {r->s->width, r->s->height},
        .layerCount = 1,
        .colorAttachmentCount = 1,
        .pColorAttachments = &colour,
    };

    for (int i = 0; i < 4; i++)
        colour.clearValue.color.float32[i] = to_float(pass->clear_colour[i]);
    if (pass->resolve != SCENE_NONE) {
        colour.storeOp = VK_ATTACHMENT_STORE_OP_DONT_CARE;
        colour.resolveMode = VK_RESOLVE_MODE_AVERAGE_BIT;
        colour.resolveImageView = images[pass->resolve].view;
        colour.resolveImageLayout = VK_IMAGE_LAYOUT_COLOR_ATTACHMENT_OPTIMAL;
    }
    if (pass->depth != SCENE_NONE) {
        depth.imageView = images[pass->depth].view;
        info.pDepthAttachment = &depth;
    }
    vkCmdBeginRendering(r->cmd, &info);
}

static void viewport(const struct record *r, const struct scene_command *c)
{
    struct scene_rect rect = scene_rect(c, r->s->width, r->s->height);
    const VkViewport v = {(float)rect.x,      (float)rect.y, (float)rect.width,
                          (float)rect.height, 0.0f,          1.0f};

    vkCmdSetViewport(r->cmd, 0, 1, &v);
}

static void scissor(const struct record *r, const struct scene_command *c)
{
    struct scene_rect rect = scene_rect(c, r->s->width, r->s->height);
    const VkRect2D v = {{(int32_t)rect.x, (int32_t)rect.y},
                        {rect.width, rect.height}};

    vkCmdSetScissor(r->cmd, 0, 1, &v);
}

/* What is bound. */
static void state(struct record *r, const struct scene_walk *w,
                  const struct scene_command *c)
{
    uint32_t words[SCENE_PUSH_MAX / 4];
    VkDeviceSize offset;

    switch (c->op) {
    case SCENE_PIPELINE:
        r->pipeline = &r->s->pipelines[c->a[0]];
        vkCmdBindPipeline(r->cmd, r->pipeline->point, r->pipeline->pipeline);
        break;
    case SCENE_SET:
        vkCmdBindDescriptorSets(r->cmd, r->pipeline->point, r->pipeline->layout,
                                c->a[0], 1, &r->s->sets[c->a[1]], 0, NULL);
        break;
    case SCENE_VERTICES:
        offset = c->a[2];
        vkCmdBindVertexBuffers(r->cmd, c->a[0], 1,
                               &r->s->buffers[c->a[1]].buffer, &offset);
        break;
    case SCENE_INDICES:
        vkCmdBindIndexBuffer(r->cmd, r->s->buffers[c->a[0]].buffer, c->a[1],
                             VK_INDEX_TYPE_UINT16);
        break;
    case SCENE_PUSH:
        scene_push(w, c, words);
        vkCmdPushConstants(r->cmd, r->pipeline->layout, r->pipeline->stages, 0,
                           c->a[0], words);
        break;
    case SCENE_VIEWPORT:
        viewport(r, c);
        break;
    case SCENE_SCISSOR:
        scissor(r, c);
        break;
    default:
        break;
    }
}

static void work(const struct record *r, const struct scene_command *c)
{
    const uint32_t *a = c->a;

    switch (c->op) {
    case SCENE_BEGIN:
        begin(r, &r->s->scene->passes[a[0]]);
        break;
    case SCENE_END:
        vkCmdEndRendering(r->cmd);
        break;
    case SCENE_DRAW:
        vkCmdDraw(r->cmd, a[0], a[1], a[2], a[3]);
        break;
    case SCENE_DRAW_INDEXED:
        vkCmdDrawIndexed(r->cmd, a[0], a[1], a[2], (int32_t)a[3], a[4]);
        break;
    case SCENE_DRAW_INDIRECT:
        vkCmdDrawIndirect(r->cmd, r->s->buffers[a[0]].buffer, a[1], a[2], a[3]);
        break;
    case SCENE_DRAW_INDEXED_INDIRECT:
        vkCmdDrawIndexedIndirect(r->cmd, r->s->buffers[a[0]].buffer, a[1], a[2],
                                 a[3]);
        break;
    case SCENE_DISPATCH:
        vkCmdDispatch(r->cmd, a[0], a[1], a[2]);
        break;
    case SCENE_DISPATCH_INDIRECT:
        vkCmdDispatchIndirect(r->cmd, r->s->buffers[a[0]].buffer, a[1]);
        break;
    case SCENE_LAYOUT:
        vk_layout(r->cmd, &r->s->images[a[0]], (VkImageLayout)a[1],
                  (VkImageLayout)a[2]);
        break;
    case SCENE_BARRIER:
        vk_barrier(r->cmd);
        break;
    default:
        break;
    }
}

static void copy_picture(const struct record *r)
{
    const struct vk_image *image = &r->s->images[r->s->scene->picture];
    const VkBufferImageCopy region = {
        .imageSubresource = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 0, 1},
        .imageExtent = {image->width, image->height, 1},
    };

    vkCmdCopyImageToBuffer(r->cmd, image->image,
                           VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL,
                           r->s->pixels.buffer, 1, &region);
}

int vk_scene_record(struct vk_scene *s, uint32_t turn, bool copy)
{
    struct record r = {.s = s, .cmd = s->cmd};
    const struct scene_command *c;
    struct scene_walk w;
    uint32_t draw = 0;
    int rc = vk_begin(s->cmd);

    if (rc)
        return rc;
    scene_walk(&w, s->scene, turn);
    while ((c = scene_next(&w))) {
        state(&r, &w, c);
        if (!scene_is_draw(c) || ++draw != s->without)
            work(&r, c);
    }
    if (copy && s->scene->picture != SCENE_NONE)
        copy_picture(&r);
    vk_barrier(s->cmd);
    return 0;
}
