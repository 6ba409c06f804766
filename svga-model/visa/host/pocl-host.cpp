// SPDX-License-Identifier: MIT
/* Calling PoCL's built-in functions for the host, which take large vectors in memory. */
#include "svga-model/visa/host/internal.h"
#include "svga-model/visa/llvm_compat.h"

#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/Instructions.h"

#include <cstring>

namespace {

/* A value in the type in which the host's convention passes it, or the other way round; null if unknown. */
llvm::Value *in_type(llvm::IRBuilder<> &builder, llvm::Value *value, llvm::Type *type) {
    if (value->getType() == type)
        return value;
    if (value->getType()->isPointerTy() && type->isPointerTy())
        return builder.CreateAddrSpaceCast(value, type);
    if (value->getType()->isPointerTy() || type->isPointerTy() || type->isVoidTy() ||
        value->getType()->getPrimitiveSizeInBits() != type->getPrimitiveSizeInBits())
        return nullptr;
    return builder.CreateBitCast(value, type);
}

} // namespace

/* "_Z13vstore_half16Dv16_dmPU3AS1Dh", which takes its vectors as they are, calls
 * "_Z17_cl_vstore_half16Dv16_dmPU8CLglobalDh", which takes them by the host's calling convention. */
std::string visa::pocl_host_name(llvm::StringRef name) {
    static const char *const spaces[][2] = {
        {"PU3AS1", "PU8CLglobal"}, {"PU3AS2", "PU10CLconstant"}, {"PU3AS3", "PU7CLlocal"}};
    llvm::StringRef rest = name;
    unsigned length;
    if (!rest.consume_front("_Z") || rest.consumeInteger(10, length) || rest.size() < length)
        return "";
    std::string args = rest.drop_front(length).str();
    size_t at = args.find('P');
    if (at != std::string::npos) {
        const char *with = "PU9CLprivate";
        size_t from = 1;
        for (const auto &space : spaces) {
            if (args.compare(at, strlen(space[0]), space[0]) == 0) {
                with = space[1];
                from = strlen(space[0]);
            }
        }
        args.replace(at, from, with);
    }
    return "_Z" + std::to_string(length + 4) + "_cl_" + rest.take_front(length).str() + args;
}

bool visa::takes_memory(const llvm::Function &function) {
    for (const llvm::Argument &arg : function.args()) {
        if (arg.hasByValAttr())
            return true;
    }
    return false;
}

bool visa::forward(llvm::Function &function, const llvm::Function &host) {
    llvm::Module &module = *function.getParent();
    llvm::LLVMContext &context = module.getContext();
    llvm::SmallVector<llvm::Type *, 4> types;
    unsigned i = 0;

    if (function.arg_size() != host.arg_size() || host.hasStructRetAttr())
        return false;
    /* The library lives in a context of its own: its types are told by what they are. */
    auto same = [&](llvm::Type *type, llvm::Type *mine) -> llvm::Type * {
        if (auto *pointer = llvm::dyn_cast<llvm::PointerType>(mine); pointer && type->isPointerTy())
            return visa::same_pointee(pointer, type->getPointerAddressSpace());
        if (type->isIntegerTy())
            return llvm::Type::getIntNTy(context, type->getIntegerBitWidth());
        if (type->isFloatTy())
            return llvm::Type::getFloatTy(context);
        if (type->isDoubleTy())
            return llvm::Type::getDoubleTy(context);
        auto *vector = llvm::dyn_cast<llvm::FixedVectorType>(type),
             *my = llvm::dyn_cast<llvm::FixedVectorType>(mine);
        if (vector && my && vector->getNumElements() == my->getNumElements() &&
            vector->getScalarSizeInBits() == my->getScalarSizeInBits())
            return mine;
        return type->isVoidTy() ? llvm::Type::getVoidTy(context) : nullptr;
    };
    for (const llvm::Argument &arg : host.args()) {
        llvm::Type *mine = function.getArg(i++)->getType();
        if (!arg.hasByValAttr())
            types.push_back(same(arg.getType(), mine));
        else if (same(arg.getParamByValType(), mine) == mine)
            types.push_back(visa::pointer_to(mine));
        else
            return false;
        if (!types.back())
            return false;
    }
    llvm::Type *result = same(host.getReturnType(), function.getReturnType());
    if (!result)
        return false;
    auto *type = llvm::FunctionType::get(result, types, false);
    auto *callee =
        llvm::dyn_cast<llvm::Function>(module.getOrInsertFunction(host.getName(), type).getCallee());
    if (!callee || callee->getFunctionType() != type)
        return false;
    callee->setCallingConv(host.getCallingConv());

    llvm::BasicBlock *block = llvm::BasicBlock::Create(context, "", &function);
    llvm::IRBuilder<> builder(block);
    llvm::SmallVector<llvm::Value *, 4> values;
    llvm::SmallVector<std::pair<unsigned, llvm::AllocaInst *>, 4> slots;
    for (i = 0; i < types.size(); i++) {
        llvm::Value *value = function.getArg(i);
        if (host.getArg(i)->hasByValAttr()) {
            auto *slot = builder.CreateAlloca(value->getType());
            slot->setAlignment(
                host.getArg(i)->getParamAlign().valueOrOne()); /* what the library was built to expect */
            builder.CreateAlignedStore(value, slot, slot->getAlign());
            slots.push_back({i, slot});
            value = slot;
        } else {
            value = in_type(builder, value, types[i]);
        }
        if (!value) {
            function.deleteBody();
            return false;
        }
        values.push_back(value);
    }
    llvm::CallInst *call = builder.CreateCall(callee, values);
    call->setCallingConv(callee->getCallingConv());
    for (auto &[at, slot] : slots) {
        call->addParamAttr(at, llvm::Attribute::getWithByValType(context, slot->getAllocatedType()));
        call->addParamAttr(at, llvm::Attribute::getWithAlignment(context, slot->getAlign()));
        callee->addParamAttr(at, llvm::Attribute::getWithByValType(context, slot->getAllocatedType()));
        callee->addParamAttr(at, llvm::Attribute::getWithAlignment(context, slot->getAlign()));
    }
    if (function.getReturnType()->isVoidTy()) {
        builder.CreateRetVoid();
    } else {
        llvm::Value *value = in_type(builder, call, function.getReturnType());
        if (!value) {
            function.deleteBody();
            return false;
        }
        builder.CreateRet(value);
    }
    function.setName("trillium." + function.getName());
    function.setLinkage(llvm::GlobalValue::InternalLinkage);
    function.setAttributes({});
    function.addFnAttr(llvm::Attribute::AlwaysInline);
    return true;
}
