/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Opening the Vulkan device on a system that refuses a driver something. */
#include "dm/engine/gfx/gfx.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

VkResult __real_vkCreateDevice(VkPhysicalDevice physical,
                               const VkDeviceCreateInfo *info,
                               const VkAllocationCallbacks *alloc,
                               VkDevice *device);
VkResult __wrap_vkCreateDevice(VkPhysicalDevice physical,
                               const VkDeviceCreateInfo *info,
                               const VkAllocationCallbacks *alloc,
                               VkDevice *device);

static struct {
    VkResult result;
    unsigned int failures, calls;
} plan;

VkResult __wrap_vkCreateDevice(VkPhysicalDevice physical,
                               const VkDeviceCreateInfo *info,
                               const VkAllocationCallbacks *alloc,
                               VkDevice *device)
{
    plan.calls++;
    if (plan.failures) {
        plan.failures--;
        *device = (VkDevice)(uintptr_t)1; /* means nothing */
        errno = EAGAIN;
        return plan.result;
    }
    return __real_vkCreateDevice(physical, info, alloc, device);
}

static int opened(VkResult result, unsigned int failures)
{
    struct vk vk;
    int rc;

    plan.result = result;
    plan.failures = failures;
    plan.calls = 0;
    rc = vk_open(&vk);
    if (rc == 0) {
        assert_non_null(vk.device);
        vk_close(&vk);
    }
    return rc;
}

/* As lavapipe answers when it gets no thread. */
static void short_for_a_moment(void **state)
{
    (void)state;
    assert_int_equal(opened(VK_ERROR_UNKNOWN, 1), 0);
    assert_int_equal(plan.calls, 2);
    assert_int_equal(opened(VK_ERROR_OUT_OF_HOST_MEMORY, 2), 0);
    assert_int_equal(plan.calls, 3);
}

static void short_for_good(void **state)
{
    (void)state;
    assert_int_equal(opened(VK_ERROR_UNKNOWN, 100), -ENODEV);
    assert_int_equal(plan.calls, 3);
    assert_int_equal(opened(VK_ERROR_OUT_OF_HOST_MEMORY, 100), -ENOMEM);
    assert_int_equal(plan.calls, 3);
}

static void another_error(void **state)
{
    (void)state;
    assert_int_equal(opened(VK_ERROR_FEATURE_NOT_PRESENT, 1), -ENODEV);
    assert_int_equal(plan.calls, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(short_for_a_moment),
        cmocka_unit_test(short_for_good),
        cmocka_unit_test(another_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
