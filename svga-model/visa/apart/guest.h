// SPDX-License-Identifier: MIT
/*
 * The guest half of the virtual ISA in a process apart: what svga-model/visa/compile.h does, in a program of ours beside the
 * application (libexec/trillium-visa-compile), which is started with the first compile and ends with the application. A compiler that
 * dies is a build failure with its last words in the log; and the application has no LLVM in it, which might not be its own.
 *
 * Included files are found from the application's working directory as it is then.
 */
#ifndef SVGA_MODEL_VISA_APART_GUEST_H
#define SVGA_MODEL_VISA_APART_GUEST_H

#include "svga-model/visa/apart/apart.h"
#include "svga-model/visa/compile.h"

/* As visa_compile, visa_link and visa_module_free. Any thread; compiles take turns. Where the program cannot be started or lacks what
 * it needs, that is a VISA_BUILD_FAILURE with the reason in the log. */
enum visa_status visa_apart_compile(const struct visa_compile_request *request, struct visa_module *out);
enum visa_status visa_apart_link(const struct visa_link_request *request, struct visa_module *out);
void visa_apart_module_free(struct visa_module *module);

/* Keeps what is compiled from `closed` requests in this folder from now on (kept.h). Once, before the first compile. */
void visa_apart_keep_in(const char *folder);

#endif
