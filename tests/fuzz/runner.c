/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs a target on files, and on those in folders, without libFuzzer. */
#include <dirent.h>
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz.h"

#define INPUT_MAX (1u << 20)

static unsigned int done;

static int run_file(const char *path)
{
    uint8_t *data = malloc(INPUT_MAX), *exact = NULL;
    FILE *f = fopen(path, "rb");
    size_t size = 0;
    int rc = -1;

    if (!f || !data) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        goto out;
    }
    size = fread(data, 1, INPUT_MAX, f);
    /* In a block of its own size, so that a sanitizer sees its end. */
    exact = malloc(size + !size);
    if (!exact)
        goto out;
    memcpy(exact, data, size);
    /* Stays the last line when the input ends the process. */
    dprintf(STDERR_FILENO, "%s: %zu bytes\n", path, size);
    LLVMFuzzerTestOneInput(exact, size);
    done++;
    rc = 0;

out:
    if (f)
        fclose(f);
    free(exact);
    free(data);
    return rc;
}

static int run_path(const char *path)
{
    struct dirent **list;
    struct stat st;
    char file[4096];
    int n, i, rc = 0;

    if (stat(path, &st)) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        return -1;
    }
    if (!S_ISDIR(st.st_mode))
        return run_file(path);
    n = scandir(path, &list, NULL, alphasort);
    for (i = 0; i < n; i++) {
        snprintf(file, sizeof(file), "%s/%s", path, list[i]->d_name);
        if (list[i]->d_name[0] != '.' && !stat(file, &st) &&
            S_ISREG(st.st_mode) && run_file(file))
            rc = -1;
        free(list[i]);
    }
    if (n >= 0)
        free(list);
    return n < 0 ? -1 : rc;
}

int main(int argc, char **argv)
{
    int i, rc = 0;

    for (i = 1; i < argc; i++) {
        if (run_path(argv[i]))
            rc = 1;
    }
    dprintf(STDOUT_FILENO, "%u inputs\n", done);
    return rc || !done;
}
