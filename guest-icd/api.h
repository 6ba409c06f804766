// SPDX-License-Identifier: MIT
/*
 * The driver's implementation of every OpenCL function, under the names icd_Xxx for clXxx, as the table of
 * functions has them. They say nothing of their own when they fail but what icd_fail says.
 *
 * Threads, errors and semantics are OpenCL 3.0's (the unified API specification); where a function does less,
 * UNSUPPORTED.md says so.
 */
#ifndef GUEST_ICD_API_H
#define GUEST_ICD_API_H

#include <CL/cl.h>
#include <CL/cl_icd.h>

#define STATUS(WHERE, Name, parameters, arguments) cl_int CL_API_CALL icd_##Name parameters;
#define OBJECT(WHERE, type, Name, parameters, arguments) type CL_API_CALL icd_##Name parameters;
#define POINTER(WHERE, Name, parameters, arguments) void *CL_API_CALL icd_##Name parameters;
#define NOTHING(WHERE, Name, parameters, arguments) void CL_API_CALL icd_##Name parameters;
#include "guest-icd/functions.def"

#endif
