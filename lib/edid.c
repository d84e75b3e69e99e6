/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers of sections are those of VESA E-EDID Standard, release A2. */
#include "lib/edid.h"

#include <string.h>

#define SIDE_MAX 4095u
#define HZ 60u
#define DPI 96u
#define DESCRIPTOR(n) (54u + 18u * (n))

/* Three letters of five bits: 3.4.1. */
#define MANUFACTURER(a, b, c)                                                  \
    ((uint16_t)(((a) - 'A' + 1) << 10 | ((b) - 'A' + 1) << 5 | ((c) - 'A' + 1)))

static uint32_t millimetres(uint32_t pixels)
{
    return pixels * 254u / (DPI * 10u);
}

/* Detailed timing, 3.10.2: reduced blanking, since nothing is blanked. */
static void put_timing(uint8_t *d, uint32_t width, uint32_t height)
{
    const uint32_t hblank = 160, hfront = 48, hsync = 32;
    const uint32_t vblank = 48, vfront = 3, vsync = 6;
    uint32_t clock = (width + hblank) * (height + vblank) / 10000u * HZ;
    uint32_t mm_x = millimetres(width), mm_y = millimetres(height);

    d[0] = (uint8_t)clock;
    d[1] = (uint8_t)(clock >> 8);
    d[2] = (uint8_t)width;
    d[3] = (uint8_t)hblank;
    d[4] = (uint8_t)(width >> 8 << 4 | hblank >> 8);
    d[5] = (uint8_t)height;
    d[6] = (uint8_t)vblank;
    d[7] = (uint8_t)(height >> 8 << 4 | vblank >> 8);
    d[8] = (uint8_t)hfront;
    d[9] = (uint8_t)hsync;
    d[10] = (uint8_t)(vfront << 4 | vsync);
    d[12] = (uint8_t)mm_x;
    d[13] = (uint8_t)mm_y;
    d[14] = (uint8_t)(mm_x >> 8 << 4 | mm_y >> 8);
    d[17] = 0x1a; /* digital, separate sync, horizontal positive */
}

/* Display descriptors, 3.10.3. */
static void put_name(uint8_t *d)
{
    static const char name[13] = "xen-vgpu\n    ";

    d[3] = 0xfc;
    memcpy(d + 5, name, sizeof(name));
}

static void put_range(uint8_t *d)
{
    d[3] = 0xfd;
    d[5] = 24; /* Hz, vertical */
    d[6] = 120;
    d[7] = 15; /* kHz, horizontal */
    d[8] = 255;
    d[9] = 66; /* 10 MHz, pixel clock */
    d[10] = 1; /* no secondary timing formula */
    d[11] = '\n';
    memset(d + 12, ' ', 6);
}

void edid_make(uint8_t edid[EDID_SIZE], uint32_t index, uint32_t width,
               uint32_t height)
{
    static const uint8_t head[] = {0, 255, 255, 255, 255, 255, 255, 0};
    static const uint16_t maker = MANUFACTURER('X', 'E', 'N');
    /* sRGB's primaries and white point: 3.7. */
    static const uint8_t colours[] = {0xee, 0x91, 0xa3, 0x54, 0x4c,
                                      0x99, 0x26, 0x0f, 0x50, 0x54};
    uint32_t i, sum = 0;

    if (width > SIDE_MAX)
        width = SIDE_MAX;
    if (height > SIDE_MAX)
        height = SIDE_MAX;
    memset(edid, 0, EDID_SIZE);
    memcpy(edid, head, sizeof(head));
    edid[8] = (uint8_t)(maker >> 8);
    edid[9] = (uint8_t)maker;
    edid[10] = 1; /* product */
    edid[12] = (uint8_t)(index + 1);
    edid[17] = 36; /* 2026 */
    edid[18] = 1;
    edid[19] = 4;
    edid[20] = 0xa5; /* digital, 8 bits a colour, as DisplayPort */
    edid[21] = (uint8_t)(millimetres(width) / 10);
    edid[22] = (uint8_t)(millimetres(height) / 10);
    edid[23] = 120;  /* gamma 2.2 */
    edid[24] = 0x06; /* RGB; sRGB; the first timing is the native one */
    memcpy(edid + 25, colours, sizeof(colours));
    memset(edid + 38, 1, 16); /* no standard timings */
    put_timing(edid + DESCRIPTOR(0), width, height);
    put_range(edid + DESCRIPTOR(1));
    put_name(edid + DESCRIPTOR(2));
    edid[DESCRIPTOR(3) + 3] = 0x10; /* nothing */
    for (i = 0; i < EDID_SIZE - 1; i++)
        sum += edid[i];
    edid[EDID_SIZE - 1] = (uint8_t)-sum;
}
