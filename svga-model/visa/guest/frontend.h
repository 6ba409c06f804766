// SPDX-License-Identifier: MIT
/*
 * The pieces of the guest's compiler, for each other. All run under the library's lock.
 */
#ifndef SVGA_MODEL_VISA_GUEST_FRONTEND_H
#define SVGA_MODEL_VISA_GUEST_FRONTEND_H

#include "svga-model/visa/common/options.h"
#include "svga-model/visa/compile.h"

/* The text of opencl-c-base.h; the end points at a NUL. */
extern const char visa_opencl_c_base_h[];
extern const char visa_opencl_c_base_h_end[];

#ifdef __cplusplus
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"

#include <memory>
#include <string>
#include <vector>

namespace visa {

/* Compiles the request's source. Null if it does not compile; the diagnostics are added to `log` in either
 * case. */
std::unique_ptr<llvm::Module> compile_source(llvm::LLVMContext &context, const visa_compile_request &request,
                                             const visa_options &options, std::string &log);

/* Readies a finished program for the writer: helper functions become private, so that the consumer may inline
 * and drop them. False with a reason added to `log` if the program has what SPIR-V cannot say. */
bool prepare(llvm::Module &module, std::string &log);

/* Says in the module that its accesses to memory keep to C's rule of types, if they do (common/typed.h). */
void note_typed_accesses(llvm::Module &module);

/* Describes the kernels of a module. False when memory ran out. */
bool describe_kernels(const llvm::Module &module, visa_kernel **kernels, size_t *count);

/* Writes SPIR-V 1.0. False with a reason added to `log`, also when the program calls functions that nobody
 * defined. */
bool write_spirv(llvm::Module &module, std::vector<uint32_t> &words, std::string &log);

} // namespace visa
#endif

#endif
