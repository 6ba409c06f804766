// SPDX-License-Identifier: MIT
/*
 * The pieces of the host's library, for each other.
 */
#ifndef SVGA_MODEL_VISA_HOST_INTERNAL_H
#define SVGA_MODEL_VISA_HOST_INTERNAL_H

#include "svga-model/visa/host.h"

#include <spirv-tools/libspirv.h>

/* In C this constant of libspirv.h is a definition with external linkage, once per file that includes it. */
#ifndef __cplusplus
#pragma weak kDefaultMaxIdBound
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* What the own rules carry from one instruction to the next, and what they found out. */
struct visa_rules {
    const struct visa_features *features;
    const struct visa_target *target;
    char *why; /* VISA_WHY_SIZE */
    int err;   /* of the rule that was broken: -EINVAL or -ENOTSUP */
    bool in_function;
    bool has_int64_atomics;
    bool has_kernel;
    /* By id, of the header's bound: the type of a value, VISA_TYPE_INTEGER of a type OpTypeInt; else 0. */
    uint32_t *types;
    /* By id: of a type OpTypeFunction how many parameters it has, plus 1; else 0. */
    uint32_t *parameters;
    uint32_t bound;
    uint32_t parameters_left; /* of the function that is being read: those that are still to come */
};
#define VISA_TYPE_INTEGER UINT32_MAX

/* Checks one instruction as SPIRV-Tools parsed it. False with `err` and `why` set when it breaks a rule. */
bool visa_rules_check(struct visa_rules *rules, const spv_parsed_instruction_t *instruction);

/* Writes the values of specialization constants into words that visa_validate accepted. */
void visa_specialize(uint32_t *words, size_t count, const struct visa_spec_constant *constants,
                     size_t constant_count);

/* Puts rusticl's header, learnt from `sample`, before the SPIR-V. */
int visa_mesa_wrap(const void *sample, size_t sample_size, const uint32_t *words, size_t count,
                   struct visa_binary *out, char why[VISA_WHY_SIZE]);

#ifdef __cplusplus
}

#include "llvm/IR/Module.h"

#include <string>

namespace visa {

/* Makes of the `mad`s that common/contraction.h speaks of what compilers fuse where the processor can. */
void contract(llvm::Module &module);

/* Does the SPIR-V say what common/typed.h speaks of? Then the compiler is told of each access. */
bool has_typed_accesses(const uint32_t *words, size_t count);
void tell_types(llvm::Module &module);

/* Brings a module of unoptimized SPIR-V into the shape that a driver's own front end hands on: private
 * variables in registers, dead and doubled code gone. Drivers are tried with nothing else. */
void tidy(llvm::Module &module);
/* Says of each function how wide the vectors are that it takes, gives and hands on, as clang does. A back end for x86 makes wider ones of
 * its own only where they are worth their clock's loss; without the word it must suppose that a program wants the widest. */
void mark_widths(llvm::Module &module);

/* Passes vectors to printf as PoCL expects them, renames builtins to what PoCL's kernel library calls them,
 * and checks that every function that the module calls is there, with all that it calls itself. 0 or
 * -ENOTSUP. `library_hint` is visa_target's. */
int mend_for_pocl(llvm::Module &module, const char *library_hint, char *why);

/* The same check for SPIR-V that PoCL itself takes, where nothing can be mended: what PoCL would abort over when the kernel is
 * enqueued, or call with vectors that its library then does not find, is refused. 0 or -ENOTSUP. */
int check_for_pocl(const llvm::Module &module, const char *library_hint, char *why);

/* Opens and indexes PoCL's kernel library. 0, or -ENOENT with a reason. */
int open_pocl_library(const char *library_hint, char *why);

/* The name under which PoCL's library has for the host what SPIR-V calls `name`; "" if it can have none. */
std::string pocl_host_name(llvm::StringRef name);
/* Is one of its arguments passed in memory (byval)? */
bool takes_memory(const llvm::Function &function);
/* Gives `function`, a declaration, a body that calls `host`, of PoCL's library. False, and no body, if some
 * type is passed in no known way. */
bool forward(llvm::Function &function, const llvm::Function &host);

/* Opens libclc for NVIDIA. 0, or -ENOENT with a reason. */
int open_clc_library(char *why);

/* Links libclc and generates PTX. 0 or a negative errno. */
int generate_ptx(llvm::Module &module, llvm::SmallVectorImpl<char> &ptx, visa_host_timing &timing, char *why);

} // namespace visa
#endif

#endif
