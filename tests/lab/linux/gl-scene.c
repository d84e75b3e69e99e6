/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gl-scene.h"

#include <GLES3/gl32.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define AROUND 12 /* patches */
#define ACROSS 6
#define TEXTURE_SIZE 64

static const char vertex_text[] = "#version 320 es\n"
                                  "layout(location = 0) in vec2 corner;\n"
                                  "out vec2 at;\n"
                                  "void main() { at = corner; }\n";

static const char control_text[] =
    "#version 320 es\n"
    "layout(vertices = 4) out;\n"
    "uniform float levels;\n"
    "in vec2 at[];\n"
    "out vec2 here[];\n"
    "void main() {\n"
    "    here[gl_InvocationID] = at[gl_InvocationID];\n"
    "    if (gl_InvocationID == 0) {\n"
    "        gl_TessLevelOuter[0] = gl_TessLevelOuter[1] = levels;\n"
    "        gl_TessLevelOuter[2] = gl_TessLevelOuter[3] = levels;\n"
    "        gl_TessLevelInner[0] = gl_TessLevelInner[1] = levels;\n"
    "    }\n"
    "}\n";

/* A ring with waves, turned, in perspective. */
static const char evaluation_text[] =
    "#version 320 es\n"
    "layout(quads, equal_spacing, ccw) in;\n"
    "uniform vec4 place;\n" /* x, y, z, size */
    "uniform vec4 turn;\n"  /* sines and cosines of two angles */
    "in vec2 here[];\n"
    "out vec3 seen;\n"
    "out vec2 around;\n"
    "void main() {\n"
    "    vec2 p = mix(mix(here[0], here[1], gl_TessCoord.x),\n"
    "                 mix(here[3], here[2], gl_TessCoord.x), gl_TessCoord.y);\n"
    "    vec2 a = p * 6.2831853;\n"
    "    float thick = 0.35 + 0.05 * sin(a.x * 5.0 + a.y * 3.0);\n"
    "    float far = 1.0 + thick * cos(a.y);\n"
    "    vec3 q = vec3(far * cos(a.x), far * sin(a.x), thick * sin(a.y));\n"
    "    q *= place.w;\n"
    "    q.yz = vec2(q.y * turn.y - q.z * turn.x, q.y * turn.x + q.z * "
    "turn.y);\n"
    "    q.xz = vec2(q.x * turn.w - q.z * turn.z, q.x * turn.z + q.z * "
    "turn.w);\n"
    "    seen = q + place.xyz;\n"
    "    around = p;\n"
    "    gl_Position = vec4(seen.x * 1.5, seen.y * 2.0,\n"
    "                       (seen.z + 4.0) * 0.2 * 4.0 - 4.0, seen.z + 4.0);\n"
    "}\n";

/* Gives each triangle its normal, and its corners a number each. */
static const char geometry_text[] =
    "#version 320 es\n"
    "layout(triangles) in;\n"
    "layout(triangle_strip, max_vertices = 3) out;\n"
    "in vec3 seen[];\n"
    "in vec2 around[];\n"
    "out vec3 normal;\n"
    "out vec2 spot;\n"
    "out vec3 corners;\n"
    "void main() {\n"
    "    vec3 n = normalize(cross(seen[1] - seen[0], seen[2] - seen[0]));\n"
    "    for (int i = 0; i < 3; i++) {\n"
    "        normal = n;\n"
    "        spot = around[i];\n"
    "        corners = vec3(i == 0, i == 1, i == 2);\n"
    "        gl_Position = gl_in[i].gl_Position;\n"
    "        EmitVertex();\n"
    "    }\n"
    "    EndPrimitive();\n"
    "}\n";

