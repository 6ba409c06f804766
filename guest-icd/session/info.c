// SPDX-License-Identifier: MIT
#include "guest-icd/session/object.h"

cl_int icd_info(const void *data, size_t data_size, size_t size, void *value, size_t *size_ret) {
    if (value) {
        if (size < data_size)
            return CL_INVALID_VALUE;
        if (data_size > 0)
            memcpy(value, data, data_size);
    }
    if (size_ret)
        *size_ret = data_size;
    return CL_SUCCESS;
}
