/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where Mesa's virpipe driver finds its renderer: it connects to a socket and
 * speaks virgl_test_server's protocol on it. Calls of the C library that this
 * driver makes for that are answered here: given to such a server, or turned
 * into commands of a virtio-gpu in the same thread, as the guest's kernel would
 * do in a system call.
 */
#ifndef BENCH_VIRGL_WIRE_H
#define BENCH_VIRGL_WIRE_H

/* NULL: commands of a virtio-gpu, by virgl-guest.h. */
void wire_to(const char *server_socket);

#endif
