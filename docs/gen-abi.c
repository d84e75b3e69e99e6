/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Prints the register reference, or a fuzzing dictionary, from the tables in
 * include/xen-vgpu/csr.h. */
#include <stdio.h>
#include <string.h>
#include <xen-vgpu/csr.h>
#include <xen-vgpu/packet.h>
#include <xen-vgpu/pci.h>

static void row(const char *name, unsigned int offset, unsigned int width,
                unsigned int count, const char *access,
                unsigned long long reset, int saved, const char *text)
{
    char n[64], t[256], *to = t;

    if (count > 1)
        snprintf(n, sizeof(n), "%s[%u]", name, count);
    else
        snprintf(n, sizeof(n), "%s", name);
    /* A bar would end the cell. */
    for (; *text && to < t + sizeof(t) - 2; text++) {
        if (*text == '|')
            *to++ = '\\';
        *to++ = *text;
    }
    *to = '\0';
    printf("| 0x%03x | %s | %u | %s | 0x%llx | %s | %s |\n", offset, n, width,
           access, reset, saved ? "yes" : "", t);
}

#define REFERENCE(name, offset, width, count, access, reset, saved, text)      \
    row(#name, offset, width, count, #access, reset, saved, text);
#define TOKENS(name, offset, width, count, access, reset, saved, text)         \
    token("csr_" #name, offset);
#define FAULT(name, code, text) printf("| %u | %s | %s |\n", code, #name, text);

static void table_head(void)
{
    puts("| offset | name | bytes | access | reset | saved | |\n"
         "|---|---|---|---|---|---|---|");
}

static void reference(void)
{
    puts("# Registers\n\n"
         "Made from `include/xen-vgpu/csr.h` by `docs/gen-abi`; the rules of\n"
         "access and the values of XVGPU_ names stand there. Packets:\n"
         "`include/xen-vgpu/packet.h`; PCI ids and BARs:\n"
         "`include/xen-vgpu/pci.h`. The reset value of a read-only register\n"
         "that tells what the device has means nothing.\n\n"
         "## BAR 0: global\n");
    table_head();
    XVGPU_CSRS(REFERENCE)
    puts("\n## BAR 0: one block an engine\n");
    printf("At 0x%04x (gfx), 0x%04x (sdma), 0x%04x (mm).\n\n",
           XVGPU_ENGINE_BASE(0), XVGPU_ENGINE_BASE(1), XVGPU_ENGINE_BASE(2));
    table_head();
    XVGPU_ENGINE_CSRS(REFERENCE)
    puts("\n## Fault codes\n\n| code | name | |\n|---|---|---|");
    XVGPU_FAULT_CODES(FAULT)
    printf("\n## BAR 4: MSI-X\n\nThe table is at 0x%03x (%u vectors), the "
           "pending bits are at 0x%03x.\nAccesses of 4 and 8 bytes, aligned.\n",
           XVGPU_MSIX_TABLE, XVGPU_MSIX_VECTORS, XVGPU_MSIX_PBA);
}

static void token(const char *name, unsigned int value)
{
    printf("%s=\"\\x%02x\\x%02x\\x%02x\\x%02x\"\n", name, value & 0xff,
           value >> 8 & 0xff, value >> 16 & 0xff, value >> 24);
}

static void dictionary(void)
{
    static const struct {
        const char *name;
        unsigned int type, dwords;
    } packets[] = {
        {"pkt_NOP", XVGPU_PKT_NOP, 1},
        {"pkt_IB", XVGPU_PKT_IB, 4},
        {"pkt_FENCE", XVGPU_PKT_FENCE, 5},
        {"pkt_WAIT_MEM", XVGPU_PKT_WAIT_MEM, 7},
        {"pkt_TIMESTAMP", XVGPU_PKT_TIMESTAMP, 3},
        {"pkt_WRITE", XVGPU_PKT_WRITE, 4},
        {"pkt_COPY_LINEAR", XVGPU_PKT_COPY_LINEAR, 7},
        {"pkt_COPY_RECT", XVGPU_PKT_COPY_RECT, 9},
        {"pkt_FILL", XVGPU_PKT_FILL, 6},
        {"pkt_FILL_RECT", XVGPU_PKT_FILL_RECT, 7},
    };
    unsigned int i;

    XVGPU_CSRS(TOKENS)
    XVGPU_ENGINE_CSRS(TOKENS)
    for (i = 0; i < XVGPU_NR_ENGINES; i++)
        token("engine_base", XVGPU_ENGINE_BASE(i));
    for (i = 0; i < sizeof(packets) / sizeof(packets[0]); i++)
        token(packets[i].name,
              XVGPU_PKT_HEADER(packets[i].type, 0, packets[i].dwords));
}

int main(int argc, char **argv)
{
    if (argc == 2 && !strcmp(argv[1], "reference"))
        reference();
    else if (argc == 2 && !strcmp(argv[1], "dictionary"))
        dictionary();
    else
        return fprintf(stderr, "usage: gen-abi reference|dictionary\n"), 2;
    return ferror(stdout) ? 1 : 0;
}
