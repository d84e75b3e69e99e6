# SPDX-License-Identifier: GPL-2.0-or-later
# The register reference is kept in the tree, and a test says when it is no
# longer what the tables say; `make reference` renews it.
check_PROGRAMS += docs/gen-abi
TESTS += docs/check-registers
EXTRA_DIST += docs/check-registers docs/registers.md

docs_gen_abi_SOURCES = docs/gen-abi.c

reference: docs/gen-abi$(EXEEXT)
	$(AM_V_GEN)docs/gen-abi reference > $(srcdir)/docs/registers.md
.PHONY: reference
