/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What libxl and the administrator ask a dm. */
#include "harness.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

FILE *harness_connect(const char *path)
{
    struct sockaddr_un sa = {.sun_family = AF_UNIX};
    struct timeval tv = {.tv_sec = 20};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    strcpy(sa.sun_path, path);
    if (connect(fd, (struct sockaddr *)&sa, sizeof(sa))) {
        close(fd);
        return NULL;
    }
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
    return fdopen(fd, "r+");
}

/* One line to it, one line of it as JSON. */
static json_t *talk(FILE *f, const char *line)
{
    static char answer[1 << 20];
    json_error_t error;

    if (line && (send(fileno(f), line, strlen(line), MSG_NOSIGNAL) < 0 ||
                 send(fileno(f), "\r\n", 2, MSG_NOSIGNAL) < 0))
        return NULL;
    if (!fgets(answer, sizeof(answer), f))
        return NULL;
    return json_loads(answer, 0, &error);
}

json_t *dm_qmp(const struct dm *dm, const char *command)
{
    FILE *f = harness_connect(dm->qmp);
    char line[128];
    json_t *j;

    assert_non_null(f);
    j = talk(f, NULL);
    assert_non_null(json_object_get(j, "QMP"));
    json_decref(j);
    j = talk(f, "{\"execute\":\"qmp_capabilities\",\"id\":1}");
    assert_non_null(json_object_get(j, "return"));
    json_decref(j);
    snprintf(line, sizeof(line), "{\"execute\":\"%s\",\"id\":2}", command);
    j = talk(f, line);
    fclose(f);
    return j;
}

bool dm_qmp_try(const struct dm *dm, const char *command)
{
    static const char *const first[] = {
        NULL, "{\"execute\":\"qmp_capabilities\",\"id\":1}"};
    FILE *f = harness_connect(dm->qmp);
    char line[128];
    json_t *j = NULL;
    bool ok = f;
    size_t i;

    for (i = 0; ok && i < 2; i++) {
        j = talk(f, first[i]);
        ok = j;
        json_decref(j);
    }
    snprintf(line, sizeof(line), "{\"execute\":\"%s\",\"id\":2}", command);
    j = ok ? talk(f, line) : NULL;
    ok = json_object_get(j, "return");
    json_decref(j);
    if (f)
        fclose(f);
    return ok;
}

bool dm_wait_prelaunch(struct dm *dm)
{
    static const char *const lines[] = {
        NULL, "{\"execute\":\"qmp_capabilities\",\"id\":1}",
        "{\"execute\":\"query-status\",\"id\":2}"};
    const char *status;
    json_t *j = NULL;
    bool ok;
    size_t i;

    for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        json_decref(j);
        j = talk(dm->asked, lines[i]);
        if (!j)
            break;
    }
    fclose(dm->asked);
    status = json_string_value(
        json_object_get(json_object_get(j, "return"), "status"));
    ok = status && !strcmp(status, "prelaunch");
    json_decref(j);
    return ok;
}

bool dm_wait_unanswered(struct dm *dm)
{
    bool ended;

    errno = 0;
    ended = fgetc(dm->asked) == EOF && errno != EAGAIN;

    fclose(dm->asked);
    return ended;
}

bool dm_holds_socket(const struct dm *dm, pid_t pid)
{
    char path[64], link[64], socket[48];
    bool found = false;
    struct dirent *e;
    ssize_t n;
    DIR *fds;

    snprintf(socket, sizeof(socket), "socket:[%lu]",
             (unsigned long)dm->socket_ino);
    snprintf(path, sizeof(path), "/proc/%ld/fd", (long)pid);
    fds = opendir(path);
    assert_non_null(fds);
    while ((e = readdir(fds))) {
        n = readlinkat(dirfd(fds), e->d_name, link, sizeof(link) - 1);
        link[n < 0 ? 0 : n] = '\0';
        found |= !strcmp(link, socket);
    }
    closedir(fds);
    return found;
}

static FILE *connect_to_admin(const struct dm *dm)
{
    char path[96];

    snprintf(path, sizeof(path), "%s/%d.sock", getenv("XVGPU_RUN_DIR"),
             dm->domid);
    return harness_connect(path);
}

json_t *dm_admin(const struct dm *dm, const char *request)
{
    FILE *f = connect_to_admin(dm);
    json_t *j;

    if (!f)
        return NULL;
    j = talk(f, request);
    fclose(f);
    return j;
}

unsigned int dm_admin_burst(const struct dm *dm, const char *request,
                            unsigned int n, bool until_closed)
{
    struct pollfd pfd;
    FILE *f = connect_to_admin(dm);
    unsigned int i, good = 0;
    json_t *j;

    assert_non_null(f);
    for (i = 0; i < n; i++)
        if (send(fileno(f), request, strlen(request), MSG_NOSIGNAL) < 0 ||
            send(fileno(f), "\n", 1, MSG_NOSIGNAL) < 0)
            break;
    pfd = (struct pollfd){.fd = fileno(f), .events = POLLRDHUP};
    if (until_closed)
        poll(&pfd, 1, 60000);
    for (i = 0; i < n && (j = talk(f, NULL)); i++) {
        good += json_object_get(j, "return") != NULL;
        json_decref(j);
    }
    fclose(f);
    return good;
}

pid_t dm_process(const struct dm *dm, const char *name)
{
    json_t *j = dm_admin(dm, "{\"command\":\"show\"}"), *p;
    json_t *list = json_object_get(json_object_get(j, "return"), "processes");
    pid_t pid = 0;
    size_t i;

    json_array_foreach(list, i, p)
    {
        if (!strcmp(json_string_value(json_object_get(p, "name")), name))
            pid = (pid_t)json_integer_value(json_object_get(p, "pid"));
    }
    json_decref(j);
    return pid;
}
