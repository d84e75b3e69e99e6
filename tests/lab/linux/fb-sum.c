/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The checksum of what the kernel's console shows, as dom0-pngsum prints it of
 * a screenshot. */
#include <fcntl.h>
#include <linux/fb.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    uint32_t x, y, sum = 0, sums = 0;
    struct fb_var_screeninfo var;
    struct fb_fix_screeninfo fix;
    const unsigned char *pixels;
    int fd;

    if (argc != 2)
        return fprintf(stderr, "usage: fb-sum DEVICE\n"), 2;
    fd = open(argv[1], O_RDWR);
    if (fd < 0 || ioctl(fd, FBIOGET_VSCREENINFO, &var) ||
        ioctl(fd, FBIOGET_FSCREENINFO, &fix) || var.bits_per_pixel != 32)
        return perror("fb-sum"), 1;
    pixels = mmap(NULL, fix.smem_len, PROT_READ, MAP_SHARED, fd, 0);
    if (pixels == MAP_FAILED)
        return perror("fb-sum: mmap"), 1;
    for (y = 0; y < var.yres; y++)
        for (x = 0; x < var.xres; x++) {
            const unsigned char *p = pixels + y * fix.line_length + 4 * x;

            sum += p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16;
            sums += sum;
        }
    printf("SHOWN width=%u height=%u sum=%08x%08x\n", var.xres, var.yres, sum,
           sums);
    return 0;
}
