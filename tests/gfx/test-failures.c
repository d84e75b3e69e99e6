/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Each call of Vulkan that makes something fails once, for lack of memory, on
 * the way to a picture: the guest gets a fault, nothing is left over of what
 * was half made, and the next attempt succeeds.
 */
#include "objects.h"

#include <dlfcn.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct gfx_rig t;
static uint32_t calls, fail_at; /* 0: none */

static bool fails(void)
{
    return fail_at && ++calls == fail_at;
}

/* In place of the loader's. */
#define MAKES(name, params, ...)                                               \
    VkResult name params;                                                      \
    VkResult name params                                                       \
    {                                                                          \
        static PFN_##name real;                                                \
                                                                               \
        if (fails())                                                           \
            return VK_ERROR_OUT_OF_DEVICE_MEMORY;                              \
        if (!real)                                                             \
            *(void **)&real = dlsym(RTLD_NEXT, #name);                         \
        return real(__VA_ARGS__);                                              \
    }
#define MAKES_ONE(name, info, handle)                                          \
    MAKES(name,                                                                \
          (VkDevice d, const info *i, const VkAllocationCallbacks *a,          \
           handle *h),                                                         \
          d, i, a, h)

MAKES_ONE(vkAllocateMemory, VkMemoryAllocateInfo, VkDeviceMemory)
MAKES_ONE(vkCreateBuffer, VkBufferCreateInfo, VkBuffer)
MAKES_ONE(vkCreateBufferView, VkBufferViewCreateInfo, VkBufferView)
MAKES_ONE(vkCreateImage, VkImageCreateInfo, VkImage)
MAKES_ONE(vkCreateImageView, VkImageViewCreateInfo, VkImageView)
MAKES_ONE(vkCreateSampler, VkSamplerCreateInfo, VkSampler)
MAKES_ONE(vkCreateShaderModule, VkShaderModuleCreateInfo, VkShaderModule)
MAKES_ONE(vkCreateDescriptorSetLayout, VkDescriptorSetLayoutCreateInfo,
          VkDescriptorSetLayout)
MAKES_ONE(vkCreatePipelineLayout, VkPipelineLayoutCreateInfo, VkPipelineLayout)
MAKES_ONE(vkCreateDescriptorPool, VkDescriptorPoolCreateInfo, VkDescriptorPool)
MAKES(vkAllocateDescriptorSets,
      (VkDevice d, const VkDescriptorSetAllocateInfo *i, VkDescriptorSet *s), d,
      i, s)
MAKES(vkBindBufferMemory,
      (VkDevice d, VkBuffer b, VkDeviceMemory m, VkDeviceSize o), d, b, m, o)
MAKES(vkBindImageMemory,
      (VkDevice d, VkImage i, VkDeviceMemory m, VkDeviceSize o), d, i, m, o)
MAKES(vkMapMemory,
      (VkDevice d, VkDeviceMemory m, VkDeviceSize o, VkDeviceSize n,
       VkMemoryMapFlags f, void **p),
      d, m, o, n, f, p)
MAKES(vkCreateGraphicsPipelines,
      (VkDevice d, VkPipelineCache c, uint32_t n,
       const VkGraphicsPipelineCreateInfo *i, const VkAllocationCallbacks *a,
       VkPipeline *p),
      d, c, n, i, a, p)
MAKES(vkCreateComputePipelines,
      (VkDevice d, VkPipelineCache c, uint32_t n,
       const VkComputePipelineCreateInfo *i, const VkAllocationCallbacks *a,
       VkPipeline *p),
      d, c, n, i, a, p)

/* ---- The way to a picture ------------------------------------------------ */

static void draw(void)
{
    XVGPU_GFX(&t.s, begin_rendering, .width = SIDE, .height = SIDE, .layers = 1,
              .nr_color = 1);
    XVGPU_GFX_MORE(&t.s, attachment, .view = VIEW_TARGET, .load = 1);
    put_bound(&t, PIPE_GRAPHICS);
    XVGPU_GFX(&t.s, draw, .vertices = 3, .instances = 1);
    /* Another set behind the same number. */
    put_write(&t, SET_GRAPHICS, 0, 0, 0);
    XVGPU_GFX(&t.s, draw, .vertices = 3, .instances = 1);
    XVGPU_GFX(&t.s, end_rendering);
}

static void dispatch(void)
{
    XVGPU_GFX(&t.s, bind_pipeline, .id = PIPE_COMPUTE);
    XVGPU_GFX(&t.s, bind_set, .point = 1, .index = 0, .set = SET_COMPUTE);
    XVGPU_GFX(&t.s, bind_set, .point = 1, .index = 2, .set = SET_IMAGE);
    XVGPU_GFX(&t.s, dispatch, .x = 4, .y = 1, .z = 1);
}

/* What each submission came to; the first that is not NONE. */
static uint32_t attempt(void)
{
    uint32_t code;

    objects_create(&t);
    code = gfx_submit(&t);
    if (code == XVGPU_FAULT_NONE) {
        draw();
        code = gfx_submit(&t);
    }
    if (code == XVGPU_FAULT_NONE) {
        dispatch();
        code = gfx_submit(&t);
    }
    return code;
}

/* The ring starts anew: all that the engine has goes. */
static void begin_again(void)
{
    assert_int_equal(gfx_drain(t.g), 0);
    gfx_state_clear(t.g);
    gfx_objects_clear(t.g);
    assert_null(t.g->objects);
    assert_null(t.g->graveyard);
    assert_int_equal(t.g->local_used, 0);
    assert_int_equal(t.g->mapped, 0);
    assert_int_equal(t.g->copies, 0);
    assert_int_equal(t.g->spirv, 0);
}

static void fail_each(bool import)
{
    uint32_t code, n, faults = 0;

    t.g->vk.import &= import;
    fail_at = 0;
    assert_int_equal(attempt(), XVGPU_FAULT_NONE);
    for (n = 1;; n++) {
        begin_again();
        calls = 0;
        fail_at = n;
        code = attempt();
        if (calls < n)
            break;
        fail_at = 0;
        /* Import is tried, and may fail: then there is a copy. */
        if (code == XVGPU_FAULT_NONE) {
            assert_true(import && t.g->vk.import);
            continue;
        }
        assert_int_equal(code, XVGPU_FAULT_LIMIT);
        faults++;
        begin_again();
        assert_int_equal(attempt(), XVGPU_FAULT_NONE);
    }
    assert_int_equal(code, XVGPU_FAULT_NONE);
    assert_in_range(faults, 50, n);
    fail_at = 0;
}

static void in_place(void **state)
{
    (void)state;
    fail_each(true);
}

static void copied(void **state)
{
    (void)state;
    fail_each(false);
}

static int setup(void **state)
{
    (void)state;
    fail_at = 0;
    gfx_rig_new(&t);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    gfx_rig_free(&t);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(in_place, setup, teardown),
        cmocka_unit_test_setup_teardown(copied, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
