/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between the files that read the command line. */
#ifndef MONITOR_OPTIONS_PARTS_H
#define MONITOR_OPTIONS_PARTS_H

#include "dm/monitor/options.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* Returns -EINVAL. */
__attribute__((format(printf, 2, 3))) int
options_fail(struct options_error *err, const char *fmt, ...);

/* A whole number, decimal or 0x…, and nothing behind it but *end. */
bool options_number(const char *s, uint64_t *value, const char **end);
/* The same, nothing behind it, and no greater than max. */
bool options_plain_number(const char *s, uint64_t max, uint32_t *value);

/* One -vgpu: another row of o->vgpus. */
int options_vgpu(struct options *o, const char *arg, struct options_error *err);

/* vnc=, vncpasswd=, and both together. */
int options_vnc(struct vgpu_options *v, const char *value,
                struct options_error *err);
int options_vncpasswd(struct vgpu_options *v, const char *value,
                      struct options_error *err);
int options_check_vnc(const struct vgpu_options *v, struct options_error *err);

#endif
