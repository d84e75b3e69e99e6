/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a virtual display says of itself: VESA Enhanced EDID 1.4, one block. */
#ifndef LIB_EDID_H
#define LIB_EDID_H

#include <stdint.h>

#define EDID_SIZE 128u

/* Display `index` of a vGPU, which would like to be shown width by height
 * pixels at 60 Hz; an EDID has no room for sides above 4095. */
void edid_make(uint8_t edid[EDID_SIZE], uint32_t index, uint32_t width,
               uint32_t height);

#endif
