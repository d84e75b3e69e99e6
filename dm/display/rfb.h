/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libvncserver's header, whose macros are not ours. */
#ifndef DISPLAY_RFB_H
#define DISPLAY_RFB_H

#include <rfb/rfb.h>
#include <rfb/rfbregion.h>

#endif
