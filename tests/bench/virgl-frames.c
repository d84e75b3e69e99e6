/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Frames of OpenGL by Mesa's virpipe driver: through a virtio-gpu of production
 * processes on the fake Xen, or through virgl_test_server.
 *
 *   virgl-frames --vgpu XEN-VGPU-DM LIBEXEC LOAD FRAMES [THREADS]
 *   virgl-frames --server PROGRAM LOAD FRAMES [THREADS]
 */
#include <EGL/egl.h>
#include <EGL/eglext.h>
#include <GLES3/gl32.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "virgl-guest.h"
#include "virgl-scene.h"
#include "virgl-wire.h"

#define WARM 20u
#define START_MS 60000

static char dir[] = "/tmp/xvgpu-virgl-XXXXXX";
static char sock[64];
static pid_t server;

static double now(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* ---- virgl_test_server ----------------------------------------------------
 */

static void start_server(const char *program, const char *threads)
{
    struct stat st = {.st_mode = 0};
    char option[96];
    int ms;

    if (!mkdtemp(dir))
        bench_die(dir);
    snprintf(sock, sizeof(sock), "%s/socket", dir);
    snprintf(option, sizeof(option), "--socket-path=%s", sock);
    server = fork();
    if (server < 0)
        bench_die("fork");
    if (!server) {
        prctl(PR_SET_PDEATHSIG, SIGTERM);
        setenv("LP_NUM_THREADS", threads, 1);
        if (!freopen("/dev/null", "w", stdout))
            _exit(126);
        execlp(program, program, "--no-fork", "--use-egl-surfaceless", option,
               (char *)NULL);
        _exit(126);
    }
    for (ms = 0; stat(sock, &st) || !S_ISSOCK(st.st_mode); ms++) {
        if (ms > START_MS || waitpid(server, NULL, WNOHANG) == server)
            bench_die(program);
        usleep(1000);
    }
    wire_to(sock);
}

static void stop_server(void)
{
    kill(server, SIGTERM);
    waitpid(server, NULL, 0);
    unlink(sock);
    rmdir(dir);
}

/* ---- Frames ---------------------------------------------------------------
 */

static int open_context(const struct load *l)
{
    static const EGLint version[] = {EGL_CONTEXT_MAJOR_VERSION, 3,
                                     EGL_CONTEXT_MINOR_VERSION, 2, EGL_NONE};
    EGLDisplay display;
    EGLContext context;
    GLuint fb, buffer[2];

    setenv("GALLIUM_DRIVER", "virpipe", 1);
    setenv("LIBGL_ALWAYS_SOFTWARE", "1", 1);
    display = eglGetPlatformDisplay(EGL_PLATFORM_SURFACELESS_MESA,
                                    EGL_DEFAULT_DISPLAY, NULL);
    if (display == EGL_NO_DISPLAY || !eglInitialize(display, NULL, NULL) ||
        !eglBindAPI(EGL_OPENGL_ES_API))
        bench_die("EGL");
    context =
        eglCreateContext(display, EGL_NO_CONFIG_KHR, EGL_NO_CONTEXT, version);
    if (!eglMakeCurrent(display, EGL_NO_SURFACE, EGL_NO_SURFACE, context))
        bench_die("no context of OpenGL ES 3.2");
    glGenFramebuffers(1, &fb);
    glBindFramebuffer(GL_FRAMEBUFFER, fb);
    glGenRenderbuffers(2, buffer);
    glBindRenderbuffer(GL_RENDERBUFFER, buffer[0]);
    glRenderbufferStorage(GL_RENDERBUFFER, GL_RGBA8, l->width, l->height);
    glFramebufferRenderbuffer(GL_FRAMEBUFFER, GL_COLOR_ATTACHMENT0,
                              GL_RENDERBUFFER, buffer[0]);
    glBindRenderbuffer(GL_RENDERBUFFER, buffer[1]);
    glRenderbufferStorage(GL_RENDERBUFFER, GL_DEPTH_COMPONENT24, l->width,
                          l->height);
    glFramebufferRenderbuffer(GL_FRAMEBUFFER, GL_DEPTH_ATTACHMENT,
                              GL_RENDERBUFFER, buffer[1]);
    return glCheckFramebufferStatus(GL_FRAMEBUFFER) == GL_FRAMEBUFFER_COMPLETE
               ? 0
               : -EIO;
}

/* One is drawn while the last is finished, as with two buffers. */
static int frames(const struct load *l, unsigned int n)
{
    GLsync last = NULL, sync;
    unsigned int i;
    int rc = 0;

    for (i = 0; i < n && rc == 0; i++) {
        rc = l->draw(l, i);
        sync = glFenceSync(GL_SYNC_GPU_COMMANDS_COMPLETE, 0);
        glFlush();
        if (last)
            glClientWaitSync(last, GL_SYNC_FLUSH_COMMANDS_BIT,
                             GL_TIMEOUT_IGNORED);
        glDeleteSync(last);
        last = sync;
    }
    glDeleteSync(last);
    glFinish();
    return rc;
}

static int measure(const struct load *l, unsigned int n)
{
    struct guest_counts before, after;
    double begin, cpu;
    int rc = open_context(l);

    if (rc == 0)
        rc = l->init(l);
    if (rc == 0)
        rc = frames(l, WARM);
    if (rc < 0)
        return rc;
    before = guest_counts();
    begin = now(CLOCK_MONOTONIC);
    cpu = now(CLOCK_PROCESS_CPUTIME_ID);
    rc = frames(l, n);
    begin = now(CLOCK_MONOTONIC) - begin;
    cpu = now(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    after = guest_counts();
    printf("STATS load=%s frames=%u fps=%.2f client_cpu_ms=%.3f sum=%016llx "
           "commands=%.1f notified=%.1f interrupts=%.1f "
           "renderer=%s\n",
           l->name, n, n / begin, cpu * 1000 / n,
           (unsigned long long)load_sum(l),
           (double)(after.commands - before.commands) / n,
           (double)(after.notified - before.notified) / n,
           (double)(after.interrupts - before.interrupts) / n,
           (const char *)glGetString(GL_RENDERER));
    return rc;
}

static int usage(void)
{
    fprintf(stderr,
            "usage: virgl-frames --vgpu XEN-VGPU-DM LIBEXEC LOAD FRAMES "
            "[THREADS]\n"
            "       virgl-frames --server PROGRAM LOAD FRAMES [THREADS]\n"
            "LOAD: rings, many, few\n");
    return 2;
}

int main(int argc, char **argv)
{
    bool vgpu = argc > 1 && !strcmp(argv[1], "--vgpu");
    int at = vgpu ? 4 : 3, rc;
    const char *threads = argc > at + 2 ? argv[at + 2] : "2";
    const struct load *l = argc > at + 1 ? load_find(argv[at]) : NULL;

    if (!l || (!vgpu && strcmp(argv[1], "--server")))
        return usage();
    if (vgpu)
        guest_open(argv[2], argv[3], (unsigned int)atoi(threads));
    else
        start_server(argv[2], threads);
    rc = measure(l, (unsigned int)atoi(argv[at + 1]));
    if (vgpu)
        guest_close();
    else
        stop_server();
    return rc < 0;
}
