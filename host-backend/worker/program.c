// SPDX-License-Identifier: MIT
#include "host-backend/worker/program.h"

#include <stdlib.h>
#include <string.h>

#include "host-backend/worker/facts.h"
#include "host-backend/worker/files.h"

void program_set_log(struct program *p, cl_int status, const char *text) {
    free(p->log);
    p->log = text ? strdup(text) : NULL;
    if (p->log)
        files_scrub(p->log);
    p->log_status = status;
}

static cl_int info(const void *data, size_t length, size_t size, void *value, size_t *size_ret) {
    if (value && size < length)
        return CL_INVALID_VALUE;
    if (value)
        memcpy(value, data, length);
    if (size_ret)
        *size_ret = length;
    return CL_SUCCESS;
}

static cl_int own_info(cl_int status, const char *log, cl_program_build_info param, size_t size, void *value,
                       size_t *size_ret) {
    const cl_program_binary_type none = CL_PROGRAM_BINARY_TYPE_NONE;
    const size_t zero = 0;

    switch (param) {
    case CL_PROGRAM_BUILD_STATUS:
        return info(&status, sizeof status, size, value, size_ret);
    case CL_PROGRAM_BUILD_LOG:
        return info(log, strlen(log) + 1, size, value, size_ret);
    case CL_PROGRAM_BINARY_TYPE:
        return info(&none, sizeof none, size, value, size_ret);
    case CL_PROGRAM_BUILD_GLOBAL_VARIABLE_TOTAL_SIZE:
        return info(&zero, sizeof zero, size, value, size_ret);
    default:
        return CL_INVALID_VALUE;
    }
}

/* The driver's log, in which the guest's files have the guest's names. */
static cl_int driver_log(struct program *p, const struct driver_device *device, size_t size, void *value,
                         size_t *size_ret) {
    size_t length = 0;
    cl_int r = clGetProgramBuildInfo(p->cl, device->id, CL_PROGRAM_BUILD_LOG, 0, NULL, &length);
    char *log = r == CL_SUCCESS ? calloc(1, length + 1) : NULL;

    if (r == CL_SUCCESS && !log)
        r = CL_OUT_OF_HOST_MEMORY;
    if (r == CL_SUCCESS)
        r = clGetProgramBuildInfo(p->cl, device->id, CL_PROGRAM_BUILD_LOG, length, log, NULL);
    if (r == CL_SUCCESS) {
        files_scrub(log);
        r = info(log, strlen(log) + 1, size, value, size_ret);
    }
    free(log);
    return r;
}

cl_int program_build_info(struct program *p, const struct driver_device *device, cl_program_build_info param,
                          size_t size, void *value, size_t *size_ret) {
    if (program_busy(p))
        return own_info(CL_BUILD_IN_PROGRESS, "", param, size, value, size_ret);
    if (param == CL_PROGRAM_BUILD_OPTIONS) {
        const char *options = p->options ? p->options : "";
        return info(options, strlen(options) + 1, size, value, size_ret);
    }
    if (p->log && p->cl && param == CL_PROGRAM_BUILD_LOG) /* of the build that the cache's binary came from */
        return info(p->log, strlen(p->log) + 1, size, value, size_ret);
    if ((p->log && p->log_status != CL_BUILD_SUCCESS) || !p->cl)
        return own_info(p->log ? p->log_status : CL_BUILD_NONE, p->log ? p->log : "", param, size, value,
                        size_ret);
    if (param == CL_PROGRAM_BUILD_LOG)
        return driver_log(p, device, size, value, size_ret);
    return clGetProgramBuildInfo(p->cl, device->id, param, size, value, size_ret);
}

void program_replace(struct program *p, cl_program cl, struct facts *facts) {
    if (p->cl)
        clReleaseProgram(p->cl);
    p->cl = cl;
    facts_ref(facts);
    facts_unref(p->facts);
    p->facts = facts;
}
