// SPDX-License-Identifier: MIT
/*
 * SPIR-V to PTX, for NVIDIA's driver: its clCreateProgramWithBinary takes PTX text, and no SPIR-V.
 *
 * The module that the SPIR-V reader makes is SPIR; NVPTX numbers its address spaces differently, and types
 * carry them, so the module goes through its textual form once. Builtins come from libclc. What libclc lacks
 * (images, printf) is refused by name.
 */
#include "svga-model/visa/common/clock.h"
#include "svga-model/visa/host/internal.h"
#include "svga-model/visa/llvm_compat.h"

#include "llvm/AsmParser/Parser.h"
#include "llvm/Bitcode/BitcodeReader.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Instructions.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Verifier.h"
#include "llvm/Linker/Linker.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/Target/TargetOptions.h"

#include <cerrno>

/* The backend is in libLLVM; its headers declare these only where LLVM is built. */
extern "C" {
void LLVMInitializeNVPTXTargetInfo(void);
void LLVMInitializeNVPTXTarget(void);
void LLVMInitializeNVPTXTargetMC(void);
void LLVMInitializeNVPTXAsmPrinter(void);
}

namespace {

/* "nvcl" makes the backend write parameters as OpenCL's driver interface wants them. */
const char triple[] = "nvptx64-unknown-nvcl";
/* PTX for an old processor runs on every newer one: the driver compiles it again. */
const char processor[] = "sm_60";
const char processor_features[] = "+ptx60";
const char library_path[] = "/usr/lib/clc/nvptx64--nvidiacl.bc";

/* libclc's get_global_id knows nothing of global offsets. NVIDIA's driver hands them to PTX in the registers
 * envreg3 to 5, and its own compiler adds them as this does. */
const char work_item_functions[] = R"(
declare i32 @llvm.nvvm.read.ptx.sreg.envreg3()
declare i32 @llvm.nvvm.read.ptx.sreg.envreg4()
declare i32 @llvm.nvvm.read.ptx.sreg.envreg5()
declare i64 @_Z12get_group_idj(i32)
declare i64 @_Z14get_local_sizej(i32)
declare i64 @_Z12get_local_idj(i32)

define i64 @_Z17get_global_offsetj(i32 %dimension) {
  switch i32 %dimension, label %none [ i32 0, label %x
                                       i32 1, label %y
                                       i32 2, label %z ]
none:
  ret i64 0
x:
  %x.short = call i32 @llvm.nvvm.read.ptx.sreg.envreg3()
  %x.long = zext i32 %x.short to i64
  ret i64 %x.long
y:
  %y.short = call i32 @llvm.nvvm.read.ptx.sreg.envreg4()
  %y.long = zext i32 %y.short to i64
  ret i64 %y.long
z:
  %z.short = call i32 @llvm.nvvm.read.ptx.sreg.envreg5()
  %z.long = zext i32 %z.short to i64
  ret i64 %z.long
}

define i64 @_Z13get_global_idj(i32 %dimension) {
  %group = call i64 @_Z12get_group_idj(i32 %dimension)
  %size = call i64 @_Z14get_local_sizej(i32 %dimension)
  %item = call i64 @_Z12get_local_idj(i32 %dimension)
  %offset = call i64 @_Z17get_global_offsetj(i32 %dimension)
  %start = mul i64 %group, %size
  %inside = add i64 %start, %item
  %id = add i64 %inside, %offset
  ret i64 %id
}
)";

struct renaming {
    const char *from, *to;
};

/* SPIR: 1 global, 2 constant, 3 local, 4 generic. NVPTX: 1 global, 4 constant, 3 shared, 0 generic. */
const renaming address_spaces[] = {
    {" addrspace(4)", ""},
    {"addrspace(2)", "addrspace(4)"},
    {"PU3AS4", "P"},
    {"PU3AS2", "PU3AS4"},
};

/* Renumbers address spaces in a module's text; quoted strings, such as printf formats, stay. */
std::string renumber(const std::string &text) {
    std::string result;
    bool quoted = false;

    result.reserve(text.size());
    for (size_t at = 0; at < text.size();) {
        const renaming *found = nullptr;

        if (text[at] == '"')
            quoted = !quoted;
        for (const renaming &candidate : address_spaces) {
            if (!quoted && !found && !text.compare(at, strlen(candidate.from), candidate.from))
                found = &candidate;
        }
        if (found) {
            result += found->to;
            at += strlen(found->from);
        } else {
            result += text[at++];
        }
    }
    return result;
}

