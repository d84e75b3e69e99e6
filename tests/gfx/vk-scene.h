/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A scene on a device: the tables of tests/gfx/scene.h made into objects. */
#ifndef TESTS_GFX_VK_SCENE_H
#define TESTS_GFX_VK_SCENE_H

#include "tests/gfx/scene.h"
#include "tests/gfx/vk.h"

#define VK_SCENE_MAX 16 /* of each kind */

struct vk_pipeline {
    VkPipelineLayout layout;
    VkPipeline pipeline;
    VkPipelineBindPoint point;
    VkShaderStageFlags stages;
};

struct vk_scene {
    const struct vk *vk;
    const struct scene *scene;
    uint32_t width, height;
    struct vk_buffer buffers[VK_SCENE_MAX];
    struct vk_image images[VK_SCENE_MAX];
    VkSampler samplers[VK_SCENE_MAX];
    VkDescriptorPool pool;
    VkDescriptorSetLayout layouts[VK_SCENE_MAX];
    VkDescriptorSet sets[VK_SCENE_MAX];
    struct vk_pipeline pipelines[VK_SCENE_MAX];
    struct vk_buffer pixels; /* of the picture, tightly packed */
    VkCommandBuffer cmd;
    uint32_t without; /* the draw or dispatch to leave out; 0: none */
};

/* 0 for width and height: the scene's own. Destroy also after a failure. */
int vk_scene_create(struct vk_scene *s, const struct vk *vk,
                    const struct scene *scene, uint32_t width, uint32_t height);
void vk_scene_destroy(struct vk_scene *s);

/* vk-pipeline.c */
int vk_pipelines_create(struct vk_scene *s);

/* vk-record.c: record the picture of that turn into s->cmd, which the caller
 * runs; its pixels come with it if copy is set. */
int vk_scene_record(struct vk_scene *s, uint32_t turn, bool copy);

#endif
