// SPDX-License-Identifier: MIT
/*
 * What PoCL needs of a module, and what it does not have.
 *
 * PoCL's printf fetches its arguments as C functions of the host do, by the host's calling convention. A
 * compiler for the host passes vectors in the types of that convention; a compiler for SPIR-V knows none.
 *
 * PoCL links a program with its kernel library (kernel-TRIPLE-*.bc). Where the program itself calls something
 * that is not there, the build fails; but where the library calls something of itself that is not there, the
 * build succeeds and the process is aborted when the kernel is enqueued. So every function that a program
 * calls is followed through the library here. The library's variants (sse2, avx2 ...) differ in vector
 * helpers only, so any one of them answers for all.
 */
#include "svga-model/visa/host/internal.h"
#include "svga-model/visa/llvm_compat.h"

#include "llvm/ADT/StringMap.h"
#include "llvm/Bitcode/BitcodeReader.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Instructions.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/Support/MemoryBuffer.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <glob.h>

namespace {

const char *const library_patterns[] = {
    "/usr/share/pocl/kernel-*.bc",
    "/usr/local/share/pocl/kernel-*.bc",
};

/* Functions are materialized as they are asked for, and never twice. */
struct library {
    std::string path;
    llvm::LLVMContext context;
    std::unique_ptr<llvm::Module> module;
    llvm::StringMap<std::string>
        missing; /* name of a function asked for: the function that it lacks, or "" */
};

/* One per process, used under the translator's lock, never freed: a worker has one driver. */
library *opened;

/* The triple of "/usr/share/pocl/kernel-x86_64-pc-linux-gnu-sse2.bc" is found in a device version such as
 * "OpenCL 3.0 PoCL HSTR: pthread-x86_64-pc-linux-gnu-skylake-avx512": the variant is cut off first. */
bool matches(const std::string &path, const char *hint) {
    size_t start = path.rfind("/kernel-") + 8;
    std::string triple = path.substr(start, path.rfind(".bc") - start);

    return strstr(hint, triple.c_str()) || strstr(hint, triple.substr(0, triple.rfind('-')).c_str());
}

/* The library's variants, the best one first, with what each needs of the processor. PoCL takes the first one
 * that fits, and kernels must be made for the same one: it decides how vectors are passed. */
const struct {
    const char *suffix;
    std::initializer_list<const char *> needs;
} variants[] = {
    {"-avx512.bc", {"avx512f"}},
    {"-avx2.bc", {"avx2", "avx", "cx16", "popcnt", "lzcnt", "f16c", "fma", "bmi", "bmi2"}},
    {"-avx_fma4.bc", {"avx", "cx16", "popcnt", "xop", "fma4"}},
    {"-avx_f16c.bc", {"avx", "cx16", "popcnt", "f16c"}},
    {"-avx.bc", {"avx", "cx16", "popcnt"}},
    {"-sse41.bc", {"sse4.1", "cx16"}},
    {"-ssse3.bc", {"ssse3", "cx16"}},
    {"-sse2.bc", {}},
};

const char *variant() {
    llvm::StringMap<bool> has;

    visa::host_features(has);
    for (const auto &one : variants) {
        if (std::all_of(one.needs.begin(), one.needs.end(),
                        [&](const char *name) { return has.lookup(name); }))
            return one.suffix;
    }
    return "";
}

std::string find_library(const char *hint) {
    std::string found;
    llvm::StringRef suffix = variant();

    for (const char *pattern : library_patterns) {
        glob_t paths;

        if (!glob(pattern, 0, nullptr, &paths)) {
            for (size_t i = 0; i < paths.gl_pathc && !visa::ends_with(found, suffix); i++) {
                if (matches(paths.gl_pathv[i], hint)) /* the processor's variant, else any */
                    found = paths.gl_pathv[i];
            }
        }
        globfree(&paths);
    }
    return found;
}

/* What PoCL or the linker provides later: work-item variables, the barrier that its passes look for, libc.
 * C++-mangled names and SLEEF's come from the kernel library or from nowhere. */
bool comes_later(llvm::StringRef name) {
    return !visa::starts_with(name, "_Z") && !visa::starts_with(name, "Sleef_");
}

std::string follow(library &library, llvm::StringRef name);

std::string follow_body(library &library, llvm::Function &function) {
    if (llvm::Error error = function.materialize()) {
        llvm::consumeError(std::move(error));
        return function.getName().str();
    }
    for (llvm::Instruction &instruction : llvm::instructions(function)) {
        auto *call = llvm::dyn_cast<llvm::CallBase>(&instruction);
        auto *callee =
            call ? llvm::dyn_cast<llvm::Function>(call->getCalledOperand()->stripPointerCasts()) : nullptr;

        if (callee && !callee->isIntrinsic()) {
            std::string lacks = follow(library, callee->getName());

            if (!lacks.empty())
                return lacks;
        }
    }
    return "";
}

/* The name of the first function that is not there when `name` is called; "" if all are. The library is
 * finite and trusted, so the recursion is. */
std::string follow(library &library, llvm::StringRef name) {
    auto known = library.missing.find(name);
    llvm::Function *function;
    std::string lacks;

    if (known != library.missing.end())
        return known->second;
    library.missing[name] = ""; /* while it is looked at: a recursion says nothing new */
    function = library.module->getFunction(name);
    if (!function || (function->isDeclaration() && !function->isMaterializable()))
        lacks = comes_later(name) ? "" : name.str();
    else
        lacks = follow_body(library, *function);
    library.missing[name] = lacks;
    return lacks;
}

bool is_there(library &library, llvm::StringRef name) {
    return library.module->getFunction(name) && follow(library, name).empty();
}

/* Neither takes nor gives a pointer: a function of values. */
bool is_of_values(const llvm::Function &function) {
    bool values = !function.getReturnType()->isPointerTy();

    for (const llvm::Argument &argument : function.args())
        values = values && !argument.getType()->isPointerTy();
    return values;
}

/*
 * PoCL's library has for most functions one that SPIR-V's name for it reaches, and that calls the host's. Of
 * those that hand a vector on in memory the optimizer dropped, when PoCL was built, what writes it there; and
 * a few are missing, such as half_exp2. And they do not say how wide their vectors are, so that a kernel that one of them
 * was inlined into says it no more (visa::mark_widths). Then the host's is called here, in the types of the host's calling
 * convention: PoCL's linker does not look at types, and a call in others gives a program that runs by luck
 * and cannot be read back from its binary.
 */
bool bypass(library &library, llvm::Function &function) {
    std::string name = visa::pocl_host_name(function.getName());
    llvm::Function *host = name.empty() ? nullptr : library.module->getFunction(name);

    return host &&
           (visa::takes_memory(*host) || is_of_values(function) || !is_there(library, function.getName())) &&
           is_there(library, name) && visa::forward(function, *host);
}

/* Under which name the library has what the module calls `name`; "" if it has not. */
std::string library_name(library &library, llvm::StringRef name) {
    static const char *const wait_names[] = {"_Z17wait_group_eventsiP9ocl_event",
                                             "_Z21_cl_wait_group_eventsiP9ocl_event"};

    if (is_there(library, name))
        return name.str();
    if (name == "wait_group_events" || visa::starts_with(name, "_Z17wait_group_eventsi")) {
        for (const char *candidate : wait_names) {
            if (is_there(library, candidate))
                return candidate;
        }
    }
    return "";
}

/* On x86-64 vectors of three elements travel as those of four, and those of up to 32 bits as integers. */
llvm::Value *as_passed(llvm::IRBuilder<> &builder, llvm::Value *value) {
    auto *type = llvm::dyn_cast<llvm::FixedVectorType>(value->getType());

    if (!type)
        return value;
    if (type->getNumElements() == 3)
        value = builder.CreateShuffleVector(value, llvm::ArrayRef<int>{0, 1, 2, 2});
    uint64_t bits = value->getType()->getPrimitiveSizeInBits().getFixedValue();
    return bits == 16 || bits == 32 ? builder.CreateBitCast(value, builder.getIntNTy((unsigned)bits)) : value;
}

/* Which argument of printf PoCL takes wrongly where it reads SPIR-V itself, null if none: it fetches what the host's convention
 * would pass (see above), and of vectors that would travel in memory only the first half arrives (seen with PoCL 6.0). */
const llvm::Value *printed_wrongly(const llvm::Module &module) {
    const llvm::Function *function = module.getFunction("printf");

    if (!function)
        return nullptr;
    for (const llvm::User *user : function->users()) {
        auto *call = llvm::dyn_cast<llvm::CallInst>(user);

        if (!call || call->getCalledOperand() != function)
            continue;
        for (unsigned i = function->getFunctionType()->getNumParams(); i < call->arg_size(); i++) {
            auto *type = llvm::dyn_cast<llvm::FixedVectorType>(call->getArgOperand(i)->getType());
            uint64_t bits = type ? type->getPrimitiveSizeInBits().getFixedValue() : 64;

            if ((type && type->getNumElements() == 3) || bits <= 32 || bits > 512)
                return call->getArgOperand(i);
        }
    }
    return nullptr;
}

void mend_printf(llvm::Module &module) {
    llvm::Function *function = module.getFunction("printf");

    if (!function)
        return;
    for (llvm::User *user : function->users()) {
        auto *call = llvm::dyn_cast<llvm::CallInst>(user);

        if (!call || call->getCalledOperand() != function)
            continue;
        llvm::IRBuilder<> builder(call);
        for (unsigned i = function->getFunctionType()->getNumParams(); i < call->arg_size(); i++)
            call->setArgOperand(i, as_passed(builder, call->getArgOperand(i)));
    }
}

/* PoCL inlines every function that asks for work-item ids, also those that are `noinline`; what it cannot
 * inline does not find the ids, and the process is aborted. The SPIR-V reader repeats a function's attributes
 * at its calls, where `noinline` stops PoCL. */
void mend_calls(llvm::Module &module) {
    for (llvm::Function &function : module) {
        for (llvm::Instruction &instruction : llvm::instructions(function)) {
            if (auto *call = llvm::dyn_cast<llvm::CallBase>(&instruction))
                call->removeFnAttr(llvm::Attribute::NoInline);
        }
    }
}

bool needs_library(const llvm::Function &function) {
    return function.isDeclaration() && !function.isIntrinsic() &&
           function.getName() != "__translate_sampler_initializer";
}

} // namespace

