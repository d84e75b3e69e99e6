/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Small pictures that use much of OpenGL ES 3.2, one kind a program run, so
 * that a recording of each is a short stream. */
#include "gl-target.h"

#include <GLES3/gl32.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SIDE 16

static GLuint program(const char *const *stage_text, const GLenum *stage,
                      unsigned int n, const char *captured)
{
    GLuint p = glCreateProgram();
    char log[512] = "";
    GLint good = 0;
    unsigned int i;

    for (i = 0; i < n; i++) {
        GLuint s = glCreateShader(stage[i]);

        glShaderSource(s, 1, &stage_text[i], NULL);
        glCompileShader(s);
        glAttachShader(p, s);
    }
    if (captured)
        glTransformFeedbackVaryings(p, 1, &captured, GL_INTERLEAVED_ATTRIBS);
    glLinkProgram(p);
    glGetProgramiv(p, GL_LINK_STATUS, &good);
    if (!good) {
        glGetProgramInfoLog(p, sizeof(log), NULL, log);
        fprintf(stderr, "gl-zoo: %s\n", log);
        exit(1);
    }
    glUseProgram(p);
    return p;
}

static GLuint draw_program(const char *vs, const char *fs, const char *captured)
{
    const char *text[] = {vs, fs};
    const GLenum stage[] = {GL_VERTEX_SHADER, GL_FRAGMENT_SHADER};

    return program(text, stage, 2, captured);
}

static GLuint buffer(GLenum target, const void *data, GLsizeiptr size)
{
    GLuint b;

    glGenBuffers(1, &b);
    glBindBuffer(target, b);
    glBufferData(target, size, data, GL_DYNAMIC_DRAW);
    return b;
}

static const float quad[] = {-1, -1, 1, -1, -1, 1, 1, 1};

static void attributes(void)
{
    GLuint a;

    glGenVertexArrays(1, &a);
    glBindVertexArray(a);
    buffer(GL_ARRAY_BUFFER, quad, sizeof(quad));
    glVertexAttribPointer(0, 2, GL_FLOAT, GL_FALSE, 0, NULL);
    glEnableVertexAttribArray(0);
}

static const char plain_vs[] =
    "#version 320 es\nlayout(location=0) in vec2 p; out vec2 t;\n"
    "void main() { t = p; gl_Position = vec4(p * 0.8, 0.1, 1.0); }\n";

/* Uniform block, instances, an index buffer, blending, stencil, scissor. */
static void states(void)
{
    static const unsigned short index[] = {0, 1, 2, 2, 1, 3};
    static const float colours[16] = {1, 0, 0, .5f, 0, 1, 0, .5f,
                                      0, 0, 1, .5f, 1, 1, 0, .5f};
    GLuint p = draw_program(
        "#version 320 es\nlayout(location=0) in vec2 p; flat out int n;\n"
        "void main() { n = gl_InstanceID; gl_PointSize = 2.0;\n"
        " gl_Position = vec4(p * 0.5 + float(n) * 0.1, 0.2, 1.0); }\n",
        "#version 320 es\nprecision highp float; flat in int n;\n"
        "layout(std140) uniform Block { vec4 c[4]; }; out vec4 o;\n"
        "void main() { if (gl_FragCoord.x < 3.0) discard; o = c[n & 3]; }\n",
        NULL);

    attributes();
    buffer(GL_ELEMENT_ARRAY_BUFFER, index, sizeof(index));
    glBindBufferBase(GL_UNIFORM_BUFFER, 0,
                     buffer(GL_UNIFORM_BUFFER, colours, sizeof(colours)));
    glUniformBlockBinding(p, 0, 0);
    glEnable(GL_BLEND);
    glBlendFuncSeparate(GL_SRC_ALPHA, GL_ONE_MINUS_SRC_ALPHA, GL_ONE, GL_ZERO);
    glEnable(GL_STENCIL_TEST);
    glStencilFuncSeparate(GL_FRONT, GL_ALWAYS, 1, 0xff);
    glStencilOp(GL_KEEP, GL_INCR, GL_REPLACE);
    glEnable(GL_SCISSOR_TEST);
    glScissor(1, 1, 12, 12);
    glEnable(GL_CULL_FACE);
    glEnable(GL_POLYGON_OFFSET_FILL);
    glPolygonOffset(1, 1);
    glDrawElementsInstanced(GL_TRIANGLES, 6, GL_UNSIGNED_SHORT, NULL, 3);
    glDisable(GL_CULL_FACE);
    glBlendEquation(GL_MAX);
    glDrawArrays(GL_LINE_LOOP, 0, 4);
    glDrawArrays(GL_POINTS, 0, 4);
    glDrawElements(GL_TRIANGLE_FAN, 4, GL_UNSIGNED_SHORT, NULL);
}

