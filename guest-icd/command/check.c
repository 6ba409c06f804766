// SPDX-License-Identifier: MIT
#include "guest-icd/command/check.h"

cl_int icd_mem_check(cl_command_queue queue, cl_uint count, const cl_mem *mems) {
    if (!icd_valid(queue, ICD_QUEUE))
        return CL_INVALID_COMMAND_QUEUE;
    for (cl_uint i = 0; i < count; i++)
        if (!icd_valid(mems[i], ICD_MEM))
            return CL_INVALID_MEM_OBJECT;
    for (cl_uint i = 0; i < count; i++)
        if (mems[i]->context != queue->context)
            return CL_INVALID_CONTEXT;
    return CL_SUCCESS;
}

cl_int icd_mem_check_buffer(cl_command_queue queue, cl_mem buffer) {
    if (!icd_valid(queue, ICD_QUEUE))
        return CL_INVALID_COMMAND_QUEUE;
    if (!icd_valid(buffer, ICD_MEM) || !icd_mem_is_buffer(buffer))
        return CL_INVALID_MEM_OBJECT;
    if (buffer->context != queue->context)
        return CL_INVALID_CONTEXT;
    return CL_SUCCESS;
}

cl_int icd_image_check(cl_command_queue queue, cl_mem image) {
    cl_int r = icd_mem_check(queue, 1, &image);
    if (r == CL_SUCCESS && !icd_mem_is_image(image))
        r = CL_INVALID_MEM_OBJECT;
    if (r != CL_SUCCESS)
        return r;
    return queue->device->limits.image_support ? CL_SUCCESS : CL_INVALID_OPERATION;
}
