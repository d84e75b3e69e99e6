/* SPDX-License-Identifier: GPL-2.0-or-later */
/* OpSpecConstantOp on scalars of 32 bits: sizes may depend on it. */
#include "dm/engine/gfx/shader-module.h"

static bool fold_divide(uint32_t op, uint32_t a, uint32_t b, uint32_t *value)
{
    int64_t s = (int32_t)a, t = (int32_t)b;

    if (!b)
        return false;
    switch (op) {
    case SpvOpUDiv:
        *value = a / b;
        return true;
    case SpvOpUMod:
        *value = a % b;
        return true;
    case SpvOpSDiv:
        *value = (uint32_t)(s / t);
        return true;
    case SpvOpSRem:
        *value = (uint32_t)(s % t);
        return true;
    default: /* SpvOpSMod: the divisor's sign */
        s %= t;
        *value = (uint32_t)(s && (s < 0) != (t < 0) ? s + t : s);
        return true;
    }
}

static bool fold_shift(uint32_t op, uint32_t a, uint32_t b, uint32_t *value)
{
    if (b > 31)
        return false;
    if (op == SpvOpShiftLeftLogical)
        *value = a << b;
    else if (op == SpvOpShiftRightLogical || !(a >> 31))
        *value = a >> b;
    else
        *value = ~(~a >> b);
    return true;
}

static bool fold_binary(uint32_t op, uint32_t a, uint32_t b, uint32_t *value)
{
    int32_t s = (int32_t)a, t = (int32_t)b;

    switch (op) {
#define FOLD(name, expression)                                                 \
    case name:                                                                 \
        *value = (uint32_t)(expression);                                       \
        return true;
        FOLD(SpvOpIAdd, a + b)
        FOLD(SpvOpISub, a - b)
        FOLD(SpvOpIMul, a * b)
        FOLD(SpvOpBitwiseOr, a | b)
        FOLD(SpvOpBitwiseXor, a ^ b)
        FOLD(SpvOpBitwiseAnd, a & b)
        FOLD(SpvOpLogicalOr, a | b)
        FOLD(SpvOpLogicalAnd, a & b)
        FOLD(SpvOpLogicalEqual, a == b)
        FOLD(SpvOpLogicalNotEqual, a != b)
        FOLD(SpvOpIEqual, a == b)
        FOLD(SpvOpINotEqual, a != b)
        FOLD(SpvOpULessThan, a < b)
        FOLD(SpvOpULessThanEqual, a <= b)
        FOLD(SpvOpUGreaterThan, a > b)
        FOLD(SpvOpUGreaterThanEqual, a >= b)
        FOLD(SpvOpSLessThan, s < t)
        FOLD(SpvOpSLessThanEqual, s <= t)
        FOLD(SpvOpSGreaterThan, s > t)
        FOLD(SpvOpSGreaterThanEqual, s >= t)
#undef FOLD
    case SpvOpUDiv:
    case SpvOpUMod:
    case SpvOpSDiv:
    case SpvOpSRem:
    case SpvOpSMod:
        return fold_divide(op, a, b, value);
    case SpvOpShiftLeftLogical:
    case SpvOpShiftRightLogical:
    case SpvOpShiftRightArithmetic:
        return fold_shift(op, a, b, value);
    default:
        return false;
    }
}

bool module_fold(const struct module *m, const struct insn *i, uint32_t *value)
{
    uint32_t a, b, c;

    if (!module_const(m, arg(i, 4), &a))
        return false;
    switch (arg(i, 3)) {
    case SpvOpSNegate:
        *value = 0 - a;
        return true;
    case SpvOpNot:
        *value = ~a;
        return true;
    case SpvOpLogicalNot:
        *value = !a;
        return true;
    case SpvOpSelect:
        if (!module_const(m, arg(i, 5), &b) || !module_const(m, arg(i, 6), &c))
            return false;
        *value = a ? b : c;
        return true;
    default:
        return module_const(m, arg(i, 5), &b) &&
               fold_binary(arg(i, 3), a, b, value);
    }
}

bool module_fold_safe(const struct module *m, const struct insn *i)
{
    uint32_t a, b;

    switch (arg(i, 3)) {
    case SpvOpSDiv:
    case SpvOpSRem:
    case SpvOpSMod:
        return module_const(m, arg(i, 4), &a) &&
               module_const(m, arg(i, 5), &b) && b &&
               (b != UINT32_MAX || a != 0x80000000u);
    default:
        return true;
    }
}
