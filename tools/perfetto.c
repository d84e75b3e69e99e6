/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tools/perfetto.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "tools/print.h"

#define QUEUES 8u /* that are drawn; xen-vgpud has one an engine class */
#define NAME 64u
#define VGPU_TRACK 1000u
#define NONE UINT64_MAX

/* A track: who has its engine, or compiles. */
struct turn {
    uint32_t domid;
    uint16_t index;
    bool open;
    uint64_t since_ns, waited_ns;
    uint64_t stop_ns; /* NONE: not asked to stop */
};

/* What a vGPU does in a queue. */
struct member {
    uint32_t domid;
    uint16_t index;
    uint8_t queue;
    bool ready, running;
};

struct perfetto {
    FILE *out;
    const json_t *status;
    bool comma;
    size_t turns;
    uint64_t first_ns, last_ns; /* first: NONE before there is one */
    struct turn run[QUEUES], compile[QUEUES];
    unsigned int waiting[QUEUES];
    struct member *members;
    size_t nr_members;
};

static unsigned int track(unsigned int queue, bool compile)
{
    return 2 * queue + 1 + compile;
}

/* The beginning of an event; the caller goes on with its members and closes
 * it. The text is ours or cleaned of all that JSON would quote. */
static void event(struct perfetto *p, const char *phase, unsigned int tid,
                  uint64_t t_ns, const char *name)
{
    fprintf(p->out,
            "%s\n{\"ph\":\"%s\",\"pid\":1,\"tid\":%u,\"ts\":%" PRIu64
            ".%03" PRIu64 ",\"name\":\"%s\"",
            p->comma ? "," : "", phase, tid, t_ns / 1000, t_ns % 1000, name);
    p->comma = true;
}

static const char *plain(char *buf, size_t size, const char *text)
{
    char *s;

    print_clean(buf, size, text);
    for (s = buf; *s; s++) {
        if (*s == '"' || *s == '\\')
            *s = '?';
    }
    return buf;
}

static const json_t *queue_of(const struct perfetto *p, unsigned int queue)
{
    return json_array_get(json_object_get(p->status, "queues"), queue);
}

static const char *queue_name(const struct perfetto *p, unsigned int queue,
                              char *buf, size_t size)
{
    const char *s =
        json_string_value(json_object_get(queue_of(p, queue), "name"));
    char number[24];

    snprintf(number, sizeof(number), "queue %u", queue);
    return plain(buf, size, s ? s : number);
}

/* "3.0 web" */
static const char *vgpu_name(const struct perfetto *p, uint32_t domid,
                             uint16_t index, char *buf, size_t size)
{
    const char *s = NULL;
    char text[NAME], id[24];
    const json_t *v, *q;
    size_t i, j;

    snprintf(id, sizeof(id), "%" PRIu32 ".%u", domid, index);
    json_array_foreach(json_object_get(p->status, "queues"), i, q)
    {
        json_array_foreach(json_object_get(q, "vgpus"), j, v)
        {
            s = json_string_value(json_object_get(v, "vgpu"));
            if (!s || strcmp(s, id))
                continue;
            s = json_string_value(json_object_get(v, "name"));
            snprintf(text, sizeof(text), "%s %s", id, s ? s : "");
            return plain(buf, size, text);
        }
    }
    return plain(buf, size, id);
}

static void name_track(struct perfetto *p, const char *what, unsigned int tid,
                       const char *name)
{
    event(p, "M", tid, 0, what);
    fprintf(p->out, ",\"args\":{\"name\":\"%s\"}}", name);
}

static void name_tracks(struct perfetto *p)
{
    char name[NAME], text[NAME + 16];
    unsigned int i;

    name_track(p, "process_name", 0, "xen-vgpud");
    name_track(p, "thread_name", VGPU_TRACK, "vGPUs");
    for (i = 0; i < QUEUES && queue_of(p, i); i++) {
        queue_name(p, i, name, sizeof(name));
        name_track(p, "thread_name", track(i, false), name);
        snprintf(text, sizeof(text), "%s compile", name);
        name_track(p, "thread_name", track(i, true), text);
    }
}

