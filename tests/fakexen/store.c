/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libxenstore. The tree is a flat table of full paths. A transaction works on
 * a private copy and replays its changes at the end, if nobody else changed
 * anything meanwhile.
 */
#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <xenstore.h>

#include "internal.h"

enum change_kind { CHANGE_WRITE, CHANGE_MKDIR, CHANGE_RM };

struct change {
    struct change *next;
    enum change_kind kind;
    uint32_t len;
    char path[FX_PATH_MAX];
    char value[]; /* LEN bytes */
};

/* Nodes and how many slots are in use: the store's, or a transaction's. */
struct view {
    struct fx_node *node;
    unsigned int *nodes;
};

struct transaction {
    struct transaction *next;
    xs_transaction_t id;
    uint64_t generation;
    unsigned int nodes;
    struct fx_node *node;
    struct change *changes, **last;
};

struct xs_handle {
    struct fx_restrictable restrictable;
    int queue;
    bool cut;
    pthread_mutex_t lock; /* transactions */
    struct transaction *transactions;
    xs_transaction_t next_id;
};

static struct fx_store *store(void)
{
    return &fx.shared->store;
}

/* ---- Paths ----------------------------------------------------------- */

/* Full path in OUT. Relative ones are dom0's. */
static int canonical(const char *path, char out[FX_PATH_MAX])
{
    size_t len = strlen(path);
    int n;

    if (!len || (len > 1 && path[len - 1] == '/') || strstr(path, "//"))
        return -EINVAL;
    for (size_t i = 0; i < len; i++) {
        if (!isalnum((unsigned char)path[i]) && !strchr("-/_@.", path[i]))
            return -EINVAL;
    }
    n = snprintf(out, FX_PATH_MAX, "%s%s",
                 path[0] == '/' || path[0] == '@' ? "" : "/local/domain/0/",
                 path);
    return n < FX_PATH_MAX ? 0 : -EINVAL;
}

/* Is PATH the same as ROOT or below it? */
static bool below(const char *path, const char *root)
{
    size_t n = strlen(root);

    if (!strcmp(root, "/"))
        return path[0] == '/';
    return !strncmp(path, root, n) && (!path[n] || path[n] == '/');
}

/* ---- Nodes, with the store locked (or in a transaction's copy) ------- */

static struct fx_node *find(struct view v, const char *path)
{
    for (unsigned int i = 0; i < *v.nodes; i++) {
        if (v.node[i].used && !strcmp(v.node[i].path, path))
            return &v.node[i];
    }
    return NULL;
}

static bool exists(struct view v, const char *path)
{
    return !strcmp(path, "/") || find(v, path);
}

static void parent_of(const char *path, char out[FX_PATH_MAX])
{
    char *slash;

    snprintf(out, FX_PATH_MAX, "%s", path);
    slash = strrchr(out, '/');
    slash[slash == out] = '\0';
}

/* With the parents that are missing. */
static int node_add(struct view v, const char *path, struct fx_node **out)
{
    struct fx_node *n = find(v, path);
    char parent[FX_PATH_MAX];
    unsigned int i = 0;
    int rc;

    if (!n) {
        parent_of(path, parent);
        if (!exists(v, parent)) {
            rc = node_add(v, parent, &n);
            if (rc)
                return rc;
        }
        while (i < *v.nodes && v.node[i].used)
            i++;
        if (i == FX_NODES)
            return -ENOSPC;
        if (i == *v.nodes)
            ++*v.nodes;
        n = &v.node[i];
        n->used = true;
        n->len = 0;
        snprintf(n->path, sizeof(n->path), "%s", path);
    }
    *out = n;
    return 0;
}

static int apply(struct view v, const struct change *c)
{
    char parent[FX_PATH_MAX];
    struct fx_node *n;
    int rc;

    if (c->path[0] != '/' || !c->path[1])
        return -EINVAL;
    if (c->kind != CHANGE_RM) {
        rc = node_add(v, c->path, &n);
        if (!rc && c->kind == CHANGE_WRITE) {
            memcpy(n->value, c->value, c->len);
            n->len = c->len;
        }
        return rc;
    }
    parent_of(c->path, parent);
    /* Removing what is not there is fine as long as it might have been. */
    if (!exists(v, c->path))
        return exists(v, parent) ? 0 : -ENOENT;
    for (unsigned int i = 0; i < *v.nodes; i++) {
        if (v.node[i].used && below(v.node[i].path, c->path))
            v.node[i].used = false;
    }
    return 0;
}

