# SPDX-License-Identifier: GPL-2.0-or-later
# Microkernel guests: tests/guests/NAME.elf from tests/guests/NAME.c, the
# runtime and the driver library.  Rules of their own, since neither the
# compiler's flags nor the linker's have anything to do with the programs'.
guests_tests = \
	tests/guests/hello.c \
	tests/guests/mmio-latency.c \
	tests/guests/vgpu-balloon.c \
	tests/guests/vgpu-bar.c \
	tests/guests/vgpu-copy.c \
	tests/guests/vgpu-csr-access.c \
	tests/guests/vgpu-draw.c \
	tests/guests/vgpu-end.c \
	tests/guests/vgpu-gone.c \
	tests/guests/vgpu-kill.c \
	tests/guests/vgpu-latency.c \
	tests/guests/vgpu-malformed.c \
	tests/guests/vgpu-probe.c \
	tests/guests/vgpu-reset.c \
	tests/guests/vgpu-routes.c \
	tests/guests/vgpu-scatter.c \
	tests/guests/vgpu-two.c \
	$(NULL)

guests_headers = \
	include/xen-vgpu/csr.h \
	include/xen-vgpu/packet.h \
	include/xen-vgpu/pci.h \
	tests/guests/common/check.h \
	tests/guests/runtime/runtime.h \
	tests/guests/runtime/xtf.h \
	tests/guests/runtime/xtf/base.h \
	tests/guests/runtime/xtf/hypercall.h \
	tests/guests/runtime/xtf/libc.h \
	tests/guests/runtime/xtf/report.h \
	tests/guests/runtime/xtf/x86.h \
	tests/guests/vgpu/evtchn.h \
	tests/guests/vgpu/packets.h \
	tests/guests/vgpu/pci.h \
	tests/guests/vgpu/plat.h \
	tests/guests/vgpu/plat_init.h \
	tests/guests/vgpu/vgpu.h \
	$(NULL)

guests_library = \
	tests/guests/common/check.c \
	tests/guests/common/random.c \
	tests/guests/common/stats.c \
	tests/guests/runtime/console.c \
	tests/guests/runtime/cpu.c \
	tests/guests/runtime/report.c \
	tests/guests/runtime/string.c \
	tests/guests/runtime/xenstore.c \
	tests/guests/vgpu/args.c \
	tests/guests/vgpu/device.c \
	tests/guests/vgpu/engine.c \
	tests/guests/vgpu/evtchn.c \
	tests/guests/vgpu/irq.c \
	tests/guests/vgpu/mem.c \
	tests/guests/vgpu/pci-irq.c \
	tests/guests/vgpu/pci.c \
	tests/guests/vgpu/time.c \
	$(NULL)

# Those that lab scenarios start as PVH domains, too.
guests_pvh = \
	tests/guests/hello.pvh.elf \
	tests/guests/vgpu-copy.pvh.elf \
	tests/guests/vgpu-csr-access.pvh.elf \
	tests/guests/vgpu-probe.pvh.elf \
	$(NULL)

guests_elf = $(guests_tests:.c=.elf) $(guests_pvh)
guests_pvh_note = tests/guests/runtime/pvh.gobj
guests_entry = tests/guests/runtime/entry.gobj
guests_objects = $(guests_entry) $(guests_library:.c=.gobj)

# The processor state that Xen gives us has no FPU set up, and interrupts may
# use what is below the stack pointer.
GUEST_CC = $(CC)
GUEST_CFLAGS = \
	-m64 -march=x86-64 -std=gnu11 -O2 -g \
	-ffreestanding -fno-pic -fno-pie -fno-common \
	-fno-stack-protector -fcf-protection=none -fno-strict-aliasing \
	-fno-asynchronous-unwind-tables \
	-mgeneral-regs-only -mno-red-zone \
	$(WARNINGS) \
	$(NULL)
GUEST_CPPFLAGS = \
	-I$(top_srcdir)/include \
	-I$(top_srcdir)/tests/guests/runtime \
	-I$(top_srcdir)/tests/guests/vgpu \
	-I$(top_srcdir)/tests/guests/common \
	$(XENDM_CFLAGS) \
	$(NULL)
GUEST_LINK = ld -m elf_x86_64 -nostdlib --build-id=none -z max-page-size=4096 \
	-z noexecstack -T $(top_srcdir)/tests/guests/runtime/guest.lds
GUEST_OBJCOPY = objcopy

guest_v = $(guest_v_@AM_V@)
guest_v_ = $(guest_v_@AM_DEFAULT_V@)
guest_v_0 = @echo "  GUEST   " $@;

guest_compile = $(guest_v)$(MKDIR_P) $(@D) && \
	$(GUEST_CC) $(GUEST_CPPFLAGS) $(GUEST_CFLAGS) -c -o $@

.c.gobj:
	$(guest_compile) $<
.S.gobj:
	$(guest_compile) $<

# libxc wants a 32-bit image, though the code in it is not.
.gobj.elf:
	$(guest_v)$(GUEST_LINK) -o $@.tmp $< $(guests_objects) && \
	$(GUEST_OBJCOPY) -O elf32-i386 $@.tmp $@ && rm -f $@.tmp

$(guests_pvh): %.pvh.elf: %.gobj
	$(guest_v)$(GUEST_LINK) -o $@.tmp $< $(guests_objects) \
		$(guests_pvh_note) && \
	$(GUEST_OBJCOPY) -O elf32-i386 $@.tmp $@ && rm -f $@.tmp

$(guests_objects) $(guests_tests:.c=.gobj): $(guests_headers)
$(guests_elf): $(guests_objects) tests/guests/runtime/guest.lds
$(guests_pvh): $(guests_pvh_note)

.PHONY: guests
guests: $(guests_elf)
check_DATA += $(guests_elf)
TESTS += tests/guests/xtf-check

EXTRA_DIST += \
	tests/guests/README.md \
	tests/guests/runtime/entry.S \
	tests/guests/runtime/guest.lds \
	tests/guests/runtime/pvh.S \
	tests/guests/xtf-check \
	$(guests_headers) \
	$(guests_library) \
	$(guests_tests) \
	$(NULL)

CLEANFILES += \
	$(guests_elf) \
	$(guests_objects) \
	$(guests_pvh_note) \
	$(guests_tests:.c=.gobj) \
	$(NULL)
