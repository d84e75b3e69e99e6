/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Makes a PVH kernel of a guest: Xen's note that says where to begin (Xen:
 * public/elfnote.h, docs/misc/pvh.pandoc).  The state of the processor is the
 * same as without.
 */
#include <xen/elfnote.h>

        .section .note.Xen, "a", @note
        .balign 4
        .long   2f - 1f                 /* the name's size */
        .long   4f - 3f                 /* the value's size */
        .long   XEN_ELFNOTE_PHYS32_ENTRY
1:      .asciz  "Xen"
2:      .balign 4
3:      .long   _start
4:      .balign 4

        .section .note.GNU-stack, "", @progbits
