/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What gl-picture draws: rings with all stages that OpenGL ES 3.2 draws with,
 * so that a stream holds each kind of shader, uniforms, a texture and depth. */
#ifndef LAB_GL_SCENE_H
#define LAB_GL_SCENE_H

struct gl_scene {
    unsigned int program, vertices, array, texture;
    int place, turn, levels;
    unsigned int draws; /* a frame */
    int detail;         /* tessellation level */
};

/* The context is current. Both return 0 or -EIO and say what failed. */
int gl_scene_init(struct gl_scene *s, unsigned int draws, int detail);
int gl_scene_draw(struct gl_scene *s, int width, int height,
                  unsigned int frame);

/* Draws with a fragment shader that does not end. */
int gl_scene_hang(int width, int height);

#endif
