// SPDX-License-Identifier: MIT
/*
 * TRILLIUM_DEBUG=1: why calls fail, on standard error.
 */
#ifndef GUEST_ICD_SESSION_DEBUG_H
#define GUEST_ICD_SESSION_DEBUG_H

#include <CL/cl.h>

/* Is `code`; when debugging, prints it by name with the sentence that the format makes. */
#define icd_fail(code, ...) (icd_debug((code), __VA_ARGS__), (code))

void icd_debug(cl_int code, const char *format, ...) __attribute__((format(printf, 2, 3), cold));

#endif
