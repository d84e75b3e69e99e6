/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>

#include "fakexen.h"
#include "lib/irq.h"
#include "lib/pci.h"

#define DEVFN (0x10u << 3)

static const struct pci_desc desc = {
    .vendor = 0x5853,
    .device = 0xc380,
    .class_code = 0x030200,
    .revision = 1,
    .bars = {[0] = {.size = 0x4000},
             [2] = {.size = 64u << 20, .is_64 = true, .prefetch = true},
             [4] = {.size = 0x1000}},
    .msix_vectors = 8,
    .msix_bar = 4,
    .msix_table = 0,
    .msix_pba = 0x800,
};

static void identity_and_capabilities(void **state)
{
    static const uint8_t want[] = {0x01, 0x05, 0x11, 0x13};
    struct pci_function fn;
    unsigned int at, n = 0;

    (void)state;
    assert_int_equal(pci_function_init(&fn, &desc), 0);
    assert_int_equal(pci_read(&fn, 0, 4), 0xc3805853);
    assert_int_equal(pci_read(&fn, 8, 4), 0x03020001);
    assert_true(pci_read(&fn, PCI_STATUS, 2) & PCI_STATUS_CAP_LIST);
    for (at = pci_read(&fn, 0x34, 1); at; at = pci_read(&fn, at + 1, 1)) {
        assert_true(n < sizeof(want));
        assert_int_equal(pci_read(&fn, at, 1), want[n++]);
    }
    assert_int_equal(n, sizeof(want));
    assert_int_equal(pci_read(&fn, PCI_CAP_MSIX + 2, 2), 7);
    assert_int_equal(pci_read(&fn, PCI_CAP_MSIX + 8, 4), 0x804);
    assert_int_equal(pci_read(&fn, PCI_CAP_AF + 2, 2), 0x0306);
}

static void further_capabilities(void **state)
{
    struct pci_cap caps[4] = {
        {.size = 16, .bytes = {0x09, 0x77, 16}, .wmask = {[5] = 0xff}},
        {.size = 20, .bytes = {0x09, 0, 20}},
    };
    struct pci_desc d = desc;
    struct pci_function fn;

    (void)state;
    d.caps = caps;
    d.nr_caps = 2;
    d.no_msi = true;
    d.subdevice = 0x1100;
    assert_int_equal(pci_function_init(&fn, &d), 0);
    assert_int_equal(pci_read(&fn, 0x2c, 4), 0x11005853);
    assert_int_equal(pci_read(&fn, PCI_CAP_PM + 1, 1), PCI_CAP_MSIX);
    assert_int_equal(pci_read(&fn, PCI_CAP_MSI, 4), 0);
    pci_write(&fn, PCI_CAP_MSI + 2, 2, 1);
    assert_int_equal(pci_read(&fn, PCI_CAP_MSI + 2, 2), 0);
    assert_int_equal(pci_read(&fn, PCI_CAP_AF + 1, 1), PCI_CAP_MORE);
    assert_int_equal(pci_read(&fn, PCI_CAP_MORE, 4),
                     0x00100009 | (PCI_CAP_MORE + 16) << 8);
    assert_int_equal(pci_read(&fn, PCI_CAP_MORE + 16, 4), 0x00140009);
    pci_write(&fn, PCI_CAP_MORE + 4, 4, ~0u);
    assert_int_equal(pci_read(&fn, PCI_CAP_MORE + 4, 4), 0xff00);
    pci_function_reset(&fn);
    assert_int_equal(pci_read(&fn, PCI_CAP_MORE + 4, 4), 0);
    /* What does not fit. */
    caps[1].size = 18;
    assert_int_equal(pci_function_init(&fn, &d), -EINVAL);
    caps[1].size = PCI_CAP_BYTES + 4;
    assert_int_equal(pci_function_init(&fn, &d), -EINVAL);
    caps[1].size = 0;
    assert_int_equal(pci_function_init(&fn, &d), -EINVAL);
    caps[1] = caps[2] = caps[3] = caps[0] =
        (struct pci_cap){.size = PCI_CAP_BYTES};
    d.nr_caps = 4;
    assert_int_equal(pci_function_init(&fn, &d), 0);
}

