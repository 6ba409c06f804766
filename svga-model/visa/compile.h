// SPDX-License-Identifier: MIT
/*
 * The guest half of the virtual ISA: OpenCL C to SPIR-V, in this process (clang and the Khronos SPIR-V
 * writer).
 *
 * This is libtrillium-visa-guest.so. It brings LLVM with it, so nobody links it: visa_guest_load
 * (svga-model/visa/load.h) opens it on first use and gives its functions as a table. The declarations of the
 * functions here are what the table's members do. Applications do not load it: its home is a process apart
 * (svga-model/visa/apart/guest.h).
 *
 * Threads: every function may be called from any thread with a stack of 64 MiB, which clang's recursion wants;
 * compiling and linking take turns under one lock of the library.
 *
 * Failure: a program that does not compile is VISA_BUILD_FAILURE with clang's own words in the log. What clang
 * or the SPIR-V writer call a fatal error ends the process, and so does what they did not foresee.
 */
#ifndef SVGA_MODEL_VISA_COMPILE_H
#define SVGA_MODEL_VISA_COMPILE_H

#include "svga-model/visa/features.h"
#include "svga-model/visa/kernel.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum visa_status {
    VISA_OK = 0,
    VISA_BUILD_FAILURE =
        1, /* CL_BUILD_PROGRAM_FAILURE, CL_COMPILE_PROGRAM_FAILURE or CL_LINK_PROGRAM_FAILURE: see the log */
    VISA_INVALID_OPTIONS = 2, /* CL_INVALID_BUILD_OPTIONS, CL_INVALID_COMPILER_OPTIONS or
                                 CL_INVALID_LINKER_OPTIONS: see the log */
    VISA_NO_MEMORY = 3,       /* CL_OUT_OF_HOST_MEMORY */
    VISA_INVALID_BINARY = 4,  /* visa_link: an input is not what this library made: CL_INVALID_BINARY */
};

/* A header of clCompileProgram: `#include "name"` finds `text`. */
struct visa_header {
    const char *name;
    const char *text;
    size_t text_size; /* bytes */
};

/* What to make. */
enum visa_output {
    VISA_EXECUTABLE = 0, /* SPIR-V of a whole program (clBuildProgram, clLinkProgram) */
    VISA_OBJECT = 1,     /* a compiled object (clCompileProgram): bytes for visa_link */
    VISA_LIBRARY = 2,    /* visa_link with -create-library (chosen by the options): bytes for visa_link */
};

struct visa_compile_request {
    const char *source;  /* all strings of the program, joined */
    size_t source_size;  /* bytes */
    const char *options; /* as the application gave them to clBuildProgram or clCompileProgram; NULL is "" */
    const char *const *dirs; /* folders in which included files are looked for, after the working directory */
    size_t dir_count;
    enum visa_output output; /* VISA_EXECUTABLE or VISA_OBJECT */
    const struct visa_features *features;
    const struct visa_header *headers;
    size_t header_count;
    /* The result depends on this request, the bytes of `files` and the compiler alone. */
    bool closed;
    const void *
        files; /* what the source may include, as it was found; for what is kept, never for the compiler. NULL: nothing */
    size_t files_size;                /* bytes */
    bool (*same_files)(void *opaque); /* of `files`: is what the compiler has found still that? */
    void *opaque;
};

/* Something that visa_compile or visa_link made: an object or a library. */
struct visa_input {
    const void *bytes;
    size_t size;
};

struct visa_link_request {
    const struct visa_input *inputs;
    size_t input_count;
    const char *options; /* as given to clLinkProgram, or the options of clBuildProgram; NULL is "" */
    const struct visa_features *features;
};

/* Where the time went: wall and CPU time of the compile thread, in nanoseconds. */
struct visa_compile_timing {
    uint64_t lock_ns;   /* waiting for another compile of this process */
    uint64_t clang_ns;  /* source to LLVM IR */
    uint64_t link_ns;   /* joining modules */
    uint64_t writer_ns; /* LLVM IR to SPIR-V */
    uint64_t total_ns;  /* the whole call */
    uint64_t cpu_ns;    /* CPU time of the whole call */
};

/* What a compile made. Owned by the caller, freed with visa_module_free. */
struct visa_module {
    enum visa_output output;
    uint32_t *spirv; /* of an executable; NULL otherwise. Version 1.0 */
    size_t spirv_words;
    void *
        bytes; /* of an object or a library; NULL otherwise. Only for visa_link of the same library version */
    size_t size;
    char *log; /* the compiler's diagnostics, word for word; never NULL after a call, "" if there are none */
    char *driver_options;        /* those of the options that still mean something to who consumes the SPIR-V
                                    (-cl-denorms-are-zero
                                    ...): to be sent with it; never NULL after a call */
    struct visa_kernel *kernels; /* of an executable */
    size_t kernel_count;
    struct visa_compile_timing timing;
};

/* Compiles. `out` is overwritten in every case, and log and driver_options are set in every case but
 * VISA_NO_MEMORY. */
enum visa_status visa_compile(const struct visa_compile_request *request, struct visa_module *out);

/* Links objects and libraries to an executable, or to a library where the options say -create-library. */
enum visa_status visa_link(const struct visa_link_request *request, struct visa_module *out);

/* Frees what the module holds, not the struct itself. Takes a zeroed struct. */
void visa_module_free(struct visa_module *module);

/* Compiles a tiny program, so that the next compile finds clang loaded and its tables built (a few ms of
 * CPU). */
void visa_guest_warm(const struct visa_features *features);

/* The table that the library exports under the name "visa_guest_table". */
#define VISA_GUEST_ABI 4u
struct visa_guest {
    uint32_t abi; /* VISA_GUEST_ABI; a table with another number is not used */
    enum visa_status (*compile)(const struct visa_compile_request *, struct visa_module *);
    enum visa_status (*link)(const struct visa_link_request *, struct visa_module *);
    void (*module_free)(struct visa_module *);
    void (*warm)(const struct visa_features *);
    /* Kernels of SPIR-V that came without source (clCreateProgramWithIL): see visa_reflect in
     * svga-model/visa/reflect.h. */
    int (*reflect)(const uint32_t *words, size_t count, struct visa_kernel **kernels, size_t *kernel_count,
                   char *why, size_t why_size);
    void (*kernels_free)(struct visa_kernel *kernels, size_t count);
};

#ifdef __cplusplus
}
#endif

#endif
