// SPDX-License-Identifier: MIT
#include "guest-icd/api.h"
#include "guest-icd/memory/memory.h"
#include "guest-icd/session/session.h"

/* The host's driver says whether there are pipes, and which. */
static cl_int create_on_host(cl_mem pipe) {
    struct icd_call call;
    cl_int r = icd_call_begin(&call);
    if (r != CL_SUCCESS)
        return r;
    TR_SEND(icd_session->g, CREATE_PIPE, create_pipe, NULL, .mem = pipe->object.id,
            .context = pipe->context->object.id, .flags = pipe->flags, .packet_size = pipe->packet_size,
            .max_packets = pipe->max_packets, .slot = call.slot);
    r = icd_call_wait(&call);
    if (r != CL_SUCCESS) {
        icd_release_id(pipe->object.id); /* a dead object has the id */
        pipe->object.id = 0;
    }
    return r;
}

cl_mem CL_API_CALL icd_CreatePipe(cl_context context, cl_mem_flags flags, cl_uint packet_size,
                                  cl_uint max_packets, const cl_pipe_properties *properties,
                                  cl_int *errcode_ret) {
    cl_mem pipe = NULL;
    cl_int r = CL_SUCCESS;

    if (!icd_valid(context, ICD_CONTEXT))
        r = CL_INVALID_CONTEXT;
    else if ((flags & ~(cl_mem_flags)(CL_MEM_READ_WRITE | CL_MEM_HOST_NO_ACCESS)) || properties)
        r = CL_INVALID_VALUE;
    else if (svga_guest_lost(icd_session->g))
        r = icd_session_error();
    else
        pipe =
            icd_mem_new(context, CL_MEM_OBJECT_PIPE, flags | CL_MEM_READ_WRITE | CL_MEM_HOST_NO_ACCESS, &r);
    if (pipe) {
        pipe->packet_size = packet_size;
        pipe->max_packets = max_packets;
        r = create_on_host(pipe);
        if (r != CL_SUCCESS) {
            icd_mem_discard(pipe);
            pipe = NULL;
        }
    }
    if (errcode_ret)
        *errcode_ret = r;
    return pipe;
}

cl_int CL_API_CALL icd_GetPipeInfo(cl_mem pipe, cl_pipe_info param_name, size_t param_value_size,
                                   void *param_value, size_t *param_value_size_ret) {
    if (!icd_valid(pipe, ICD_MEM) || pipe->type != CL_MEM_OBJECT_PIPE)
        return CL_INVALID_MEM_OBJECT;
    switch (param_name) {
    case CL_PIPE_PACKET_SIZE:
        return ICD_INFO_VALUE(cl_uint, pipe->packet_size);
    case CL_PIPE_MAX_PACKETS:
        return ICD_INFO_VALUE(cl_uint, pipe->max_packets);
    case CL_PIPE_PROPERTIES:
        return icd_info(NULL, 0, param_value_size, param_value, param_value_size_ret);
    default:
        return CL_INVALID_VALUE;
    }
}