static const char fragment_text[] =
    "#version 320 es\n"
    "precision highp float;\n"
    "uniform sampler2D pattern;\n"
    "uniform vec4 place;\n"
    "in vec3 normal;\n"
    "in vec2 spot;\n"
    "in vec3 corners;\n"
    "out vec4 colour;\n"
    "void main() {\n"
    "    vec3 light = normalize(vec3(0.4, 0.7, -0.6));\n"
    "    float bright = 0.25 + 0.75 * abs(dot(normal, light));\n"
    "    vec3 base = texture(pattern, spot * vec2(4.0, 2.0)).rgb;\n"
    "    vec3 tint = 0.6 + 0.4 * sin(vec3(0.0, 2.0, 4.0) + place.x * 3.0);\n"
    "    float edge = min(corners.x, min(corners.y, corners.z));\n"
    "    bright *= 0.55 + 0.45 * smoothstep(0.0, 0.15, edge);\n"
    "    colour = vec4(base * tint * bright, 1.0);\n"
    "}\n";

static const char plain_text[] =
    "#version 320 es\n"
    "void main() {\n"
    "    gl_Position = vec4(gl_VertexID == 1 ? 3.0 : -1.0,\n"
    "                       gl_VertexID == 2 ? 3.0 : -1.0, 0.0, 1.0);\n"
    "}\n";

/* Software drivers give up a shader's loops after 65,535 rounds, but each pixel
 * of each instance has them. */
static const char hang_text[] =
    "#version 320 es\n"
    "precision highp float;\n"
    "out vec4 colour;\n"
    "void main() {\n"
    "    float x = gl_FragCoord.x;\n"
    "    for (int i = 0; i < 60000; i++)\n"
    "        for (int j = 0; j < 60000; j++)\n"
    "            for (int k = 0; k < 60000; k++)\n"
    "                x = fract(x * 1.1 + gl_FragCoord.y + float(i + j - k));\n"
    "    colour = vec4(x);\n"
    "}\n";

static int gl_failed(const char *what)
{
    GLenum error = glGetError();

    if (error == GL_NO_ERROR)
        return 0;
    fprintf(stderr, "gl: %s: error 0x%x\n", what, error);
    return -EIO;
}

static int add_shader(GLuint program, GLenum stage, const char *text)
{
    GLuint shader = glCreateShader(stage);
    char log[1024] = "";
    GLint good = 0;

    glShaderSource(shader, 1, &text, NULL);
    glCompileShader(shader);
    glGetShaderiv(shader, GL_COMPILE_STATUS, &good);
    if (!good) {
        glGetShaderInfoLog(shader, sizeof(log), NULL, log);
        fprintf(stderr, "gl: shader 0x%x: %s\n", stage, log);
        return -EIO;
    }
    glAttachShader(program, shader);
    glDeleteShader(shader);
    return 0;
}

static int link_program(GLuint program)
{
    char log[1024] = "";
    GLint good = 0;

    glLinkProgram(program);
    glGetProgramiv(program, GL_LINK_STATUS, &good);
    if (good)
        return 0;
    glGetProgramInfoLog(program, sizeof(log), NULL, log);
    fprintf(stderr, "gl: linking: %s\n", log);
    return -EIO;
}

static void make_patches(struct gl_scene *s)
{
    static float corners[AROUND * ACROSS * 4][2];
    static const float corner[4][2] = {{0, 0}, {1, 0}, {1, 1}, {0, 1}};
    unsigned int i, c;

    for (i = 0; i < AROUND * ACROSS; i++)
        for (c = 0; c < 4; c++) {
            corners[4 * i + c][0] =
                ((float)(i % AROUND) + corner[c][0]) / AROUND;
            corners[4 * i + c][1] =
                ((float)(i / AROUND) + corner[c][1]) / ACROSS;
        }
    glGenVertexArrays(1, &s->array);
    glBindVertexArray(s->array);
    glGenBuffers(1, &s->vertices);
    glBindBuffer(GL_ARRAY_BUFFER, s->vertices);
    glBufferData(GL_ARRAY_BUFFER, sizeof(corners), corners, GL_STATIC_DRAW);
    glVertexAttribPointer(0, 2, GL_FLOAT, GL_FALSE, 0, NULL);
    glEnableVertexAttribArray(0);
}

