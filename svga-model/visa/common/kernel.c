// SPDX-License-Identifier: MIT
/* Kernel descriptions: what follows from them, and their ownership. */
#include "svga-model/visa/kernel.h"

#include <CL/cl.h>
#include <stdlib.h>
#include <string.h>

static int give(const void *data, size_t length, size_t size, void *value, size_t *size_ret) {
    if (value && size < length)
        return CL_INVALID_VALUE;
    if (value)
        memcpy(value, data, length);
    if (size_ret)
        *size_ret = length;
    return CL_SUCCESS;
}

static int give_text(const char *text, size_t size, void *value, size_t *size_ret) {
    return give(text ? text : "", text ? strlen(text) + 1 : 1, size, value, size_ret);
}

int visa_attributes(const struct visa_kernel *kernel, size_t size, void *value, size_t *size_ret) {
    return give_text(kernel->attributes, size, value, size_ret);
}

int visa_arg_info(const struct visa_kernel *kernel, uint32_t index, uint32_t param, size_t size, void *value,
                  size_t *size_ret) {
    if (index >= kernel->arg_count)
        return CL_INVALID_ARG_INDEX;
    const struct visa_arg *arg = &kernel->args[index];
    if (!arg->type_name)
        return CL_KERNEL_ARG_INFO_NOT_AVAILABLE;
    switch (param) {
    case CL_KERNEL_ARG_ADDRESS_QUALIFIER:
        return give(&arg->address_qualifier, sizeof arg->address_qualifier, size, value, size_ret);
    case CL_KERNEL_ARG_ACCESS_QUALIFIER:
        return give(&arg->access_qualifier, sizeof arg->access_qualifier, size, value, size_ret);
    case CL_KERNEL_ARG_TYPE_QUALIFIER:
        return give(&arg->type_qualifiers, sizeof arg->type_qualifiers, size, value, size_ret);
    case CL_KERNEL_ARG_TYPE_NAME:
        return give_text(arg->type_name, size, value, size_ret);
    case CL_KERNEL_ARG_NAME:
        return give_text(arg->name, size, value, size_ret);
    default:
        return CL_INVALID_VALUE;
    }
}

enum visa_arg_kind visa_arg_kind_of(uint32_t address_qualifier, uint64_t type_qualifiers,
                                    const char *type_name) {
    size_t n = strlen(type_name);
    if ((type_qualifiers & CL_KERNEL_ARG_TYPE_PIPE) || strncmp(type_name, "pipe ", 5) == 0)
        return VISA_ARG_PIPE;
    if (strncmp(type_name, "image", 5) == 0 && n > 2 && strcmp(type_name + n - 2, "_t") == 0)
        return VISA_ARG_IMAGE;
    if (strcmp(type_name, "sampler_t") == 0)
        return VISA_ARG_SAMPLER;
    if (strcmp(type_name, "queue_t") == 0)
        return VISA_ARG_QUEUE;
    switch (address_qualifier) {
    case CL_KERNEL_ARG_ADDRESS_GLOBAL:
    case CL_KERNEL_ARG_ADDRESS_CONSTANT:
        return VISA_ARG_POINTER;
    case CL_KERNEL_ARG_ADDRESS_LOCAL:
        return VISA_ARG_LOCAL;
    default:
        return VISA_ARG_VALUE;
    }
}

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
