/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Draws a scene on Vulkan directly: the picture that the same scene must give
 * through a vGPU, and the time that it takes without one.
 */
#include "tests/gfx/picture.h"
#include "tests/gfx/vk-scene.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct arguments {
    const struct scene *scene;
    uint32_t device, width, height, turn, frames, without, each;
    const char *out;
    bool check, record_once;
};

static const struct option options[] = {
    {"check", no_argument, NULL, 'c'},
    {"device", required_argument, NULL, 'd'},
    {"each", required_argument, NULL, 'e'},
    {"frames", required_argument, NULL, 'f'},
    {"help", no_argument, NULL, 'h'},
    {"list", no_argument, NULL, 'l'},
    {"out", required_argument, NULL, 'o'},
    {"record-once", no_argument, NULL, 'r'},
    {"size", required_argument, NULL, 's'},
    {"turn", required_argument, NULL, 't'},
    {"without", required_argument, NULL, 'w'},
    {NULL, 0, NULL, 0},
};

static int usage(int status)
{
    FILE *f = status ? stderr : stdout;

    fprintf(f,
            "usage: reference [OPTION...] SCENE\n"
            "  --out FILE     write the picture: .png, else the bytes as they "
            "are\n"
            "  --check        compare the result with the processor's\n"
            "  --turn N       which picture of the animation (0)\n"
            "  --size WxH     another size\n"
            "  --without N    leave draw N out, to see whether that is "
            "noticed\n"
            "  --each N       leave every Nth out in turn: does each change "
            "the picture?\n"
            "  --frames N     time N pictures, each waited for\n"
            "  --record-once  with the same command buffer each time\n"
            "  --device N     another device; --list shows them\n"
            "scenes:\n");
    for (uint32_t i = 0; i < scene_count; i++)
        fprintf(f, "  %-10s %s; %u draws\n", scenes[i]->name, scenes[i]->what,
                scene_draws(scenes[i]));
    return status;
}

static bool number(const char *text, uint32_t *n)
{
    char *end;
    unsigned long v = strtoul(text, &end, 10);

    *n = (uint32_t)v;
    return *text >= '0' && *text <= '9' && !*end && v <= 1000000;
}

static bool parse(int argc, char **argv, struct arguments *a, bool *list)
{
    char end;
    bool ok = true;
    int c;

    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (c) {
        case 'c':
            a->check = true;
            break;
        case 'd':
            ok &= number(optarg, &a->device);
            break;
        case 'e':
            ok &= number(optarg, &a->each) && a->each;
            break;
        case 'f':
            ok &= number(optarg, &a->frames);
            break;
        case 'h':
            exit(usage(0));
        case 'l':
            *list = true;
            break;
        case 'o':
            a->out = optarg;
            break;
        case 'r':
            a->record_once = true;
            break;
        case 's':
            ok &=
                sscanf(optarg, "%5ux%5u%c", &a->width, &a->height, &end) == 2 &&
                a->width && a->height && a->width <= 8192 && a->height <= 8192;
            break;
        case 't':
            ok &= number(optarg, &a->turn);
            break;
        case 'w':
            ok &= number(optarg, &a->without);
            break;
        default:
            ok = false;
        }
    }
    if (*list)
        return ok && optind == argc;
    if (!ok || argc - optind != 1)
        return false;
    a->scene = scene_find(argv[optind]);
    return a->scene != NULL;
}

static int write_raw(const struct vk_scene *s, const char *file)
{
    FILE *f = fopen(file, "wb");
    int rc = 0;

    if (!f) {
        rc = -errno;
        goto out;
    }
    if (fwrite(s->pixels.map, s->pixels.size, 1, f) != 1)
        rc = -EIO;
    if (fclose(f) && !rc)
        rc = -errno;
out:
    if (rc)
        fprintf(stderr, "cannot write %s: %s\n", file, strerror(-rc));
    return rc;
}

