// SPDX-License-Identifier: MIT
/*
 * The host half of the virtual ISA: SPIR-V from a guest is validated and turned into what a host's OpenCL
 * driver takes.
 *
 * This is libtrillium-visa-host.so. It brings LLVM with it, so nobody links it: visa_host_load
 * (svga-model/visa/load.h) opens it on first use, in a worker process only.
 *
 * Trust: everything that a guest sent is hostile. visa_validate must have accepted the words before
 * visa_translate sees them. Even so the translator is C++ full of assertions, and says by exit() what it cannot express: it
 * may end the process, so it runs in one that may die (svga-model/visa/apart/host.h).
 *
 * Threads: visa_validate may be called from any thread at once; visa_translate and visa_host_warm take turns under one lock of
 * the library.
 *
 * Errors: 0 or a negative errno, and a sentence in `why` (always NUL-terminated).
 */
#ifndef SVGA_MODEL_VISA_HOST_H
#define SVGA_MODEL_VISA_HOST_H

#include "svga-model/visa/features.h"
#include "svga-model/visa/kernel.h"

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define VISA_WHY_SIZE 512
#define VISA_MAX_WORDS (16u << 20) /* of a module: 64 MiB */

/* How a driver takes a program that is not source. */
enum visa_target_kind {
    VISA_TARGET_NONE = 0, /* no way known: `why` says what is missing */
    VISA_TARGET_IL = 1,   /* clCreateProgramWithIL with the SPIR-V itself */
    VISA_TARGET_POCL =
        2, /* SPIR bitcode to clCreateProgramWithBinary, checked against PoCL's kernel library */
    VISA_TARGET_SPIR = 3, /* SPIR 1.2 bitcode to clCreateProgramWithBinary (cl_khr_spir; Oclgrind) */
    VISA_TARGET_MESA = 4, /* rusticl: a learnt header and the SPIR-V, to clCreateProgramWithBinary */
    VISA_TARGET_PTX = 5,  /* NVIDIA: PTX to clCreateProgramWithBinary */
};

/* What the driver says of itself. NULL counts as "". */
struct visa_driver {
    const char *platform_name;
    const char *platform_version;
    const char *device_name;
    const char *device_version;
    const char *driver_version;
    const char *il_version;        /* CL_DEVICE_IL_VERSION */
    const char *device_extensions; /* CL_DEVICE_EXTENSIONS */
};

struct visa_target {
    enum visa_target_kind kind;
    uint32_t spirv_version; /* newest SPIR-V to accept, 0x00010000 = 1.0 */
    bool
        checks_pocl; /* VISA_TARGET_IL of PoCL: modules are checked against its kernel library all the same */
    bool needs_sample;       /* visa_translate wants a sample binary */
    char library_hint[128];  /* the library's own: which of the driver's builtin libraries is meant */
    char why[VISA_WHY_SIZE]; /* one sentence: how the target was recognized, or why there is none */
};

/* Tells how this driver takes SPIR-V. Not the library's: it needs nothing of LLVM (svga-model/visa/target.c). Any thread. */
void visa_target_for(const struct visa_driver *driver, struct visa_target *out);

/* Checks a module before anything else looks at it: magic and size limits, SPIRV-Tools' parser, own rules
 * (opcodes, capabilities against the device's features, extended instruction sets, sizes and alignments),
 * SPIRV-Tools' validator. Safe for any words; the caller has copied them out of shared memory. 0; -EINVAL:
 * malformed; -ENOTSUP: well-formed but beyond this device. */
int visa_validate(const uint32_t *words, size_t count, const struct visa_features *features,
                  const struct visa_target *target, char why[VISA_WHY_SIZE]);

/* One specialization constant (clSetProgramSpecializationConstant): the id and up to 8 bytes of value,
 * little-endian. */
struct visa_spec_constant {
    uint32_t id;
    uint32_t size;
    uint64_t value;
};

struct visa_translate_request {
    const struct visa_target *target;
    const struct visa_features *features;
    const uint32_t *words; /* accepted by visa_validate */
    size_t count;
    const char *options; /* what came with the module (visa_module.driver_options); filtered again here */
    const void *sample;  /* target->needs_sample: CL_PROGRAM_BINARIES of any program that this driver built */
    size_t sample_size;  /* from source for the same device; else NULL and 0 */
    const struct visa_spec_constant *constants;
    size_t constant_count;
};

struct visa_host_timing {
    uint64_t read_ns;  /* SPIR-V to LLVM IR */
    uint64_t mend_ns;  /* renames and the check of undefined symbols, or linking a builtin library */
    uint64_t write_ns; /* bitcode, or code generation */
    uint64_t total_ns; /* the whole call, lock included */
    uint64_t cpu_ns;
};

/* What goes to the driver. Owned by the caller, freed with visa_binary_free. */
struct visa_binary {
    bool is_il; /* clCreateProgramWithIL, else clCreateProgramWithBinary */
    void *bytes;
    size_t size;
    char *options; /* for clBuildProgram; never NULL after success */
    struct visa_host_timing timing;
};

/* Translates. 0; -EINVAL: the translator refused the module; -ENOTSUP: it calls what the driver does not
 * have, or there is no way to this driver; -ENOMEM. `why` is fit for a build log. */
int visa_translate(const struct visa_translate_request *request, struct visa_binary *out,
                   char why[VISA_WHY_SIZE]);

/* Frees what the binary holds, not the struct itself. Takes a zeroed struct. */
void visa_binary_free(struct visa_binary *binary);

/* Pays what the first translation for this target would pay: LLVM's tables, the index of the driver's
 * builtins. Opens all the files that translations for it read, so a worker can shut its sandbox afterwards.
 * 0, or why translations would fail. */
int visa_host_warm(const struct visa_target *target, char why[VISA_WHY_SIZE]);

/* Does the list of what modules may consist of have this part, for a device with these features? Of extended instructions it has all
 * of OpenCL.std. */
enum visa_part { VISA_PART_INSTRUCTION, VISA_PART_CAPABILITY, VISA_PART_BUILTIN };
bool visa_takes(enum visa_part part, uint32_t number, const struct visa_features *features);

/* The table that the library exports under the name "visa_host_table". */
#define VISA_HOST_ABI 3u
struct visa_host {
    uint32_t abi; /* VISA_HOST_ABI; a table with another number is not used */
    int (*validate)(const uint32_t *, size_t, const struct visa_features *, const struct visa_target *,
                    char *why);
    int (*translate)(const struct visa_translate_request *, struct visa_binary *, char *why);
    void (*binary_free)(struct visa_binary *);
    int (*warm)(const struct visa_target *, char *why);
    int (*reflect)(const uint32_t *words, size_t count, struct visa_kernel **kernels, size_t *kernel_count,
                   char *why, size_t why_size); /* svga-model/visa/reflect.h */
    void (*kernels_free)(struct visa_kernel *kernels, size_t count);
    bool (*takes)(enum visa_part, uint32_t number, const struct visa_features *);
};

#ifdef __cplusplus
}
#endif

#endif