static void slice(struct perfetto *p, unsigned int tid, uint64_t from,
                  uint64_t to, const char *name)
{
    const uint64_t ns = to > from ? to - from : 0;

    event(p, "X", tid, from, name);
    fprintf(p->out, ",\"dur\":%" PRIu64 ".%03" PRIu64, ns / 1000, ns % 1000);
}

static void end_turn(struct perfetto *p, struct turn *t, unsigned int tid,
                     uint64_t now)
{
    char name[NAME];

    if (!t->open)
        return;
    slice(p, tid, t->since_ns, now,
          vgpu_name(p, t->domid, t->index, name, sizeof(name)));
    fprintf(p->out, ",\"args\":{\"waited_us\":%" PRIu64 ".%03" PRIu64 "}}",
            t->waited_ns / 1000, t->waited_ns % 1000);
    if (t->stop_ns != NONE) {
        slice(p, tid, t->stop_ns, now, "stopping");
        fputs("}", p->out);
    }
    t->open = false;
    p->turns++;
}

static void begin_turn(struct turn *t, const struct sched_record *r)
{
    *t = (struct turn){.domid = r->domid,
                       .index = r->index,
                       .open = true,
                       .since_ns = r->t_ns,
                       .waited_ns = r->value,
                       .stop_ns = NONE};
}

static bool is_of(const struct turn *t, const struct sched_record *r)
{
    return t->open && t->domid == r->domid && t->index == r->index;
}

static void instant(struct perfetto *p, const struct sched_record *r,
                    unsigned int tid, const char *what)
{
    char name[NAME], text[NAME + 32];

    vgpu_name(p, r->domid, r->index, name, sizeof(name));
    snprintf(text, sizeof(text), "%s %s", what, name);
    event(p, "i", tid, r->t_ns, text);
    fprintf(p->out, ",\"s\":\"t\",\"args\":{\"value\":%" PRIu64 "}}",
            r->value > INT64_MAX ? INT64_MAX : r->value); /* JSON's largest */
}

static struct member *member_of(struct perfetto *p,
                                const struct sched_record *r)
{
    struct member *m;
    size_t i;

    for (i = 0; i < p->nr_members; i++) {
        m = &p->members[i];
        if (m->domid == r->domid && m->index == r->index &&
            m->queue == r->queue)
            return m;
    }
    /* Room is made by powers of two. */
    if (!(i & (i - 1))) {
        m = realloc(p->members, (i ? 2 * i : 1) * sizeof(*m));
        if (!m)
            return NULL;
        p->members = m;
    }
    m = &p->members[p->nr_members++];
    *m = (struct member){
        .domid = r->domid, .index = r->index, .queue = r->queue};
    return m;
}

/* The counter of who waits. */
static int count(struct perfetto *p, const struct sched_record *r)
{
    struct member *m = member_of(p, r);
    unsigned int before = p->waiting[r->queue];
    char name[NAME], text[NAME + 16];

    if (!m)
        return -ENOMEM;
    p->waiting[r->queue] -= m->ready && !m->running;
    switch (r->event) {
    case SCHED_EVENT_READY:
        m->ready = true;
        break;
    case SCHED_EVENT_IDLE:
        m->ready = false;
        break;
    case SCHED_EVENT_GRANT:
        m->ready = m->running = true;
        break;
    case SCHED_EVENT_ACK:
        m->running = false;
        break;
    case SCHED_EVENT_GONE:
    case SCHED_EVENT_LEAVE:
        m->ready = m->running = false;
        break;
    default:
        break;
    }
    p->waiting[r->queue] += m->ready && !m->running;
    if (p->waiting[r->queue] == before)
        return 0;
    snprintf(text, sizeof(text), "%s waiting",
             queue_name(p, r->queue, name, sizeof(name)));
    event(p, "C", 0, r->t_ns, text);
    fprintf(p->out, ",\"args\":{\"vGPUs\":%u}}", p->waiting[r->queue]);
    return 0;
}

