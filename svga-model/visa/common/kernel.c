// SPDX-License-Identifier: MIT
/* Ownership of kernel descriptions. */
#include "svga-model/visa/kernel.h"

#include <stdlib.h>

void visa_kernels_free(struct visa_kernel *kernels, size_t count) {
    if (!kernels)
        return;
    for (size_t k = 0; k < count; k++) {
        for (uint32_t a = 0; kernels[k].args && a < kernels[k].arg_count; a++) {
            free(kernels[k].args[a].type_name);
            free(kernels[k].args[a].name);
        }
        free(kernels[k].args);
        free(kernels[k].name);
        free(kernels[k].attributes);
    }
    free(kernels);
}
