/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who is granted what, as two domains' pages S say it: looked at by a thread
 * all the time. */
#ifndef UNIT_GRANT_WATCH_H
#define UNIT_GRANT_WATCH_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define GRANT_WATCH_ENGINES 2u /* gfx and sdma */

struct grant_watch {
    const struct grant_s *s[2][GRANT_WATCH_ENGINES];
    pthread_t thread;
    bool stop;
    /* Looks at which one domain had both engines, and at which both domains
     * had one, be it the same one or not. */
    uint64_t ganged, same, crossed;
};

/* Of these monitors, each with one vGPU. */
void grant_watch_start(struct grant_watch *w, const pid_t monitors[2]);
void grant_watch_stop(struct grant_watch *w);

#endif
