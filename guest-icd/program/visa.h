// SPDX-License-Identifier: MIT
/*
 * The SVGA baseline's part of a program: with TRILLIUM_IR=spirv, OpenCL C is compiled in the guest
 * (svga-model/visa/compile.h) and what travels is SPIR-V. Everything else about programs and kernels is the
 * same for both.
 *
 * Threads: a program's builder has its icd_visa to itself; once built it does not change.
 */
#ifndef GUEST_ICD_PROGRAM_VISA_H
#define GUEST_ICD_PROGRAM_VISA_H

#include "guest-icd/program/include.h"
#include "guest-icd/program/options.h"
#include "guest-icd/program/program.h"
#include "svga-model/visa/kernel.h"

struct icd_visa;

/* A build's outcome in the guest. */
struct icd_visa_result {
    cl_int code;         /* CL_SUCCESS; `failure`, `bad_options` of the request, ... */
    char *log;           /* the compiler's words; NULL: none. The caller's. */
    char *options;       /* what the host's driver is to get; NULL if the code is an error. The caller's. */
    uint64_t compile_ns; /* how long it took */
};

struct icd_visa_source {
    const char *text;
    size_t size;
    const char *options;
    const char *const *dirs; /* of -I */
    size_t dir_count;
    bool object; /* clCompileProgram: an object to be linked, nothing for the host yet */
    cl_uint header_count;
    const cl_program *headers;
    const char *const *header_names;
    const struct icd_include_set *files; /* that it may include */
    bool (*same_files)(void *opaque);    /* are they what they were? */
    void *opaque;
};

/* Compiles for these devices of the program; replaces program->visa. Fails where the host's driver of a
 * device takes no SPIR-V. */
struct icd_visa_result icd_visa_compile(cl_program program, cl_uint device_count, const cl_device_id *devices,
                                        const struct icd_visa_source *source);

/* Links programs that hold objects into `program`. */
struct icd_visa_result icd_visa_link(cl_program program, cl_uint device_count, const cl_device_id *devices,
                                     cl_uint input_count, const cl_program *inputs, const char *options);

/* Hands the executable's SPIR-V to the host: makes the host's program if need be. CL_SUCCESS,
 * CL_INVALID_BINARY (the host's log says why) ... */
cl_int icd_visa_ship(cl_program program);

/* The object or library that clCompileProgram or clLinkProgram left, as CL_PROGRAM_BINARIES has it; NULL:
 * none. */
const void *icd_visa_object(const struct icd_visa *visa, size_t *size);
cl_program_binary_type icd_visa_object_type(const struct icd_visa *visa);
/* Is this such a binary? */
bool icd_visa_is_object(const void *bytes, size_t size);
cl_int icd_visa_load_object(cl_program program, const void *bytes, size_t size);

/* A kernel of the executable, or NULL. visa may be NULL. */
const struct visa_kernel *icd_visa_kernel(const struct icd_visa *visa, const char *name);

void icd_visa_free(struct icd_visa *visa);

#endif
