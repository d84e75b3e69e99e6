/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which shaders fit each other, a layout and the rest of a pipeline. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/shader-text.h"

/* ---- Stages and layouts ---------------------------------------------- */

#define BINDINGS 32
#define GRAPHICS 0x1fu

struct set {
    struct shader *own[SHADER_STAGES];
    const struct shader *stages[SHADER_STAGES];
    struct shader_layout_binding bindings[BINDINGS];
    struct shader_push_range push;
    struct shader_pipeline p;
};

/* The five stages of mix.*, and a pipeline that fits. */
static int setup_set(void **state)
{
    static const char *const names[] = {"mix.vert", "mix.tesc", "mix.tese",
                                        "mix.geom", "mix.frag"};
    struct set *s = calloc(1, sizeof(*s));
    const struct shader_info *info;
    unsigned int k, i;

    assert_non_null(s);
    for (k = 0; k < SHADER_COMPUTE; k++) {
        s->own[k] = seed_check(names[k]);
        s->stages[k] = s->own[k];
        info = shader_info(s->own[k]);
        for (i = 0; i < info->n_bindings; i++)
            s->bindings[s->p.n_bindings++] = (struct shader_layout_binding){
                info->bindings[i].set, info->bindings[i].binding,
                info->bindings[i].count, info->bindings[i].type, GRAPHICS};
    }
    s->push = (struct shader_push_range){0, 68, 1u << SHADER_VERTEX};
    s->p.bindings = s->bindings;
    s->p.ranges = &s->push;
    s->p.n_ranges = 1;
    for (k = 0; k < 7; k++)
        s->p.attributes[k] = shader_info(s->own[0])->in[k].base;
    s->p.colours[0] = SHADER_FLOAT;
    s->p.colours[1] = SHADER_INT;
    s->p.topology = SHADER_PATCHES;
    s->p.patch_vertices = 4;
    *state = s;
    return 0;
}

static int teardown_set(void **state)
{
    struct set *s = *state;
    unsigned int k;

    for (k = 0; k < SHADER_STAGES; k++)
        shader_free(s->own[k]);
    free(s);
    return 0;
}

static void fits(const struct set *s)
{
    char why[256];

    if (shader_match(s->stages, &s->p, why, sizeof(why)))
        fail_msg("%s", why);
    assert_string_equal(why, "");
}

static void fits_not(const struct set *s, const char *part)
{
    char why[256];

    assert_int_equal(shader_match(s->stages, &s->p, why, sizeof(why)), -EINVAL);
    if (!strstr(why, part))
        fail_msg("\"%s\" instead of \"%s\"", why, part);
}

static void test_layout(void **state)
{
    struct set *s = *state;
    struct shader_layout_binding saved;
    size_t k;

    fits(s);
    for (k = 0; k < s->p.n_bindings; k++) {
        saved = s->bindings[k];
        s->bindings[k].binding = 31;
        /* Two stages have 1.3. */
        if (saved.set != 1 || saved.binding != 3)
            fits_not(s, "is not in the layout");
        s->bindings[k] = saved;
        s->bindings[k].stages = 0;
        if (saved.set != 1 || saved.binding != 3)
            fits_not(s, "is not for the");
        s->bindings[k] = saved;
    }
    saved = s->bindings[0];
    s->bindings[0].type = SHADER_STORAGE_IMAGE;
    fits_not(s, "is of type 3");
    s->bindings[0] = saved;
    for (k = 0; k < s->p.n_bindings; k++) {
        if (s->bindings[k].set == 1 && s->bindings[k].binding == 0)
            s->bindings[k].count = 3;
    }
    fits_not(s, "has 3 descriptors");
}

static void test_dynamic(void **state)
{
    struct set *s = *state;
    size_t k;

    for (k = 0; k < s->p.n_bindings; k++) {
        if (s->bindings[k].type == SHADER_UNIFORM_BUFFER)
            s->bindings[k].type = SHADER_UNIFORM_DYNAMIC;
        if (s->bindings[k].type == SHADER_STORAGE_BUFFER)
            s->bindings[k].type = SHADER_STORAGE_DYNAMIC;
    }
    fits(s);
}

static void test_push(void **state)
{
    struct set *s = *state;

    s->push.size = 64;
    fits_not(s, "68 bytes of push constants, the layout 64");
    s->push = (struct shader_push_range){0, 128, 1u << SHADER_FRAGMENT};
    fits_not(s, "the layout 0");
}

static void test_state(void **state)
{
    struct set *s = *state;

    s->p.attributes[3] = SHADER_NONE;
    fits_not(s, "attribute 3");
    s->p.attributes[3] = SHADER_FLOAT;
    fits_not(s, "attribute 3");
    s->p.attributes[3] = SHADER_UINT;
    s->p.colours[1] = SHADER_FLOAT;
    fits_not(s, "colour attachment 1");
    s->p.colours[1] = SHADER_INT;
    s->p.topology = SHADER_TRIANGLES;
    fits_not(s, "something else than patches");
    s->p.topology = SHADER_PATCHES;
    s->p.patch_vertices = 33;
    fits_not(s, "patches of 33");
    s->p.patch_vertices = 32;
    fits(s);
}

static void test_stages(void **state)
{
    struct set *s = *state;
    struct shader *other = seed_check("planet.frag");
    struct shader *compute = seed_check("reduce.comp");
    struct shader *points = seed_check("sprite.geom");
    const struct shader *all[SHADER_STAGES];

    memcpy(all, s->stages, sizeof(all));
    s->stages[SHADER_TESS_EVALUATION] = NULL;
    fits_not(s, "one stage of tessellation");
    memcpy(s->stages, all, sizeof(all));
    s->stages[SHADER_VERTEX] = NULL;
    fits_not(s, "no vertex stage");
    memcpy(s->stages, all, sizeof(all));
    s->stages[SHADER_FRAGMENT] = s->own[SHADER_GEOMETRY];
    fits_not(s, "is a geometry shader");
    s->stages[SHADER_FRAGMENT] = other;
    fits_not(s, "32 bytes of push constants, the layout 0");
    memcpy(s->stages, all, sizeof(all));
    s->stages[SHADER_COMPUTE] = compute;
    fits_not(s, "compute beside others");
    memset(s->stages, 0, sizeof(s->stages));
    fits_not(s, "no stages");
    /* Without those between: what the fragment stage reads nobody writes. */
    s->stages[SHADER_VERTEX] = s->own[SHADER_VERTEX];
    s->stages[SHADER_FRAGMENT] = s->own[SHADER_FRAGMENT];
    s->p.topology = SHADER_TRIANGLES;
    fits_not(s, "does not write");
    s->stages[SHADER_FRAGMENT] = NULL;
    fits(s);
    s->p.topology = SHADER_PATCHES;
    fits_not(s, "patches without tessellation");
    memcpy(s->stages, all, sizeof(all));
    s->stages[SHADER_GEOMETRY] = points;
    s->stages[SHADER_FRAGMENT] = NULL;
    fits_not(s, "");
    shader_free(other);
    shader_free(compute);
    shader_free(points);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_layout, setup_set, teardown_set),
        cmocka_unit_test_setup_teardown(test_dynamic, setup_set, teardown_set),
        cmocka_unit_test_setup_teardown(test_push, setup_set, teardown_set),
        cmocka_unit_test_setup_teardown(test_state, setup_set, teardown_set),
        cmocka_unit_test_setup_teardown(test_stages, setup_set, teardown_set),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