static void make_texture(struct gl_scene *s)
{
    static unsigned char texels[TEXTURE_SIZE][TEXTURE_SIZE][4];
    unsigned int x, y;

    for (y = 0; y < TEXTURE_SIZE; y++)
        for (x = 0; x < TEXTURE_SIZE; x++) {
            texels[y][x][0] = (unsigned char)(255 - x * 2);
            texels[y][x][1] = (unsigned char)(128 + y * 2 - (x & 8) * 6);
            texels[y][x][2] = (x ^ y) & 16 ? 230 : 60;
            texels[y][x][3] = 255;
        }
    glGenTextures(1, &s->texture);
    glBindTexture(GL_TEXTURE_2D, s->texture);
    glTexImage2D(GL_TEXTURE_2D, 0, GL_RGBA, TEXTURE_SIZE, TEXTURE_SIZE, 0,
                 GL_RGBA, GL_UNSIGNED_BYTE, texels);
    glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MIN_FILTER, GL_LINEAR);
    glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MAG_FILTER, GL_LINEAR);
}

int gl_scene_init(struct gl_scene *s, unsigned int draws, int detail)
{
    int rc;

    memset(s, 0, sizeof(*s));
    s->draws = draws;
    s->detail = detail;
    s->program = glCreateProgram();
    rc = add_shader(s->program, GL_VERTEX_SHADER, vertex_text);
    if (!rc)
        rc = add_shader(s->program, GL_TESS_CONTROL_SHADER, control_text);
    if (!rc)
        rc = add_shader(s->program, GL_TESS_EVALUATION_SHADER, evaluation_text);
    if (!rc)
        rc = add_shader(s->program, GL_GEOMETRY_SHADER, geometry_text);
    if (!rc)
        rc = add_shader(s->program, GL_FRAGMENT_SHADER, fragment_text);
    if (!rc)
        rc = link_program(s->program);
    if (rc)
        return rc;
    s->place = glGetUniformLocation(s->program, "place");
    s->turn = glGetUniformLocation(s->program, "turn");
    s->levels = glGetUniformLocation(s->program, "levels");
    make_patches(s);
    make_texture(s);
    return gl_failed("preparing the scene");
}

int gl_scene_draw(struct gl_scene *s, int width, int height, unsigned int frame)
{
    unsigned int i;

    glViewport(0, 0, width, height);
    glEnable(GL_DEPTH_TEST);
    glClearColor(0.1f, 0.15f, 0.25f, 1.0f);
    glClear(GL_COLOR_BUFFER_BIT | GL_DEPTH_BUFFER_BIT);
    glUseProgram(s->program);
    glBindVertexArray(s->array);
    glBindTexture(GL_TEXTURE_2D, s->texture);
    glUniform1f(s->levels, (float)s->detail);
    glPatchParameteri(GL_PATCH_VERTICES, 4);
    for (i = 0; i < s->draws; i++) {
        float a = 0.4f + (float)i * 1.3f + (float)frame * 0.031f;
        float b = 0.9f + (float)i * 0.7f + (float)frame * 0.047f;
        float where = s->draws > 1 ? (float)i / (float)(s->draws - 1) : 0.5f;

        glUniform4f(s->place, -1.25f + 2.5f * where, sinf(where * 9.0f) * 0.6f,
                    0.4f * cosf(where * 9.0f), 0.6f);
        glUniform4f(s->turn, sinf(a), cosf(a), sinf(b), cosf(b));
        glDrawArrays(GL_PATCHES, 0, AROUND * ACROSS * 4);
    }
    return gl_failed("drawing");
}

int gl_scene_hang(int width, int height)
{
    GLuint program = glCreateProgram(), array;
    int rc;

    rc = add_shader(program, GL_VERTEX_SHADER, plain_text);
    if (!rc)
        rc = add_shader(program, GL_FRAGMENT_SHADER, hang_text);
    if (!rc)
        rc = link_program(program);
    if (rc)
        return rc;
    glGenVertexArrays(1, &array);
    glBindVertexArray(array);
    glUseProgram(program);
    glViewport(0, 0, width, height);
    glDrawArraysInstanced(GL_TRIANGLES, 0, 3, 10000);
    glFinish();
    return gl_failed("drawing without end");
}