/* ---- Watches, with the store locked ---------------------------------- */

static void post_event(const struct fx_watch *w, const char *path)
{
    struct fx_queue *q = &fx.shared->queue[w->queue];
    struct fx_watch_event *e;

    if (q->tail - q->head >= FX_WATCH_EVENTS) {
        fprintf(stderr, "fakexen: too many watch events, one lost\n");
        return;
    }
    e = &store()->event[w->queue][q->tail++ % FX_WATCH_EVENTS];
    snprintf(e->path, sizeof(e->path), "%s",
             below(path, w->path) ? path + w->prefix : w->path + w->prefix);
    snprintf(e->token, sizeof(e->token), "%s", w->token);
    e->dead = false;
    fx_queue_signal(w->queue);
}

/* A removal concerns those who watch something below it, too. */
static void fire(const char *path, bool removal)
{
    for (unsigned int i = 0; i < FX_WATCHES; i++) {
        const struct fx_watch *w = &store()->watch[i];

        if (w->used &&
            (below(path, w->path) || (removal && below(w->path, path))))
            post_event(w, path);
    }
}

void fx_store_fire_special(const char *path)
{
    fx_lock(&store()->lock);
    fire(path, false);
    fx_unlock(&store()->lock);
}

void fx_store_drop_client(unsigned int client)
{
    fx_lock(&store()->lock);
    for (unsigned int i = 0; i < FX_WATCHES; i++) {
        struct fx_watch *w = &store()->watch[i];

        if (w->used && fx.shared->queue[w->queue].client == client)
            w->used = false;
    }
    fx_unlock(&store()->lock);
}

static int change_store(const struct change *c)
{
    struct view v = {store()->node, &store()->nodes};
    int rc = apply(v, c);

    if (!rc) {
        store()->generation++;
        fire(c->path, c->kind == CHANGE_RM);
    }
    return rc;
}

/* ---- Handles --------------------------------------------------------- */

/* libxenstore cannot be restricted, so its socket is replaced. */
static int restrict_to(struct fx_restrictable *r, domid_t domid)
{
    (void)domid;
    ((struct xs_handle *)r)->cut = true;
    return 0;
}

struct xs_handle *xs_open(unsigned long flags)
{
    struct xs_handle *h;

    (void)flags;
    FX_ENTER(xs_open, NULL);
    h = calloc(1, sizeof(*h));
    if (!h)
        return NULL;
    h->queue = fx_queue_open();
    if (h->queue < 0) {
        errno = -h->queue;
        free(h);
        return NULL;
    }
    pthread_mutex_init(&h->lock, NULL);
    h->next_id = 1;
    fx_handle_add(&h->restrictable, restrict_to);
    return h;
}

static void transaction_free(struct transaction *t)
{
    while (t->changes) {
        struct change *c = t->changes;

        t->changes = c->next;
        free(c);
    }
    free(t->node);
    free(t);
}

void xs_close(struct xs_handle *h)
{
    /* Closing cannot fail. */
    fx_enter(FX_CALL_xs_close);
    if (!h)
        return;
    fx_handle_del(&h->restrictable);
    fx_lock(&store()->lock);
    for (unsigned int i = 0; i < FX_WATCHES; i++) {
        if (store()->watch[i].queue == h->queue)
            store()->watch[i].used = false;
    }
    fx_unlock(&store()->lock);
    fx_queue_close(h->queue);
    while (h->transactions) {
        struct transaction *t = h->transactions;

        h->transactions = t->next;
        transaction_free(t);
    }
    pthread_mutex_destroy(&h->lock);
    free(h);
}

int xs_fileno(struct xs_handle *h)
{
    FX_ENTER(xs_fileno, -1);
    return fx.efd[h->queue];
}

/* 0, or errno set and -1: for the functions that return bool or a pointer. */
static int usable(const struct xs_handle *h)
{
    return h->cut ? fx_result(-EBADF) : 0;
}

/* ---- Transactions ---------------------------------------------------- */

/* With the handle's lock: the transaction's link, or NULL. */
static struct transaction **lookup(struct xs_handle *h, xs_transaction_t id)
{
    for (struct transaction **t = &h->transactions; *t; t = &(*t)->next) {
        if ((*t)->id == id)
            return t;
    }
    return NULL;
}

