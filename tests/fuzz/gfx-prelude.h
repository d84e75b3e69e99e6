/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is there before an input of the target gfx. An input is a word of
 * flags, then the stream, as it lies in an indirect buffer.
 */
#ifndef TESTS_FUZZ_GFX_PRELUDE_H
#define TESTS_FUZZ_GFX_PRELUDE_H

#include "tests/gfx/objects.h"
#include "tests/gfx/scene-stream.h"

#define PRELUDE_OBJECTS 0x1u /* those of tests/gfx/objects.h */
#define PRELUDE_COPIED 0x2u  /* guest memory is copied, not imported */
#define PRELUDE_RECOVER 0x4u /* afterwards all is made again */
#define PRELUDE_PARTS 0x8u   /* a chunk for each draw */
#define PRELUDE_SCENE(k) (((k) + 1u) << 8) /* of prelude_scenes() */

#define PRELUDE_NR_SCENES 3u
#define PRELUDE_WIDTH 64u
#define PRELUDE_HEIGHT 48u

/* Guest memory: the picture; the scenes', one behind the other. */
#define PRELUDE_SURFACE (GFX_DATA + (1u << 20))
#define PRELUDE_MEMORY (GFX_DATA + (2u << 20))

/* The scenes, in the rig's memory: 0, or 1 if there is no room. */
int prelude_scenes(struct gfx_rig *t, struct scene_guest *guests);

#endif
