// SPDX-License-Identifier: MIT
/* SPIR-V to what a driver takes: the order of the stages, and what becomes of failures. */
#include "svga-model/visa/common/clock.h"
#include "svga-model/visa/common/options.h"
#include "svga-model/visa/host/internal.h"
#include "svga-model/visa/llvm_compat.h"
#include "svga-model/visa/reflect.h"

#include "LLVMSPIRVLib.h"
#include "llvm/Bitcode/BitcodeWriter.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Verifier.h"
#include "llvm/Support/raw_ostream.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <pthread.h>
#include <sstream>

#include <spirv/unified1/spirv.h>

namespace {

/* Taken for a whole translation: the translator's tables and PoCL's library are shared. */
pthread_mutex_t translator_lock = PTHREAD_MUTEX_INITIALIZER;

struct job {
    const visa_translate_request *request;
    const uint32_t *words;
    size_t count;
    visa_binary *out;
    char *why;
};

std::unique_ptr<llvm::Module> read_spirv(llvm::LLVMContext &context, const job &job) {
    SPIRV::TranslatorOpts options(SPIRV::VersionNumber::MaximumVersion,
                                  {{SPIRV::ExtensionID::SPV_KHR_no_integer_wrap_decoration, true}});
    std::istringstream stream(std::string((const char *)job.words, job.count * sizeof *job.words));
    llvm::Module *module = nullptr;
    std::string reason;

    options.setDesiredBIsRepresentation(SPIRV::BIsRepresentation::OpenCL12);
    options.setGenKernelArgNameMDEnabled(true);
    if (!llvm::readSpirv(context, options, stream, module, reason)) {
        snprintf(job.why, VISA_WHY_SIZE, "the SPIR-V translator refused the module: %.400s", reason.c_str());
        return nullptr;
    }
    return std::unique_ptr<llvm::Module>(module);
}

/* The translator's output is checked as its input was: a driver takes bitcode on trust. */
int verify(const llvm::Module &module, char *why) {
    std::string reason;
    llvm::raw_string_ostream stream(reason);

    if (!llvm::verifyModule(module, &stream))
        return 0;
    snprintf(why, VISA_WHY_SIZE, "the SPIR-V translator made an invalid module of this one: %.400s",
             reason.c_str());
    return -EINVAL;
}

int keep(const llvm::SmallVectorImpl<char> &bytes, const job &job) {
    job.out->bytes = malloc(bytes.size() + 1);
    if (!job.out->bytes) {
        snprintf(job.why, VISA_WHY_SIZE, "out of memory");
        return -ENOMEM;
    }
    memcpy(job.out->bytes, bytes.data(), bytes.size());
    job.out->size = bytes.size();
    return 0;
}

int translate_module(job &job) {
    const visa_target &target = *job.request->target;
    visa_host_timing &timing = job.out->timing;
    uint64_t start = visa_now();
    llvm::SmallVector<char, 0> bytes;
    llvm::LLVMContext context;
    int err = 0;

    visa::use_spirv_pointers(context);
    auto module = read_spirv(context, job);
    timing.read_ns = visa_now() - start;
    if (!module)
        return -EINVAL;

    start = visa_now();
    err = verify(*module, job.why);
    if (!err && target.kind != VISA_TARGET_SPIR) /* SPIR has no intrinsics of LLVM */
        visa::contract(*module);
    if (!err && target.kind == VISA_TARGET_POCL && visa::has_typed_accesses(job.words, job.count))
        visa::tell_types(*module);
    if (!err && target.kind == VISA_TARGET_POCL)
        visa::tidy(*module);
    if (!err && target.kind == VISA_TARGET_POCL)
        err = visa::mend_for_pocl(*module, target.library_hint, job.why);
    if (!err && target.kind == VISA_TARGET_POCL)
        visa::mark_widths(*module);
    timing.mend_ns = visa_now() - start;
    if (err)
        return err;

    start = visa_now();
    if (target.kind == VISA_TARGET_PTX) {
        err = visa::generate_ptx(*module, bytes, timing, job.why);
    } else {
        llvm::raw_svector_ostream stream(bytes);

        llvm::WriteBitcodeToFile(*module, stream);
    }
    timing.write_ns = visa_now() - start;
    return err ? err : keep(bytes, job);
}

int check_il(job &job) {
    llvm::LLVMContext context;

    visa::use_spirv_pointers(context);
    auto module = read_spirv(context, job);
    return module ? visa::check_for_pocl(*module, job.request->target->library_hint, job.why) : -EINVAL;
}

/* The words without the one extension that is taken, which a driver that takes SPIR-V itself may not know. How many are left. */
size_t leave_out_extension(uint32_t *words, size_t count) {
    size_t used = 5;

    for (size_t at = 5, length; at < count; at += length) {
        uint32_t opcode = words[at] & 0xffff, decoration = 0;

        length = words[at] >> 16;
        if (!length || length > count - at)
            return count; /* not what was validated */
        if (opcode == SpvOpDecorate && length > 2)
            decoration = words[at + 2];
        if (opcode == SpvOpExtension || decoration == SpvDecorationNoSignedWrap ||
            decoration == SpvDecorationNoUnsignedWrap)
            continue;
        memmove(words + used, words + at, length * sizeof *words);
        used += length;
    }
    return used;
}

/* PoCL inlines what asks for work-item ids, but not what says that it must not be inlined, and aborts over it when the kernel is
 * enqueued: a call of a `noinline` function means no less without the word. The words were validated. */
void let_inline(uint32_t *words, size_t count) {
    for (size_t at = 5; at < count && words[at] >> 16; at += words[at] >> 16) {
        if ((words[at] & 0xffff) == SpvOpFunction && at + 3 < count)
            words[at + 3] &= ~(uint32_t)SpvFunctionControlDontInlineMask;
    }
}

/* The driver's options: those of the guest that mean something to a driver, and what the target needs. */
int make_options(const visa_translate_request &request, visa_binary *out, char *why) {
    bool is_spir = request.target->kind == VISA_TARGET_POCL || request.target->kind == VISA_TARGET_SPIR;
    visa_options options;
    int err = visa_options_parse(request.options, VISA_OPTIONS_BUILD, &options, why, VISA_WHY_SIZE);

    if (!err && asprintf(&out->options, "%s%s%s", is_spir ? "-x spir -spir-std=1.2" : "",
                         is_spir && options.driver[0] ? " " : "", options.driver) < 0) {
        out->options = nullptr;
        snprintf(why, VISA_WHY_SIZE, "out of memory");
        err = -ENOMEM;
    }
    visa_options_free(&options);
    return err;
}

int translate_locked(job &job) {
    pthread_mutex_lock(&translator_lock);
    int err = job.request->target->kind == VISA_TARGET_IL ? check_il(job) : translate_module(job);
    pthread_mutex_unlock(&translator_lock);
    return err;
}

int translate(job &job) {
    const visa_translate_request &request = *job.request;
    int err;

    switch (request.target->kind) {
    case VISA_TARGET_IL:
        if (request.target->checks_pocl) {
            err = translate_locked(job);
            if (err)
                return err;
        }
        job.out->is_il = true;
        job.out->size = job.count * sizeof *job.words;
        job.out->bytes = malloc(job.out->size);
        if (!job.out->bytes) {
            snprintf(job.why, VISA_WHY_SIZE, "out of memory");
            return -ENOMEM;
        }
        memcpy(job.out->bytes, job.words, job.out->size);
        if (request.target->checks_pocl)
            let_inline((uint32_t *)job.out->bytes, job.count);
        return 0;
    case VISA_TARGET_MESA:
        return visa_mesa_wrap(request.sample, request.sample_size, job.words, job.count, job.out, job.why);
    case VISA_TARGET_POCL:
    case VISA_TARGET_SPIR:
    case VISA_TARGET_PTX:
        return translate_locked(job);
    case VISA_TARGET_NONE:
        break;
    }
    memcpy(job.why, request.target->why, VISA_WHY_SIZE);
    return -ENOTSUP;
}

} // namespace