/* All kinds of textures, mipmaps, samplers, copies. */
static void textures(void)
{
    static unsigned char texels[4 * 8 * 8 * 6];
    GLuint t[4], s, p, i;

    for (i = 0; i < sizeof(texels); i++)
        texels[i] = (unsigned char)(i * 37);
    p = draw_program(
        plain_vs,
        "#version 320 es\nprecision highp float; precision highp sampler3D;\n"
        "precision highp sampler2DArray; in vec2 t; out vec4 o;\n"
        "uniform sampler2D a; uniform samplerCube b; uniform sampler3D c;\n"
        "uniform sampler2DArray d;\n"
        "void main() { o = texture(a, t) + textureLod(b, vec3(t, 1.0), 1.0)\n"
        " + texture(c, vec3(t, 0.5)) + texelFetch(d, ivec3(t * 4.0, 1), 0)\n"
        " + textureGather(a, t) + textureGrad(a, t, t, t.yx)\n"
        " + vec4(textureSize(a, 0), 0, 0); }\n",
        NULL);
    glGenTextures(4, t);
    glGenSamplers(1, &s);
    glSamplerParameteri(s, GL_TEXTURE_WRAP_S, GL_MIRRORED_REPEAT);
    glSamplerParameteri(s, GL_TEXTURE_MIN_FILTER, GL_LINEAR_MIPMAP_LINEAR);
    glBindSampler(0, s);
    glActiveTexture(GL_TEXTURE0);
    glBindTexture(GL_TEXTURE_2D, t[0]);
    glTexImage2D(GL_TEXTURE_2D, 0, GL_RGBA, 8, 8, 0, GL_RGBA, GL_UNSIGNED_BYTE,
                 texels);
    glTexSubImage2D(GL_TEXTURE_2D, 0, 2, 2, 3, 3, GL_RGBA, GL_UNSIGNED_BYTE,
                    texels + 9);
    glGenerateMipmap(GL_TEXTURE_2D);
    glActiveTexture(GL_TEXTURE1);
    glBindTexture(GL_TEXTURE_CUBE_MAP, t[1]);
    for (i = 0; i < 6; i++)
        glTexImage2D(GL_TEXTURE_CUBE_MAP_POSITIVE_X + i, 0, GL_RGBA8, 4, 4, 0,
                     GL_RGBA, GL_UNSIGNED_BYTE, texels + i);
    glGenerateMipmap(GL_TEXTURE_CUBE_MAP);
    glActiveTexture(GL_TEXTURE2);
    glBindTexture(GL_TEXTURE_3D, t[2]);
    glTexImage3D(GL_TEXTURE_3D, 0, GL_RGBA8, 4, 4, 4, 0, GL_RGBA,
                 GL_UNSIGNED_BYTE, texels);
    glActiveTexture(GL_TEXTURE3);
    glBindTexture(GL_TEXTURE_2D_ARRAY, t[3]);
    glTexStorage3D(GL_TEXTURE_2D_ARRAY, 2, GL_RGBA8, 4, 4, 3);
    glTexSubImage3D(GL_TEXTURE_2D_ARRAY, 0, 0, 0, 0, 4, 4, 2, GL_RGBA,
                    GL_UNSIGNED_BYTE, texels);
    glCopyImageSubData(t[0], GL_TEXTURE_2D, 0, 0, 0, 0, t[3],
                       GL_TEXTURE_2D_ARRAY, 0, 0, 0, 2, 4, 4, 1);
    glUniform1i(glGetUniformLocation(p, "b"), 1);
    glUniform1i(glGetUniformLocation(p, "c"), 2);
    glUniform1i(glGetUniformLocation(p, "d"), 3);
    attributes();
    glDrawArrays(GL_TRIANGLE_STRIP, 0, 4);
}

