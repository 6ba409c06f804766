// SPDX-License-Identifier: MIT
/*
 * What differs between the LLVMs that this tree is built with (host-backend/setup/llvm-version.sh), in one place. All code
 * around it is written once, against these.
 *
 * Up to 16 pointers have types where a context asks for it, and both the SPIR-V translator and PoCL 3.1 need them; from 17 on
 * there are opaque pointers only, and OpenCL's opaque types are types of their own (target("spirv.Image", ...)).
 */
#ifndef SVGA_MODEL_VISA_LLVM_COMPAT_H
#define SVGA_MODEL_VISA_LLVM_COMPAT_H

#include "llvm/ADT/StringMap.h"
#include "llvm/Config/llvm-config.h"
#include "llvm/IR/DerivedTypes.h"
#include "llvm/IR/DiagnosticInfo.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/Support/CodeGen.h"
#include "llvm/Target/TargetMachine.h"
#if LLVM_VERSION_MAJOR >= 17
#include "llvm/TargetParser/Host.h"
#else
#include "llvm/Support/Host.h"
#endif

#define VISA_TYPED_POINTERS (LLVM_VERSION_MAJOR < 17)

namespace visa {

inline bool starts_with(llvm::StringRef text, llvm::StringRef prefix) {
#if LLVM_VERSION_MAJOR >= 16
    return text.starts_with(prefix);
#else
    return text.startswith(prefix);
#endif
}

inline bool ends_with(llvm::StringRef text, llvm::StringRef suffix) {
#if LLVM_VERSION_MAJOR >= 16
    return text.ends_with(suffix);
#else
    return text.endswith(suffix);
#endif
}

/* Pointers as the SPIR-V translator wants them: typed where there is the choice. */
inline void use_spirv_pointers(llvm::LLVMContext &context) {
#if VISA_TYPED_POINTERS
    context.setOpaquePointers(false);
#else
    (void)context;
#endif
}

/* Pointers as today's bitcode libraries have them. */
inline void use_opaque_pointers(llvm::LLVMContext &context) {
#if VISA_TYPED_POINTERS
    context.setOpaquePointers(true);
#else
    (void)context;
#endif
}

/* A pointer in `address_space` to what `like` points to. */
inline llvm::PointerType *same_pointee(llvm::PointerType *like, unsigned address_space) {
#if VISA_TYPED_POINTERS
    return llvm::PointerType::getWithSamePointeeType(like, address_space);
#else
    return llvm::PointerType::get(like->getContext(), address_space);
#endif
}

inline llvm::PointerType *pointer_to(llvm::Type *type) {
#if VISA_TYPED_POINTERS
    return type->getPointerTo();
#else
    return llvm::PointerType::get(type->getContext(), 0);
#endif
}

/* What the processor has, by LLVM's names. */
inline void host_features(llvm::StringMap<bool> &has) {
#if LLVM_VERSION_MAJOR >= 19
    for (const auto &feature : llvm::sys::getHostCPUFeatures())
        has[feature.getKey()] = feature.getValue();
#else
    llvm::sys::getHostCPUFeatures(has);
#endif
}

/* OpenCL's name of an opaque type ("image2d_ro_t", "sampler_t", "pipe_ro_t", "queue_t"; the front of it where LLVM keeps
 * less: "image", "sampler", "pipe", "queue"), or "" of any other. */
inline std::string opencl_type_name(llvm::Type *type) {
    llvm::StringRef name;
#if VISA_TYPED_POINTERS
    auto *pointer = llvm::dyn_cast<llvm::PointerType>(type);
    auto *structure = pointer && !pointer->isOpaque()
                          ? llvm::dyn_cast<llvm::StructType>(pointer->getNonOpaquePointerElementType())
                          : nullptr;

    if (structure && structure->isOpaque() && structure->hasName())
        name = structure->getName();
    return name.consume_front("opencl.") ? name.str() : "";
#else
    if (auto *target = llvm::dyn_cast<llvm::TargetExtType>(type))
        name = target->getName();
    return name.consume_front("spirv.") ? name.lower() : "";
#endif
}

/* The type of a diagnostic handler's first argument, and the diagnostic that it stands for. */
#if LLVM_VERSION_MAJOR >= 19
typedef const llvm::DiagnosticInfo *diagnostic_argument;
inline const llvm::DiagnosticInfo &diagnostic(diagnostic_argument argument) {
    return *argument;
}
#else
typedef const llvm::DiagnosticInfo &diagnostic_argument;
inline const llvm::DiagnosticInfo &diagnostic(diagnostic_argument argument) {
    return argument;
}
#endif

#if LLVM_VERSION_MAJOR >= 18
const auto assembly_file = llvm::CodeGenFileType::AssemblyFile;
#else
const auto assembly_file = llvm::CGFT_AssemblyFile;
#endif

} // namespace visa

#endif
