// SPDX-License-Identifier: MIT
/*
 * Environment variables by which programs and people steer the host's drivers. A driver reads them once, when it
 * is loaded; the worker that serves a program has loaded it before the program was there, so that it starts
 * faster than natively. A guest's are carried where trillium/variables.h has them, and then a worker is started for
 * it, which takes as long as a driver needs to be loaded. All others, and all of a guest over a TCP connection
 * (TRILLIUM_REMOTE), are not: a driver has those of the place where `trillium run` or `trillium serve` was started, and an administrator sets
 * them there.
 */
#ifndef GUEST_ICD_SESSION_DRIVER_VARIABLES_H
#define GUEST_ICD_SESSION_DRIVER_VARIABLES_H

#include <stdbool.h>
#include <stddef.h>

/* X(prefix of their names, whose) */
#define ICD_DRIVER_VARIABLES(X)                                                                              \
    X(POCL_, "PoCL")                                                                                         \
    X(RUSTICL_, "Mesa's rusticl")                                                                            \
    X(CLOVER_, "Mesa's clover")                                                                              \
    X(MESA_, "Mesa")                                                                                         \
    X(GALLIUM_, "Mesa")                                                                                      \
    X(LP_, "Mesa's llvmpipe")                                                                                \
    X(CUDA_, "NVIDIA's driver, and PoCL's for it")                                                           \
    X(ROCR_, "AMD's ROCm")                                                                                   \
    X(HSA_, "AMD's ROCm")                                                                                    \
    X(HIP_, "AMD's ROCm")                                                                                    \
    X(GPU_, "AMD's drivers")                                                                                 \
    X(NEO_, "Intel's driver")                                                                                \
    X(IGC_, "Intel's compiler")                                                                              \
    X(ZE_, "Intel's Level Zero")                                                                             \
    X(CL_CONFIG_, "Intel's driver for CPUs")                                                                 \
    X(OCLGRIND_, "Oclgrind")

/* Those that are set here and may be carried, as NAME=VALUE, each with its NUL; how many bytes that are, at most
 * TR_VARIABLES_MAX * TR_VARIABLE_LENGTH. */
size_t icd_driver_variables_gather(char *to);

/* TRILLIUM_DEBUG=1: names those that are set here and are not carried. `carried`: the carrier takes them. */
void icd_driver_variables_say(bool carried);

#endif