/* What ID sees; locked until unview(). */
static int view(struct xs_handle *h, xs_transaction_t id, struct view *v)
{
    struct transaction **t;

    pthread_mutex_lock(&h->lock);
    t = id == XBT_NULL ? NULL : lookup(h, id);
    if (id != XBT_NULL && !t) {
        pthread_mutex_unlock(&h->lock);
        return -ENOENT;
    }
    if (t) {
        v->node = (*t)->node;
        v->nodes = &(*t)->nodes;
    } else {
        v->node = store()->node;
        v->nodes = &store()->nodes;
        fx_lock(&store()->lock);
    }
    return 0;
}

static void unview(struct xs_handle *h, xs_transaction_t id)
{
    if (id == XBT_NULL)
        fx_unlock(&store()->lock);
    pthread_mutex_unlock(&h->lock);
}

xs_transaction_t xs_transaction_start(struct xs_handle *h)
{
    struct transaction *t;

    FX_ENTER(xs_transaction_start, XBT_NULL);
    if (usable(h))
        return XBT_NULL;
    t = calloc(1, sizeof(*t));
    if (t)
        t->node = calloc(FX_NODES, sizeof(t->node[0]));
    if (!t || !t->node) {
        free(t);
        return XBT_NULL;
    }
    t->last = &t->changes;
    fx_lock(&store()->lock);
    t->generation = store()->generation;
    t->nodes = store()->nodes;
    memcpy(t->node, store()->node, t->nodes * sizeof(t->node[0]));
    fx_unlock(&store()->lock);
    pthread_mutex_lock(&h->lock);
    t->id = h->next_id++;
    t->next = h->transactions;
    h->transactions = t;
    pthread_mutex_unlock(&h->lock);
    return t->id;
}

static int commit(struct transaction *t)
{
    int rc = 0;

    fx_lock(&store()->lock);
    if (t->changes && t->generation != store()->generation)
        rc = -EAGAIN;
    for (struct change *c = t->changes; c && !rc; c = c->next)
        rc = change_store(c);
    fx_unlock(&store()->lock);
    return rc;
}

bool xs_transaction_end(struct xs_handle *h, xs_transaction_t id, bool abandon)
{
    struct transaction **link, *t = NULL;
    int rc = 0;

    FX_ENTER(xs_transaction_end, false);
    if (usable(h))
        return false;
    pthread_mutex_lock(&h->lock);
    link = lookup(h, id);
    if (link) {
        t = *link;
        *link = t->next;
    }
    pthread_mutex_unlock(&h->lock);
    if (!t)
        return !fx_result(-ENOENT);
    if (!abandon)
        rc = commit(t);
    transaction_free(t);
    return !fx_result(rc);
}

/* ---- Changes --------------------------------------------------------- */

static bool change(struct xs_handle *h, xs_transaction_t id,
                   enum change_kind kind, const char *path, const void *data,
                   unsigned int len)
{
    struct change *c;
    int rc;

    if (usable(h))
        return false;
    if (len >= FX_VALUE_MAX)
        return !fx_result(-E2BIG);
    c = calloc(1, sizeof(*c) + len);
    if (!c)
        return false;
    c->kind = kind;
    c->len = len;
    if (len)
        memcpy(c->value, data, len);
    rc = canonical(path, c->path);
    if (!rc && id == XBT_NULL) {
        fx_lock(&store()->lock);
        rc = change_store(c);
        fx_unlock(&store()->lock);
    } else if (!rc) {
        struct transaction **t;
        struct view v;

        rc = view(h, id, &v);
        if (!rc) {
            rc = apply(v, c);
            t = lookup(h, id);
            if (!rc) {
                *(*t)->last = c;
                (*t)->last = &c->next;
                c = NULL;
            }
            unview(h, id);
        }
    }
    free(c);
    return !fx_result(rc);
}

bool xs_write(struct xs_handle *h, xs_transaction_t t, const char *path,
              const void *data, unsigned int len)
{
    FX_ENTER(xs_write, false);
    return change(h, t, CHANGE_WRITE, path, data, len);
}

bool xs_mkdir(struct xs_handle *h, xs_transaction_t t, const char *path)
{
    FX_ENTER(xs_mkdir, false);
    return change(h, t, CHANGE_MKDIR, path, NULL, 0);
}

