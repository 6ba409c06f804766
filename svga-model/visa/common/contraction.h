// SPDX-License-Identifier: MIT
/*
 * Products and sums that the program lets the compiler fuse: `a * b + c` in one expression, without
 * FP_CONTRACT OFF.
 *
 * SPIR-V 1.0 has no word for "these two, if that is faster": Khronos' writer makes the same `mad` of them as
 * of a program's own call of mad(), and PoCL's mad() is a product and a sum that nobody fuses. So in the
 * guest the result gets a name, which consumers may ignore, and the host makes of it again what clang had
 * made.
 */
#ifndef SVGA_MODEL_VISA_COMMON_CONTRACTION_H
#define SVGA_MODEL_VISA_COMMON_CONTRACTION_H

/* LLVM adds a number where a function has several. */
#define VISA_CONTRACTED "fmuladd"

#endif
