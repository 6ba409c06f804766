// SPDX-License-Identifier: MIT
/*
 * IR in the shape that drivers know.
 *
 * SPIR-V comes from a front end that runs no pass, so each variable is memory and each step a block. PoCL's
 * own passes are only ever fed by a front end that optimizes, and give up with an assertion on large kernels
 * that come as they were written.
 */
#include "svga-model/visa/host/internal.h"
#include "svga-model/visa/llvm_compat.h"

#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Instructions.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Transforms/InstCombine/InstCombine.h"
#include "llvm/Transforms/Scalar/EarlyCSE.h"
#include "llvm/Transforms/Scalar/SROA.h"
#include "llvm/Transforms/Scalar/SimplifyCFG.h"

namespace {

/* What may hold a barrier must not be moved under a condition. A front end for OpenCL says so of every
 * function, and SPIR-V has no word for it. */
void mark_convergent(llvm::Module &module) {
    for (llvm::Function &function : module) {
        if (function.isIntrinsic())
            continue;
        function.setConvergent();
        for (llvm::Instruction &instruction : llvm::instructions(function)) {
            auto *call = llvm::dyn_cast<llvm::CallBase>(&instruction);

            if (call && !llvm::isa<llvm::IntrinsicInst>(call))
                call->setConvergent();
        }
    }
}

/* A call in another convention than its function's has no meaning in LLVM, and passes drop it. SPIR-V has no
 * conventions; the translator takes a kernel's for the kernel, but not for a call of it. */
void match_conventions(llvm::Module &module) {
    for (llvm::Function &function : module) {
        for (llvm::Instruction &instruction : llvm::instructions(function)) {
            auto *call = llvm::dyn_cast<llvm::CallBase>(&instruction);

            if (call && call->getCalledFunction())
                call->setCallingConv(call->getCalledFunction()->getCallingConv());
        }
    }
}

} // namespace

void visa::tidy(llvm::Module &module) {
    llvm::LoopAnalysisManager loops;
    llvm::FunctionAnalysisManager functions;
    llvm::CGSCCAnalysisManager components;
    llvm::ModuleAnalysisManager modules;
    llvm::PassBuilder builder;
    llvm::FunctionPassManager passes;

    builder.registerModuleAnalyses(modules);
    builder.registerCGSCCAnalyses(components);
    builder.registerFunctionAnalyses(functions);
    builder.registerLoopAnalyses(loops);
    builder.crossRegisterProxies(loops, functions, components, modules);
    mark_convergent(module);
    match_conventions(module);
    passes.addPass(visa::sroa_pass());
    passes.addPass(llvm::EarlyCSEPass());
    passes.addPass(llvm::SimplifyCFGPass());
    passes.addPass(llvm::InstCombinePass());
    for (llvm::Function &function : module) {
        if (!function.isDeclaration())
            passes.run(function, functions);
    }
}
