/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A UNIX stream socket on which clients send lines of text. All sizes are
 * bounded; a client that does not read is dropped.
 */
#ifndef LIB_SERVER_H
#define LIB_SERVER_H

#include <ev.h>
#include <stdbool.h>
#include <stddef.h>

#define SERVER_LINE_MAX 65536u
#define SERVER_OUT_MAX (1u << 20)
#define SERVER_CONNS 8u /* unless its operations say more */

struct server;
struct conn;

struct server_ops {
    unsigned int max_conns; /* at a time; 0: SERVER_CONNS */
    void (*opened)(struct conn *c);
    /* A whole line, zero-terminated, without its end. */
    void (*line)(struct conn *c, char *line, size_t len);
    /* A line longer than SERVER_LINE_MAX: the connection ends after what
     * this sends. */
    void (*too_long)(struct conn *c);
    void (*closed)(struct conn *c);
};

/* Bind PATH (a socket that nobody listens on any more is replaced), or take
 * the listening descriptor FD if PATH is NULL. user is for the callbacks. 0
 * or a negative errno. */
int server_open(struct server **srv, struct ev_loop *loop, const char *path,
                int fd, const struct server_ops *ops, void *user);

/* Close all connections, remove the socket. NULL is harmless. */
void server_close(struct server *srv);

/* The user of its server. */
void *conn_user(struct conn *c);

/* A word of the callbacks' own, 0 when the connection opens. */
unsigned int *conn_word(struct conn *c);

/* Send; fd, if not negative, goes with the first byte and stays the
 * caller's. What does not go at once is kept. The connection may be closed
 * after it (ops->closed has then been called); further calls do nothing. */
void conn_send(struct conn *c, const char *data, size_t len, int fd);

/* Close it after what was sent, for an answer that can't be given: its client
 * must not wait for one. */
void conn_drop(struct conn *c);

/* Take no further lines until conn_resume(). */
void conn_pause(struct conn *c);
void conn_resume(struct conn *c);

#endif
