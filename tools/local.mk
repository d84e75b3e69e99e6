# SPDX-License-Identifier: GPL-2.0-or-later
bin_PROGRAMS += xen-vgpu
noinst_LTLIBRARIES += libtools.la

# All but main(), for the tests.
libtools_la_SOURCES = \
	tools/attach.c \
	tools/client.c \
	tools/client.h \
	tools/commands.h \
	tools/control.c \
	tools/disasm-packets.c \
	tools/disasm.c \
	tools/disasm.h \
	tools/file.c \
	tools/file.h \
	tools/find.c \
	tools/find.h \
	tools/list.c \
	tools/metrics.c \
	tools/perfetto.c \
	tools/perfetto.h \
	tools/picture.c \
	tools/picture.h \
	tools/print.c \
	tools/print.h \
	tools/record.c \
	tools/replay.c \
	tools/regs.c \
	tools/sched.c \
	tools/screenshot.c \
	tools/settings.c \
	tools/settings.h \
	tools/show.c \
	tools/sim-client.c \
	tools/sim-engine.c \
	tools/sim-engine.h \
	tools/sim-load.c \
	tools/sim-measure.c \
	tools/sim-models.c \
	tools/sim-plot.c \
	tools/sim-print.c \
	tools/sim-record.c \
	tools/sim-record.h \
	tools/sim-trace.c \
	tools/sim.c \
	tools/sim.h \
	tools/stats.c \
	tools/stats.h \
	tools/top-faults.c \
	tools/top-interval.c \
	tools/top-screen.c \
	tools/top-text.c \
	tools/top.c \
	tools/top.h \
	tools/trace.c \
	tools/value.c \
	tools/value.h \
	$(NULL)
libtools_la_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS) $(LIBPNG_CFLAGS) \
	$(NCURSES_CFLAGS)
libtools_la_LIBADD = libsched.la libxvgpu.la $(JANSSON_LIBS) $(LIBPNG_LIBS) \
	$(NCURSES_LIBS) -lm

xen_vgpu_SOURCES = tools/main.c
xen_vgpu_CFLAGS = $(libtools_la_CFLAGS)
xen_vgpu_LDADD = libtools.la

include tools/replay/local.mk

bashcompletiondir = $(datadir)/bash-completion/completions
dist_bashcompletion_DATA = completions/xen-vgpu
