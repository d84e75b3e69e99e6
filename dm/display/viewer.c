/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One viewer: its thread, its session with libvncserver.
 */
#include "dm/display/display.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "dm/display/rfb.h"
#include "dm/display/viewer.h"

#define NS_PER_MS UINT64_C(1000000)
/* Between two looks at the scanout: 60 a second. */
#define LOOK_NS (UINT64_C(1000000000) / 60)
/* A viewer that has not introduced itself by then. */
#define HELLO_NS (10 * UINT64_C(1000000000))
/* How long one message may stay incomplete, or nothing be taken of an update.
 * libvncserver looks every 5 s. */
#define PATIENCE_HELLO_MS 5000
#define PATIENCE_MS 20000
/* Messages between two looks: nobody's mouse is faster. */
#define MESSAGES_A_LOOK 64u
/* Who has given a wrong password keeps a place for so long. */
#define WRONG_PASSWORD_S 2
/* What a viewer sees that comes before the guest shows something. */
#define BLANK_WIDTH 640u
#define BLANK_HEIGHT 480u
#define SIZE_MIN 64

/* ---- What libvncserver calls ------------------------------------------- */

static struct viewer *viewer_of(rfbClientPtr cl)
{
    return cl->screen->screenData;
}

static void on_gone(rfbClientPtr cl)
{
    viewer_of(cl)->client = NULL;
}

/* Without encryption, and without the browsers' framing, in which the
 * messages can't be told apart from outside. */
static enum rfbNewClientAction on_new(rfbClientPtr cl)
{
    struct viewer *v = viewer_of(cl);

    if (cl->wsctx || cl->sslctx)
        return RFB_CLIENT_REFUSE;
    v->client = cl;
    cl->viewOnly = TRUE; /* a vGPU has no keyboard and no mouse */
    cl->clientGoneHook = on_gone;
    return RFB_CLIENT_ACCEPT;
}

static rfbBool on_password(rfbClientPtr cl, const char *response, int len)
{
    struct viewer *v = viewer_of(cl);
    rfbBool right = rfbCheckPasswordByList(cl, response, len);

    v->refused = !right;
    return right;
}

static void on_pointer(int buttons, int x, int y, rfbClientPtr cl)
{
    (void)buttons;
    (void)x;
    (void)y;
    (void)cl;
}

static int on_size(int width, int height, int nr, struct rfbExtDesktopScreen *s,
                   rfbClientPtr cl)
{
    struct viewer *v = viewer_of(cl);

    if (nr != 1 || s->x || s->y || s->width != width || s->height != height ||
        width < SIZE_MIN || height < SIZE_MIN ||
        width > (int)SCANOUT_WIDTH_MAX || height > (int)SCANOUT_HEIGHT_MAX)
        return rfbExtDesktopSize_InvalidScreenLayout;
    return display_ask_size(v->display, v->scanout, (uint32_t)width,
                            (uint32_t)height)
               ? rfbExtDesktopSize_Success
               : rfbExtDesktopSize_OutOfResources;
}

__attribute__((format(printf, 1, 2))) static void on_log(const char *fmt, ...)
{
    char text[256];
    va_list ap;
    size_t i;

    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    for (i = 0; text[i]; i++) {
        if (text[i] < ' ' || text[i] > '~')
            text[i] = text[i + 1] ? '?' : '\0';
    }
    log_debug("libvncserver: %s", text);
}

void viewer_log_init(void)
{
    rfbLog = rfbErr = on_log;
}

/* ---- The picture ------------------------------------------------------- */

static void on_changed(void *user, uint32_t x1, uint32_t y1, uint32_t x2,
                       uint32_t y2)
{
    struct viewer *v = user;

    rfbMarkRectAsModified(v->screen, (int)x1, (int)y1, (int)x2, (int)y2);
}

/* libvncserver's idea of 32 bits is R, G, B, X in memory; ours is B, G, R, X.
 */
static void set_framebuffer(struct viewer *v)
{
    rfbNewFramebuffer(v->screen, (char *)v->picture.pixels,
                      (int)v->picture.width, (int)v->picture.height, 8, 3, 4);
    v->screen->serverFormat.redShift = 16;
    v->screen->serverFormat.greenShift = 8;
    v->screen->serverFormat.blueShift = 0;
    if (v->client)
        rfbSetTranslateFunction(v->client);
}

static int resize(struct viewer *v, uint32_t width, uint32_t height)
{
    uint32_t *old = v->picture.pixels;
    int rc = picture_resize(&v->picture, width, height);

    if (rc)
        return rc;
    set_framebuffer(v);
    free(old);
    return 0;
}

