// SPDX-License-Identifier: MIT
/*
 * What a driver says of a program's kernels: attributes and arguments. Kept beside a cached binary, because
 * drivers forget it there (PoCL 3.1 answers CL_KERNEL_ARG_INFO_NOT_AVAILABLE for every kernel of a program
 * made from a binary).
 *
 * Threads: facts never change once they are made; references from any thread.
 */
#ifndef HOST_BACKEND_WORKER_FACTS_H
#define HOST_BACKEND_WORKER_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <CL/cl.h>

#include "svga-model/visa/kernel.h"

struct facts; /* of a program; reference counted */

/* Asks the driver about all kernels of a program built from source. NULL if it cannot tell, as none can of a platform
 * of a `version` (as in struct context) before 1.2, or when out of memory. */
struct facts *facts_ask(cl_program program, unsigned version);

/* Does the driver tell of every argument? (SPIR-V keeps no names, so of such programs it does not.) */
bool facts_complete(const struct facts *f);

/* As text, malloc'ed, and back. NULL when out of memory or malformed. */
char *facts_write(const struct facts *f);
struct facts *facts_read(const char *text, size_t size);

struct facts *facts_ref(struct facts *f);
/* NULL is ignored. */
void facts_unref(struct facts *f);

/* NULL if there are no facts or no such kernel. Lives as long as the facts. */
const struct visa_kernel *facts_kernel(const struct facts *f, const char *name);

#endif
