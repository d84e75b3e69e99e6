# SPDX-License-Identifier: GPL-2.0-or-later
# The references of registers and packets are kept in the tree, and a test says
# when they are no longer what the tables say; `make reference` renews it.
check_PROGRAMS += docs/gen-abi
TESTS += docs/check-registers
EXTRA_DIST += docs/check-registers docs/registers.md docs/packets.md

docs_gen_abi_SOURCES = docs/gen-abi.c lib/packets.c

reference: docs/gen-abi$(EXEEXT)
	$(AM_V_GEN)docs/gen-abi reference > $(srcdir)/docs/registers.md
	$(AM_V_at)docs/gen-abi packets > $(srcdir)/docs/packets.md
.PHONY: reference
