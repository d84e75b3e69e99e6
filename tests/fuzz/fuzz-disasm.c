/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A file for xen-vgpu disasm: a recording, or bare dwords. */
#include "fuzz.h"
#include "lib/packets.h"
#include "tools/disasm.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct disasm d = {.out = fopen("/dev/null", "we"),
                       .engines = PACKET_ALL_ENGINES};
    /* As the tool has it: on the heap, to its end. */
    uint8_t *copy = malloc(size ? size : 1);

    FUZZ_CHECK(d.out && copy);
    memcpy(copy, data, size);
    disasm_file(&d, copy, size);
    FUZZ_CHECK(d.counts.wrong <= d.counts.packets);
    FUZZ_CHECK(!d.ib);
    fclose(d.out);
    free(copy);
    return 0;
}
