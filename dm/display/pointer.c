/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest's cursor. A viewer that can is given its image and place and draws
 * it by itself; for others libvncserver draws it into the picture.
 */
#include "dm/display/viewer.h"

#include <stdlib.h>
#include <string.h>

#define SIDE SCANOUT_CURSOR
#define MASK_LINE (SIDE / 8u)

/* Without memory there is no cursor to be seen. */
static rfbCursorPtr make_cursor(const struct scanout_cursor *from)
{
    rfbCursorPtr c = calloc(1, sizeof(*c));
    uint32_t i, alpha;

    if (!c)
        return NULL;
    c->cleanup = c->cleanupMask = c->cleanupRichSource = TRUE;
    c->width = c->height = SIDE;
    c->xhot = (unsigned short)from->hot_x;
    c->yhot = (unsigned short)from->hot_y;
    c->alphaPreMultiplied = TRUE; /* as the kernel's cursor planes are */
    c->richSource = malloc(sizeof(from->pixels));
    c->alphaSource = malloc(SIDE * SIDE);
    c->mask = calloc(MASK_LINE, SIDE);
    if (!c->richSource || !c->alphaSource || !c->mask) {
        rfbFreeCursor(c);
        return NULL;
    }
    memcpy(c->richSource, from->pixels, sizeof(from->pixels));
    for (i = 0; i < SIDE * SIDE; i++) {
        alpha = from->pixels[i] >> 24;
        c->alphaSource[i] = (unsigned char)alpha;
        if (alpha >= 0x80)
            c->mask[i / 8] |= (unsigned char)(0x80u >> i % 8);
    }
    return c;
}

static void set_cursor(struct viewer *v, const struct scanout_cursor *now)
{
    rfbCursorPtr c = now->visible ? make_cursor(now) : NULL;

    if (now->visible && !c)
        display_log(v->display, LOG_ERROR, "no memory for the guest's cursor");
    rfbSetCursor(v->screen, c);
}

static int clamp(int32_t at, uint32_t size)
{
    return at < 0 ? 0 : at >= (int32_t)size ? (int)size - 1 : at;
}

void pointer_follow(struct viewer *v)
{
    struct scanout_cursor now;

    if (scanout_look_cursor(v->display->base, v->scanout, &now))
        return;
    now.visible = now.visible && v->shown.width;
    if (!v->pointer.known || v->pointer.visible != now.visible ||
        (now.visible && v->pointer.changes != now.changes))
        set_cursor(v, &now);
    if (!v->pointer.known || v->pointer.x != now.x || v->pointer.y != now.y) {
        v->screen->cursorX = clamp(now.x, v->picture.width);
        v->screen->cursorY = clamp(now.y, v->picture.height);
        if (v->client)
            v->client->cursorWasMoved = TRUE;
    }
    v->pointer.known = true;
    v->pointer.visible = now.visible;
    v->pointer.changes = now.changes;
    v->pointer.x = now.x;
    v->pointer.y = now.y;
}

void pointer_forget(struct viewer *v)
{
    memset(&v->pointer, 0, sizeof(v->pointer));
}
