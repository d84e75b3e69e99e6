/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Prints the line that tests/guests/vgpu-draw prints of its surface, for a
 * PNG file: whether a screenshot shows what the guest has drawn. */
#include <png.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv)
{
    png_image image = {.version = PNG_IMAGE_VERSION};
    uint32_t a = 0, b = 0;
    uint8_t *pixels;
    size_t i;

    if (argc != 2 || !png_image_begin_read_from_file(&image, argv[1]))
        return fprintf(stderr, "dom0-pngsum: %s\n", image.message), 1;
    image.format = PNG_FORMAT_BGR;
    pixels = malloc(PNG_IMAGE_SIZE(image));
    if (!pixels || !png_image_finish_read(&image, NULL, pixels, 0, NULL))
        return fprintf(stderr, "dom0-pngsum: %s\n", image.message), 1;
    for (i = 0; i < (size_t)image.width * image.height; i++) {
        a += pixels[3 * i] | (uint32_t)pixels[3 * i + 1] << 8 |
             (uint32_t)pixels[3 * i + 2] << 16;
        b += a;
    }
    printf("width=%u height=%u sum=%08x%08x\n", image.width, image.height, a,
           b);
    free(pixels);
    return 0;
}