static int write_picture(const struct vk_scene *s, const char *file)
{
    const struct scene *scene = s->scene;
    const char *dot = strrchr(file, '.');
    struct picture p = {0};
    int rc;

    if (scene->picture == SCENE_NONE) {
        fprintf(stderr, "%s has no picture\n", scene->name);
        return -EINVAL;
    }
    if (!dot || strcmp(dot, ".png"))
        return write_raw(s, file);
    rc =
        picture_from(&p, s->pixels.map, s->images[scene->picture].width,
                     s->images[scene->picture].height,
                     scene->images[scene->picture].format == SCENE_BGRA8_UNORM);
    if (!rc)
        rc = picture_write(&p, file);
    picture_free(&p);
    return rc;
}

static int check(const struct vk_scene *s)
{
    const struct scene *scene = s->scene;
    const struct vk_buffer *b;
    int wrong;

    if (scene->result == SCENE_NONE) {
        fprintf(stderr, "%s has no result to check\n", scene->name);
        return -EINVAL;
    }
    b = &s->buffers[scene->result];
    wrong = scene->check(b->map, scene->buffers[scene->result].size);
    if (wrong == SCENE_NONE) {
        printf("%s: the result is the processor's\n", scene->name);
        return 0;
    }
    printf("%s: word %d of the result is wrong: %08x\n", scene->name, wrong,
           ((const uint32_t *)b->map)[wrong]);
    return -EIO;
}

/* Whether the picture would show that a draw is missing, out of some. Scenes
 * that begin with a dispatch find what it left the last time. */
static int leave_out(struct vk_scene *s, const struct arguments *a)
{
    uint32_t tried = 0, unseen = 0, draws = scene_draws(s->scene);
    void *whole = malloc(s->pixels.size);
    int rc = whole ? 0 : -ENOMEM;

    if (!rc)
        memcpy(whole, s->pixels.map, s->pixels.size);
    for (uint32_t n = 1; !rc && n <= draws; n += a->each) {
        s->without = n;
        rc = vk_scene_record(s, a->turn, true);
        if (!rc)
            rc = vk_run(s->vk, s->cmd);
        if (!rc && !memcmp(whole, s->pixels.map, s->pixels.size)) {
            printf("%s: the picture is the same without draw %u\n",
                   s->scene->name, n);
            unseen++;
        }
        tried++;
    }
    free(whole);
    if (!rc)
        printf("%s: %u of %u draws left out one by one, %u not noticed\n",
               s->scene->name, tried, draws, unseen);
    return rc || !unseen ? rc : -EIO;
}

static double seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int time_frames(struct vk_scene *s, const struct arguments *a)
{
    double begin, took;
    int rc = 0;

    begin = seconds();
    for (uint32_t i = 0; !rc && i < a->frames; i++) {
        if (!a->record_once || !i) {
            rc = vk_scene_record(s, a->turn + i, false);
            if (!rc)
                rc = vk_end(s->cmd);
        }
        if (!rc)
            rc = vk_submit(s->vk, s->cmd);
    }
    took = seconds() - begin;
    if (!rc)
        printf("STATS scene=%s frames=%u draws=%u seconds=%.3f fps=%.2f\n",
               s->scene->name, a->frames, scene_draws(s->scene), took,
               a->frames / took);
    return rc;
}

static int run(struct vk_scene *s, const struct arguments *a)
{
    int rc = vk_scene_record(s, a->turn, true);

    if (!rc)
        rc = vk_run(s->vk, s->cmd);
    if (!rc && a->check)
        rc = check(s);
    if (!rc && a->out)
        rc = write_picture(s, a->out);
    if (!rc && a->each)
        rc = leave_out(s, a);
    if (!rc && a->frames)
        rc = time_frames(s, a);
    return rc;
}

int main(int argc, char **argv)
{
    static struct vk_scene scene;
    struct arguments a = {0};
    bool list = false;
    struct vk vk;
    int rc;

    if (!parse(argc, argv, &a, &list))
        return usage(2);
    if (list)
        return vk_list() ? 1 : 0;
    rc = vk_open(&vk, a.device);
    if (rc)
        return 1;
    printf("%s on %s\n", a.scene->name, vk.properties.deviceName);
    rc = vk_scene_create(&scene, &vk, a.scene, a.width, a.height);
    scene.without = a.without;
    if (!rc)
        rc = run(&scene, &a);
    vk_scene_destroy(&scene);
    vk_close(&vk);
    return rc ? 1 : 0;
}
