/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vnc= and vncpasswd= of -vgpu: where a vGPU is shown. */
#include "config.h"

#include "dm/monitor/options-parts.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#define PORT_MAX 65535u

static bool take_text(char *to, size_t size, const char *from, size_t len)
{
    if (!len || len >= size)
        return false;
    memcpy(to, from, len);
    to[len] = '\0';
    return true;
}

/* An address of numbers: names would have to be looked up. */
static bool take_host(struct vnc_options *vnc, const char *host, size_t len)
{
    struct in6_addr addr6;
    struct in_addr addr;

    if (host[0] == '[' && len > 2 && host[len - 1] == ']') {
        vnc->kind = VNC_TCP6;
        return take_text(vnc->where, sizeof(vnc->where), host + 1, len - 2) &&
               inet_pton(AF_INET6, vnc->where, &addr6) == 1;
    }
    vnc->kind = VNC_TCP;
    return take_text(vnc->where, sizeof(vnc->where), host, len) &&
           inet_pton(AF_INET, vnc->where, &addr) == 1;
}

static bool take_path(struct vnc_options *vnc, const char *path)
{
    vnc->kind = VNC_UNIX;
    return *path == '/' &&
           take_text(vnc->where, sizeof(vnc->where), path, strlen(path));
}

static bool parse(struct vnc_options *vnc, const char *value)
{
    static const char local[] = "127.0.0.1";
    const char *colon = strrchr(value, ':');

    if (!strncmp(value, "unix:", 5))
        return take_path(vnc, value + 5);
    if (colon ? !take_host(vnc, value, (size_t)(colon - value))
              : !take_host(vnc, local, strlen(local)))
        return false;
    return options_plain_number(colon ? colon + 1 : value, PORT_MAX,
                                &vnc->port) &&
           vnc->port;
}

int options_vnc(struct vgpu_options *v, const char *value,
                struct options_error *err)
{
#ifndef XVGPU_VNC
    return options_fail(err, "-vgpu vnc=%.64s: built without VNC", value);
#endif
    if (parse(&v->vnc, value))
        return 0;
    return options_fail(err,
                        "-vgpu vnc=%.64s: must be PORT, ADDRESS:PORT, "
                        "[ADDRESS]:PORT or unix:PATH, the address in numbers, "
                        "the path whole and shorter than %zu characters",
                        value, sizeof(v->vnc.where));
}

int options_vncpasswd(struct vgpu_options *v, const char *value,
                      struct options_error *err)
{
    if (*value == '/' && take_text(v->vnc.password, sizeof(v->vnc.password),
                                   value, strlen(value)))
        return 0;
    return options_fail(err,
                        "-vgpu vncpasswd=%.64s: must be a file's whole path, "
                        "shorter than %zu characters",
                        value, sizeof(v->vnc.password));
}

static bool seen_by_others(const struct vnc_options *vnc)
{
    struct in6_addr addr6;

    if (vnc->kind == VNC_TCP6)
        return inet_pton(AF_INET6, vnc->where, &addr6) != 1 ||
               !IN6_IS_ADDR_LOOPBACK(&addr6);
    return vnc->kind == VNC_TCP && strncmp(vnc->where, "127.", 4) != 0;
}

int options_check_vnc(const struct vgpu_options *v, struct options_error *err)
{
    const struct vnc_options *vnc = &v->vnc;

    if (*vnc->password && vnc->kind == VNC_NONE)
        return options_fail(err, "-vgpu vncpasswd=: without vnc=");
    if (!*vnc->password && seen_by_others(vnc))
        return options_fail(err,
                            "-vgpu vnc=: other hosts can reach %s, so it needs "
                            "vncpasswd=",
                            vnc->where);
    if (vnc->kind != VNC_UNIX && vnc->port + v->scanouts - 1 > PORT_MAX)
        return options_fail(err,
                            "-vgpu vnc=: no ports behind %u for %u scanouts",
                            vnc->port, v->scanouts);
    return 0;
}
