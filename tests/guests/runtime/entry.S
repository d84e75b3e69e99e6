/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Entry and exception stubs.  libxc loads the image as an HVM guest's first
 * code and starts it in flat 32-bit protected mode without paging
 * (Xen: docs/misc/pvh.pandoc describes the same state); we go on to 64 bits.
 */

#define KERN_CS         0x08
#define KERN_DS         0x10
#define KERN_TSS        0x18

#define PTE_PRESENT     0x001
#define PTE_RW          0x002
#define PTE_LARGE       0x080

        .section .text.head, "ax", @progbits
        .code32
        .globl _start
_start:
        cli
        cld
        mov     $stack_top, %esp

        /* 4 GiB one to one: 2048 large pages in four tables ... */
        xor     %ecx, %ecx
1:      mov     %ecx, %eax
        shl     $21, %eax
        or      $(PTE_PRESENT | PTE_RW | PTE_LARGE), %eax
        mov     %eax, pt_l2(, %ecx, 8)
        inc     %ecx
        cmp     $2048, %ecx
        jne     1b

        /* ... but for the first page, so that a NULL pointer faults. */
        mov     $1, %ecx
2:      mov     %ecx, %eax
        shl     $12, %eax
        or      $(PTE_PRESENT | PTE_RW), %eax
        mov     %eax, pt_l1(, %ecx, 8)
        inc     %ecx
        cmp     $512, %ecx
        jne     2b
        movl    $(pt_l1 + PTE_PRESENT + PTE_RW), pt_l2

        xor     %ecx, %ecx
3:      mov     %ecx, %eax
        shl     $12, %eax
        add     $(pt_l2 + PTE_PRESENT + PTE_RW), %eax
        mov     %eax, pt_l3(, %ecx, 8)
        inc     %ecx
        cmp     $4, %ecx
        jne     3b
        movl    $(pt_l3 + PTE_PRESENT + PTE_RW), pt_l4

        mov     $0x20, %eax             /* CR4.PAE */
        mov     %eax, %cr4
        mov     $pt_l4, %eax
        mov     %eax, %cr3
        mov     $0xc0000080, %ecx       /* EFER.LME */
        rdmsr
        or      $0x100, %eax
        wrmsr
        mov     %cr0, %eax
        or      $0x80010000, %eax       /* CR0.PG, CR0.WP */
        mov     %eax, %cr0
        lgdt    gdt_ptr
        ljmp    $KERN_CS, $4f

        .code64
4:      mov     $KERN_DS, %eax
        mov     %eax, %ds
        mov     %eax, %es
        mov     %eax, %fs
        mov     %eax, %gs
        mov     %eax, %ss
        mov     $stack_top, %esp
        push    $2                      /* all flags clear */
        popf

        /* The TSS descriptor's base is spread over it. */
        mov     $tss, %eax
        mov     %ax, gdt + KERN_TSS + 2
        shr     $16, %eax
        mov     %al, gdt + KERN_TSS + 4
        mov     %ah, gdt + KERN_TSS + 7
        mov     $KERN_TSS, %eax
        ltr     %ax

        xor     %ebp, %ebp
        call    xtf_main
5:      hlt
        jmp     5b

        .text
        /* One stub per exception, 16 bytes apart: traps.c relies on it. */
        .globl  exception_stubs
        .balign 16
exception_stubs:
        vector = 0
        .rept   32
        .balign 16
        /* These push an error code themselves. */
        .ifeq   (vector - 8) * (vector - 10) * (vector - 11) * \
                (vector - 12) * (vector - 13) * (vector - 14) * \
                (vector - 17) * (vector - 21) * (vector - 29) * (vector - 30)
        .else
        push    $0
        .endif
        movl    $vector, 4(%rsp)        /* the upper half is free */
        jmp     exception
        vector = vector + 1
        .endr

exception:
        push    %rdi
        push    %rsi
        push    %rdx
        push    %rcx
        push    %rax
        push    %r8
        push    %r9
        push    %r10
        push    %r11
        push    %rbx
        push    %rbp
        push    %r12
        push    %r13
        push    %r14
        push    %r15
        cld
        mov     %rsp, %rdi
        call    do_exception
        pop     %r15
        pop     %r14
        pop     %r13
        pop     %r12
        pop     %rbp
        pop     %rbx
        pop     %r11
        pop     %r10
        pop     %r9
        pop     %r8
        pop     %rax
        pop     %rcx
        pop     %rdx
        pop     %rsi
        pop     %rdi
        add     $8, %rsp
        iretq

        .section .data.page_aligned, "aw", @progbits
        .balign 4096
        .globl  hypercall_page
hypercall_page:
        .fill   4096, 1, 0xc3           /* ret, until Xen fills it */

        .data
        .balign 16
gdt:    .quad   0
        .quad   0x00af9b000000ffff      /* 64-bit code */
        .quad   0x00cf93000000ffff      /* data */
        .quad   0x0000890000000067      /* TSS, base filled in above */
        .quad   0
gdt_end:
gdt_ptr:
        .word   gdt_end - gdt - 1
        .quad   gdt

        /* Exceptions that can come with a bad stack run on one of their own. */
        .balign 16
tss:    .fill   36, 1, 0
        .quad   fault_stack_top         /* IST1 */
        .fill   104 - 44, 1, 0

        .section .bss.page_aligned, "aw", @nobits
        .balign 4096
pt_l1:  .skip   4096
pt_l2:  .skip   4 * 4096
pt_l3:  .skip   4096
pt_l4:  .skip   4096
stack:  .skip   4 * 4096
stack_top:
fault_stack:
        .skip   2 * 4096
fault_stack_top:

        .section .note.GNU-stack, "", @progbits
