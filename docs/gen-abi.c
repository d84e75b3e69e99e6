/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Prints the reference of registers or packets, or a fuzzing dictionary, from
 * the tables in include/xen-vgpu/. */
#include <stdio.h>
#include <string.h>
#include <xen-vgpu/csr.h>
#include <xen-vgpu/packet.h>
#include <xen-vgpu/pci.h>

#include "lib/packets.h"

/* A bar would end the cell. */
static const char *escape(const char *text, char *buf, size_t len)
{
    char *to = buf;

    for (; *text && to < buf + len - 2; text++) {
        if (*text == '|')
            *to++ = '\\';
        *to++ = *text;
    }
    *to = '\0';
    return buf;
}

static void row(const char *name, unsigned int offset, unsigned int width,
                unsigned int count, const char *access,
                unsigned long long reset, int saved, const char *text)
{
    char n[64], t[256];

    if (count > 1)
        snprintf(n, sizeof(n), "%s[%u]", name, count);
    else
        snprintf(n, sizeof(n), "%s", name);
    printf("| 0x%03x | %s | %u | %s | 0x%llx | %s | %s |\n", offset, n, width,
           access, reset, saved ? "yes" : "", escape(text, t, sizeof(t)));
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
         "[packets.md](packets.md); PCI ids and BARs:\n"
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

/* ---- Packets ------------------------------------------------------------ */

static const char *type_name(const struct packet_field *f)
{
#define CLASS(NAME, value, max, text) [value] = text,
    static const char *const classes[] = {XVGPU_GFX_CLASSES(CLASS)};
#undef CLASS
    static const char *const kinds[] = {
        [FIELD_U32] = "U32",
        [FIELD_I32] = "I32",
        [FIELD_F32] = "F32",
        [FIELD_U64] = "U64",
    };

    return f->kind == FIELD_OBJECT ? classes[f->class_] : kinds[f->kind];
}

static void fields(const struct packet_struct *s, uint32_t at)
{
    char text[256];
    uint32_t i;

    for (i = 0; i < s->nr_fields; i++) {
        const struct packet_field *f = &s->fields[i];

        printf("| %u | %s | %s | %s |\n", at, f->name, type_name(f),
               escape(f->text, text, sizeof(text)));
        at += f->kind == FIELD_U64 ? 2 : 1;
    }
}

static void fields_head(void)
{
    puts("\n| dword | name | type | |\n|---|---|---|---|");
}

/* "`bindings` BINDING, ..." */
static void tails(const struct packet_desc *p)
{
    const struct packet_struct *s;
    const char *count;
    unsigned int i;

    if (p->longer == 2)
        puts("\nThen dwords up to its length.");
    for (i = 0; (s = packet_tail_text(p, i, &count)); i++) {
        printf("%s", i ? ", " : "\nThen ");
        if (!strcmp(count, "1")) {
            printf("%s", s->name);
            continue;
        }
        putchar('`');
        for (; *count; count++) {
            if (count[0] == 'p' && count[1] == '-' && count[2] == '>')
                count += 3;
            putchar(*count);
        }
        printf("` %s", s->name);
    }
    if (i)
        puts(".");
}

static void packet(const struct packet_desc *p)
{
    printf("\n### %s\n\nType 0x%02x, length %u%s: %s.\n", p->name, p->type,
           p->dwords, p->longer ? " or more" : "", p->text);
    if (p->fields.nr_fields) {
        fields_head();
        fields(&p->fields, 1);
    }
    tails(p);
}

static void packets_of(const char *title, uint32_t engines)
{
    unsigned int i;

    printf("\n## %s\n", title);
    for (i = 0; i < nr_packets; i++)
        if (packets[i].engines == engines)
            packet(&packets[i]);
}

static void format(const char *name, unsigned int value, unsigned int bytes,
                   unsigned int features)
{
    static const char *const names[] = {
        "sampled", "filter",  "storage", "colour", "blend",
        "depth",   "stencil", "vertex",  "texel",  "storage texel",
    };
    const char *comma = "";
    unsigned int i;

    printf("| %u | %s | %u | ", value, name, bytes);
    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (features & 1u << i) {
            printf("%s%s", comma, names[i]);
            comma = ", ";
        }
    puts(" |");
}

static void packet_reference(void)
{
    unsigned int i;

    puts("# Packets\n\n"
         "Made from `include/xen-vgpu/packet.h` and `include/xen-vgpu/gfx.h`\n"
         "by `docs/gen-abi`: the rules stand there. Dword 0 of each packet is\n"
         "its header: type, flags, VMID, length. Types: U32, I32, F32 (IEEE\n"
         "754), U64 (low dword first), or the class of an object whose number\n"
         "it is. \"Then\" says what follows the fields, and how many of it.\n\n"
         "`guest/lib` has a function for each; `xen-vgpu disasm` prints them.");
    packets_of("All engines", PACKET_ALL_ENGINES);
    packets_of("sdma", 1u << XVGPU_ENGINE_SDMA);
    puts("\n## gfx: objects\n\n| class | name | highest number |\n"
         "|---|---|---|");
#define CLASS(NAME, value, max, text)                                          \
    printf("| %u | %s | %u |\n", value, text, max);
    XVGPU_GFX_CLASSES(CLASS)
    packets_of("gfx: packets", 1u << XVGPU_ENGINE_GFX);
    puts("\n## gfx: structures");
    for (i = 0; i < nr_packet_structs; i++) {
        printf("\n### %s\n", packet_structs[i].name);
        fields_head();
        fields(&packet_structs[i], 0);
    }
    puts("\n## gfx: formats\n\n| VkFormat | name | bytes | good for |\n"
         "|---|---|---|---|");
#define FORMAT(NAME, value, bytes, components, kind, features)                 \
    format(#NAME, value, bytes, features);
    XVGPU_GFX_FORMATS(FORMAT)
}

/* ---- Dictionary --------------------------------------------------------- */

static void token(const char *name, unsigned int value)
{
    printf("%s=\"\\x%02x\\x%02x\\x%02x\\x%02x\"\n", name, value & 0xff,
           value >> 8 & 0xff, value >> 16 & 0xff, value >> 24);
}

static void dictionary(void)
{
    char name[64];
    unsigned int i;

    XVGPU_CSRS(TOKENS)
    XVGPU_ENGINE_CSRS(TOKENS)
    for (i = 0; i < XVGPU_NR_ENGINES; i++)
        token("engine_base", XVGPU_ENGINE_BASE(i));
    for (i = 0; i < nr_packets; i++) {
        snprintf(name, sizeof(name), "pkt_%s", packets[i].name);
        token(name, XVGPU_PKT_HEADER(packets[i].type, 0, packets[i].dwords));
    }
#define FORMAT_TOKEN(NAME, value, bytes, components, kind, features)           \
    token("format_" #NAME, value);
    XVGPU_GFX_FORMATS(FORMAT_TOKEN)
}

int main(int argc, char **argv)
{
    if (argc == 2 && !strcmp(argv[1], "reference"))
        reference();
    else if (argc == 2 && !strcmp(argv[1], "packets"))
        packet_reference();
    else if (argc == 2 && !strcmp(argv[1], "dictionary"))
        dictionary();
    else
        return fprintf(stderr, "usage: gen-abi reference|packets|dictionary\n"),
               2;
    return ferror(stdout) ? 1 : 0;
}
