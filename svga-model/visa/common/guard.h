// SPDX-License-Identifier: MIT
/*
 * Runs a compiler where it can do no harm to its process: on a thread with a large stack, and so that its
 * exits, aborts and failed assertions become errors.
 *
 * Why: the SPIR-V translator library answers a module that it cannot express with exit(), and has assertions
 * on. An OpenCL build must not end the application. The library's own references to exit, abort and
 * __assert_fail are pointed at functions that leave the guarded call, and only while a guarded call runs on
 * that thread. What the compiler had allocated stays allocated.
 */
#ifndef SVGA_MODEL_VISA_COMMON_GUARD_H
#define SVGA_MODEL_VISA_COMMON_GUARD_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Redirects the references of the shared object that holds `address`. Once per object; -errno when the
 * object's tables cannot be changed. The caller serializes. */
int visa_guard_object(const void *address);

/* Calls run(arg) on a thread of its own and waits for it. 0; -EFAULT when it was left by an exit, an abort or
 * a failed assertion, with the reason in `why`; another negative errno when there was no thread to be had. */
int visa_guard_run(void (*run)(void *arg), void *arg, char *why, size_t why_size);

/* Leaves the guarded call that runs on this thread; returns if there is none. For LLVM's fatal error handler.
 */
void visa_guard_leave(const char *reason);

#ifdef __cplusplus
}
#endif

#endif
