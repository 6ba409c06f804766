/*
 * TRILLIUM_DEBUG=1: why calls fail, on standard error.
 */
#ifndef GUEST_ICD_DEBUG_H
#define GUEST_ICD_DEBUG_H

#include <CL/cl.h>

/* Returns `code`; when debugging, prints it by name with the sentence that the format makes. */
cl_int icd_fail(cl_int code, const char *format, ...) __attribute__((format(printf, 2, 3), cold));

#endif
