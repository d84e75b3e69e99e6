/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Draws a known picture with OpenGL ES 3.2, says who drew it and its checksum,
 * saves it or compares it with a saved one, and measures frames. */
#include "gl-scene.h"
#include "gl-target.h"

#include <GLES3/gl32.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define FIRST_FRAME_S 300
/* A renderer may round otherwise, and then an edge moves. */
#define TOLERANCE 8
#define DIFFERENT_PER_MILLE 5

static double now(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* virgl gives up to wait without end after 15 s, and the first frame, with all
 * its compiling, may take longer on an emulated machine. */
static void wait_for_frame(void)
{
    GLsync sync = glFenceSync(GL_SYNC_GPU_COMMANDS_COMPLETE, 0);
    int i;

    for (i = 0; i < FIRST_FRAME_S; i++)
        if (glClientWaitSync(sync, GL_SYNC_FLUSH_COMMANDS_BIT, 1000000000) !=
            GL_TIMEOUT_EXPIRED)
            break;
    glDeleteSync(sync);
}

/* Rows from the top, B, G, R, X: as the display has them. */
static unsigned char *read_picture(const struct gl_target *t)
{
    size_t row = (size_t)t->width * 4, i;
    unsigned char *bytes = malloc(row * (size_t)t->height);
    unsigned char *picture = malloc(row * (size_t)t->height);
    int y;

    if (bytes && picture) {
        glReadPixels(0, 0, t->width, t->height, GL_RGBA, GL_UNSIGNED_BYTE,
                     bytes);
        for (y = 0; y < t->height; y++)
            for (i = 0; i < row; i += 4) {
                const unsigned char *from =
                    bytes + (size_t)(t->height - 1 - y) * row + i;
                unsigned char *to = picture + (size_t)y * row + i;

                to[0] = from[2];
                to[1] = from[1];
                to[2] = from[0];
                to[3] = 0xff;
            }
    }
    free(bytes);
    return picture;
}

static void print_sum(const struct gl_target *t, const unsigned char *p)
{
    uint32_t sum = 0, sums = 0;
    size_t i, n = (size_t)t->width * (size_t)t->height;

    for (i = 0; i < n; i++, p += 4) {
        sum += p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16;
        sums += sum;
    }
    printf("DRAWN width=%d height=%d sum=%08x%08x\n", t->width, t->height, sum,
           sums);
}

static int save(const char *path, const unsigned char *picture, size_t size)
{
    FILE *f = fopen(path, "wb");
    size_t n = f ? fwrite(picture, 1, size, f) : 0;

    if (f && fclose(f) == 0 && n == size)
        return 0;
    fprintf(stderr, "gl-picture: writing %s: %s\n", path, strerror(errno));
    return -EIO;
}

static int compare(const char *path, const unsigned char *picture, size_t size)
{
    unsigned char *other = malloc(size);
    FILE *f = fopen(path, "rb");
    size_t i, differ = 0;
    int rc = 0, most = 0;

    if (!other || !f || fread(other, 1, size, f) != size) {
        fprintf(stderr, "gl-picture: %s is no picture of this size\n", path);
        rc = -EIO;
        goto out;
    }
    for (i = 0; i < size; i += 4) {
        int c, far = 0;

        for (c = 0; c < 3; c++) {
            int d = abs(picture[i + (size_t)c] - other[i + (size_t)c]);

            far = d > far ? d : far;
        }
        most = far > most ? far : most;
        differ += far > TOLERANCE;
    }
    printf("COMPARED most=%d different=%zu of=%zu\n", most, differ, size / 4);
    if (differ * 1000 > size / 4 * DIFFERENT_PER_MILLE) {
        fprintf(stderr, "gl-picture: this is another picture\n");
        rc = -EILSEQ;
    }
out:
    if (f)
        fclose(f);
    free(other);
    return rc;
}

/* Enough has been measured: what is left is the last picture. */
static volatile sig_atomic_t enough;

static void on_term(int number)
{
    (void)number;
    enough = 1;
}

/* Frames of a picture that moves; one is drawn while the last is finished, as
 * programs with two buffers do. */
static int measure(struct gl_target *t, struct gl_scene *s, double seconds,
                   unsigned long most)
{
    double begin = now(CLOCK_MONOTONIC), cpu = now(CLOCK_PROCESS_CPUTIME_ID);
    unsigned long frames = 0;
    GLsync last = NULL;
    int rc;

    signal(SIGTERM, on_term);
    do {
        GLsync sync;

        rc = gl_scene_draw(s, t->width, t->height, (unsigned int)frames);
        if (rc)
            break;
        sync = glFenceSync(GL_SYNC_GPU_COMMANDS_COMPLETE, 0);
        rc = gl_target_frame(t);
        if (last) {
            glClientWaitSync(last, GL_SYNC_FLUSH_COMMANDS_BIT,
                             GL_TIMEOUT_IGNORED);
            glDeleteSync(last);
        }
        last = sync;
        frames++;
    } while (!rc && !enough && now(CLOCK_MONOTONIC) < begin + seconds &&
             frames != most);
    signal(SIGTERM, SIG_DFL);
    glDeleteSync(last);
    glFinish();
    begin = now(CLOCK_MONOTONIC) - begin;
    cpu = now(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    printf("STATS frames=%lu seconds=%.2f fps=%.2f cpu_ms_per_frame=%.1f\n",
           frames, begin, (double)frames / begin, cpu * 1000 / (double)frames);
    return rc;
}

static int usage(void)
{
    fprintf(stderr,
            "usage: gl-picture [-d NODE | -l | -k CARD [-s SCANOUT]]\n"
            "                  [-m WIDTHxHEIGHT] [-o FILE] [-c FILE]\n"
            "                  [-f FRAME] [-r DRAWS] [-t DETAIL]\n"
            "                  [-b SECONDS] [-n FRAMES] [-w] [-H]\n"
            "-d, -l: in memory, by a DRM node or in software; -k: on a screen\n"
            "-o saves the picture, -c compares it with a saved one\n"
            "-b and -n measure, -w waits until it is killed, -H hangs\n");
    return 2;
}

struct options {
    const char *node, *card, *save, *other;
    unsigned int scanout, draws, frame;
    int width, height, detail;
    unsigned long frames;
    double seconds;
    bool wait, hang;
};

static int parse(struct options *o, int argc, char **argv)
{
    int opt;

    while ((opt = getopt(argc, argv, "d:lk:s:m:o:c:f:r:t:b:n:wH")) != -1)
        switch (opt) {
        case 'd':
            o->node = optarg;
            break;
        case 'l':
            o->node = NULL;
            break;
        case 'k':
            o->card = optarg;
            break;
        case 's':
            o->scanout = (unsigned int)atoi(optarg);
            break;
        case 'm':
            if (sscanf(optarg, "%dx%d", &o->width, &o->height) != 2)
                return -EINVAL;
            break;
        case 'o':
            o->save = optarg;
            break;
        case 'c':
            o->other = optarg;
            break;
        case 'f':
            o->frame = (unsigned int)atoi(optarg);
            break;
        case 'r':
            o->draws = (unsigned int)atoi(optarg);
            break;
        case 't':
            o->detail = atoi(optarg);
            break;
        case 'b':
            o->seconds = atof(optarg);
            break;
        case 'n':
            o->frames = strtoul(optarg, NULL, 10);
            break;
        case 'w':
            o->wait = true;
            break;
        case 'H':
            o->hang = true;
            break;
        default:
            return -EINVAL;
        }
    return 0;
}

static int draw(const struct options *o, struct gl_target *t)
{
    double begin = now(CLOCK_MONOTONIC), drawn;
    unsigned char *picture = NULL;
    struct gl_scene s;
    size_t size;
    int rc;

    printf("GL_RENDERER %s\nGL_VERSION %s\n",
           (const char *)glGetString(GL_RENDERER),
           (const char *)glGetString(GL_VERSION));
    if (o->hang)
        return gl_scene_hang(t->width, t->height);
    rc = gl_scene_init(&s, o->draws, o->detail);
    if (!rc)
        rc = gl_scene_draw(&s, t->width, t->height, o->frame);
    if (!rc)
        wait_for_frame();
    if (!rc && o->seconds > 0)
        rc = measure(t, &s, o->seconds, o->frames);
    if (!rc)
        rc = gl_scene_draw(&s, t->width, t->height, o->frame);
    if (rc)
        return rc;
    picture = read_picture(t);
    if (!picture)
        return -ENOMEM;
    drawn = now(CLOCK_MONOTONIC);
    if (o->seconds <= 0)
        printf("STATS first_picture_ms=%.0f\n", (drawn - begin) * 1000);
    print_sum(t, picture);
    size = (size_t)t->width * (size_t)t->height * 4;
    if (o->save)
        rc = save(o->save, picture, size);
    if (!rc && o->other)
        rc = compare(o->other, picture, size);
    free(picture);
    if (!rc)
        rc = gl_target_frame(t);
    return rc;
}

int main(int argc, char **argv)
{
    struct options o = {.node = "/dev/dri/renderD128",
                        .draws = 4,
                        .width = 640,
                        .height = 480,
                        .detail = 8};
    struct gl_target t;
    int rc;

    if (parse(&o, argc, argv))
        return usage();
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (o.card)
        rc = gl_target_screen(&t, o.card, o.scanout);
    else
        rc = gl_target_memory(&t, o.node, o.width, o.height);
    if (!rc)
        rc = draw(&o, &t);
    if (!rc && o.wait)
        puts("Waiting");
    while (!rc && o.wait)
        pause();
    gl_target_close(&t);
    if (rc)
        fprintf(stderr, "gl-picture: %s\n", strerror(-rc));
    return rc ? 1 : 0;
}
