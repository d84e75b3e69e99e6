/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guest.h"

#include <errno.h>
#include <string.h>
#include <xen-vgpu/csr.h>
#include <xen-vgpu/pci.h>

#include "fakexen.h"
#include "lib/log.h"
#include "lib/pci.h"
#include "report.h"

struct guest guest;

void guest_begin(domid_t domid, uint64_t vram_size)
{
    guest = (struct guest){.domid = domid, .vram_size = vram_size};
}

/* A vCPU that gets no answer waits for ever on Xen: no fault may do that. */
static bool answered(uint64_t since_ns, int rc)
{
    /* At the end of its time the fake looks once more. */
    if (rc == -ETIMEDOUT ||
        clock_ns() - since_ns > GUEST_TIMEOUT_MS * 1000000ull)
        report_fatal("a vCPU waits for ever");
    if (rc)
        log_error("the guest's access failed: %s", strerror(-rc));
    return !rc;
}

bool guest_wr(uint64_t gpa, unsigned int size, uint64_t v)
{
    const uint64_t since = clock_ns();

    return answered(since, fx_mmio_write(guest.domid, 0, gpa, size, v));
}

uint64_t guest_rd(uint64_t gpa, unsigned int size)
{
    const uint64_t since = clock_ns();
    uint64_t v = 0;

    answered(since, fx_mmio_read(guest.domid, 0, gpa, size, &v));
    return v;
}

bool guest_cfg(unsigned int off, unsigned int size, uint32_t v)
{
    const uint64_t since = clock_ns();

    return answered(
        since, fx_pci_cfg_write(guest.domid, 0, GUEST_DEVFN, off, size, v));
}

const char *guest_bars(void)
{
    if (!guest_cfg(PCI_COMMAND, 2, 0) || !guest_cfg(PCI_BAR(0), 4, BAR0) ||
        !guest_cfg(PCI_BAR(2), 4, (uint32_t)BAR2) ||
        !guest_cfg(PCI_BAR(3), 4, 0) || !guest_cfg(PCI_BAR(4), 4, BAR4) ||
        !guest_cfg(PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER))
        return "a config write was not answered";
    if (guest_rd(BAR0 + XVGPU_MAGIC, 4) != XVGPU_MAGIC_VALUE)
        return "no CSRs";
    guest.vram = guest_rd(BAR0 + XVGPU_VRAM_BASE, 8);
    if (guest.vram != BAR2)
        return "VRAM was not placed";
    /* The table is there when a vector can be unmasked. */
    guest_wr(BAR4, 8, 0xfee00000);
    guest_wr(BAR4 + 8, 8, 0x55);
    return guest_rd(BAR4 + 8, 4) == 0x55 ? NULL : "no MSI-X table";
}

const char *guest_strings(void)
{
    uint32_t in[4] = {1, 2, 3, 4}, out[4] = {0};

    fx_write(guest.domid, 0x2000, in, sizeof(in));
    fx_mmio_rep(guest.domid, 0, BAR0 + XVGPU_SCRATCH, IOREQ_WRITE, 4, 2, false,
                0x2000);
    fx_mmio_rep(guest.domid, 0, BAR0 + XVGPU_SCRATCH, IOREQ_READ, 4, 2, false,
                0x3000);
    fx_read(guest.domid, 0x3000, out, sizeof(out));
    return memcmp(in, out, 8) ? "string instruction lost" : NULL;
}

/* VRAM is where VRAM_BASE says, with its contents, moved or not. */
static const char *move_to(uint64_t to)
{
    const uint64_t refused = guest_rd(BAR0 + XVGPU_BAR_REFUSED, 4);
    uint64_t at, i, got;

    for (i = 0; i < guest.vram_size; i += 4096)
        fx_write(guest.domid, guest.vram + i, &i, 8);
    if (!guest_cfg(PCI_BAR(2), 4, (uint32_t)to))
        return "the BAR's write was not answered";
    at = guest_rd(BAR0 + XVGPU_VRAM_BASE, 8);
    if (at != to && at != guest.vram)
        return "!VRAM is nowhere";
    if (at != to && guest_rd(BAR0 + XVGPU_BAR_REFUSED, 4) != refused + 1)
        return "!BAR_REFUSED does not tell";
    if (at == to && fx_populated(guest.domid, guest.vram >> 12))
        return "!frames were left behind";
    if (at != to && fx_populated(guest.domid, to >> 12))
        return "!frames went astray";
    for (i = 0; i < guest.vram_size; i += 4096)
        if (fx_read(guest.domid, at + i, &got, 8) || got != i)
            return "!VRAM's contents are lost";
    guest.vram = at;
    if (at == to)
        return NULL;
    guest_cfg(PCI_BAR(2), 4, (uint32_t)at); /* as it is, for another try */
    return "the BAR was refused";
}

const char *guest_move(void)
{
    return move_to(BAR2 + guest.vram_size);
}

const char *guest_move_back(void)
{
    return move_to(BAR2);
}

const char *guest_flr(void)
{
    uint64_t got = 1;

    guest_wr(BAR0 + XVGPU_SCRATCH, 4, 77);
    fx_write(guest.domid, guest.vram, "secret", 7);
    if (!guest_cfg(PCI_CAP_AF + 4, 1, 1))
        return "the reset was not answered";
    if (guest_bars())
        return "no BARs after the reset";
    if (guest_rd(BAR0 + XVGPU_SCRATCH, 4) == 77 ||
        guest_rd(BAR0 + SDMA + XVGPU_CTRL, 4) != 0)
        return "!CSRs were not reset";
    fx_read(guest.domid, guest.vram, &got, 8);
    return got ? "VRAM was not scrubbed" : NULL;
}

const char *guest_ring_off(void)
{
    if (!guest_wr(BAR0 + SDMA + XVGPU_CTRL, 4, 0))
        return "CTRL was not answered";
    return guest_rd(BAR0 + SDMA + XVGPU_STATUS, 4) == XVGPU_STATUS_DISABLED
               ? NULL
               : "the ring was not disabled";
}
