// SPDX-License-Identifier: MIT
/* Does every access to a number keep to C's rule of types? Then the module says so. */
#include "svga-model/visa/common/typed.h"
#include "svga-model/visa/guest/frontend.h"

#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Instructions.h"
#include "llvm/IR/Metadata.h"

namespace {

/* The name of the type that clang says is accessed; "" if it says nothing. */
llvm::StringRef accessed_type(const llvm::Instruction &instruction) {
    const llvm::MDNode *tag = instruction.getMetadata(llvm::LLVMContext::MD_tbaa);
    auto *type =
        tag && tag->getNumOperands() > 1 ? llvm::dyn_cast<llvm::MDNode>(tag->getOperand(1)) : nullptr;
    auto *name =
        type && type->getNumOperands() > 0 ? llvm::dyn_cast<llvm::MDString>(type->getOperand(0)) : nullptr;

    return name ? name->getString() : "";
}

bool keeps_rule(const llvm::Instruction &instruction, const llvm::Type *type) {
    llvm::StringRef name = accessed_type(instruction);

    if (type->isFloatTy())
        return name == "float";
    if (type->isDoubleTy())
        return name == "double";
    if (type->isHalfTy())
        return name == "half" || name == "__fp16" || name == "_Float16";
    if (type->isIntegerTy(16))
        return name == "short";
    if (type->isIntegerTy(32))
        return name == "int";
    if (type->isIntegerTy(64))
        return name == "long";
    return true; /* bytes, vectors, pointers and structs may touch anything */
}

} // namespace

void visa::note_typed_accesses(llvm::Module &module) {
    llvm::LLVMContext &context = module.getContext();

    for (const llvm::Function &function : module) {
        for (const llvm::Instruction &instruction : llvm::instructions(function)) {
            auto *load = llvm::dyn_cast<llvm::LoadInst>(&instruction);
            auto *store = llvm::dyn_cast<llvm::StoreInst>(&instruction);

            if ((load && !keeps_rule(instruction, load->getType())) ||
                (store && !keeps_rule(instruction, store->getValueOperand()->getType())))
                return;
        }
    }
    module.getOrInsertNamedMetadata(VISA_USED_EXTENSIONS)
        ->addOperand(llvm::MDNode::get(context, llvm::MDString::get(context, VISA_TYPED_ACCESSES)));
}
