# SPDX-License-Identifier: GPL-2.0-or-later
# The scenes as packets of the gfx engine: for programs, and for a guest.
gfx_stream_sources = \
	tests/gfx/scene-commands.c \
	tests/gfx/scene-stream.c \
	$(NULL)
gfx_stream_headers = \
	guest/lib/gfx-stream.h \
	guest/lib/stream.h \
	include/xen-vgpu/gfx.h \
	tests/guests/gfx/guest.h \
	tests/guests/gfx/spin.h \
	tests/gfx/scene-objects.h \
	tests/gfx/scene-stream.h \
	$(NULL)

check_LTLIBRARIES += tests/gfx/libstream.la
tests_gfx_libstream_la_SOURCES = $(gfx_stream_sources) $(gfx_stream_headers)
tests_gfx_libstream_la_LIBADD = tests/gfx/libscene.la libxvgpu-guest.la

check_PROGRAMS += tests/gfx/capture
tests_gfx_capture_SOURCES = tests/gfx/capture.c
tests_gfx_capture_LDADD = tests/gfx/libstream.la

# Through the engine.
TESTS += tests/gfx/check-replay
EXTRA_DIST += tests/gfx/check-replay

# The guests that draw them: larger than others, by the shaders.
gfx_stream_guests = \
	tests/guests/vgpu-gfx.c \
	tests/guests/vgpu-gfx-hang.c \
	tests/guests/vgpu-gfx-load.c \
	$(NULL)
gfx_stream_elf = $(gfx_stream_guests:.c=.elf)
gfx_stream_objects = \
	guest/lib/stream.gobj \
	tests/guests/gfx/guest.gobj \
	tests/guests/gfx/spin.gobj \
	$(gfx_stream_sources:.c=.gobj) \
	$(NULL)
$(gfx_stream_objects) $(gfx_stream_guests:.c=.gobj): \
	GUEST_CPPFLAGS += -I$(top_builddir) -I$(top_srcdir)
$(gfx_stream_objects) $(gfx_stream_guests:.c=.gobj): \
	$(gfx_scene_headers) $(gfx_stream_headers) $(guests_headers)
$(gfx_stream_elf): %.elf: %.gobj $(gfx_stream_objects) $(gfx_guest_objects) \
	$(guests_objects) tests/guests/runtime/guest.lds
	$(guest_v)$(GUEST_LINK) -o $@.tmp $< $(gfx_stream_objects) \
		$(gfx_guest_objects) $(guests_objects) && \
	$(GUEST_OBJCOPY) -O elf32-i386 $@.tmp $@ && rm -f $@.tmp
guests: $(gfx_stream_elf)
check_DATA += $(gfx_stream_elf)

EXTRA_DIST += $(gfx_stream_guests) tests/guests/gfx/guest.c \
	tests/guests/gfx/spin.c
CLEANFILES += \
	$(gfx_stream_elf) \
	$(gfx_stream_guests:.c=.gobj) \
	$(gfx_stream_objects) \
	$(NULL)