std::unique_ptr<llvm::Module> to_nvptx(const llvm::Module &spir, llvm::LLVMContext &context, char *why) {
    std::string text;
    llvm::raw_string_ostream stream(text);
    llvm::SMDiagnostic diagnostic;

    spir.print(stream, nullptr);
    auto module = llvm::parseAssemblyString(renumber(stream.str()), diagnostic, context);
    if (!module)
        snprintf(why, VISA_WHY_SIZE, "the module cannot be moved to NVIDIA's address spaces: %.300s",
                 diagnostic.getMessage().str().c_str());
    return module;
}

llvm::TargetMachine *machine(char *why) {
    static llvm::TargetMachine *made; /* under the translator's lock; one per process, never freed */
    const llvm::Target *target;
    std::string reason;

    if (made)
        return made;
    LLVMInitializeNVPTXTargetInfo();
    LLVMInitializeNVPTXTarget();
    LLVMInitializeNVPTXTargetMC();
    LLVMInitializeNVPTXAsmPrinter();
    target = llvm::TargetRegistry::lookupTarget(triple, reason);
    if (target)
        made = target->createTargetMachine(triple, processor, processor_features, llvm::TargetOptions(),
                                           llvm::Reloc::PIC_);
    if (!made)
        snprintf(why, VISA_WHY_SIZE, "LLVM has no code generator for NVIDIA's processors: %.300s",
                 reason.c_str());
    return made;
}

std::unique_ptr<llvm::MemoryBuffer> clc_library; /* under the translator's lock */

/* Where libclc has no "_Z8half_cosf", or one that ends in an instruction that PTX lacks, the full-precision
 * function of the same name does. */
std::string plain_name(llvm::StringRef name) {
    llvm::StringRef rest = name;
    unsigned length;

    if (!rest.consume_front("_Z") || rest.consumeInteger(10, length))
        return "";
    for (llvm::StringRef prefix : {"half_", "native_"}) {
        if (rest.consume_front(prefix))
            return "_Z" + std::to_string(length - prefix.size()) + rest.str();
    }
    return "";
}

/* libclc makes these of LLVM's exp2, log2, sin and their like, for which there is no exact PTX. */
bool is_unusable(llvm::StringRef name) {
    for (llvm::StringRef part :
         {"native_exp", "native_log", "native_pow", "native_tan", "native_sin", "native_cos"}) {
        if (name.contains(part))
            return true;
    }
    return false;
}

bool defines(const llvm::Module &library, llvm::StringRef name) {
    const llvm::Function *function = library.getFunction(name);

    return function && (!function->isDeclaration() || function->isMaterializable());
}

int link_library(llvm::Module &module, char *why) {
    llvm::SMDiagnostic diagnostic;
    auto work_items = llvm::parseAssemblyString(work_item_functions, diagnostic, module.getContext());
    int err = visa::open_clc_library(why);

    if (err)
        return err;
    auto library = llvm::getLazyBitcodeModule(clc_library->getMemBufferRef(), module.getContext());
    if (!library || !work_items) {
        snprintf(why, VISA_WHY_SIZE, "cannot understand %s: %.200s", library_path,
                 library ? diagnostic.getMessage().str().c_str()
                         : llvm::toString(library.takeError()).c_str());
        return -ENOENT;
    }
    work_items->setTargetTriple(module.getTargetTriple());
    work_items->setDataLayout(module.getDataLayout());
    llvm::Linker::linkModules(module, std::move(work_items), llvm::Linker::LinkOnlyNeeded);
    for (llvm::Function &function : module) {
        std::string plain = plain_name(function.getName());

        if (!function.isDeclaration() || function.isIntrinsic() ||
            (defines(**library, function.getName()) && !is_unusable(function.getName())))
            continue;
        if (plain.empty() || !defines(**library, plain)) {
            snprintf(why, VISA_WHY_SIZE,
                     "undefined reference to `%.200s': libclc lacks it for NVIDIA's processors",
                     function.getName().str().c_str());
            return -ENOTSUP;
        }
        if (llvm::Function *other = module.getFunction(plain))
            function.replaceAllUsesWith(other);
        else
            function.setName(plain);
    }
    (*library)->setTargetTriple(module.getTargetTriple());
    (*library)->setDataLayout(module.getDataLayout());
    if (llvm::Linker::linkModules(module, std::move(*library), llvm::Linker::LinkOnlyNeeded)) {
        snprintf(why, VISA_WHY_SIZE, "the module does not link with %s", library_path);
        return -EINVAL;
    }
    return 0;
}

void annotate(llvm::Module &module, llvm::Function &kernel, const char *kind, uint64_t value) {
    llvm::LLVMContext &context = module.getContext();
    llvm::Metadata *operands[] = {
        llvm::ConstantAsMetadata::get(&kernel), llvm::MDString::get(context, kind),
        llvm::ConstantAsMetadata::get(llvm::ConstantInt::get(llvm::Type::getInt32Ty(context), value))};

    module.getOrInsertNamedMetadata("nvvm.annotations")->addOperand(llvm::MDNode::get(context, operands));
}

