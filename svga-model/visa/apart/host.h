// SPDX-License-Identifier: MIT
/*
 * The host half of the virtual ISA in a process apart: what svga-model/visa/host.h does, where a module that kills the translator
 * kills a child of a child, and the build fails with the translator's last words.
 *
 * The process is forked from its user while that has a single thread and no driver.
 */
#ifndef SVGA_MODEL_VISA_APART_HOST_H
#define SVGA_MODEL_VISA_APART_HOST_H

#include "svga-model/visa/apart/apart.h"
#include "svga-model/visa/host.h"

/* Starts it, once. `pair`: the two ends of a socket (AF_UNIX, SOCK_SEQPACKET), which it takes over: its caller's cell may make none.
 * `limits`: of each validation and translation. 0, or a negative errno with a reason for visa_host_apart. The caller has one
 * thread.
 *
 * The library, and LLVM with it, takes a tenth of a second to load. If the caller has loaded it (visa_host_load) the two share it, and if
 * the caller's driver needs LLVM, too, that costs next to nothing. Else the process loads it for its first job, and until then
 * is small, soon started and soon gone. */
int visa_host_apart_start(const int pair[2], const struct visa_apart_limits *limits);

/* Validate, translate and warm, which are carried out apart, and binary_free; the table has no other functions. Or NULL with a reason
 * in `why`. Any thread; calls take turns. Beside the library's errors, -ENOENT: it cannot be loaded; -EFAULT: the process
 * that was at it ended, by itself or at a limit. */
const struct visa_host *visa_host_apart(char why[VISA_WHY_SIZE]);

#endif
