/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a test includes: the names are those of the Xen Test Framework
 * (https://xenbits.xenproject.org/docs/xtf/), so that the same sources build
 * in its tree too.  Only what our tests use is here; the environment is
 * always XTF's "hvm64".
 */
#ifndef XTF_H
#define XTF_H

#include <xtf/base.h>
#include <xtf/libc.h>
#include <xtf/report.h>
#include <xtf/x86.h>
#include <xtf/hypercall.h>

#endif