bool xs_rm(struct xs_handle *h, xs_transaction_t t, const char *path)
{
    FX_ENTER(xs_rm, false);
    return change(h, t, CHANGE_RM, path, NULL, 0);
}

void fx_store_home(domid_t domid)
{
    struct change c = {.kind = CHANGE_MKDIR};

    snprintf(c.path, sizeof(c.path), "/local/domain/%u", domid);
    fx_lock(&store()->lock);
    change_store(&c);
    fire("@introduceDomain", false);
    fx_unlock(&store()->lock);
}

/* ---- Questions ------------------------------------------------------- */

void *xs_read(struct xs_handle *h, xs_transaction_t t, const char *path,
              unsigned int *len)
{
    char full[FX_PATH_MAX], *value = NULL;
    struct fx_node *n;
    struct view v;
    int rc;

    FX_ENTER(xs_read, NULL);
    if (usable(h))
        return NULL;
    rc = canonical(path, full);
    if (!rc)
        rc = view(h, t, &v);
    if (rc) {
        errno = -rc;
        return NULL;
    }
    n = find(v, full);
    if (n)
        value = malloc(n->len + 1);
    if (value) {
        memcpy(value, n->value, n->len);
        value[n->len] = '\0';
        if (len)
            *len = n->len;
    }
    unview(h, t);
    if (!value)
        errno = n ? ENOMEM : ENOENT;
    return value;
}

/* The child's name if PATH is an immediate child of ROOT. */
static const char *child_name(const char *path, const char *root)
{
    const char *name;

    if (!below(path, root) || !strcmp(path, root))
        return NULL;
    name = path + strlen(root) + (root[1] ? 1 : 0);
    return strchr(name, '/') ? NULL : name;
}

/* One block: pointers, then the names. */
static char **list_children(struct view v, const char *root, unsigned int *num)
{
    size_t bytes = 0;
    unsigned int n = 0;
    const char *name;
    char **list, *at;

    for (unsigned int i = 0; i < *v.nodes; i++) {
        name = v.node[i].used ? child_name(v.node[i].path, root) : NULL;
        if (name) {
            bytes += strlen(name) + 1;
            n++;
        }
    }
    list = malloc((n + 1) * sizeof(*list) + bytes);
    if (!list)
        return NULL;
    at = (char *)(list + n + 1);
    *num = n;
    n = 0;
    for (unsigned int i = 0; i < *v.nodes; i++) {
        name = v.node[i].used ? child_name(v.node[i].path, root) : NULL;
        if (name) {
            list[n++] = at;
            at = stpcpy(at, name) + 1;
        }
    }
    list[n] = NULL;
    return list;
}

char **xs_directory(struct xs_handle *h, xs_transaction_t t, const char *path,
                    unsigned int *num)
{
    char full[FX_PATH_MAX];
    char **list = NULL;
    struct view v;
    int rc;

    FX_ENTER(xs_directory, NULL);
    if (usable(h))
        return NULL;
    rc = canonical(path, full);
    if (!rc)
        rc = view(h, t, &v);
    if (rc) {
        errno = -rc;
        return NULL;
    }
    if (exists(v, full))
        list = list_children(v, full, num);
    else
        rc = -ENOENT;
    unview(h, t);
    if (rc)
        errno = -rc;
    return list;
}

/* Permissions are checked by nobody here, so they are not kept either. */
bool xs_set_permissions(struct xs_handle *h, xs_transaction_t t,
                        const char *path, struct xs_permissions *perms,
                        unsigned int num_perms)
{
    char full[FX_PATH_MAX];
    struct view v;
    int rc;

    (void)perms;
    FX_ENTER(xs_set_permissions, false);
    if (usable(h))
        return false;
    rc = num_perms ? canonical(path, full) : -EINVAL;
    if (!rc)
        rc = view(h, t, &v);
    if (!rc) {
        rc = exists(v, full) ? 0 : -ENOENT;
        unview(h, t);
    }
    return !fx_result(rc);
}

char *xs_get_domain_path(struct xs_handle *h, unsigned int domid)
{
    char *path;

    FX_ENTER(xs_get_domain_path, NULL);
    if (usable(h))
        return NULL;
    path = malloc(32);
    if (path)
        snprintf(path, 32, "/local/domain/%u", domid);
    return path;
}

bool xs_is_domain_introduced(struct xs_handle *h, unsigned int domid)
{
    FX_ENTER(xs_is_domain_introduced, false);
    if (usable(h))
        return false;
    return !domid || fx_domain_exists((domid_t)domid);
}

