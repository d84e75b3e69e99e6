/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/shader-text.h"

/* The header defines it, so that two users of it don't link. */
#define kDefaultMaxIdBound text_max_id_bound
#include <spirv-tools/libspirv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/gfx/mutate.h"

int text_check(const char *text, struct shader **out, char *why, size_t len)
{
    spv_context context = spvContextCreate(SPV_ENV_UNIVERSAL_1_3);
    spv_diagnostic diagnostic = NULL;
    spv_binary binary = NULL;
    int rc;

    if (spvTextToBinary(context, text, strlen(text), &binary, &diagnostic)) {
        fprintf(stderr, "%s\nline %zu: %s\n", text,
                diagnostic->position.line + 1, diagnostic->error);
        abort();
    }
    rc = shader_check(binary->code, binary->wordCount, &shader_limits_default,
                      out, why, len);
    spvBinaryDestroy(binary);
    spvDiagnosticDestroy(diagnostic);
    spvContextDestroy(context);
    return rc;
}

struct shader *seed_check(const char *name)
{
    struct shader *s;
    unsigned int k;
    char why[256];

    for (k = 0; k < mutant_seeds; k++) {
        struct mutant_seed seed = mutant_seed(k);

        if (strcmp(seed.name, name))
            continue;
        if (!shader_check(seed.words, seed.n, &shader_limits_default, &s, why,
                          sizeof(why)) &&
            shader_info(s)->stage == seed.stage)
            return s;
        fprintf(stderr, "%s: %s\n", name, why);
    }
    abort();
}
