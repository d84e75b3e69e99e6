/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Says whether two PNG files show the same.
 *
 * The tolerance: a pixel is off when one of its channels differs by more than
 * 8 of 255, and at most 5 of 1,000 pixels may be off. On one Vulkan driver the
 * pictures are the same to the bit (--exact); between drivers rounding changes
 * colours by a step or two everywhere, and the samples that edges cover at
 * some pixels.
 */
#include "tests/gfx/picture.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#define LIMIT 8
#define PER_MILLE 5

static const struct option options[] = {
    {"exact", no_argument, NULL, 'e'},
    {"limit", required_argument, NULL, 'l'},
    {"per-mille", required_argument, NULL, 'p'},
    {NULL, 0, NULL, 0},
};

static int usage(void)
{
    fprintf(
        stderr,
        "usage: compare [--exact | --limit N] [--per-mille N] A.png B.png\n"
        "  --limit N      how far a channel may be off (%d)\n"
        "  --per-mille N  how many of 1,000 pixels may be further off (%d)\n"
        "  --exact        both 0\n"
        "Exit status: 0 the same, 1 not, 2 trouble.\n",
        LIMIT, PER_MILLE);
    return 2;
}

static int number(const char *text, uint32_t max, uint32_t *n)
{
    char *end;
    unsigned long v = strtoul(text, &end, 10);

    *n = (uint32_t)v;
    return *text >= '0' && *text <= '9' && !*end && v <= max ? 0 : -1;
}

int main(int argc, char **argv)
{
    uint32_t limit = LIMIT, per_mille = PER_MILLE;
    struct picture a = {0}, b = {0};
    struct picture_difference d;
    int c, status = 2, rc = 0;

    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (c == 'e')
            limit = per_mille = 0;
        else if (c == 'l')
            rc |= number(optarg, 255, &limit);
        else if (c == 'p')
            rc |= number(optarg, 1000, &per_mille);
        else
            rc = -1;
    }
    if (rc || argc - optind != 2)
        return usage();
    if (picture_read(&a, argv[optind]) || picture_read(&b, argv[optind + 1]))
        goto out;
    if (picture_compare(&a, &b, limit, &d)) {
        printf("different sizes: %ux%u and %ux%u\n", a.width, a.height, b.width,
               b.height);
        status = 1;
        goto out;
    }
    status = (uint64_t)d.beyond * 1000 > (uint64_t)d.pixels * per_mille;
    printf("%s: %u of %u pixels differ, by %u at most; %u by more than %u",
           status ? "different" : "the same", d.other, d.pixels, d.largest,
           d.beyond, limit);
    if (d.beyond)
        printf(", first at %u,%u", d.x, d.y);
    printf("\n");
out:
    picture_free(&a);
    picture_free(&b);
    return status;
}
