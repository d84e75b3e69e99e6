/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/gfx/mutate-shaders.h"

#include <errno.h>
/* The header defines it, so that two users of it don't link. */
#define kDefaultMaxIdBound mutate_max_id_bound
#include <spirv-tools/libspirv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dm/engine/gfx/shader.h"
#include "tests/gfx/mutate-vulkan.h"
#include "tests/gfx/mutate.h"

/* Stages that belong together, by the names of their modules. */
static const char *const families[][SHADER_STAGES] = {
    {"planet.vert", "planet.tesc", "planet.tese", NULL, "planet.frag"},
    {"planet.vert", "planet.tesc", "planet.tese", NULL, "clouds.frag"},
    {"confetti.vert", NULL, NULL, NULL, "confetti.frag"},
    {"panel.vert", NULL, NULL, NULL, "panel.frag"},
    {"panel.vert", NULL, NULL, NULL, "sky.frag"},
    {"ring.vert", NULL, NULL, NULL, "ring.frag"},
    {"rocks.vert", NULL, NULL, NULL, "rocks.frag"},
    {"spikes.vert", NULL, NULL, "spikes.geom", "spikes.frag"},
    {"sprite.vert", NULL, NULL, "sprite.geom", "sprite.frag"},
    {"mix.vert", "mix.tesc", "mix.tese", "mix.geom", "mix.frag"},
    {NULL, NULL, NULL, NULL, NULL, "fractal.comp"},
    {NULL, NULL, NULL, NULL, NULL, "reduce.comp"},
    {NULL, NULL, NULL, NULL, NULL, "mix.comp"},
};
#define FAMILIES (sizeof(families) / sizeof(families[0]))

static struct shader *originals[64];

static int find_seed(const char *name)
{
    unsigned int k;

    for (k = 0; name && k < mutant_seeds; k++) {
        if (!strcmp(mutant_seed(k).name, name))
            return (int)k;
    }
    return -1;
}

static int check_originals(void)
{
    unsigned int k;
    char why[256];

    for (k = 0; k < mutant_seeds && k < 64; k++) {
        struct mutant_seed seed = mutant_seed(k);

        if (shader_check(seed.words, seed.n, &shader_limits_default,
                         &originals[k], why, sizeof(why))) {
            fprintf(stderr, "%s: %s\n", seed.name, why);
            return -1;
        }
    }
    return 0;
}

/* The family that seed `which` is in, with the mutant in its place. */
static int build_stages(unsigned int which, const struct shader *mutant,
                        const struct shader **stages)
{
    unsigned int f, k;

    for (f = 0; f < FAMILIES; f++) {
        for (k = 0; k < SHADER_STAGES; k++) {
            if (families[f][k] &&
                !strcmp(families[f][k], mutant_seed(which).name))
                goto found;
        }
    }
    return -1;

found:
    for (k = 0; k < SHADER_STAGES; k++) {
        int other = find_seed(families[f][k]);

        stages[k] = other < 0 ? NULL : originals[other];
        if (other == (int)which)
            stages[k] = mutant;
    }
    /* A splice may have made it another stage's. */
    return shader_info(mutant)->stage == mutant_seed(which).stage ? 0 : -1;
}

/* A pipeline that has what the vertex and fragment stages want, and a layout
 * with all bindings of all stages: what two stages see as different things is
 * no match. */
