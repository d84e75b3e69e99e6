/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writes the tests' shaders into a folder, as inputs of the target shader. */
#include <stdio.h>

#include "tests/gfx/mutate.h"

int main(int argc, char **argv)
{
    char path[4096];
    unsigned int k;
    FILE *f;
    int rc = 0;

    if (argc != 2) {
        fprintf(stderr, "usage: seeds-shader FOLDER\n");
        return 2;
    }
    for (k = 0; k < mutant_seeds; k++) {
        struct mutant_seed seed = mutant_seed(k);

        snprintf(path, sizeof(path), "%s/%s", argv[1], seed.name);
        f = fopen(path, "wb");
        if (!f || fwrite(seed.words, 4, seed.n, f) != seed.n) {
            perror(path);
            rc = 1;
        }
        if (f && fclose(f))
            rc = 1;
    }
    return rc;
}
