// SPDX-License-Identifier: MIT
/*
 * What the loader looks up by name (cl_khr_icd). A file of its own, so that programs which link the driver's
 * parts statically beside the loader's library do not get these instead of the loader's.
 */
#include "guest-icd/api.h"

CL_API_ENTRY cl_int CL_API_CALL clIcdGetPlatformIDsKHR(cl_uint num_entries, cl_platform_id *platforms,
                                                       cl_uint *num_platforms) {
    return icd_IcdGetPlatformIDsKHR(num_entries, platforms, num_platforms);
}

CL_API_ENTRY void *CL_API_CALL clGetExtensionFunctionAddress(const char *function_name) {
    return icd_GetExtensionFunctionAddress(function_name);
}

CL_API_ENTRY cl_int CL_API_CALL clGetPlatformInfo(cl_platform_id platform, cl_platform_info param_name,
                                                  size_t param_value_size, void *param_value,
                                                  size_t *param_value_size_ret) {
    return icd_GetPlatformInfo(platform, param_name, param_value_size, param_value, param_value_size_ret);
}