static int match(const struct shader *const *stages, char *why, size_t len)
{
    static struct shader_layout_binding
        bindings[SHADER_STAGES * SHADER_BINDINGS];
    struct shader_push_range push = {0, 256, ~0u};
    struct shader_pipeline p = {.bindings = bindings,
                                .ranges = &push,
                                .n_ranges = 1,
                                .patch_vertices = 3,
                                .topology = SHADER_TRIANGLES};
    unsigned int k, i, j;

    for (k = 0; k < SHADER_STAGES; k++) {
        const struct shader_info *info;

        if (!stages[k])
            continue;
        info = shader_info(stages[k]);
        for (i = 0; i < info->n_bindings; i++) {
            const struct shader_binding *b = &info->bindings[i];
            struct shader_layout_binding l = {b->set, b->binding, b->count,
                                              b->type, ~0u};

            for (j = 0; j < p.n_bindings; j++) {
                if (bindings[j].set == l.set &&
                    bindings[j].binding == l.binding)
                    break;
            }
            if (j == p.n_bindings)
                bindings[p.n_bindings++] = l;
            else if (bindings[j].count < l.count)
                bindings[j].count = l.count;
        }
    }
    if (stages[SHADER_TESS_CONTROL])
        p.topology = SHADER_PATCHES;
    else if (stages[SHADER_GEOMETRY])
        p.topology = shader_info(stages[SHADER_GEOMETRY])->geometry_in;
    for (k = 0; stages[SHADER_VERTEX] && k < SHADER_LOCATIONS; k++)
        p.attributes[k] = shader_info(stages[SHADER_VERTEX])->in[k].base;
    for (k = 0; stages[SHADER_FRAGMENT] && k < 8; k++)
        p.colours[k] = shader_info(stages[SHADER_FRAGMENT])->out[k].base;
    return shader_match(stages, &p, why, len);
}

static void save(uint32_t number, const char *suffix, const uint32_t *words,
                 size_t n)
{
    char path[4096];
    FILE *f;

    snprintf(path, sizeof(path), "%s/%u%s", options.save, number, suffix);
    f = fopen(path, "wb");
    if (!f || fwrite(words, 4, n, f) != n)
        perror(path);
    if (f)
        fclose(f);
}

static void tell(int fd, uint32_t number, enum outcome what)
{
    struct message m = {number, what};

    if (write(fd, &m, sizeof(m)) != sizeof(m))
        _exit(2);
}

/* The words of seed `which` as they were. */
static struct vulkan_stage raw_seed(unsigned int which)
{
    struct mutant_seed seed = mutant_seed(which);

    return (struct vulkan_stage){shader_info(originals[which]), seed.words,
                                 seed.n};
}

/* `raw`: the words of the stage that has them, instead of the gate's. */
static enum outcome run_driver(const struct shader *const *stages,
                               const struct vulkan_stage *raw)
{
    struct vulkan_stage list[SHADER_STAGES] = {0};
    unsigned int k;

    for (k = 0; k < SHADER_STAGES; k++) {
        if (!stages[k])
            continue;
        list[k].info = shader_info(stages[k]);
        list[k].words = shader_words(stages[k], &list[k].n);
        if (raw && raw->info == list[k].info)
            list[k] = *raw;
    }
    switch (vulkan_run(list)) {
    case VULKAN_RAN:
        return RAN;
    case VULKAN_REFUSED:
        return REFUSED;
    default:
        return NO_FORMAT;
    }
}

/* What SPIRV-Tools alone lets through, with the layout of the seed. */
static enum outcome run_validated(int fd, uint32_t number, unsigned int which,
                                  const uint32_t *words, uint32_t n)
{
    struct vulkan_stage raw = {shader_info(originals[which]), words, n};
    spv_context context = spvContextCreate(SPV_ENV_VULKAN_1_3);
    const struct shader *stages[SHADER_STAGES];
    spv_result_t rc = spvValidateBinary(context, words, n, NULL);

    spvContextDestroy(context);
    if (rc || build_stages(which, originals[which], stages))
        return INVALID;
    tell(fd, number, DRIVER_BEGINS);
    return run_driver(stages, &raw);
}

static enum outcome run_one(int fd, uint32_t number)
{
    static uint32_t words[MUTANT_WORDS];
    const struct shader *stages[SHADER_STAGES];
    enum outcome outcome;
    struct shader *s;
    char why[256];
    const uint32_t *out;
    unsigned int which;
    uint32_t n;
    size_t n_out;
    int rc;

