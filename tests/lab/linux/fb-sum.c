/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The checksum of what the kernel's console shows, as dom0-pngsum prints it of
 * a screenshot. It is read, not mapped: Linux 6.12 does not get out of the
 * driver's unbinding any more when its console's memory was mapped once.
 */
#include <fcntl.h>
#include <linux/fb.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    uint32_t x, y, sum = 0, sums = 0;
    struct fb_var_screeninfo var;
    struct fb_fix_screeninfo fix;
    unsigned char *line;
    size_t bytes;
    int fd;

    if (argc != 2)
        return fprintf(stderr, "usage: fb-sum DEVICE\n"), 2;
    fd = open(argv[1], O_RDWR);
    if (fd < 0 || ioctl(fd, FBIOGET_VSCREENINFO, &var) ||
        ioctl(fd, FBIOGET_FSCREENINFO, &fix) || var.bits_per_pixel != 32)
        return perror("fb-sum"), 1;
    bytes = 4 * (size_t)var.xres;
    line = malloc(bytes);
    if (!line)
        return perror("fb-sum"), 1;
    for (y = 0; y < var.yres; y++) {
        if (pread(fd, line, bytes, (off_t)y * fix.line_length) !=
            (ssize_t)bytes)
            return perror("fb-sum: a line"), 1;
        for (x = 0; x < var.xres; x++) {
            const unsigned char *p = line + 4 * x;

            sum += p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16;
            sums += sum;
        }
    }
    free(line);
    printf("SHOWN width=%u height=%u sum=%08x%08x\n", var.xres, var.yres, sum,
           sums);
    return 0;
}
