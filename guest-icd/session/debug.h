// SPDX-License-Identifier: MIT
/*
 * TRILLIUM_DEBUG=1: why calls fail, on standard error.
 */
#ifndef GUEST_ICD_SESSION_DEBUG_H
#define GUEST_ICD_SESSION_DEBUG_H

#include <CL/cl.h>

/* Is `code`; when debugging, prints it by name with the sentence that the format makes. */
#define icd_fail(code, ...) (icd_debug((code), __VA_ARGS__), (code))

/* A call of the application begins on this thread. */
void icd_debug_begin(void);
/* It has failed with that code (0: with a NULL): prints its name and arguments, and what the code means if nothing
 * was said since icd_debug_begin. */
void icd_debug_call(const char *name, cl_int code, const char *arguments) __attribute__((cold));

void icd_debug(cl_int code, const char *format, ...) __attribute__((format(printf, 2, 3), cold));

#endif
