// SPDX-License-Identifier: MIT
/*
 * IR in the shape that drivers know.
 *
 * SPIR-V comes from a front end that runs no pass, so each variable is memory and each step a block. PoCL's
 * own passes are only ever fed by a front end that optimizes, and give up with an assertion on large kernels
 * that come as they were written; and what a front end hoists out of a loop they leave in it. So the module goes
 * through what PoCL's front end runs: clang's -O2 without what makes vectors and unrolls loops.
 */
#include "svga-model/visa/host/internal.h"
#include "svga-model/visa/llvm_compat.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Analysis/LoopInfo.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Instructions.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Transforms/IPO/AlwaysInliner.h"
#include "llvm/Transforms/IPO/GlobalDCE.h"

#include <algorithm>
#include <set>

namespace {

/* What may hold a barrier must not be moved under a condition. A front end for OpenCL says so of every
 * function, and SPIR-V has no word for it. */

bool is_barrier(llvm::StringRef name) {
    return name.contains("barrier") && visa::starts_with(name, "_Z");
}

/*
 * What a front end for OpenCL says of functions and SPIR-V has no word for. What may hold a barrier must not be moved under a
 * condition; a barrier must not be there twice, since work items meet at one. No function is the C library's, whatever its name is
 * (`printf` of a constant is no `puts`). And nobody calls a kernel with arguments that have no value.
 */
void mark_functions(llvm::Module &module) {
    for (llvm::Function &function : module) {
        if (function.isIntrinsic())
            continue;
        function.setConvergent();
        function.addFnAttr("no-builtins");
        if (is_barrier(function.getName()))
            function.addFnAttr(llvm::Attribute::NoDuplicate);
        if (function.getCallingConv() == llvm::CallingConv::SPIR_KERNEL) {
            for (llvm::Argument &argument : function.args())
                argument.addAttr(llvm::Attribute::NoUndef);
        }
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

/* As PoCL's front end has it: threaded jumps come with a copy of what lies between, and its vectorizer then finds stores under two
 * conditions where one store was. */
void keep_blocks_single() {
    for (const char *name : {"jump-threading-threshold", "jump-threading-implication-search-threshold"}) {
        llvm::cl::Option *option = llvm::cl::getRegisteredOptions().lookup(name);

        if (option && option->getNumOccurrences() == 0)
            option->addOccurrence(1, name, "0");
    }
}

uint64_t vector_bits(const llvm::Type *type) {
    return type->isVectorTy() ? type->getPrimitiveSizeInBits().getKnownMinValue() : 0;
}

/* As clang does where it must not unroll loops: a loop of which the program says nothing stays as it is also in the passes for
 * work-groups, which make vectors of work-items instead. */
void keep_loops(llvm::Function &function, llvm::LoopInfo &loops) {
    llvm::LLVMContext &context = function.getContext();

    for (llvm::Loop *loop : loops.getLoopsInPreorder()) {
        if (loop->getLoopID())
            continue;
        llvm::MDNode *disable =
            llvm::MDNode::get(context, llvm::MDString::get(context, "llvm.loop.unroll.disable"));
        llvm::MDNode *id = llvm::MDNode::getDistinct(context, {nullptr, disable});

        id->replaceOperandWith(0, id);
        loop->setLoopID(id);
    }
}

constexpr unsigned LOCAL_SPACE = 3;

/* Those that name it, or an address made of it; and then all that call them. */
void find_users(llvm::Value &value, std::set<llvm::Function *> &found) {
    for (llvm::User *user : value.users()) {
        auto *instruction = llvm::dyn_cast<llvm::Instruction>(user);

        if (!instruction)
            find_users(*user, found);
        else if (found.insert(instruction->getFunction()).second)
            find_users(*instruction->getFunction(), found);
    }
}

/*
 * Where all calls of a function have the same local memory of a kernel as an argument, passes put it in the argument's place. PoCL makes
 * arguments of the kernel out of its local memory, which no other function can name: its compiler crashes, or computes wrongly. (Its own
 * front end's functions could be called from elsewhere, so that their arguments stay.) Such functions become part of the kernel, which they
 * do in PoCL as well, but later.
 */
void keep_locals_in_kernels(llvm::Module &module, llvm::ModuleAnalysisManager &modules) {
    std::set<llvm::Function *> found;
    bool any = false;

    for (llvm::GlobalVariable &variable : module.globals()) {
        if (variable.getAddressSpace() == LOCAL_SPACE)
            find_users(variable, found);
    }
    for (llvm::Function *function : found) {
        if (function->getCallingConv() == llvm::CallingConv::SPIR_KERNEL)
            continue;
        any = true;
        function->removeFnAttr(llvm::Attribute::NoInline);
        function->removeFnAttr(llvm::Attribute::OptimizeNone);
        function->addFnAttr(llvm::Attribute::AlwaysInline);
        for (llvm::User *user : function->users()) {
            if (auto *call = llvm::dyn_cast<llvm::CallBase>(user))
                call->removeFnAttr(llvm::Attribute::NoInline);
        }
    }
    if (!any)
        return;
    llvm::ModulePassManager passes;
    passes.addPass(llvm::AlwaysInlinerPass());
    passes.addPass(llvm::GlobalDCEPass());
    passes.run(module, modules);
}

} // namespace

void visa::tidy(llvm::Module &module) {
    llvm::LoopAnalysisManager loops;
    llvm::FunctionAnalysisManager functions;
    llvm::CGSCCAnalysisManager components;
    llvm::ModuleAnalysisManager modules;
    llvm::PipelineTuningOptions tuning;

    tuning.LoopVectorization = tuning.SLPVectorization =
        false; /* for work-groups, which the driver makes later */
    tuning.LoopUnrolling = tuning.LoopInterleaving = false;
    llvm::PassBuilder builder(nullptr, tuning);
    builder.registerModuleAnalyses(modules);
    builder.registerCGSCCAnalyses(components);
    builder.registerFunctionAnalyses(functions);
    builder.registerLoopAnalyses(loops);
    builder.crossRegisterProxies(loops, functions, components, modules);
    keep_blocks_single();
    mark_functions(module);
    match_conventions(module);
    for (llvm::Function &function : module) {
        if (!function.isDeclaration())
            keep_loops(function, functions.getResult<llvm::LoopAnalysis>(function));
    }
    const std::string layout = module.getDataLayoutStr(); /* SPIR's names no integers that processors have */
    module.setDataLayout(layout + "-n8:16:32:64");
    builder.buildPerModuleDefaultPipeline(llvm::OptimizationLevel::O2).run(module, modules);
    keep_locals_in_kernels(module, modules);
    module.setDataLayout(layout);
}

void visa::mark_widths(llvm::Module &module) {
    for (llvm::Function &function : module) {
        if (function.isDeclaration())
            continue;
        uint64_t bits = vector_bits(function.getReturnType());
        for (const llvm::Argument &argument : function.args())
            bits = std::max(bits, vector_bits(argument.getType()));
        for (const llvm::Instruction &instruction : llvm::instructions(function)) {
            auto *call = llvm::dyn_cast<llvm::CallBase>(&instruction);

            if (!call)
                continue;
            bits = std::max(bits, vector_bits(call->getType()));
            for (const llvm::Use &argument : call->args())
                bits = std::max(bits, vector_bits(argument->getType()));
        }
        function.addFnAttr("min-legal-vector-width", llvm::utostr(bits));
    }
}