/* Four samples, resolved by a blit; two targets. */
static void samples(void)
{
    static const GLenum both[] = {GL_COLOR_ATTACHMENT0, GL_COLOR_ATTACHMENT1};
    GLuint fb, rb[2];
    GLint to;

    glGetIntegerv(GL_FRAMEBUFFER_BINDING, &to);
    draw_program(plain_vs,
                 "#version 320 es\nprecision highp float; in vec2 t;\n"
                 "layout(location=0) out vec4 o; layout(location=1) out "
                 "vec4 q;\nvoid main() { o = vec4(t, 1, 1); q = o.zyxw;\n"
                 " gl_FragDepth = 0.3; }\n",
                 NULL);
    glGenFramebuffers(1, &fb);
    glBindFramebuffer(GL_FRAMEBUFFER, fb);
    glGenRenderbuffers(2, rb);
    glBindRenderbuffer(GL_RENDERBUFFER, rb[0]);
    glRenderbufferStorageMultisample(GL_RENDERBUFFER, 4, GL_RGBA8, SIDE, SIDE);
    glBindRenderbuffer(GL_RENDERBUFFER, rb[1]);
    glRenderbufferStorageMultisample(GL_RENDERBUFFER, 4, GL_RGBA8, SIDE, SIDE);
    glFramebufferRenderbuffer(GL_FRAMEBUFFER, both[0], GL_RENDERBUFFER, rb[0]);
    glFramebufferRenderbuffer(GL_FRAMEBUFFER, both[1], GL_RENDERBUFFER, rb[1]);
    glDrawBuffers(2, both);
    glClear(GL_COLOR_BUFFER_BIT);
    glEnable(GL_SAMPLE_ALPHA_TO_COVERAGE);
    glSampleMaski(0, 5);
    glEnable(GL_SAMPLE_MASK);
    attributes();
    glDrawArrays(GL_TRIANGLE_STRIP, 0, 4);
    glBindFramebuffer(GL_DRAW_FRAMEBUFFER, (GLuint)to);
    glBlitFramebuffer(0, 0, SIDE, SIDE, 0, 0, SIDE, SIDE, GL_COLOR_BUFFER_BIT,
                      GL_NEAREST);
    glBindFramebuffer(GL_FRAMEBUFFER, (GLuint)to);
}

/* Transform feedback and queries. */
static void feedback(void)
{
    GLuint q[2], n;

    draw_program(
        "#version 320 es\nlayout(location=0) in vec2 p; out vec4 caught;\n"
        "void main() { caught = vec4(p, p.yx) * 2.0;\n"
        " gl_Position = vec4(p, 0.0, 1.0); }\n",
        "#version 320 es\nprecision highp float; in vec4 caught;\n"
        "out vec4 o; void main() { o = caught; }\n",
        "caught");
    attributes();
    glBindBufferBase(GL_TRANSFORM_FEEDBACK_BUFFER, 0,
                     buffer(GL_TRANSFORM_FEEDBACK_BUFFER, NULL, 256));
    glGenQueries(2, q);
    glBeginQuery(GL_TRANSFORM_FEEDBACK_PRIMITIVES_WRITTEN, q[0]);
    glBeginQuery(GL_ANY_SAMPLES_PASSED, q[1]);
    glBeginTransformFeedback(GL_TRIANGLES);
    glDrawArrays(GL_TRIANGLES, 0, 3);
    glEndTransformFeedback();
    glEndQuery(GL_ANY_SAMPLES_PASSED);
    glEndQuery(GL_TRANSFORM_FEEDBACK_PRIMITIVES_WRITTEN);
    glGetQueryObjectuiv(q[0], GL_QUERY_RESULT, &n);
    glGetQueryObjectuiv(q[1], GL_QUERY_RESULT, &n);
}

