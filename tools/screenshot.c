/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tools/commands.h"
#include "tools/picture.h"
#include "tools/print.h"

static int report(const struct picture *p, const char *file, bool json)
{
    json_t *object;
    int rc;

    if (!json) {
        printf("%s: %u x %u\n", file, p->width, p->height);
        return EXIT_OK;
    }
    object = json_pack("{s:s, s:I, s:I}", "file", file, "width",
                       (json_int_t)p->width, "height", (json_int_t)p->height);
    rc = print_json(object);
    json_decref(object);
    return rc;
}

int command_screenshot(const struct target *t, const char *file, bool json)
{
    struct picture p = {0};
    json_t *about = NULL;
    const char *why;
    int fd = -1, rc;

    rc = client_ask(t, "screenshot", &about, &fd);
    if (rc)
        return rc;
    why = picture_map(&p, about, fd);
    if (why) {
        tool_error("vGPU %u.%u: the picture is refused: %s", t->domid, t->vgpu,
                   why);
        rc = EXIT_FAILED;
        goto out;
    }
    rc = picture_write(&p, file);
    if (rc) {
        tool_error("write %s: %s", file, strerror(-rc));
        rc = EXIT_FAILED;
        goto out;
    }
    rc = report(&p, file, json);

out:
    picture_unmap(&p);
    if (fd >= 0)
        close(fd);
    json_decref(about);
    return rc;
}