extern "C" int visa_translate(const visa_translate_request *request, visa_binary *out,
                              char why[VISA_WHY_SIZE]) {
    uint64_t start = visa_now(), cpu_start = visa_cpu_now();
    size_t size = request->count * sizeof *request->words;
    uint32_t *words = nullptr;
    job job = {};
    int err;

    memset(out, 0, sizeof *out);
    why[0] = '\0';
    err = make_options(*request, out, why);
    job.request = request;
    job.words = request->words;
    job.count = request->count;
    job.out = out;
    job.why = why;
    bool is_handed_on = request->target->kind == VISA_TARGET_IL || request->target->kind == VISA_TARGET_MESA;
    if (!err && (request->constant_count || is_handed_on)) {
        words = (uint32_t *)malloc(size);
        if (words) {
            memcpy(words, request->words, size);
            visa_specialize(words, request->count, request->constants, request->constant_count);
            if (is_handed_on)
                job.count = leave_out_extension(words, request->count);
            job.words = words;
        } else {
            snprintf(why, VISA_WHY_SIZE, "out of memory");
            err = -ENOMEM;
        }
    }
    if (!err)
        err = translate(job);
    free(words);
    if (err)
        visa_binary_free(out);
    out->timing.total_ns = visa_now() - start;
    out->timing.cpu_ns = visa_cpu_now() - cpu_start;
    return err;
}

extern "C" void visa_binary_free(visa_binary *binary) {
    free(binary->bytes);
    free(binary->options);
    memset(binary, 0, sizeof *binary);
}

extern "C" int visa_host_warm(const visa_target *target, char why[VISA_WHY_SIZE]) {
    int err = 0;

    why[0] = '\0';
    pthread_mutex_lock(&translator_lock);
    if (target->kind == VISA_TARGET_POCL || (target->kind == VISA_TARGET_IL && target->checks_pocl))
        err = visa::open_pocl_library(target->library_hint, why);
    else if (target->kind == VISA_TARGET_PTX)
        err = visa::open_clc_library(why);
    pthread_mutex_unlock(&translator_lock);
    return err;
}

extern "C" __attribute__((visibility("default"))) const visa_host visa_host_table = {
    VISA_HOST_ABI,  visa_validate, visa_translate,    visa_binary_free,
    visa_host_warm, visa_reflect,  visa_kernels_free, visa_takes,
};