/* ---- Watching -------------------------------------------------------- */

bool xs_watch(struct xs_handle *h, const char *path, const char *token)
{
    char full[FX_PATH_MAX];
    struct fx_watch *free_slot = NULL;
    int rc;

    FX_ENTER(xs_watch, false);
    if (usable(h))
        return false;
    rc = canonical(path, full);
    if (!rc && strlen(token) >= FX_TOKEN_MAX)
        rc = -EINVAL;
    if (rc)
        return !fx_result(rc);
    fx_lock(&store()->lock);
    for (unsigned int i = 0; i < FX_WATCHES; i++) {
        struct fx_watch *w = &store()->watch[i];

        if (!w->used)
            free_slot = free_slot ? free_slot : w;
        else if (w->queue == h->queue && !strcmp(w->path, full) &&
                 !strcmp(w->token, token))
            rc = -EEXIST;
    }
    if (!rc && !free_slot)
        rc = -ENOSPC;
    if (!rc) {
        free_slot->used = true;
        free_slot->queue = (uint8_t)h->queue;
        free_slot->prefix = (uint16_t)(strlen(full) - strlen(path));
        snprintf(free_slot->path, sizeof(free_slot->path), "%s", full);
        snprintf(free_slot->token, sizeof(free_slot->token), "%s", token);
        /* A new watch fires at once. */
        post_event(free_slot, full);
    }
    fx_unlock(&store()->lock);
    return !fx_result(rc);
}

bool xs_unwatch(struct xs_handle *h, const char *path, const char *token)
{
    struct fx_queue *q = &fx.shared->queue[h->queue];
    char full[FX_PATH_MAX];
    int rc;

    FX_ENTER(xs_unwatch, false);
    if (usable(h))
        return false;
    rc = canonical(path, full);
    if (rc)
        return !fx_result(rc);
    rc = -ENOENT;
    fx_lock(&store()->lock);
    for (unsigned int i = 0; i < FX_WATCHES; i++) {
        struct fx_watch *w = &store()->watch[i];

        if (w->used && w->queue == h->queue && !strcmp(w->path, full) &&
            !strcmp(w->token, token)) {
            w->used = false;
            rc = 0;
        }
    }
    for (uint32_t i = q->head; !rc && i != q->tail; i++) {
        struct fx_watch_event *e =
            &store()->event[h->queue][i % FX_WATCH_EVENTS];

        if (!strcmp(e->token, token))
            e->dead = true;
    }
    fx_unlock(&store()->lock);
    return !fx_result(rc);
}

/* Takes the next event: 1 and a copy of it, 0 if its watch has gone. */
static int take(struct xs_handle *h, struct fx_watch_event *out)
{
    struct fx_queue *q = &fx.shared->queue[h->queue];

    fx_lock(&store()->lock);
    *out = store()->event[h->queue][q->head++ % FX_WATCH_EVENTS];
    fx_unlock(&store()->lock);
    return !out->dead;
}

static char **next_event(struct xs_handle *h, bool block)
{
    struct pollfd p = {.fd = fx.efd[h->queue], .events = POLLIN};
    struct fx_watch_event e;
    uint64_t one;
    char **vec, *at;

    if (usable(h))
        return NULL;
    do {
        if (!block && poll(&p, 1, 0) != 1) {
            errno = EAGAIN;
            return NULL;
        }
        if (read(fx.efd[h->queue], &one, sizeof(one)) < 0)
            return NULL;
    } while (!take(h, &e));
    vec = malloc(2 * sizeof(*vec) + sizeof(e.path) + sizeof(e.token));
    if (!vec)
        return NULL;
    at = (char *)(vec + 2);
    vec[XS_WATCH_PATH] = at;
    vec[XS_WATCH_TOKEN] = stpcpy(at, e.path) + 1;
    strcpy(vec[XS_WATCH_TOKEN], e.token);
    return vec;
}

char **xs_read_watch(struct xs_handle *h, unsigned int *num)
{
    char **vec;

    FX_ENTER(xs_read_watch, NULL);
    vec = next_event(h, true);
    if (vec && num)
        *num = 2;
    return vec;
}

char **xs_check_watch(struct xs_handle *h)
{
    FX_ENTER(xs_check_watch, NULL);
    return next_event(h, false);
}
