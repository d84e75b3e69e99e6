/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "in-process.h"

#include "fakexen.h"

const char *left_in_process(domid_t domid)
{
    if (fx_foreign_mappings(domid))
        return "foreign mappings are left";
    if (fx_dom0_ports())
        return "event channels are left";
    if (atomic_load(&points_get()->memory))
        return "memory is left";
    if (atomic_load(&points_get()->mappings))
        return "mappings are left";
    return NULL;
}

int report_in_process(const char *title, life_fn *life, unsigned int share)
{
    points_exempt(true);
    points_of_forks();
    return report_run(title, life, share);
}
