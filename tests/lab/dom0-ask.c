/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Asks one of our sockets and prints the answer as shell scripts can read it:
 * a "path value" line for each value in it. What is in an array is called by
 * its "name" or "vgpu" where it has one, else by its number:
 *
 *     dom0-ask xen-vgpud.sock '{"command":"status"}'
 *     queues.gfx.vgpus.3.0.granted_ns 12345
 */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define PATH_SIZE 512

static void print_value(const char *path, const json_t *value);

static void print_member(const char *path, const char *name,
                         const json_t *value)
{
    char longer[PATH_SIZE];
    int n = snprintf(longer, sizeof(longer), "%s%s%s", path, *path ? "." : "",
                     name);

    if (n > 0 && (size_t)n < sizeof(longer))
        print_value(longer, value);
}

static void print_element(const char *path, size_t i, const json_t *value)
{
    const char *name = json_string_value(json_object_get(value, "name"));
    const char *vgpu = json_string_value(json_object_get(value, "vgpu"));
    char number[24];

    snprintf(number, sizeof(number), "%zu", i);
    print_member(path, vgpu ? vgpu : name ? name : number, value);
}

static void print_value(const char *path, const json_t *value)
{
    const char *key;
    json_t *member;
    size_t i;

    if (json_is_object(value)) {
        json_object_foreach ((json_t *)value, key, member)
            print_member(path, key, member);
    } else if (json_is_array(value)) {
        json_array_foreach (value, i, member)
            print_element(path, i, member);
    } else if (json_is_string(value)) {
        printf("%s %s\n", path, json_string_value(value));
    } else if (json_is_integer(value)) {
        printf("%s %" JSON_INTEGER_FORMAT "\n", path,
               json_integer_value(value));
    } else if (json_is_real(value)) {
        printf("%s %f\n", path, json_real_value(value));
    } else {
        printf("%s %s\n", path,
               json_is_null(value)   ? "null"
               : json_is_true(value) ? "true"
                                     : "false");
    }
}

static int connect_to(const char *path)
{
    struct sockaddr_un sa = {.sun_family = AF_UNIX};
    const struct timeval limit = {.tv_sec = 30};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -errno;
    snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", path);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    if (!connect(fd, (struct sockaddr *)&sa, sizeof(sa)))
        return fd;
    close(fd);
    return -errno;
}

int main(int argc, char **argv)
{
    json_t *answer = NULL, *value;
    json_error_t error;
    int fd, rc = 1;
    FILE *stream;

    if (argc != 3)
        return fprintf(stderr, "usage: dom0-ask SOCKET JSON\n"), 2;
    fd = connect_to(argv[1]);
    stream = fd < 0 ? NULL : fdopen(fd, "r");
    if (!stream)
        return fprintf(stderr, "dom0-ask: connect to %s: %s\n", argv[1],
                       strerror(fd < 0 ? -fd : errno)), 1;
    if (dprintf(fd, "%s\n", argv[2]) > 0)
        answer = json_loadf(stream, JSON_DISABLE_EOF_CHECK, &error);
    value = json_object_get(answer, "return");
    if (value) {
        print_value("", value);
        rc = 0;
    } else {
        fprintf(stderr, "dom0-ask: %s: %s\n", argv[2],
                answer ? json_string_value(json_object_get(answer, "error"))
                       : error.text);
    }
    json_decref(answer);
    fclose(stream);
    return rc;
}