    which = mutant_make(options.seed, number, words, &n);
    if (n == mutant_seed(which).n &&
        !memcmp(words, mutant_seed(which).words, n * 4))
        return SAME;
    if (options.save)
        save(number, ".spv", words, n);
    tell(fd, number, GATE_BEGINS);
    if (options.validator_only)
        return run_validated(fd, number, which, words, n);
    rc = shader_check(words, n, &shader_limits_default, &s, why, sizeof(why));
    if (options.verbose)
        printf("%u %s: %d %s\n", number, mutant_seed(which).name, rc, why);
    if (rc == -ENOTSUP)
        return UNOFFERED;
    if (rc == -E2BIG)
        return TOO_BIG;
    if (rc == -ENOMEM)
        return NO_MEMORY;
    if (rc)
        return INVALID;
    outcome = UNMATCHED;
    if (options.save) {
        out = shader_words(s, &n_out);
        save(number, ".out.spv", out, n_out);
    }
    if (build_stages(which, s, stages) || match(stages, why, sizeof(why))) {
        if (options.verbose)
            printf("%u: %s\n", number, why);
        goto out;
    }
    outcome = ACCEPTED;
    if (options.gate_only)
        goto out;
    tell(fd, number, DRIVER_BEGINS);
    outcome = run_driver(stages, NULL);

out:
    shader_free(s);
    return outcome;
}

int run_families(void)
{
    const struct shader *stages[SHADER_STAGES];
    unsigned int f, k;
    enum outcome outcome;
    struct vulkan_stage raw = {0};
    char why[256] = "";
    int which, rc = 0;

    if (check_originals() || vulkan_open())
        return 3;
    for (f = 0; f < FAMILIES; f++) {
        memset(stages, 0, sizeof(stages));
        for (k = 0; k < SHADER_STAGES; k++) {
            which = find_seed(families[f][k]);
            stages[k] = which < 0 ? NULL : originals[which];
            if (which >= 0)
                raw = raw_seed((unsigned int)which);
        }
        outcome =
            match(stages, why, sizeof(why))
                ? UNMATCHED
                : run_driver(stages, options.validator_only ? &raw : NULL);
        printf("%s %s: %s\n",
               stages[SHADER_COMPUTE] ? families[f][5] : families[f][0],
               outcome_names[outcome], why);
        fflush(stdout);
        rc |= outcome != RAN;
    }
    return rc;
}

void child(int fd, uint32_t first, uint32_t end)
{
    enum outcome outcome;

    if (check_originals() || (!options.gate_only && vulkan_open()))
        _exit(3);
    for (; first < end; first++) {
        outcome = run_one(fd, first);
        fflush(stdout);
        tell(fd, first, outcome);
    }
    _exit(0);
}

int run_file(const char *path)
{
    const struct shader *stages[SHADER_STAGES] = {0};
    uint32_t *words = malloc(1u << 22);
    FILE *f = fopen(path, "rb");
    struct vulkan_stage raw = {0};
    enum outcome outcome;
    struct shader *s;
    char why[256];
    int rc;

    if (!f || !words) {
        perror(path);
        return 3;
    }
    raw.n = fread(words, 4, 1u << 20, f);
    fclose(f);
    rc = shader_check(words, raw.n, &shader_limits_default, &s, why,
                      sizeof(why));
    if (rc) {
        printf("%s: %s: %s\n", path, strerror(-rc), why);
        free(words);
        return 1;
    }
    printf("%s: passed, %u indices clamped, %u divisions guarded\n", path,
           shader_info(s)->clamped, shader_info(s)->guarded);
    fflush(stdout);
    if (vulkan_open())
        return 3;
    stages[shader_info(s)->stage] = s;
    if (match(stages, why, sizeof(why))) {
        printf("%s: %s\n", path, why);
        shader_free(s);
        free(words);
        return 1;
    }
    raw.info = shader_info(s);
    raw.words = words;
    outcome = run_driver(stages, options.validator_only ? &raw : NULL);
    printf("%s: %s\n", path, outcome_names[outcome]);
    shader_free(s);
    free(words);
    return outcome != RAN;
}
