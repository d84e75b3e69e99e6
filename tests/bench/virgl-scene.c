/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "virgl-scene.h"

#include <GLES3/gl32.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lab/linux/gl-scene.h"

#define MANY 1500u
#define FEW 3u

static const char small_vertex[] =
    "#version 320 es\n"
    "uniform vec4 place;\n" /* x, y, size, turn */
    "out vec3 tint;\n"
    "void main() {\n"
    "    float a = place.w + float(gl_VertexID) * 2.0943951;\n"
    "    tint = 0.5 + 0.5 * cos(vec3(a, a + 2.0, a + 4.0));\n"
    "    gl_Position = vec4(place.xy + place.z * vec2(cos(a), sin(a)),\n"
    "                       0.0, 1.0);\n"
    "}\n";

static const char small_fragment[] = "#version 320 es\n"
                                     "precision highp float;\n"
                                     "in vec3 tint;\n"
                                     "out vec4 colour;\n"
                                     "void main() {\n"
                                     "    colour = vec4(tint, 1.0);\n"
                                     "}\n";

static const char large_vertex[] =
    "#version 320 es\n"
    "out vec2 at;\n"
    "void main() {\n"
    "    at = vec2(gl_VertexID == 1 ? 3.0 : -1.0,\n"
    "              gl_VertexID == 2 ? 3.0 : -1.0);\n"
    "    gl_Position = vec4(at, 0.0, 1.0);\n"
    "}\n";

/* A Julia set of a fixed number of rounds. */
static const char large_fragment[] =
    "#version 320 es\n"
    "precision highp float;\n"
    "uniform vec4 place;\n"
    "in vec2 at;\n"
    "out vec4 colour;\n"
    "void main() {\n"
    "    vec2 z = at * 1.3;\n"
    "    float near = 10.0;\n"
    "    for (int i = 0; i < 24; i++) {\n"
    "        z = vec2(z.x * z.x - z.y * z.y, 2.0 * z.x * z.y) + place.xy;\n"
    "        z = clamp(z, -4.0, 4.0);\n"
    "        near = min(near, dot(z, z));\n"
    "    }\n"
    "    colour = vec4(near * place.z, near, near * place.w, 0.5);\n"
    "}\n";

static struct gl_scene rings;
static GLuint program, array;
static GLint place;

static int gl_failed(const char *what)
{
    GLenum error = glGetError();

    if (error == GL_NO_ERROR)
        return 0;
    fprintf(stderr, "virgl-frames: %s: error 0x%x\n", what, error);
    return -EIO;
}

static void add(GLenum stage, const char *text)
{
    GLuint shader = glCreateShader(stage);

    glShaderSource(shader, 1, &text, NULL);
    glCompileShader(shader);
    glAttachShader(program, shader);
    glDeleteShader(shader);
}

static int make(const char *vertex, const char *fragment)
{
    GLint good = 0;

    program = glCreateProgram();
    add(GL_VERTEX_SHADER, vertex);
    add(GL_FRAGMENT_SHADER, fragment);
    glLinkProgram(program);
    glGetProgramiv(program, GL_LINK_STATUS, &good);
    if (!good) {
        fprintf(stderr, "virgl-frames: the shaders don't link\n");
        return -EIO;
    }
    place = glGetUniformLocation(program, "place");
    glGenVertexArrays(1, &array);
    return gl_failed("preparing");
}

static void begin(const struct load *l)
{
    glViewport(0, 0, l->width, l->height);
    glClearColor(0.1f, 0.15f, 0.25f, 1.0f);
    glClear(GL_COLOR_BUFFER_BIT | GL_DEPTH_BUFFER_BIT);
    glUseProgram(program);
    glBindVertexArray(array);
}

static int rings_init(const struct load *l)
{
    (void)l;
    return gl_scene_init(&rings, 4, 8);
}

static int rings_draw(const struct load *l, unsigned int frame)
{
    return gl_scene_draw(&rings, l->width, l->height, frame);
}

static int many_init(const struct load *l)
{
    (void)l;
    return make(small_vertex, small_fragment);
}

static int many_draw(const struct load *l, unsigned int frame)
{
    unsigned int i;

    begin(l);
    for (i = 0; i < MANY; i++) {
        glUniform4f(place, -0.95f + 1.9f * (float)(i % 50) / 49,
                    -0.95f + 1.9f * (float)(i / 50) / (MANY / 50 - 1), 0.04f,
                    (float)(i + frame) * 0.1f);
        glDrawArrays(GL_TRIANGLES, 0, 3);
    }
    return gl_failed("drawing");
}

static int few_init(const struct load *l)
{
    (void)l;
    return make(large_vertex, large_fragment);
}

static int few_draw(const struct load *l, unsigned int frame)
{
    unsigned int i;

    begin(l);
    glEnable(GL_BLEND);
    glBlendFunc(GL_SRC_ALPHA, GL_ONE_MINUS_SRC_ALPHA);
    for (i = 0; i < FEW; i++) {
        glUniform4f(place, -0.4f + 0.01f * (float)(frame % 50),
                    0.6f - 0.1f * (float)i, 0.3f * (float)i, 0.9f);
        glDrawArrays(GL_TRIANGLES, 0, 3);
    }
    return gl_failed("drawing");
}

static const struct load loads[] = {
    {"rings", "4 draws of all five stages", 640, 480, rings_init, rings_draw},
    {"many", "1,500 small draws", 640, 480, many_init, many_draw},
    {"few", "3 draws of the whole picture", 1280, 800, few_init, few_draw},
};

const struct load *load_find(const char *name)
{
    size_t i;

    for (i = 0; i < sizeof(loads) / sizeof(loads[0]); i++) {
        if (!strcmp(loads[i].name, name))
            return &loads[i];
    }
    return NULL;
}

uint64_t load_sum(const struct load *l)
{
    size_t n = (size_t)l->width * (size_t)l->height * 4, i;
    unsigned char *bytes = calloc(n, 1);
    uint64_t sum = 14695981039346656037ull;

    if (!bytes)
        return 0;
    glReadPixels(0, 0, l->width, l->height, GL_RGBA, GL_UNSIGNED_BYTE, bytes);
    for (i = 0; i < n; i++)
        sum = (sum ^ bytes[i]) * 1099511628211ull;
    free(bytes);
    return sum;
}
