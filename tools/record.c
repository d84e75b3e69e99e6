/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writes a recording of a domain's accesses to a file until it is told to
 * stop or the domain ends. What comes is the device's, and is looked at. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/trace.h"
#include "tools/commands.h"
#include "tools/print.h"

/* Nobody watches a recording: it ends here. */
#define FILE_MAX (UINT64_C(1) << 30)

/* Records that are still taken when told to stop: the pipe's. */
#define REST_MAX 65536u

struct recording {
    int pipe;
    FILE *out;
    struct trace_header header;
    uint64_t records, state, lost, bytes;
};

static volatile sig_atomic_t stopped;

static void on_signal(int sig)
{
    (void)sig;
    stopped = 1;
}

static void catch_signals(void)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
    const struct sigaction sa = {.sa_handler = on_signal};
    size_t i;

    for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
        sigaction(signals[i], &sa, NULL);
}

/* len bytes; 1, 0 at the end or when told to stop and the pipe is empty, or a
 * negative errno. */
static int take(struct recording *r, void *buf, size_t len)
{
    struct pollfd pfd = {.fd = r->pipe, .events = POLLIN};
    size_t got = 0;
    ssize_t n;

    while (got < len) {
        n = read(r->pipe, (char *)buf + got, len - got);
        if (n == 0)
            return got ? -EPROTO : 0;
        if (n > 0) {
            got += (size_t)n;
            continue;
        }
        if (errno != EAGAIN && errno != EINTR)
            return -errno;
        if (stopped)
            return 0;
        fflush(r->out); /* who fails here fails at the end, too */
        /* A signal between the look and the sleep is seen a second later. */
        poll(&pfd, 1, 1000);
    }
    return 1;
}

static const char *put(struct recording *r, const void *data, size_t len)
{
    r->bytes += len;
    return fwrite(data, len, 1, r->out) == 1 ? NULL : strerror(errno);
}

/* NULL, or what went wrong. */
static const char *copy(struct recording *r)
{
    unsigned int rest = 0;
    struct trace_record record;
    const char *why;
    int rc;

    rc = take(r, &r->header, sizeof(r->header));
    if (rc <= 0)
        return rc ? strerror(-rc) : "the device process sent nothing";
    why = trace_header_check(&r->header, TRACE_IOREQ);
    if (!why)
        why = put(r, &r->header, sizeof(r->header));
    while (!why && r->bytes < FILE_MAX) {
        if (stopped && rest++ == REST_MAX)
            return NULL;
        rc = take(r, &record, sizeof(record));
        if (rc <= 0)
            return rc ? strerror(-rc) : NULL;
        if (!trace_record_check(&r->header, &record))
            return "the device process sent what makes no sense";
        if (record.flags & TRACE_STATE)
            r->state++;
        else
            r->records++;
        r->lost += record.lost;
        why = put(r, &record, sizeof(record));
    }
    return why;
}

static int report(const struct recording *r, const char *file, bool json)
{
    json_t *object;
    int rc;

    if (!json) {
        printf("%s: %" PRIu64 " accesses, %" PRIu64 " lost, %" PRIu64
               " writes of state\n",
               file, r->records, r->lost, r->state);
        return EXIT_OK;
    }
    object = json_pack("{s:s, s:I, s:I, s:I}", "file", file, "accesses",
                       (json_int_t)r->records, "lost", (json_int_t)r->lost,
                       "state", (json_int_t)r->state);
    rc = print_json(object);
    json_decref(object);
    return rc;
}

int command_record(const struct target *t, const char *file, bool json)
{
    struct recording r = {.pipe = -1};
    json_t *reply = NULL;
    const char *why;
    int fd = -1, rc;

    fd = open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    r.out = fd >= 0 ? fdopen(fd, "wb") : NULL;
    if (!r.out) {
        tool_error("write %s: %s", file, strerror(errno));
        if (fd >= 0)
            close(fd);
        return EXIT_FAILED;
    }
    catch_signals();
    rc = client_ask(t, "record", &reply, &r.pipe);
    if (rc)
        goto out;
    if (r.pipe < 0) {
        tool_error("domain %u: no pipe came with the answer", t->domid);
        rc = EXIT_FAILED;
        goto out;
    }
    /* What the file held is lost only now that there is something else. */
    why = ftruncate(fd, 0) ? "the file could not be emptied" : copy(&r);
    if ((fflush(r.out) || ferror(r.out)) && !why)
        why = "the file could not be written";
    if (why) {
        tool_error("record domain %u to %s: %s", t->domid, file, why);
        rc = EXIT_FAILED;
    }
    if (!rc)
        rc = report(&r, file, json);

out:
    fclose(r.out);
    if (r.pipe >= 0)
        close(r.pipe);
    json_decref(reply);
    return rc;
}