/* Kernels become the backend's kernels, with their required sizes; everything else becomes private. */
void adopt_functions(llvm::Module &module) {
    static const char *const sizes[] = {"reqntidx", "reqntidy", "reqntidz"};

    for (llvm::Function &function : module) {
        bool is_kernel = function.getCallingConv() == llvm::CallingConv::SPIR_KERNEL;
        const llvm::MDNode *size = function.getMetadata("reqd_work_group_size");

        if (function.isDeclaration())
            continue;
        function.removeFnAttr("target-cpu");
        function.removeFnAttr("target-features");
        function.removeFnAttr(llvm::Attribute::NoInline);
        function.removeFnAttr(llvm::Attribute::OptimizeNone);
        if (!is_kernel)
            function.setLinkage(llvm::GlobalValue::InternalLinkage);
        for (unsigned i = 0; is_kernel && size && i < 3 && i < size->getNumOperands(); i++)
            annotate(module, function, sizes[i],
                     llvm::mdconst::extract<llvm::ConstantInt>(size->getOperand(i))->getZExtValue());
    }
    for (llvm::Function &function : module) {
        bool is_kernel = function.getCallingConv() == llvm::CallingConv::SPIR_KERNEL;

        function.setCallingConv(is_kernel ? llvm::CallingConv::PTX_Kernel : llvm::CallingConv::C);
        for (llvm::Instruction &instruction : llvm::instructions(function)) {
            if (auto *call = llvm::dyn_cast<llvm::CallBase>(&instruction))
                call->setCallingConv(llvm::CallingConv::C);
        }
    }
}

void optimize(llvm::Module &module, llvm::TargetMachine &target) {
    llvm::LoopAnalysisManager loops;
    llvm::FunctionAnalysisManager functions;
    llvm::CGSCCAnalysisManager components;
    llvm::ModuleAnalysisManager modules;
    llvm::PassBuilder builder(&target);

    builder.registerModuleAnalyses(modules);
    builder.registerCGSCCAnalyses(components);
    builder.registerFunctionAnalyses(functions);
    builder.registerLoopAnalyses(loops);
    builder.crossRegisterProxies(loops, functions, components, modules);
    builder.buildPerModuleDefaultPipeline(llvm::OptimizationLevel::O2).run(module, modules);
}

/* After optimization, a function without a body can only be one that libclc itself lacks. */
int check_complete(const llvm::Module &module, char *why) {
    for (const llvm::Function &function : module) {
        if (function.isDeclaration() && !function.isIntrinsic() && !function.use_empty()) {
            snprintf(why, VISA_WHY_SIZE,
                     "undefined reference to `%.200s': libclc lacks it for NVIDIA's processors",
                     function.getName().str().c_str());
            return -ENOTSUP;
        }
    }
    return 0;
}

int emit(llvm::Module &module, llvm::TargetMachine &target, llvm::SmallVectorImpl<char> &ptx, char *why) {
    llvm::raw_svector_ostream stream(ptx);
    llvm::legacy::PassManager passes;

    if (target.addPassesToEmitFile(passes, stream, nullptr, visa::assembly_file)) {
        snprintf(why, VISA_WHY_SIZE, "LLVM writes no PTX");
        return -ENOTSUP;
    }
    passes.run(module);
    ptx.push_back('\0'); /* the driver takes a string */
    return 0;
}

} // namespace

int visa::open_clc_library(char *why) {
    if (clc_library)
        return 0;
    auto file = llvm::MemoryBuffer::getFile(library_path);
    if (!file) {
        snprintf(why, VISA_WHY_SIZE,
                 "cannot read %s, which has OpenCL's builtins for NVIDIA (package libclc-" VISA_LLVM_VERSION
                 "): %s",
                 library_path, file.getError().message().c_str());
        return -ENOENT;
    }
    clc_library = std::move(*file);
    return 0;
}

int visa::generate_ptx(llvm::Module &spir, llvm::SmallVectorImpl<char> &ptx, visa_host_timing &timing,
                       char *why) {
    uint64_t start = visa_now();
    llvm::LLVMContext context;
    llvm::TargetMachine *target = machine(why);
    int err;

    visa::use_opaque_pointers(context); /* libclc's; the SPIR-V reader's module has typed ones */
    auto module = to_nvptx(spir, context, why);

    if (!module || !target)
        return -EINVAL;
    module->setTargetTriple(triple);
    module->setDataLayout(target->createDataLayout());
    err = link_library(*module, why);
    timing.mend_ns += visa_now() - start;
    if (err)
        return err;
    adopt_functions(*module);
    optimize(*module, *target);
    err = check_complete(*module, why);
    return err ? err : emit(*module, *target, ptx, why);
}