/* Whoever can't be told of another size must come anew. */
static int follow_picture(struct viewer *v)
{
    struct scanout_view now;
    int rc;

    rc = scanout_look(v->display->base, v->scanout, &now);
    if (rc) {
        if (v->shown.width) {
            memset(v->picture.pixels, 0,
                   sizeof(*v->picture.pixels) * v->picture.width *
                       v->picture.height);
            on_changed(v, 0, 0, v->picture.width, v->picture.height);
        }
        memset(&v->shown, 0, sizeof(v->shown));
        return 0;
    }
    if (now.width != v->picture.width || now.height != v->picture.height) {
        if (v->client && !v->client->useNewFBSize)
            return -EPIPE;
        rc = resize(v, now.width, now.height);
        if (rc)
            return rc;
        v->shown.width = 0;
    }
    if (!v->shown.width || now.flushes != v->shown.flushes)
        picture_follow(&v->picture, now.pixels, now.line, on_changed, v);
    v->shown = now;
    return 0;
}

static int follow(struct viewer *v)
{
    int rc = follow_picture(v);

    if (!rc)
        pointer_follow(v);
    return rc;
}

/* ---- A session ---------------------------------------------------------- */

static void welcome(struct viewer *v)
{
    v->welcome = true;
    v->screen->maxClientWait = PATIENCE_MS;
    display_log(v->display, LOG_INFO, "viewer %s looks at scanout %u",
                v->client->host, v->scanout);
}

/* As libvncserver decides for what it reads itself. */
static bool is_late(struct viewer *v)
{
    const uint64_t now = clock_ns();

    if (!v->partial_ns)
        v->partial_ns = now;
    return now - v->partial_ns > PATIENCE_MS * NS_PER_MS;
}

/* `gone`: nothing comes any more but what is there. poll() does not sleep
 * then, whatever it is asked for. */
static void take_message(struct viewer *v, bool gone)
{
    rfbClientPtr cl = v->client;
    int rc = message_check(cl->sock, cl->state);

    v->messages++;
    if (gone && (rc == -EAGAIN || rc == -EINTR))
        rc = -EPIPE;
    if (rc == -EINTR)
        return;
    if (rc == -EAGAIN && (!v->welcome || !is_late(v))) {
        v->messages = MESSAGES_A_LOOK; /* the rest is still to come */
        return;
    }
    v->partial_ns = 0;
    if (rc) {
        if (rc == -EPROTO)
            display_log(v->display, LOG_WARNING,
                        "viewer %s: a message that is none of ours: "
                        "disconnected",
                        cl->host);
        else if (rc != -EPIPE && rc != -ECONNRESET)
            display_log(v->display, LOG_WARNING, "viewer %s: receive: %s",
                        cl->host, strerror(-rc));
        rfbCloseClient(cl);
        return;
    }
    rfbProcessClientMessage(cl);
    if (!v->welcome && cl->sock >= 0 && cl->state == RFB_NORMAL)
        welcome(v);
}

static void look(struct viewer *v, uint64_t now)
{
    rfbClientPtr cl = v->client;
    int rc;

    v->look_ns = now + LOOK_NS;
    v->messages = 0;
    if (!v->welcome) {
        if (now - v->since_ns > HELLO_NS)
            rfbCloseClient(cl);
        return;
    }
    /* Nobody looks while a viewer has not asked. */
    if (sraRgnEmpty(cl->requestedRegion))
        return;
    rc = follow(v);
    if (!rc) {
        rfbUpdateClient(cl);
        return;
    }
    if (rc != -EPIPE)
        display_log(v->display, LOG_ERROR, "viewer %s: %s: disconnected",
                    cl->host, strerror(-rc));
    rfbCloseClient(cl);
}

static int wait_ms(const struct viewer *v, uint64_t now)
{
    if (v->welcome && sraRgnEmpty(v->client->requestedRegion) &&
        v->messages < MESSAGES_A_LOOK)
        return -1;
    return now < v->look_ns ? (int)((v->look_ns - now) / NS_PER_MS) + 1 : 0;
}

static void session(struct viewer *v)
{
    struct pollfd p = {.events = POLLIN};
    uint64_t now;

    while (v->client && v->client->sock >= 0) {
        now = clock_ns();
        if (now >= v->look_ns) {
            look(v, now);
            if (v->client->sock < 0)
                break;
        }
        p.fd = v->client->sock;
        p.events = v->messages < MESSAGES_A_LOOK ? POLLIN : 0;
        p.revents = 0;
        if (poll(&p, 1, wait_ms(v, now)) < 0 && errno != EINTR) {
            display_log(v->display, LOG_ERROR, "viewer %s: poll: %s",
                        v->client->host, strerror(errno));
            rfbCloseClient(v->client);
            break;
        }
        if (p.revents)
            take_message(v, p.revents & ~POLLIN);
    }
    if (v->client)
        rfbClientConnectionGone(v->client);
}

