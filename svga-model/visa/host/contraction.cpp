// SPDX-License-Identifier: MIT
/* Products and sums that may be fused: back from SPIR-V. */
#include "svga-model/visa/common/contraction.h"
#include "svga-model/visa/host/internal.h"
#include "svga-model/visa/llvm_compat.h"

#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Instructions.h"
#include "llvm/IR/Operator.h"

/* The name comes from the guest, and so from anybody: it is no more than leave to fuse this very call. */
static bool may_fuse(const llvm::CallInst &call) {
    const llvm::Function *callee = call.getCalledFunction();

    return callee && callee->isDeclaration() && visa::starts_with(callee->getName(), "_Z3mad") &&
           visa::starts_with(call.getName(), VISA_CONTRACTED) && call.arg_size() == 3 &&
           call.getType()->isFPOrFPVectorTy() &&
           llvm::all_of(call.args(), [&](const llvm::Use &use) { return use->getType() == call.getType(); });
}

void visa::contract(llvm::Module &module) {
    for (llvm::Function &function : module) {
        for (llvm::Instruction &instruction : llvm::make_early_inc_range(llvm::instructions(function))) {
            auto *call = llvm::dyn_cast<llvm::CallInst>(&instruction);

            if (!call || !may_fuse(*call))
                continue;
            llvm::IRBuilder<> builder(call);
            llvm::SmallVector<llvm::Value *, 3> values(call->args());

            builder.setFastMathFlags(call->getFastMathFlags());
            call->replaceAllUsesWith(
                builder.CreateIntrinsic(llvm::Intrinsic::fmuladd, {call->getType()}, values));
            call->eraseFromParent();
        }
    }
}