int visa::open_pocl_library(const char *library_hint, char *why) {
    std::string path = find_library(library_hint);

    if (path.empty()) {
        snprintf(why, VISA_WHY_SIZE,
                 "PoCL's kernel library for '%.80s' was not found (/usr/share/pocl/kernel-*.bc): programs "
                 "cannot be checked against it",
                 library_hint);
        return -ENOENT;
    }
    if (opened && opened->path == path)
        return 0;

    auto candidate = std::make_unique<library>();
    auto file = llvm::MemoryBuffer::getFile(path);

    candidate->path = path;
    if (!file) {
        snprintf(why, VISA_WHY_SIZE, "cannot read PoCL's kernel library %.200s: %s", path.c_str(),
                 file.getError().message().c_str());
        return -ENOENT;
    }
    auto module = llvm::getOwningLazyBitcodeModule(std::move(*file), candidate->context, true);
    if (!module) {
        snprintf(why, VISA_WHY_SIZE, "cannot understand PoCL's kernel library %.200s: %.200s", path.c_str(),
                 llvm::toString(module.takeError()).c_str());
        return -ENOENT;
    }
    candidate->module = std::move(*module);
    delete opened;
    opened = candidate.release();
    return 0;
}

int visa::mend_for_pocl(llvm::Module &module, const char *library_hint, char *why) {
    int err = open_pocl_library(library_hint, why);

    if (err)
        return err;
    if (strstr(library_hint, "x86_64"))
        mend_printf(module);
    mend_calls(module);
    for (llvm::Function &function : module) {
        llvm::StringRef name = function.getName();
        std::string mended;

        if (!needs_library(function) || bypass(*opened, function))
            continue;
        mended = library_name(*opened, name);
        if (mended.empty()) {
            std::string lacks = follow(*opened, name);

            snprintf(why, VISA_WHY_SIZE,
                     "undefined reference to `%.120s': PoCL's kernel library lacks `%.120s'",
                     name.str().c_str(), lacks.empty() ? name.str().c_str() : lacks.c_str());
            return -ENOTSUP;
        }
        if (mended != name) {
            llvm::Function *other = module.getFunction(mended);

            if (other && other->getType() == function.getType())
                function.replaceAllUsesWith(other);
            else
                function.setName(mended);
        }
    }
    return 0;
}