/* Compute with a storage buffer, an image and atomics; an indirect draw. */
static void compute(void)
{
    static const char *const text[] = {
        "#version 320 es\nlayout(local_size_x=4, local_size_y=2) in;\n"
        "layout(std430, binding=0) buffer B { uint n; uint v[]; };\n"
        "layout(rgba8, binding=0) writeonly uniform highp image2D im;\n"
        "layout(binding=0) uniform atomic_uint counter;\n"
        "shared uint s[8];\n"
        "void main() { uint i = gl_LocalInvocationIndex; s[i] = i * 3u;\n"
        " barrier(); atomicAdd(n, s[i ^ 1u]);\n"
        " v[gl_GlobalInvocationID.x] = atomicCounterIncrement(counter);\n"
        " imageStore(im, ivec2(gl_GlobalInvocationID.xy), vec4(s[7u - i]));\n"
        "}\n"};
    static const GLenum stage[] = {GL_COMPUTE_SHADER};
    static const GLuint indirect[] = {4, 1, 0, 0}, zero[64];
    GLuint t;

    glGenTextures(1, &t);
    glBindTexture(GL_TEXTURE_2D, t);
    glTexStorage2D(GL_TEXTURE_2D, 1, GL_RGBA8, 8, 8);
    program(text, stage, 1, NULL);
    glBindImageTexture(0, t, 0, GL_FALSE, 0, GL_WRITE_ONLY, GL_RGBA8);
    glBindBufferBase(GL_SHADER_STORAGE_BUFFER, 0,
                     buffer(GL_SHADER_STORAGE_BUFFER, zero, sizeof(zero)));
    glBindBufferBase(GL_ATOMIC_COUNTER_BUFFER, 0,
                     buffer(GL_ATOMIC_COUNTER_BUFFER, zero, 4));
    glDispatchCompute(2, 2, 1);
    glMemoryBarrier(GL_ALL_BARRIER_BITS);
    draw_program(plain_vs,
                 "#version 320 es\nprecision highp float; in vec2 t;\n"
                 "uniform sampler2D a; out vec4 o;\n"
                 "void main() { o = texture(a, t); }\n",
                 NULL);
    attributes();
    buffer(GL_DRAW_INDIRECT_BUFFER, indirect, sizeof(indirect));
    glDrawArraysIndirect(GL_TRIANGLE_STRIP, NULL);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*draw)(void);
    } all[] = {{"states", states},
               {"textures", textures},
               {"samples", samples},
               {"feedback", feedback},
               {"compute", compute}};
    struct gl_target t;
    unsigned char pixels[4 * SIDE * SIDE];
    unsigned int i, sum = 0;

    if (argc != 2 || gl_target_memory(&t, NULL, SIDE, SIDE))
        return 2;
    for (i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        if (!strcmp(argv[1], all[i].name)) {
            glViewport(0, 0, SIDE, SIDE);
            glClearColor(0.1f, 0.2f, 0.3f, 1);
            glClear(GL_COLOR_BUFFER_BIT | GL_DEPTH_BUFFER_BIT);
            all[i].draw();
            glReadPixels(0, 0, SIDE, SIDE, GL_RGBA, GL_UNSIGNED_BYTE, pixels);
        }
    for (i = 0; i < sizeof(pixels); i++)
        sum = sum * 31 + pixels[i];
    printf("%s %08x error 0x%x\n", argv[1], sum, glGetError());
    return 0;
}
