// SPDX-License-Identifier: MIT
/*
 * Which of the host's extensions a guest sees. Extensions of the kernel language work by themselves, as the
 * host's driver compiles the source; extensions of the API are shown only if their functions and parameters
 * work here; what is not in the table is hidden.
 *
 * Strings are names separated by spaces, as in CL_DEVICE_EXTENSIONS; results are the caller's to free, NULL
 * if memory is out.
 */
#ifndef GUEST_ICD_PLATFORM_EXTENSIONS_H
#define GUEST_ICD_PLATFORM_EXTENSIONS_H

#include <stdbool.h>
#include <stddef.h>

#include <CL/cl.h>

/* True if an extension of this name (`length` characters) is shown. */
bool icd_extension_shown(const char *name, size_t length);

/* CL_DEVICE_EXTENSIONS: with what the driver has of its own for devices of this version (30 is 3.0). */
char *icd_device_extensions(const char *host, unsigned version);
/* CL_PLATFORM_EXTENSIONS: with what the driver has of its own. */
char *icd_platform_extensions(const char *host);

/* CL_DEVICE_EXTENSIONS_WITH_VERSION: `size` bytes of cl_name_version, in place, with room for as many more.
 * Returns the new size. */
enum { ICD_OWN_EXTENSIONS = 2 };
size_t icd_device_extensions_with_version(void *host, size_t size, unsigned version);
/* CL_PLATFORM_EXTENSIONS_WITH_VERSION: *bytes is malloc'ed and may be replaced (freed on error). */
cl_int icd_platform_extensions_with_version(void **bytes, size_t *size);

#endif
