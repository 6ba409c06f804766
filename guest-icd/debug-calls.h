// SPDX-License-Identifier: MIT
/*
 * Every OpenCL function once more, under the names icd_debug_Xxx: calls icd_Xxx and says why it failed, with the
 * arguments that it was given. TRILLIUM_DEBUG=1 puts these into the dispatch table (icd_choose_calls), so that
 * programs pay nothing for them else.
 */
#ifndef GUEST_ICD_DEBUG_CALLS_H
#define GUEST_ICD_DEBUG_CALLS_H

#include <CL/cl.h>
#include <CL/cl_icd.h>

#define STATUS(WHERE, Name, parameters, arguments) cl_int CL_API_CALL icd_debug_##Name parameters;
#define OBJECT(WHERE, type, Name, parameters, arguments) type CL_API_CALL icd_debug_##Name parameters;
#define POINTER(WHERE, Name, parameters, arguments) void *CL_API_CALL icd_debug_##Name parameters;
#define NOTHING(WHERE, Name, parameters, arguments) void CL_API_CALL icd_debug_##Name parameters;
#include "guest-icd/functions.def"

#endif