static void connect_viewer(struct viewer *v, int fd)
{
    struct scanout_view now;
    int rc;

    v->shown.width = 0;
    v->welcome = v->refused = false;
    v->messages = 0;
    v->partial_ns = 0;
    v->since_ns = v->look_ns = clock_ns();
    v->screen->maxClientWait = PATIENCE_HELLO_MS;
    if (v->display->nr_scanouts > 1)
        snprintf(v->title, sizeof(v->title), "vGPU %u.%u, scanout %u",
                 v->display->domid, v->display->index, v->scanout);
    else
        snprintf(v->title, sizeof(v->title), "vGPU %u.%u", v->display->domid,
                 v->display->index);
    pointer_forget(v);
    /* The size only: the picture is for who is welcome. */
    rc = scanout_look(v->display->base, v->scanout, &now);
    rc = rc ? resize(v, BLANK_WIDTH, BLANK_HEIGHT)
            : resize(v, now.width, now.height);
    if (rc) {
        display_log(v->display, LOG_ERROR,
                    "a viewer of scanout %u was turned away: %s", v->scanout,
                    strerror(-rc));
        close(fd);
        return;
    }
    rfbNewClient(v->screen, fd); /* which closes it if that fails */
}

static void disconnect_viewer(struct viewer *v)
{
    const struct timespec pause = {.tv_sec = WRONG_PASSWORD_S};

    free(v->picture.pixels);
    memset(&v->picture, 0, sizeof(v->picture));
    if (v->welcome)
        display_log(v->display, LOG_INFO, "a viewer of scanout %u is gone",
                    v->scanout);
    if (!v->refused)
        return;
    display_log(v->display, LOG_WARNING,
                "a viewer of scanout %u gave a wrong password", v->scanout);
    nanosleep(&pause, NULL);
}

static void *viewer_thread(void *user)
{
    struct viewer *v = user;
    struct display *d = v->display;

    pthread_mutex_lock(&d->lock);
    for (;;) {
        while (v->fd < 0)
            pthread_cond_wait(&v->wake, &d->lock);
        pthread_mutex_unlock(&d->lock);
        connect_viewer(v, v->fd);
        session(v);
        disconnect_viewer(v);
        pthread_mutex_lock(&d->lock);
        v->fd = -1;
    }
    return NULL;
}

bool viewer_take(struct viewer *v, unsigned int scanout, int fd)
{
    bool idle;

    pthread_mutex_lock(&v->display->lock);
    idle = v->fd < 0;
    if (idle) {
        v->scanout = scanout;
        v->fd = fd;
        pthread_cond_signal(&v->wake);
    }
    pthread_mutex_unlock(&v->display->lock);
    return idle;
}

int viewer_start(struct viewer *v)
{
    return -pthread_create(&v->thread, NULL, viewer_thread, v);
}

struct viewer *viewer_new(struct display *d)
{
    struct viewer *v = calloc(1, sizeof(*v));

    if (!v)
        return NULL;
    v->display = d;
    v->fd = -1;
    pthread_cond_init(&v->wake, NULL);
    v->screen =
        rfbGetScreen(NULL, NULL, (int)BLANK_WIDTH, (int)BLANK_HEIGHT, 8, 3, 4);
    if (!v->screen) {
        free(v);
        return NULL;
    }
    v->passwords[0] = d->password;
    v->screen->screenData = v;
    v->screen->desktopName = v->title;
    v->screen->alwaysShared = TRUE;
    v->screen->deferUpdateTime = 0; /* we have our own clock */
    v->screen->newClientHook = on_new;
    v->screen->ptrAddEvent = on_pointer;
    v->screen->setDesktopSizeHook = on_size;
    rfbSetCursor(v->screen, NULL);
    if (*d->password) {
        v->screen->authPasswdData = v->passwords;
        v->screen->authPasswdFirstViewOnly = 0;
        v->screen->passwordCheck = on_password;
    }
    return v;
}

/* ---- Rehearsal ----------------------------------------------------------- */

static int say(int fd, const void *what, size_t len)
{
    ssize_t n;

    do
        n = send(fd, what, len, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    return n < 0 ? -errno : 0;
}

/* A viewer without a password, or with a wrong one. Each message is answered
 * before the next is looked at, as the sizes are small. */
int viewer_rehearse(struct viewer *v)
{
    static const char lines[] = "RFB 003.008\n";
    static const char wrong[16];
    const char type =
        *v->display->password ? rfbSecTypeVncAuth : rfbSecTypeNone;
    int pair[2], rc;

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
        return -errno;
    connect_viewer(v, pair[0]);
    rc = v->client ? say(pair[1], lines, sizeof(lines) - 1) : -ENOMEM;
    if (!rc)
        rc = say(pair[1], &type, 1);
    if (!rc && *v->display->password)
        rc = say(pair[1], wrong, sizeof(wrong));
    while (!rc && v->client->sock >= 0 &&
           v->client->state != RFB_INITIALISATION)
        rfbProcessClientMessage(v->client);
    if (v->client && v->client->sock >= 0)
        rfbCloseClient(v->client);
    if (v->client)
        rfbClientConnectionGone(v->client);
    close(pair[1]);
    v->refused = false;
    disconnect_viewer(v);
    return rc;
}
