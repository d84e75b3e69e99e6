/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a monitor and xen-vgpud answer to the tool. Input: a byte, see enum
 * flags, four of a picture's size, then what the socket says, or, to `record`,
 * the pipe, to `trace` the records.
 */
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "fuzz.h"
#include "lib/sched-record.h"
#include "tools/commands.h"
#include "tools/top.h"

#define DOMID 7u

enum flags {
    COMMAND =
        0x07, /* list, show, regs, screenshot, record; top, sched, trace */
    JSON = 0x08,
    NO_FD = 0x10,
    NO_SEALS = 0x20,
};

static char dir[] = "/tmp/xvgpu-fuzz-XXXXXX";
static char out[64];
static int listeners[2];
static const char *const sockets[2] = {"7", "xen-vgpud"};

/* What every connection is answered with; fd: or -1. The lock is held while
 * one is. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const char *reply;
static size_t reply_len;
static int reply_fd;

static void send_reply(int sock)
{
    union {
        char buf[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control;
    struct iovec iov = {.iov_base = (void *)(uintptr_t)reply,
                        .iov_len = reply_len};
    struct msghdr mh = {.msg_iov = &iov, .msg_iovlen = 1};
    struct cmsghdr *cmsg;

    if (reply_fd >= 0) {
        memset(&control, 0, sizeof(control));
        mh.msg_control = control.buf;
        mh.msg_controllen = sizeof(control.buf);
        cmsg = CMSG_FIRSTHDR(&mh);
        cmsg->cmsg_level = SOL_SOCKET;
        cmsg->cmsg_type = SCM_RIGHTS;
        cmsg->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(cmsg), &reply_fd, sizeof(int));
    }
    sendmsg(sock, &mh, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void *monitor_main(void *arg)
{
    const int *listener = arg;
    char request[256];
    int sock;

    for (;;) {
        sock = accept4(*listener, NULL, NULL, SOCK_CLOEXEC);
        if (sock < 0)
            continue;
        /* Unread bytes would make an error of the end. */
        if (read(sock, request, sizeof(request)) > 0) {
            pthread_mutex_lock(&lock);
            send_reply(sock);
            pthread_mutex_unlock(&lock);
        }
        close(sock);
    }
    return NULL;
}

static void remove_dir(void)
{
    char path[96];
    unsigned int i;

    for (i = 0; i < 2; i++) {
        snprintf(path, sizeof(path), "%s/%s.sock", dir, sockets[i]);
        unlink(path);
    }
    unlink(out);
    rmdir(dir);
}

/* Once a process; what the tool prints is of no interest. */
static void start(void)
{
    struct sockaddr_un sa = {.sun_family = AF_UNIX};
    pthread_t thread;
    unsigned int i;

    FUZZ_CHECK(mkdtemp(dir));
    snprintf(out, sizeof(out), "%s/out", dir);
    for (i = 0; i < 2; i++) {
        snprintf(sa.sun_path, sizeof(sa.sun_path), "%s/%s.sock", dir,
                 sockets[i]);
        listeners[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        FUZZ_CHECK(listeners[i] >= 0 &&
                   bind(listeners[i], (struct sockaddr *)&sa, sizeof(sa)) ==
                       0 &&
                   listen(listeners[i], 8) == 0);
        FUZZ_CHECK(pthread_create(&thread, NULL, monitor_main, &listeners[i]) ==
                   0);
        pthread_detach(thread);
    }
    setenv("XVGPU_RUN_DIR", dir, 1);
    atexit(remove_dir);
    stdout = fopen("/dev/null", "w");
    stderr = stdout;
    FUZZ_CHECK(stdout);
}

static int make_memfd(void)
{
    return memfd_create("reply", MFD_CLOEXEC | MFD_ALLOW_SEALING);
}

static int make_picture(unsigned int flags, uint32_t size)
{
    int fd = make_memfd();

    FUZZ_CHECK(fd >= 0 && ftruncate(fd, size & 0xfffff) == 0);
    if (!(flags & NO_SEALS))
        fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
    return fd;
}

static int make_pipe(const struct bytes *in)
{
    int ends[2];

    FUZZ_CHECK(pipe2(ends, O_CLOEXEC | O_NONBLOCK) == 0);
    /* Longer input than the pipe holds is cut. */
    FUZZ_CHECK(!bytes_left(in) || write(ends[1], in->at, bytes_left(in)) > 0);
    close(ends[1]);
    return ends[0];
}

/* Records in a sealed memfd, as many as there are whole ones. */
static int make_records(const struct bytes *in, size_t *nr)
{
    int fd = make_memfd();

    *nr = bytes_left(in) / sizeof(struct sched_record);
    FUZZ_CHECK(fd >= 0 &&
               write(fd, in->at, *nr * sizeof(struct sched_record)) >= 0);
    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
    return fd;
}

static void no_line(void *arg, enum top_part part, const char *text)
{
    (void)arg;
    (void)part;
    FUZZ_CHECK(!text[strcspn(text, "\n\x1b\x9b")]);
}

/* Two answers that are the same: nothing has happened between them. */
static int run_top(void)
{
    struct top top = {.sort = TOP_BY_WAIT, .patience_ns = 1000000000};
    unsigned int i;
    int rc = 0;

    for (i = 0; i < 2 && !rc; i++)
        rc = top_sample(&top);
    if (!rc)
        top_text(top.interval, top.sort, false, no_line, NULL);
    json_decref(top.before);
    json_decref(top.interval);
    return rc;
}

static int run(unsigned int command, bool json)
{
    char *const words[] = {out, NULL};
    const struct call call = {.words = words, .nr = 1, .json = json};
    const struct call no_words = {.words = words + 1, .json = json};
    const struct target t = {.domid = DOMID};

    switch (command) {
    case 0:
        return command_list(json);
    case 1:
        return command_show(&t, json);
    case 2:
        return command_regs(&t, json);
    case 3:
        return command_screenshot(&t, out, json);
    case 4:
        return command_record(&t, out, json);
    case 5:
        return run_top();
    case 6:
        return command_sched(&no_words);
    default:
        return command_trace(&call);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool started;
    struct bytes in = {data, data + size};
    const unsigned int flags = (unsigned int)take(&in, 1);
    const unsigned int command = flags & COMMAND;
    const uint32_t picture = (uint32_t)take(&in, 4);
    char told[64];
    size_t nr;
    int rc;

    if (!started)
        start();
    started = true;
    pthread_mutex_lock(&lock);
    reply = (const char *)in.at;
    reply_len = bytes_left(&in);
    reply_fd = -1;
    if (command == 4) {
        reply_fd = make_pipe(&in);
        reply = "{\"return\":{}}\n";
        reply_len = strlen(reply);
    } else if (command == 7) {
        reply_fd = make_records(&in, &nr);
        snprintf(told, sizeof(told),
                 "{\"return\":{\"records\":%zu,\"next\":1}}\n", nr);
        reply = told;
        reply_len = strlen(told);
    } else if (!(flags & NO_FD)) {
        reply_fd = make_picture(flags, picture);
    }
    pthread_mutex_unlock(&lock);
    rc = run(command, flags & JSON);
    FUZZ_CHECK(rc == EXIT_OK || rc == EXIT_FAILED);
    pthread_mutex_lock(&lock);
    reply_len = 0;
    if (reply_fd >= 0)
        close(reply_fd);
    reply_fd = -1;
    pthread_mutex_unlock(&lock);
    return 0;
}
