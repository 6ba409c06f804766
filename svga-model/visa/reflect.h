// SPDX-License-Identifier: MIT
/*
 * Kernels of a SPIR-V module, read from its words alone. No argument is trusted: any words are safe to pass.
 */
#ifndef SVGA_MODEL_VISA_REFLECT_H
#define SVGA_MODEL_VISA_REFLECT_H

#include "svga-model/visa/kernel.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Finds the kernels (OpEntryPoint Kernel) with their argument kinds, sizes and address spaces, required and
 * hinted sizes. Argument names come from OpName where the module has them; type names and qualifiers only so
 * far as SPIR-V keeps them. 0, or a negative errno (-EINVAL: not a module this can read; -ENOMEM) with a
 * reason in `why`. Free with visa_kernels_free. */
int visa_reflect(const uint32_t *words, size_t count, struct visa_kernel **kernels, size_t *kernel_count,
                 char *why, size_t why_size);

#ifdef __cplusplus
}
#endif

#endif
