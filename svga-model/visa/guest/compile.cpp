// SPDX-License-Identifier: MIT
/* The calls of the guest's library: options, lock, and what becomes of results and failures. */
#include "svga-model/visa/compile.h"

#include "svga-model/visa/common/clock.h"
#include "svga-model/visa/guest/frontend.h"
#include "svga-model/visa/llvm_compat.h"
#include "svga-model/visa/reflect.h"

#include "llvm/Bitcode/BitcodeReader.h"
#include "llvm/Bitcode/BitcodeWriter.h"
#include "llvm/IR/DiagnosticInfo.h"
#include "llvm/IR/DiagnosticPrinter.h"
#include "llvm/Linker/Linker.h"
#include "llvm/Support/raw_ostream.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <pthread.h>

namespace {

/* Taken for a whole compile or link: LLVM's command-line state is global. */
pthread_mutex_t compiler_lock = PTHREAD_MUTEX_INITIALIZER;

/* What a finished object or library starts with; the number changes with the format. */
const char object_magic[8] = {'T', 'V', 'I', 'S', 'A', '0', '0', '1'};

struct job {
    const visa_compile_request *compile; /* one of the two */
    const visa_link_request *link;
    const visa_options *options;
    visa_output output;
    visa_module *out;
    std::string log;
    visa_status status = VISA_BUILD_FAILURE;
    uint64_t cpu_ns = 0;
};

void collect_diagnostic(visa::diagnostic_argument argument, void *log) {
    const llvm::DiagnosticInfo &info = visa::diagnostic(argument);
    llvm::raw_string_ostream stream(*(std::string *)log);
    llvm::DiagnosticPrinterRawOStream printer(stream);

    stream << (info.getSeverity() == llvm::DS_Error ? "error: " : "warning: ");
    info.print(printer);
    stream << "\n";
}

std::unique_ptr<llvm::Module> link_inputs(llvm::LLVMContext &context, job &job) {
    auto whole = std::make_unique<llvm::Module>("program", context);

    for (size_t i = 0; i < job.link->input_count; i++) {
        const visa_input &input = job.link->inputs[i];
        std::string number = std::to_string(i);

        if (input.size < sizeof object_magic || memcmp(input.bytes, object_magic, sizeof object_magic)) {
            job.log += "error: input " + number + " is no compiled object of this version of Trillium\n";
            job.status = VISA_INVALID_BINARY;
            return nullptr;
        }
        llvm::StringRef bitcode((const char *)input.bytes + sizeof object_magic,
                                input.size - sizeof object_magic);
        auto part = llvm::parseBitcodeFile(llvm::MemoryBufferRef(bitcode, "input " + number), context);

        if (!part) {
            job.log += "error: input " + number + ": " + llvm::toString(part.takeError()) + "\n";
            job.status = VISA_INVALID_BINARY;
            return nullptr;
        }
        if (i == 0) {
            whole->setTargetTriple((*part)->getTargetTriple());
            whole->setDataLayout((*part)->getDataLayout());
        }
        if (llvm::Linker::linkModules(*whole, std::move(*part))) {
            job.log += "error: input " + number + " does not link with those before it\n";
            return nullptr;
        }
    }
    return whole;
}

bool keep_bitcode(const llvm::Module &module, visa_module *out) {
    llvm::SmallVector<char, 0> bitcode(object_magic, object_magic + sizeof object_magic);
    llvm::raw_svector_ostream stream(bitcode);

    /* The stream appends to what the vector holds. */
    llvm::WriteBitcodeToFile(module, stream);
    out->bytes = malloc(bitcode.size());
    if (!out->bytes)
        return false;
    memcpy(out->bytes, bitcode.data(), bitcode.size());
    out->size = bitcode.size();
    return true;
}

bool keep_spirv(const std::vector<uint32_t> &words, visa_module *out) {
    out->spirv = (uint32_t *)malloc(words.size() * sizeof *out->spirv);
    if (!out->spirv)
        return false;
    memcpy(out->spirv, words.data(), words.size() * sizeof *out->spirv);
    out->spirv_words = words.size();
    return true;
}

visa_status finish(llvm::Module &module, job &job) {
    visa_compile_timing &timing = job.out->timing;
    uint64_t start = visa_now();
    std::vector<uint32_t> words;
    bool complete;

    if (job.output != VISA_EXECUTABLE) {
        if (!keep_bitcode(module, job.out))
            return VISA_NO_MEMORY;
        timing.writer_ns = visa_now() - start;
        return VISA_OK;
    }
    if (!visa::prepare(module, job.log))
        return VISA_BUILD_FAILURE;
    if (!visa::describe_kernels(module, &job.out->kernels, &job.out->kernel_count))
        return VISA_NO_MEMORY;
    complete = visa::write_spirv(module, words, job.log);
    timing.writer_ns = visa_now() - start;
    if (!complete)
        return VISA_BUILD_FAILURE;
    return keep_spirv(words, job.out) ? VISA_OK : VISA_NO_MEMORY;
}

void run(job &job) {
    visa_compile_timing &timing = job.out->timing;
    uint64_t cpu_start = visa_cpu_now(), start = visa_now();
    llvm::LLVMContext context;
    std::unique_ptr<llvm::Module> module;

    visa::use_spirv_pointers(context);
    context.setDiagnosticHandlerCallBack(collect_diagnostic, &job.log);
    if (job.compile) {
        module = visa::compile_source(context, *job.compile, *job.options, job.log);
        timing.clang_ns = visa_now() - start;
    } else {
        module = link_inputs(context, job);
        timing.link_ns = visa_now() - start;
    }
    if (module)
        job.status = finish(*module, job);
    module.reset();
    job.cpu_ns = visa_cpu_now() - cpu_start;
}

visa_status fail(visa_module *out, visa_status status, std::string log) {
    free(out->log);
    out->log = strdup((log.empty() || log.back() == '\n' ? log : log + "\n").c_str());
    return out->log ? status : VISA_NO_MEMORY;
}

/* Keeps only what a failed module may have: the log, the options and the timing. */
void drop_results(visa_module *out) {
    free(out->spirv);
    free(out->bytes);
    visa_kernels_free(out->kernels, out->kernel_count);
    out->spirv = nullptr;
    out->bytes = nullptr;
    out->kernels = nullptr;
    out->spirv_words = out->size = out->kernel_count = 0;
}

visa_status carry_out(job &job) {
    uint64_t start = visa_now(), locked;

    pthread_mutex_lock(&compiler_lock);
    locked = visa_now();
    run(job);
    pthread_mutex_unlock(&compiler_lock);
    if (job.status != VISA_OK)
        drop_results(job.out);
    job.out->output = job.output;
    job.out->timing.lock_ns = locked - start;
    job.out->timing.total_ns = visa_now() - start;
    job.out->timing.cpu_ns = job.cpu_ns;
    return fail(job.out, job.status, job.log);
}

visa_status parse_options(const char *text, visa_option_use use, visa_options *options, visa_module *out) {
    char why[512];
    int err;

    memset(out, 0, sizeof *out);
    err = visa_options_parse(text, use, options, why, sizeof why);
    out->driver_options = strdup(options->driver ? options->driver : "");
    if (err == -ENOMEM || !out->driver_options)
        return VISA_NO_MEMORY;
    return err ? fail(out, VISA_INVALID_OPTIONS, why) : VISA_OK;
}

} // namespace

