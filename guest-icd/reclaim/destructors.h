// SPDX-License-Identifier: MIT
/*
 * Destructor callbacks of contexts and memory objects: called in the reverse of the order in which they were given.
 *
 * Threads: adding, any; calling, the one that destroys the object.
 */
#ifndef GUEST_ICD_RECLAIM_DESTRUCTORS_H
#define GUEST_ICD_RECLAIM_DESTRUCTORS_H

#include <CL/cl.h>

#include "svga-model/lock.h"

/* A function of the application's, whose parameters the kind of object says. */
typedef void (*icd_notify)(void);

struct icd_destructor;

/* Enters a callback into the list, which `lock` guards. CL_SUCCESS or CL_OUT_OF_HOST_MEMORY. */
cl_int icd_destructor_add(struct icd_destructor **list, struct svga_lock *lock, icd_notify notify,
                          void *user_data);

/* Empties the list: hands each callback to `call`, which knows its parameters. */
void icd_destructors_call(struct icd_destructor **list,
                          void (*call)(icd_notify notify, void *object, void *user_data), void *object);

#endif