static void of_vgpu(struct perfetto *p, const struct sched_record *r)
{
    static const char *const names[SCHED_NR_EVENTS] = {
        [SCHED_EVENT_JOIN] = "join",
        [SCHED_EVENT_LEAVE] = "leave",
        [SCHED_EVENT_RESET] = "reset",
        [SCHED_EVENT_QUARANTINE] = "quarantine",
        [SCHED_EVENT_RELEASE] = "release",
    };

    if (r->event < SCHED_NR_EVENTS && names[r->event])
        instant(p, r, VGPU_TRACK, names[r->event]);
}

static const char *kill_name(uint64_t why)
{
    static const char *const names[] = {
        [SCHED_WHY_ADMIN] = "kill (administrator)",
        [SCHED_WHY_DEADLINE] = "kill (deadline)",
        [SCHED_WHY_COMPILE] = "kill (compile)",
        [SCHED_WHY_UNGRANTED] = "kill (ungranted)",
    };

    return why < sizeof(names) / sizeof(names[0]) && names[why] ? names[why]
                                                                : "kill";
}

/* One that began before the first record. */
static void was_running(struct perfetto *p, const struct sched_record *r,
                        struct turn *t)
{
    if (t->open || t->since_ns)
        return;
    begin_turn(t, r);
    t->since_ns = p->first_ns;
    t->waited_ns = 0;
}

static void of_queue(struct perfetto *p, const struct sched_record *r)
{
    struct turn *run = &p->run[r->queue], *compile = &p->compile[r->queue];
    const unsigned int tid = track(r->queue, false);
    const unsigned int compile_tid = track(r->queue, true);

    switch (r->event) {
    case SCHED_EVENT_GRANT:
        end_turn(p, run, tid, r->t_ns);
        begin_turn(run, r);
        break;
    case SCHED_EVENT_STOP:
        was_running(p, r, run);
        if (is_of(run, r))
            run->stop_ns = r->t_ns;
        instant(p, r, tid, "stop");
        break;
    case SCHED_EVENT_ACK:
        was_running(p, r, run);
        if (is_of(run, r))
            end_turn(p, run, tid, r->t_ns);
        instant(p, r, tid, "ack");
        break;
    case SCHED_EVENT_COMPILE:
        end_turn(p, compile, compile_tid, r->t_ns);
        begin_turn(compile, r);
        break;
    case SCHED_EVENT_COMPILED:
        if (is_of(compile, r))
            end_turn(p, compile, compile_tid, r->t_ns);
        break;
    case SCHED_EVENT_KILL:
        instant(p, r, tid, kill_name(r->value));
        break;
    case SCHED_EVENT_START:
        instant(p, r, tid, "start");
        break;
    case SCHED_EVENT_GONE:
        if (is_of(run, r))
            end_turn(p, run, tid, r->t_ns);
        if (is_of(compile, r))
            end_turn(p, compile, compile_tid, r->t_ns);
        instant(p, r, tid, "gone");
        break;
    default:
        break;
    }
}

struct perfetto *perfetto_begin(FILE *out, const json_t *status)
{
    struct perfetto *p = calloc(1, sizeof(*p));

    if (!p)
        return NULL;
    p->out = out;
    p->status = status;
    p->first_ns = NONE;
    fputs("{\"displayTimeUnit\":\"ns\",\"traceEvents\":[", out);
    name_tracks(p);
    return p;
}

int perfetto_put(struct perfetto *p, const struct sched_record *records,
                 size_t nr)
{
    const struct sched_record *r;
    int rc;

    for (r = records; nr; nr--, r++) {
        if (p->first_ns == NONE)
            p->first_ns = r->t_ns;
        if (r->t_ns < p->last_ns)
            continue; /* not in order */
        p->last_ns = r->t_ns;
        if (r->queue >= QUEUES) {
            of_vgpu(p, r);
            continue;
        }
        of_queue(p, r);
        rc = count(p, r);
        if (rc)
            return rc;
    }
    return 0;
}

size_t perfetto_end(struct perfetto *p)
{
    size_t turns;
    unsigned int i;

    for (i = 0; i < QUEUES; i++) {
        end_turn(p, &p->run[i], track(i, false), p->last_ns);
        end_turn(p, &p->compile[i], track(i, true), p->last_ns);
    }
    fputs("\n]}\n", p->out);
    turns = p->turns;
    free(p->members);
    free(p);
    return turns;
}