int visa::check_for_pocl(const llvm::Module &module, const char *library_hint, char *why) {
    int err = open_pocl_library(library_hint, why);

    if (!err && strstr(library_hint, "x86_64") && printed_wrongly(module)) {
        snprintf(why, VISA_WHY_SIZE,
                 "PoCL takes vectors of three elements, of up to 32 bits or of more than 512 from SPIR-V for "
                 "others when they are "
                 "printed: use the source way");
        return -ENOTSUP;
    }
    for (const llvm::Function &function : module) {
        std::string name = function.getName().str(), of_host = visa::pocl_host_name(name);
        llvm::Function *host = of_host.empty() ? nullptr : opened->module->getFunction(of_host);

        if (err || !needs_library(function))
            continue;
        if (host && visa::takes_memory(*host)) {
            snprintf(why, VISA_WHY_SIZE,
                     "PoCL takes `%.120s' from SPIR-V with wrong values: use the source way", name.c_str());
            err = -ENOTSUP;
        } else if (!is_there(*opened, name)) {
            std::string lacks = follow(*opened, name);

            snprintf(why, VISA_WHY_SIZE,
                     "undefined reference to `%.120s': PoCL's kernel library lacks `%.120s', which only the "
                     "source way does without",
                     name.c_str(), lacks.empty() ? name.c_str() : lacks.c_str());
            err = -ENOTSUP;
        }
    }
    return err;
}
