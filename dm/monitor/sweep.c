/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"

#include "dm/monitor/child.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/log.h"

void child_sweep(uint32_t domid)
{
    const uid_t base = XVGPU_UID_BASE + UIDS_A_DOMAIN * domid;
    unsigned int i;
    pid_t pid;

    if (geteuid())
        return;
    for (i = 0; i < UIDS_A_DOMAIN; i++) {
        pid = fork();
        if (pid < 0) {
            log_warning("sweep what an earlier domain left: %s",
                        strerror(errno));
            return;
        }
        /* As that uid: all that may be signalled is what runs under it. */
        if (!pid) {
            if (!setresuid(base + i, base + i, base + i))
                kill(-1, SIGKILL);
            _exit(0);
        }
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
            ;
    }
}