extern "C" visa_status visa_compile(const visa_compile_request *request, visa_module *out) {
    visa_option_use use = request->output == VISA_OBJECT ? VISA_OPTIONS_COMPILE : VISA_OPTIONS_BUILD;
    uint32_t newest = request->features->c_version_max;
    visa_options options;
    visa_status status = parse_options(request->options, use, &options, out);

    if (status == VISA_OK && options.c_version && newest && options.c_version > newest) {
        status = fail(out, VISA_BUILD_FAILURE,
                      "error: this device's compiler knows OpenCL C up to " + std::to_string(newest / 100) +
                          "." + std::to_string(newest / 10 % 10) + ", and -cl-std asks for more");
    } else if (status == VISA_OK) {
        job job = {};

        job.compile = request;
        job.options = &options;
        job.output = request->output;
        job.out = out;
        job.status = VISA_BUILD_FAILURE;
        status = carry_out(job);
    }
    visa_options_free(&options);
    return status;
}

extern "C" visa_status visa_link(const visa_link_request *request, visa_module *out) {
    visa_options options;
    visa_status status = parse_options(request->options, VISA_OPTIONS_LINK, &options, out);

    if (status == VISA_OK) {
        job job = {};

        job.link = request;
        job.options = &options;
        job.output = options.create_library ? VISA_LIBRARY : VISA_EXECUTABLE;
        job.out = out;
        job.status = VISA_BUILD_FAILURE;
        status = carry_out(job);
    }
    visa_options_free(&options);
    return status;
}

extern "C" void visa_module_free(visa_module *module) {
    drop_results(module);
    free(module->log);
    free(module->driver_options);
    memset(module, 0, sizeof *module);
}

extern "C" void visa_guest_warm(const visa_features *features) {
    static const char source[] = "kernel void warm(global float4 *a) { a[get_global_id(0)] = sqrt(a[0]); }";
    visa_compile_request request = {};
    visa_module module;

    request.source = source;
    request.source_size = sizeof source - 1;
    request.features = features;
    visa_compile(&request, &module);
    visa_module_free(&module);
}

extern "C" __attribute__((visibility("default"))) const visa_guest visa_guest_table = {
    VISA_GUEST_ABI,  visa_compile, visa_link,         visa_module_free,
    visa_guest_warm, visa_reflect, visa_kernels_free,
};
