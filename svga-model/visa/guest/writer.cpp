// SPDX-License-Identifier: MIT
/* LLVM IR to SPIR-V, with the Khronos translator in this process. */
#include "svga-model/visa/common/contraction.h"
#include "svga-model/visa/guest/frontend.h"

#include "LLVMSPIRVLib.h"
#include "llvm/IR/GlobalVariable.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Instructions.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/Operator.h"

#include <cstring>
#include <sstream>

#include <spirv/unified1/spirv.h>

static void internalize(llvm::Module &module) {
    /* C99 `inline` makes bodies that are only there to be inlined; in OpenCL nobody else has another copy. */
    for (llvm::Function &function : module) {
        if (!function.isDeclaration() && function.getCallingConv() != llvm::CallingConv::SPIR_KERNEL) {
            function.setComdat(nullptr);
            function.setLinkage(llvm::GlobalValue::InternalLinkage);
        }
    }
    for (llvm::GlobalVariable &variable : module.globals()) {
        if (variable.hasInitializer() && !variable.hasAppendingLinkage()) {
            variable.setComdat(nullptr);
            variable.setLinkage(llvm::GlobalValue::InternalLinkage);
        }
    }
}

static bool is_contracted(const llvm::Instruction &instruction) {
    auto *call = llvm::dyn_cast<llvm::IntrinsicInst>(&instruction);

    return call && call->getIntrinsicID() == llvm::Intrinsic::fmuladd;
}

/* Names of intermediate values would travel, and nobody reads them but the one. Names of arguments stay. */
static void drop_names(llvm::Module &module) {
    for (llvm::Function &function : module) {
        for (llvm::BasicBlock &block : function) {
            block.setName("");
            for (llvm::Instruction &instruction : block)
                instruction.setName(is_contracted(instruction) ? VISA_CONTRACTED : "");
        }
    }
}

/* Clang's table of builtins gives wait_group_events a generic pointer even in OpenCL C 1.2, and casts.
 * Devices without generic pointers would refuse the program, so the calls take the pointer from before the
 * cast. */
static void avoid_generic_events(llvm::Module &module) {
    llvm::Function *generic = module.getFunction("_Z17wait_group_eventsiPU3AS49ocl_event");
    llvm::SmallVector<llvm::CallInst *, 8> calls;

    if (!generic || !generic->isDeclaration())
        return;
    for (llvm::User *user : generic->users()) {
        if (auto *call = llvm::dyn_cast<llvm::CallInst>(user))
            calls.push_back(call);
    }
    for (llvm::CallInst *call : calls) {
        llvm::Value *events = call->getArgOperand(1);
        auto *cast = llvm::dyn_cast<llvm::Operator>(call->getArgOperand(1));

        if (cast && cast->getOpcode() == llvm::Instruction::AddrSpaceCast)
            events = cast->getOperand(0);
        if (events->getType()->getPointerAddressSpace() != 0)
            continue;
        auto *type = llvm::FunctionType::get(call->getType(),
                                             {call->getArgOperand(0)->getType(), events->getType()}, false);
        llvm::FunctionCallee plain = module.getOrInsertFunction("_Z17wait_group_eventsiP9ocl_event", type);
        auto *callee = llvm::cast<llvm::Function>(plain.getCallee());

        callee->setCallingConv(generic->getCallingConv());
        callee->setAttributes(generic->getAttributes());
        call->setCalledFunction(plain);
        call->setArgOperand(1, events);
        if (cast && llvm::isa<llvm::Instruction>(cast) && cast->use_empty())
            llvm::cast<llvm::Instruction>(cast)->eraseFromParent();
    }
    if (generic->use_empty())
        generic->eraseFromParent();
}

/* The writer follows a null pointer over inline assembly. */
static bool has_assembly(const llvm::Module &module) {
    for (const llvm::Function &function : module) {
        for (const llvm::Instruction &instruction : llvm::instructions(function)) {
            auto *call = llvm::dyn_cast<llvm::CallBase>(&instruction);

            if (call && call->isInlineAsm())
                return true;
        }
    }
    return !module.getModuleInlineAsm().empty();
}

bool visa::prepare(llvm::Module &module, std::string &log) {
    if (has_assembly(module)) {
        log += "error: inline assembly has no form in SPIR-V\n";
        return false;
    }
    internalize(module);
    drop_names(module);
    note_typed_accesses(module);
    avoid_generic_events(module);
    return true;
}

/* Functions that the translator left as imports: nobody defined them, and they are no builtins. */
static bool report_imports(const std::vector<uint32_t> &words, std::string &log) {
    bool complete = true;

    for (size_t at = 5; at < words.size();) {
        size_t length = words[at] >> 16;

        if (!length || at + length > words.size())
            break;
        if ((words[at] & 0xffff) == SpvOpFunction)
            break;
        if ((words[at] & 0xffff) == SpvOpDecorate && length > 4 &&
            words[at + 2] == SpvDecorationLinkageAttributes &&
            words[at + length - 1] == SpvLinkageTypeImport) {
            std::string name((const char *)&words[at + 3],
                             strnlen((const char *)&words[at + 3], (length - 4) * 4));

            /* Builtin variables, get_global_id and its like, are imports too. */
            if (name.rfind("__spirv_BuiltIn", 0) != 0) {
                log += "error: undefined reference to `" + name + "'\n";
                complete = false;
            }
        }
        at += length;
    }
    return complete;
}

bool visa::write_spirv(llvm::Module &module, std::vector<uint32_t> &words, std::string &log) {
    /* Without "this cannot overflow" nobody can tell that the work items of a row touch neighbours in memory. */
    SPIRV::TranslatorOpts options(SPIRV::VersionNumber::SPIRV_1_0,
                                  {{SPIRV::ExtensionID::SPV_KHR_no_integer_wrap_decoration, true}});
    std::ostringstream stream;
    std::string reason, bytes;

    /* Type names and qualifiers of arguments survive as strings; whoever reloads the SPIR-V has them. */
    options.setPreserveOCLKernelArgTypeMetadataThroughString(true);
    if (!llvm::writeSpirv(&module, options, stream, reason)) {
        log += "error: " + reason + "\n";
        return false;
    }
    bytes = stream.str();
    words.resize(bytes.size() / 4);
    memcpy(words.data(), bytes.data(), words.size() * 4);
    return report_imports(words, log);
}
