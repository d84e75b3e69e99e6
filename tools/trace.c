/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * World switches to a file: what xen-vgpud remembers, or what comes during some
 * seconds. FILE.csv becomes a load for the simulator.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "lib/duration.h"
#include "lib/log.h"
#include "tools/commands.h"
#include "tools/file.h"
#include "tools/perfetto.h"
#include "tools/print.h"
#include "tools/sim-record.h"
#include "tools/value.h"

#define WHAT "trace"

/* How often records are fetched: long before their ring is full. */
#define PERIOD_NS (UINT64_C(200) * 1000000)

struct session {
    /* At most one of them is there. */
    struct perfetto *file;
    struct sim_record *load;
    uint64_t next; /* number of the record to ask for */
    uint64_t records, lost;
};

static volatile sig_atomic_t stopped;

static void on_signal(int sig)
{
    (void)sig;
    stopped = 1;
}

/* What came with an answer; NULL, or what is wrong with it. */
static const char *take(struct session *s, const json_t *reply, int fd)
{
    const uint64_t n = value_count(reply, "records");
    const struct sched_record *records;
    const char *why = NULL;
    int rc = 0;

    s->lost += value_count(reply, "lost");
    s->next = value_count(reply, "next");
    if (!n)
        return NULL;
    if (n > SCHED_RECORDS)
        return "there are more records than there can be";
    if (fd < 0)
        return "no records came with the answer";
    records = file_map_sealed(fd, n * sizeof(*records), &why);
    if (!records)
        return why;
    if (s->file)
        rc = perfetto_put(s->file, records, n);
    else if (s->load)
        rc = sim_record_put(s->load, records, n);
    munmap((void *)(uintptr_t)records, n * sizeof(*records));
    s->records += s->file || s->load ? n : 0;
    return rc ? strerror(-rc) : NULL;
}

static int fetch(struct session *s)
{
    json_t *reply = NULL;
    const char *why;
    int fd = -1, rc;

    rc = client_ask_daemon(WHAT,
                           json_pack("{s:s, s:I}", "command", "trace", "since",
                                     (json_int_t)s->next),
                           &reply, &fd);
    if (rc)
        return rc;
    why = take(s, reply, fd);
    if (why) {
        tool_error(WHAT ": the records are refused: %s", why);
        rc = EXIT_FAILED;
    }
    if (fd >= 0)
        close(fd);
    json_decref(reply);
    return rc;
}

/* Records of the next ns, or until a signal says so. */
static int fetch_for(struct session *s, uint64_t ns)
{
    const uint64_t end = clock_ns() + ns;
    struct timespec pause;
    uint64_t now;
    int rc = 0;

    while (!rc && !stopped) {
        now = clock_ns();
        if (now >= end)
            break;
        pause.tv_sec = 0;
        pause.tv_nsec = (long)(end - now < PERIOD_NS ? end - now : PERIOD_NS);
        nanosleep(&pause, NULL);
        rc = fetch(s);
    }
    return rc;
}

static bool is_load(const char *file)
{
    size_t len = strlen(file);

    return len > 4 && !strcmp(file + len - 4, ".csv");
}

/* *nr: turns, or jobs of a load. */
static int write_trace(FILE *out, bool load, const json_t *status, uint64_t ns,
                       struct session *s, size_t *nr)
{
    int rc;

    /* What was before is not asked for: only its end is of interest. */
    rc = ns ? fetch(s) : EXIT_OK;
    s->lost = 0;
    if (rc)
        return rc;
    if (load)
        s->load = sim_record_begin(out, status);
    else
        s->file = perfetto_begin(out, status);
    rc = -ENOMEM;
    if (s->file || s->load)
        rc = ns ? fetch_for(s, ns) : fetch(s);
    if (s->file)
        *nr = perfetto_end(s->file);
    if (s->load && sim_record_end(s->load, nr))
        rc = -ENOMEM;
    if (rc == -ENOMEM) {
        tool_error(WHAT ": out of memory");
        rc = EXIT_FAILED;
    }
    return rc;
}

static int report(const struct session *s, size_t nr, const char *file,
                  bool json)
{
    const char *what = is_load(file) ? "jobs" : "turns";
    json_t *object;
    int rc;

    if (!json) {
        printf("%s: %" PRIu64 " records, %" PRIu64 " lost, %zu %s\n", file,
               s->records, s->lost, nr, what);
        return EXIT_OK;
    }
    object = json_pack("{s:s, s:I, s:I, s:I}", "file", file, "records",
                       (json_int_t)s->records, "lost", (json_int_t)s->lost,
                       what, (json_int_t)nr);
    rc = print_json(object);
    json_decref(object);
    return rc;
}

static int parse_seconds(const char *text, uint64_t *ns)
{
    char with_unit[32];

    snprintf(with_unit, sizeof(with_unit), "%.29ss", text);
    if (text[strspn(text, "0123456789.")] || duration_parse(with_unit, ns) ||
        !*ns) {
        tool_error(WHAT ": %s: a number of seconds is expected, up to a day",
                   text);
        return EXIT_USAGE;
    }
    return EXIT_OK;
}

int command_trace(const struct call *c)
{
    const struct sigaction sa = {.sa_handler = on_signal};
    const char *file = c->words[0];
    struct session s = {0};
    json_t *status = NULL;
    size_t nr = 0;
    FILE *out = NULL;
    char *temp = NULL;
    uint64_t ns = 0;
    int rc, end;

    rc = c->nr > 1 ? parse_seconds(c->words[1], &ns) : EXIT_OK;
    if (!rc)
        rc = client_ask_daemon(WHAT, json_pack("{s:s}", "command", "status"),
                               &status, NULL);
    if (rc)
        return rc;
    out = file_create(file, &temp);
    if (!out) {
        tool_error(WHAT ": write %s: %s", file, strerror(errno));
        rc = EXIT_FAILED;
        goto out;
    }
    sigaction(SIGINT, &sa, NULL);
    sigaction(SIGTERM, &sa, NULL);
    rc = write_trace(out, is_load(file), status, ns, &s, &nr);
    end = file_finish(out, temp, rc ? NULL : file);
    if (end && !rc) {
        tool_error(WHAT ": write %s: %s", file, strerror(-end));
        rc = EXIT_FAILED;
    }
    if (!rc)
        rc = report(&s, nr, file, c->json);

out:
    json_decref(status);
    return rc;
}
