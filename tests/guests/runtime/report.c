/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Start, result and end of a test. */
#include "runtime.h"

static enum status {
    RUNNING,
    SUCCESS,
    SKIP,
    ERROR,
    FAILURE,
} status;

static bool warned;

static const char *const status_names[] = {
    [RUNNING] = "RUNNING", [SUCCESS] = "SUCCESS", [SKIP] = "SKIP",
    [ERROR] = "ERROR",     [FAILURE] = "FAILURE",
};

static void raise(enum status to)
{
    if (status < to)
        status = to;
}

#define REPORTER(name, action)                                                 \
    void xtf_##name(const char *fmt, ...)                                      \
    {                                                                          \
        va_list args;                                                          \
                                                                               \
        action;                                                                \
        if (!fmt)                                                              \
            return;                                                            \
        va_start(args, fmt);                                                   \
        vprintk(fmt, args);                                                    \
        va_end(args);                                                          \
    }
REPORTER(success, raise(SUCCESS))
REPORTER(skip, raise(SKIP))
REPORTER(error, raise(ERROR))
REPORTER(failure, raise(FAILURE))
REPORTER(warning, warned = true)

bool xtf_status_reported(void)
{
    return status != RUNNING;
}

void xtf_report_status(void)
{
    if (status == RUNNING)
        xtf_error("The test reported no status\n");
    printk("Test result: %s%s\n", status_names[status],
           warned && status == SUCCESS ? " with warnings" : "");
}

static void __noreturn stop(unsigned int reason)
{
    console_flush();
    hypercall_shutdown(reason);

    /* Xen ends a domain that halts with interrupts off. */
    for (;;)
        __asm__ __volatile__("cli; hlt");
}

void xtf_exit(void)
{
    xtf_report_status();
    stop(SHUTDOWN_poweroff);
}

void panic(const char *fmt, ...)
{
    static bool again;
    va_list args;

    /* Whatever printing does wrong must not print again. */
    if (!again) {
        again = true;
        printk("PANIC: ");
        va_start(args, fmt);
        vprintk(fmt, args);
        va_end(args);
        xtf_error(NULL);
        xtf_report_status();
    }
    stop(SHUTDOWN_crash);
}

void xtf_main(void);
void xtf_main(void)
{
    cpu_init_traps();
    cpu_init_hypercalls();
    console_init_pv();
    xenstore_connect();

    printk("--- Xen Test Framework ---\n");
    printk("Environment: xen-vgpu runtime, HVM 64bit\n");
    printk("%s\n", test_title);
    test_main();
    xtf_exit();
}