/* Up to the last byte of the space, and no further. */
static void space_ends(void **state)
{
    struct pci_cap caps[7];
    struct pci_desc d = desc;
    struct pci_function fn;
    unsigned int i;

    (void)state;
    for (i = 0; i < 7; i++)
        caps[i] = (struct pci_cap){.size = PCI_CAP_BYTES};
    d.caps = caps;
    d.nr_caps = 7; /* 0x88 + 7 * 20 is beyond */
    assert_int_equal(pci_function_init(&fn, &d), -EINVAL);
    d.nr_caps = 6;
    assert_int_equal(pci_function_init(&fn, &d), 0);
}

static void bars_are_sized(void **state)
{
    struct pci_function fn;

    (void)state;
    assert_int_equal(pci_function_init(&fn, &desc), 0);
    pci_write(&fn, PCI_BAR(0), 4, ~0u);
    pci_write(&fn, PCI_BAR(2), 4, ~0u);
    pci_write(&fn, PCI_BAR(3), 4, ~0u);
    assert_int_equal(pci_read(&fn, PCI_BAR(0), 4), 0xffffc000);
    assert_int_equal(pci_read(&fn, PCI_BAR(1), 4), 0);
    assert_int_equal(pci_read(&fn, PCI_BAR(2), 4), 0xfc00000c);
    assert_int_equal(pci_read(&fn, PCI_BAR(3), 4), ~0u);
    /* Sizing with decoding on must not map anything. */
    pci_write(&fn, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
    assert_true(pci_bar_address(&fn, 0) == PCI_BAR_UNMAPPED);
    assert_true(pci_bar_address(&fn, 2) == PCI_BAR_UNMAPPED);

    pci_write(&fn, PCI_BAR(0), 4, 0xf0000000);
    pci_write(&fn, PCI_BAR(2), 4, 0x10000000);
    pci_write(&fn, PCI_BAR(3), 4, 2);
    assert_true(pci_bar_address(&fn, 0) == 0xf0000000);
    assert_true(pci_bar_address(&fn, 2) == 0x210000000ull);
    /* D3hot stops decoding, and DMA. */
    pci_write(&fn, PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
    assert_true(pci_is_master(&fn));
    assert_int_equal(pci_write(&fn, PCI_CAP_PM + 4, 2, 3),
                     PCI_CHANGED_DECODE | PCI_CHANGED_IRQ);
    assert_true(pci_bar_address(&fn, 0) == PCI_BAR_UNMAPPED);
    assert_false(pci_is_master(&fn));
    pci_write(&fn, PCI_CAP_PM + 4, 2, 0);
    assert_true(pci_bar_address(&fn, 0) == 0xf0000000);
    assert_true(pci_is_master(&fn));
    pci_write(&fn, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
    assert_false(pci_is_master(&fn));
}

static void odd_accesses(void **state)
{
    struct pci_function fn;
    unsigned int off;

    (void)state;
    assert_int_equal(pci_function_init(&fn, &desc), 0);
    assert_int_equal(pci_read(&fn, 0xfff, 1), ~0u);
    assert_int_equal(pci_read(&fn, 1, 4), ~0u);
    assert_int_equal(pci_read(&fn, 0, 8), ~0u);
    assert_int_equal(pci_read(&fn, 0, 0), ~0u);
    assert_int_equal(pci_write(&fn, 3, 2, ~0u), 0);
    /* Read-only bits stay, whatever is written. */
    for (off = 0; off < 256; off += 4)
        pci_write(&fn, off, 4, ~0u);
    assert_int_equal(pci_read(&fn, 0, 4), 0xc3805853);
    assert_int_equal(pci_read(&fn, PCI_CAP_MSIX + 4, 4), 4);
    assert_int_equal(pci_read(&fn, PCI_COMMAND, 2), 0x0406);
    assert_int_equal(pci_write(&fn, PCI_CAP_AF + 4, 1, 1), PCI_CHANGED_FLR);
    assert_int_equal(pci_read(&fn, PCI_CAP_AF + 4, 1), 0);
}

static void bad_descriptions(void **state)
{
    struct pci_function fn;
    struct pci_desc d = desc;

    (void)state;
    d.bars[0].size = 0x3000;
    assert_int_equal(pci_function_init(&fn, &d), -EINVAL);
    d = desc;
    d.bars[3].size = 0x1000; /* the second half of BAR 2 */
    assert_int_equal(pci_function_init(&fn, &d), -EINVAL);
    d = desc;
    d.msix_vectors = 0;
    assert_int_equal(pci_function_init(&fn, &d), -EINVAL);
}

struct fixture {
    domid_t domid;
    xendevicemodel_handle *dmod;
    struct pci_function fn;
    struct irq irq;
};

static int setup(void **state)
{
    static struct fixture f;

    fx_reset();
    f.domid = (domid_t)fx_domain_new(1 << 20, 1);
    f.dmod = xendevicemodel_open(NULL, 0);
    pci_function_init(&f.fn, &desc);
    irq_init(&f.irq, &f.fn, f.dmod, f.domid, DEVFN);
    pci_write(&f.fn, PCI_COMMAND, 2, PCI_COMMAND_MASTER);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    xendevicemodel_close(f->dmod);
    fx_domain_kill(f->domid);
    return 0;
}

static void expect_msi(struct fixture *f, uint64_t want_addr,
                       uint32_t want_data)
{
    uint64_t addr;
    uint32_t data;

    assert_int_equal(fx_msi_wait(f->domid, &addr, &data, 0) < 0, 0);
    assert_true(addr == want_addr);
    assert_int_equal(data, want_data);
}

static void msix_masks_and_pends(void **state)
{
    struct fixture *f = *state;
    uint64_t value;

    pci_write(&f->fn, PCI_CAP_MSIX + 2, 2, 0x8000);
    irq_config_changed(&f->irq);
    assert_int_equal(irq_route(&f->irq), IRQ_MSIX);
    assert_true(irq_msix_write(&f->irq, 3 * 16, 8, 0xfee01000));
    assert_true(irq_msix_write(&f->irq, 3 * 16 + 8, 4, 0x4041));
    irq_signal(&f->irq, 3); /* masked since the reset */
    assert_int_equal(fx_msi_queued(f->domid), 0);
    assert_true(irq_msix_read(&f->irq, 0x800, 8, &value));
    assert_true(value == 1u << 3);
    assert_true(irq_msix_write(&f->irq, 3 * 16 + 12, 4, 0));
    expect_msi(f, 0xfee01000, 0x4041);
    assert_true(irq_msix_read(&f->irq, 0x800, 4, &value));
    assert_int_equal((uint32_t)value, 0);

    /* The function's mask. */
    pci_write(&f->fn, PCI_CAP_MSIX + 2, 2, 0xc000);
    irq_config_changed(&f->irq);
    irq_signal(&f->irq, 3);
    assert_int_equal(fx_msi_queued(f->domid), 0);
    pci_write(&f->fn, PCI_CAP_MSIX + 2, 2, 0x8000);
    irq_config_changed(&f->irq);
    expect_msi(f, 0xfee01000, 0x4041);

    /* Without bus mastering nothing is written. */
    pci_write(&f->fn, PCI_COMMAND, 2, 0);
    irq_signal(&f->irq, 3);
    assert_int_equal(fx_msi_queued(f->domid), 0);
    pci_write(&f->fn, PCI_COMMAND, 2, PCI_COMMAND_MASTER);
    irq_config_changed(&f->irq);
    expect_msi(f, 0xfee01000, 0x4041);
    /* Nor in D3hot. */
    pci_write(&f->fn, PCI_CAP_PM + 4, 2, 3);
    irq_signal(&f->irq, 3);
    assert_int_equal(fx_msi_queued(f->domid), 0);
    pci_write(&f->fn, PCI_CAP_PM + 4, 2, 0);
    irq_config_changed(&f->irq);
    expect_msi(f, 0xfee01000, 0x4041);

    irq_signal(&f->irq, 8); /* no such vector */
    assert_int_equal(fx_msi_queued(f->domid), 0);
    assert_false(irq_msix_write(&f->irq, 0x800, 4, ~0u));
    assert_false(irq_msix_write(&f->irq, 2, 4, 0));
    assert_false(irq_msix_read(&f->irq, 0x400, 4, &value));
    assert_true(value == ~0ull);
}

/* As Linux programs it in an HVM guest: vector 0, the mask bit left set. */
static void msix_to_a_pirq(void **state)
{
    struct fixture *f = *state;

    pci_write(&f->fn, PCI_CAP_MSIX + 2, 2, 0x8000);
    irq_config_changed(&f->irq);
    irq_signal(&f->irq, 2); /* nothing is programmed yet: it pends */
    assert_int_equal(fx_msi_queued(f->domid), 0);
    assert_true(irq_msix_write(&f->irq, 2 * 16, 4, 0xfee37000));
    assert_int_equal(fx_msi_queued(f->domid), 0);
    assert_true(irq_msix_write(&f->irq, 2 * 16 + 8, 4, 0x0700));
    expect_msi(f, 0xfee37000, 0x0700);
    irq_signal(&f->irq, 2);
    expect_msi(f, 0xfee37000, 0x0700);
    assert_true(irq_msix_write(&f->irq, 2 * 16 + 8, 4, 0x0741));
    irq_signal(&f->irq, 2);
    assert_int_equal(fx_msi_queued(f->domid), 0);
}

static void msi_masks_and_pends(void **state)
{
    struct fixture *f = *state;

    pci_write(&f->fn, PCI_CAP_MSI + 4, 4, 0xfee37000);
    pci_write(&f->fn, PCI_CAP_MSI + 12, 2, 0x0700);
    pci_write(&f->fn, PCI_CAP_MSI + 16, 4, 1);
    pci_write(&f->fn, PCI_CAP_MSI + 2, 2, 1);
    irq_config_changed(&f->irq);
    irq_signal(&f->irq, 5);
    assert_int_equal(fx_msi_queued(f->domid), 0);
    assert_int_equal(pci_read(&f->fn, PCI_CAP_MSI + 20, 4), 1);
    pci_write(&f->fn, PCI_CAP_MSI + 16, 4, 0);
    irq_config_changed(&f->irq);
    expect_msi(f, 0xfee37000, 0x0700);
    assert_int_equal(pci_read(&f->fn, PCI_CAP_MSI + 20, 4), 0);
}

static void intx_follows_the_route(void **state)
{
    struct fixture *f = *state;

    irq_set_level(&f->irq, true);
    assert_int_equal(fx_intx_level(f->domid, 0x10, 0), 1);
    assert_true(pci_read(&f->fn, PCI_STATUS, 2) & PCI_STATUS_INTX);
    pci_write(&f->fn, PCI_COMMAND, 2,
              PCI_COMMAND_MASTER | PCI_COMMAND_INTX_DISABLE);
    irq_config_changed(&f->irq);
    assert_int_equal(irq_route(&f->irq), IRQ_NONE);
    assert_int_equal(fx_intx_level(f->domid, 0x10, 0), 0);
    pci_write(&f->fn, PCI_COMMAND, 2, PCI_COMMAND_MASTER);
    irq_config_changed(&f->irq);
    assert_int_equal(fx_intx_level(f->domid, 0x10, 0), 1);
    /* D3hot. */
    pci_write(&f->fn, PCI_CAP_PM + 4, 2, 3);
    irq_config_changed(&f->irq);
    assert_int_equal(fx_intx_level(f->domid, 0x10, 0), 0);
    irq_set_level(&f->irq, false);
    irq_set_level(&f->irq, true);
    assert_int_equal(fx_intx_level(f->domid, 0x10, 0), 0);
    pci_write(&f->fn, PCI_CAP_PM + 4, 2, 0);
    irq_config_changed(&f->irq);
    assert_int_equal(fx_intx_level(f->domid, 0x10, 0), 1);
    /* MSI takes over. */
    pci_write(&f->fn, PCI_CAP_MSI + 2, 2, 1);
    irq_config_changed(&f->irq);
    assert_int_equal(fx_intx_level(f->domid, 0x10, 0), 0);
    irq_reset(&f->irq);
    assert_int_equal(fx_intx_level(f->domid, 0x10, 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(identity_and_capabilities),
        cmocka_unit_test(further_capabilities),
        cmocka_unit_test(space_ends),
        cmocka_unit_test(bars_are_sized),
        cmocka_unit_test(odd_accesses),
        cmocka_unit_test(bad_descriptions),
        cmocka_unit_test_setup_teardown(msix_masks_and_pends, setup, teardown),
        cmocka_unit_test_setup_teardown(msix_to_a_pirq, setup, teardown),
        cmocka_unit_test_setup_teardown(msi_masks_and_pends, setup, teardown),
        cmocka_unit_test_setup_teardown(intx_follows_the_route, setup,
                                        teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
