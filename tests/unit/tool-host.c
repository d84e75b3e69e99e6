/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tool-host.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define WORDS_MAX 16

static char dir[64], asked[4096];
static char names[HOST_SOCKETS][32];
static int listeners[HOST_SOCKETS], ends[2];
static unsigned int nr;
static host_answer *answer_of;
static pthread_t thread;

/* Held while a connection is served, and by tool_run() for a moment before and
 * after: what the test and its answers share is seen by both. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void meet(void)
{
    pthread_mutex_lock(&lock);
    pthread_mutex_unlock(&lock);
}

static void send_with(int sock, const char *text, int fd)
{
    union {
        char buf[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control = {.buf = {0}};
    struct iovec iov = {.iov_base = (void *)(uintptr_t)text, .iov_len = 1};
    struct msghdr mh = {.msg_iov = &iov, .msg_iovlen = 1};
    struct cmsghdr *cmsg;

    if (fd >= 0) {
        mh.msg_control = control.buf;
        mh.msg_controllen = sizeof(control.buf);
        cmsg = CMSG_FIRSTHDR(&mh);
        cmsg->cmsg_level = SOL_SOCKET;
        cmsg->cmsg_type = SCM_RIGHTS;
        cmsg->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(cmsg), &fd, sizeof(int));
    }
    sendmsg(sock, &mh, MSG_NOSIGNAL);
    send(sock, text + 1, strlen(text + 1), MSG_NOSIGNAL);
    send(sock, "\n", 1, MSG_NOSIGNAL);
}

/* The tool sends one line a connection. */
static void serve(int sock, const char *name)
{
    char line[4096];
    size_t len = 0;
    json_t *request;
    json_error_t error;
    const char *command;
    char *text = NULL;
    int fd = -1;
    ssize_t n;

    while (len < sizeof(line) - 1 && !memchr(line, '\n', len)) {
        n = read(sock, line + len, sizeof(line) - 1 - len);
        if (n <= 0)
            return;
        len += (size_t)n;
    }
    line[len] = '\0';
    line[strcspn(line, "\n")] = '\0';
    request = json_loads(line, 0, &error);
    command = json_string_value(json_object_get(request, "command"));
    if (command && strcmp(command, "status") && strcmp(command, "show"))
        strcpy(asked, line);
    if (request)
        text = answer_of(name, request, &fd);
    if (text)
        send_with(sock, text, fd);
    if (fd >= 0)
        close(fd);
    free(text);
    json_decref(request);
}

static void *host_main(void *arg)
{
    struct pollfd p[HOST_SOCKETS + 1];
    unsigned int i;
    int sock;

    (void)arg;
    for (i = 0; i < nr; i++)
        p[i] = (struct pollfd){.fd = listeners[i], .events = POLLIN};
    p[nr] = (struct pollfd){.fd = ends[0], .events = POLLIN};
    for (;;) {
        if (poll(p, nr + 1, -1) < 0)
            continue;
        if (p[nr].revents)
            return NULL;
        for (i = 0; i < nr; i++) {
            if (!p[i].revents)
                continue;
            sock = accept4(listeners[i], NULL, NULL, SOCK_CLOEXEC);
            pthread_mutex_lock(&lock);
            if (sock >= 0)
                serve(sock, names[i]);
            pthread_mutex_unlock(&lock);
            close(sock);
        }
    }
}

void host_start(host_answer *answer, const char *const *list)
{
    struct sockaddr_un sa = {.sun_family = AF_UNIX};

    strcpy(dir, "/tmp/xvgpu-tool-XXXXXX");
    assert_non_null(mkdtemp(dir));
    assert_int_equal(setenv("XVGPU_RUN_DIR", dir, 1), 0);
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    answer_of = answer;
    asked[0] = '\0';
    for (nr = 0; list[nr]; nr++) {
        assert_true(nr < HOST_SOCKETS);
        snprintf(names[nr], sizeof(names[nr]), "%s", list[nr]);
        snprintf(sa.sun_path, sizeof(sa.sun_path), "%s/%s.sock", dir, list[nr]);
        listeners[nr] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_true(listeners[nr] >= 0);
        assert_int_equal(
            bind(listeners[nr], (struct sockaddr *)&sa, sizeof(sa)), 0);
        assert_int_equal(listen(listeners[nr], 8), 0);
    }
    assert_int_equal(pthread_create(&thread, NULL, host_main, NULL), 0);
}

void host_stop(void)
{
    char path[128];
    unsigned int i;

    close(ends[1]);
    pthread_join(thread, NULL);
    close(ends[0]);
    for (i = 0; i < nr; i++) {
        close(listeners[i]);
        snprintf(path, sizeof(path), "%s/%s.sock", dir, names[i]);
        unlink(path);
    }
    rmdir(dir);
}

const char *host_dir(void)
{
    return dir;
}

const char *host_asked(void)
{
    return asked;
}

const char *tool_path(void)
{
    return "./xen-vgpu";
}

static void read_back(int fd, char *buf, size_t size)
{
    ssize_t n = pread(fd, buf, size - 1, 0);

    assert_true(n >= 0);
    buf[n] = '\0';
    close(fd);
}

void tool_run(struct said *said, ...)
{
    int out = memfd_create("out", MFD_CLOEXEC);
    int err = memfd_create("err", MFD_CLOEXEC);
    char *argv[WORDS_MAX + 2] = {(char *)(uintptr_t) "xen-vgpu"};
    int status, i = 1;
    va_list ap;
    pid_t pid;

    va_start(ap, said);
    while (i <= WORDS_MAX && (argv[i] = va_arg(ap, char *)))
        i++;
    va_end(ap);
    meet();
    pid = fork();
    if (!pid) {
        dup2(out, STDOUT_FILENO);
        dup2(err, STDERR_FILENO);
        execv(tool_path(), argv);
        _exit(127);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    meet();
    said->code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    read_back(out, said->out, sizeof(said->out));
    read_back(err, said->err, sizeof(said->err));
}
