/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/gfx/scene.h"

#include "tests/gfx/scenes.h"

const struct scene *const scenes[] = {
    &scene_planet, &scene_many,   &scene_few,
    &scene_stream, &scene_reduce, &scene_fractal,
};
const uint32_t scene_count = sizeof(scenes) / sizeof(scenes[0]);

static bool same(const char *a, const char *b)
{
    while (*a && *a == *b)
        a++, b++;
    return *a == *b;
}

const struct scene *scene_find(const char *name)
{
    for (uint32_t i = 0; i < scene_count; i++)
        if (same(scenes[i]->name, name))
            return scenes[i];
    return NULL;
}

void scene_walk(struct scene_walk *w, const struct scene *s, uint32_t turn)
{
    *w = (struct scene_walk){
        .next = s->commands, .turn = turn, .picture_turn = turn};
}

const struct scene_command *scene_next(struct scene_walk *w)
{
    const struct scene_command *c;

    if (w->times && w->next == w->end) {
        w->times--;
        w->turn = w->times ? w->turn + 1 : w->picture_turn;
        if (w->times)
            w->next = w->begin;
    }
    c = w->next;
    if (c->op == SCENE_END_OF_SCENE)
        return NULL;
    w->next++;
    if (c->op != SCENE_REPEAT)
        return c;
    /* Repeats don't nest, and none has nothing in it. */
    w->begin = w->next;
    w->end = w->next + c->a[1];
    w->times = c->a[0];
    w->turn = 0;
    return scene_next(w);
}

void scene_push(const struct scene_walk *w, const struct scene_command *c,
                uint32_t words[SCENE_PUSH_MAX / 4])
{
    uint32_t size = c->a[0] < SCENE_PUSH_MAX ? c->a[0] : SCENE_PUSH_MAX;

    scene_copy(words, c->words, size);
    if (c->a[1])
        words[0] = w->turn;
}

bool scene_is_draw(const struct scene_command *c)
{
    switch (c->op) {
    case SCENE_DRAW:
    case SCENE_DRAW_INDEXED:
    case SCENE_DRAW_INDIRECT:
    case SCENE_DRAW_INDEXED_INDIRECT:
    case SCENE_DISPATCH:
    case SCENE_DISPATCH_INDIRECT:
        return true;
    default:
        return false;
    }
}

uint32_t scene_draws(const struct scene *s)
{
    const struct scene_command *c;
    struct scene_walk w;
    uint32_t n = 0;

    scene_walk(&w, s, 0);
    while ((c = scene_next(&w)))
        n += scene_is_draw(c);
    return n;
}

struct scene_rect scene_rect(const struct scene_command *c, uint32_t width,
                             uint32_t height)
{
    struct scene_rect r = {
        .x = c->a[0] * width / SCENE_PARTS,
        .y = c->a[1] * height / SCENE_PARTS,
    };

    r.width = (c->a[0] + c->a[2]) * width / SCENE_PARTS - r.x;
    r.height = (c->a[1] + c->a[3]) * height / SCENE_PARTS - r.y;
    return r;
}

void scene_copy(void *to, const void *from, size_t size)
{
    const uint8_t *in = from;
    uint8_t *out = to;

    while (size--)
        *out++ = *in++;
}

uint32_t scene_float(uint32_t n)
{
    uint32_t exponent = 127 + 23;

    if (!n)
        return 0;
    while (n < 1u << 23) {
        n <<= 1;
        exponent--;
    }
    return exponent << 23 | (n & 0x7fffff);
}
