// SPDX-License-Identifier: MIT
/* Accesses that tell by their type what they do not touch: back from SPIR-V, in clang's own words. */
#include "svga-model/visa/common/spirv_words.h"
#include "svga-model/visa/common/typed.h"
#include "svga-model/visa/host/internal.h"

#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Instructions.h"
#include "llvm/IR/MDBuilder.h"

#include <cstring>

#include <spirv/unified1/spirv.h>

namespace {

const char *name_of(const llvm::Type *type) {
    return type->isFloatTy()       ? "float"
           : type->isDoubleTy()    ? "double"
           : type->isHalfTy()      ? "half"
           : type->isIntegerTy(16) ? "short"
           : type->isIntegerTy(32) ? "int"
           : type->isIntegerTy(64) ? "long"
                                   : nullptr;
}

} // namespace

/* The translator keeps only names of extensions that it knows. */
bool visa::has_typed_accesses(const uint32_t *words, size_t count) {
    spirv_walk walk = spirv_walk_start(words, count);

    while (spirv_walk_next(&walk) && walk.opcode != SpvOpFunction) {
        const char *name =
            walk.opcode == SpvOpSourceExtension ? spirv_walk_string(&walk, 1, nullptr) : nullptr;
        if (name && strcmp(name, VISA_TYPED_ACCESSES) == 0)
            return true;
    }
    return false;
}

/* The names are clang's, so that drivers' own libraries speak of the same types. The word comes from the guest, and so from
 * anybody: it lets a compiler take this very program's accesses for what they say they are. */
void visa::tell_types(llvm::Module &module) {
    llvm::MDBuilder builder(module.getContext());
    llvm::MDNode *any =
        builder.createTBAAScalarTypeNode("omnipotent char", builder.createTBAARoot("Simple C/C++ TBAA"));

    for (llvm::Function &function : module) {
        for (llvm::Instruction &instruction : llvm::instructions(function)) {
            auto *load = llvm::dyn_cast<llvm::LoadInst>(&instruction);
            auto *store = llvm::dyn_cast<llvm::StoreInst>(&instruction);
            const llvm::Type *type = load    ? load->getType()
                                     : store ? store->getValueOperand()->getType()
                                             : nullptr;

            if (const char *name = type ? name_of(type) : nullptr) {
                llvm::MDNode *node = builder.createTBAAScalarTypeNode(name, any);
                instruction.setMetadata(llvm::LLVMContext::MD_tbaa,
                                        builder.createTBAAStructTagNode(node, node, 0));
            }
        }
    }
}
