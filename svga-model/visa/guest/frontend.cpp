// SPDX-License-Identifier: MIT
/*
 * OpenCL C to LLVM IR, with clang in this process.
 *
 * No LLVM passes run: with them some modules no longer translate to SPIR-V, and nothing runs faster, since
 * the consumer optimizes anyway. The optimization level still matters to the front end: at -O0 it marks every
 * function noinline, which would travel.
 */
#include "svga-model/visa/guest/frontend.h"
#include "svga-model/visa/llvm_compat.h"

#include "clang/Basic/Diagnostic.h"
#include "clang/Basic/DiagnosticOptions.h"
#include "clang/CodeGen/CodeGenAction.h"
#include "clang/Frontend/CompilerInstance.h"
#include "clang/Frontend/CompilerInvocation.h"
#include "clang/Frontend/TextDiagnosticPrinter.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/VirtualFileSystem.h"
#include "llvm/Support/raw_ostream.h"

#include <cctype>

namespace {

/* Where the program and its headers lie in the compiler's view of the file system. Diagnostics name the
 * program so. */
const char program_directory[] = "/trillium";
const char program_name[] = "/trillium/program.cl";
const char resource_directory[] = "/trillium/clang";
const char base_header_name[] = "/trillium/clang/include/opencl-c-base.h";

/* Calls use(name) for each name of a list that is fit to be a macro. */
template <typename Use> void for_each_name(const char *list, Use use) {
    while (list && *list) {
        const char *start = list;
        bool fit = !isdigit((unsigned char)*list);

        for (; *list && *list != ' '; list++)
            fit = fit && (isalnum((unsigned char)*list) || *list == '_');
        if (list != start && fit)
            use(std::string(start, list));
        while (*list == ' ')
            list++;
    }
}

uint32_t chosen_c_version(const visa_features &features, const visa_options &options) {
    if (options.c_version)
        return options.c_version;
    return features.c_version && features.c_version < 120 ? features.c_version : 120;
}

const char *std_argument(uint32_t version) {
    switch (version) {
    case 100:
        return "-cl-std=CL1.0";
    case 110:
        return "-cl-std=CL1.1";
    case 200:
        return "-cl-std=CL2.0";
    case 300:
        return "-cl-std=CL3.0";
    default:
        return "-cl-std=CL1.2";
    }
}

/* Extensions and features: everything off, then what the device has. */
void add_features(std::vector<std::string> &arguments, const visa_features &features, uint32_t c_version) {
    std::string extensions = "-cl-ext=-all"
                             ",+cl_khr_byte_addressable_store,+cl_khr_global_int32_base_atomics"
                             ",+cl_khr_global_int32_extended_atomics,+cl_khr_local_int32_base_atomics"
                             ",+cl_khr_local_int32_extended_atomics";
    auto turn_on = [&](const std::string &name) {
        extensions += ",+" + name;
        arguments.push_back("-D" + name + "=1");
    };

    for_each_name(features.extensions, turn_on);
    if (visa_has_fp64(&features))
        extensions += ",+cl_khr_fp64";
    if (visa_has_3d_image_writes(&features))
        extensions += ",+cl_khr_3d_image_writes";
    if (c_version >= 300) {
        for_each_name(features.c_features, turn_on);
        /* Clang insists that a feature and the extension of the same meaning go together. */
        if (visa_has_fp64(&features))
            extensions += ",+__opencl_c_fp64";
        if (features.images)
            extensions += ",+__opencl_c_images";
        if (visa_has_3d_image_writes(&features))
            extensions += ",+__opencl_c_3d_image_writes";
    }
    arguments.push_back(extensions);
    /* Clang takes every SPIR-V target to have everything, and says so with these. */
    arguments.push_back("-U__SPIRV__");
    arguments.push_back("-U__SPIR__");
    if (!features.images)
        arguments.push_back("-U__IMAGE_SUPPORT__");
    if (!features.little_endian)
        arguments.push_back("-U__ENDIAN_LITTLE__");
    if (features.embedded_profile)
        arguments.push_back("-D__EMBEDDED_PROFILE__=1");
    arguments.push_back("-D__OPENCL_VERSION__=" + std::to_string(features.device_version));
}

std::vector<std::string> front_end_arguments(const visa_compile_request &request,
                                             const visa_options &options) {
    uint32_t c_version = chosen_c_version(*request.features, options);
    std::vector<std::string> arguments = {
        "-triple",
        request.features->address_bits == 32 ? "spir-unknown-unknown" : "spir64-unknown-unknown",
        "-x",
        "cl",
        "-resource-dir",
        resource_directory,
        "-nostdsysteminc",
        "-finclude-default-header",
        "-fdeclare-opencl-builtins",
#if VISA_TYPED_POINTERS
        "-no-opaque-pointers",
#endif
        "-O2",
        "-disable-llvm-passes",
        "-disable-lifetime-markers",
        "-cl-kernel-arg-info",
        std_argument(c_version),
    };

    add_features(arguments, *request.features, c_version);
    arguments.push_back(std::string("-I") + program_directory);
    arguments.push_back("-I.");
    for (size_t i = 0; i < request.dir_count; i++)
        arguments.push_back(std::string("-I") + request.dirs[i]);
    for (size_t i = 0; i < options.front_count; i++)
        arguments.push_back(options.front[i]);
    arguments.push_back(program_name);
    return arguments;
}

/* The real file system, from which the program includes files, with the program, its headers and clang's own laid over
 * it. */
llvm::IntrusiveRefCntPtr<llvm::vfs::FileSystem> file_system(const visa_compile_request &request) {
    auto memory = llvm::makeIntrusiveRefCnt<llvm::vfs::InMemoryFileSystem>();
    auto overlay = llvm::makeIntrusiveRefCnt<llvm::vfs::OverlayFileSystem>(llvm::vfs::getRealFileSystem());
    llvm::StringRef base_header(visa_opencl_c_base_h, visa_opencl_c_base_h_end - visa_opencl_c_base_h);

    memory->addFile(base_header_name, 0, llvm::MemoryBuffer::getMemBuffer(base_header, base_header_name));
    memory->addFile(program_name, 0,
                    llvm::MemoryBuffer::getMemBufferCopy(llvm::StringRef(request.source, request.source_size),
                                                         program_name));
    for (size_t i = 0; i < request.header_count; i++) {
        std::string path = std::string(program_directory) + "/" + request.headers[i].name;

        memory->addFile(path, 0,
                        llvm::MemoryBuffer::getMemBufferCopy(
                            llvm::StringRef(request.headers[i].text, request.headers[i].text_size), path));
    }
    overlay->pushOverlay(memory);
    return overlay;
}

} // namespace

std::unique_ptr<llvm::Module> visa::compile_source(llvm::LLVMContext &context,
                                                   const visa_compile_request &request,
                                                   const visa_options &options, std::string &log) {
    llvm::raw_string_ostream log_stream(log);
    auto diagnostic_options = llvm::makeIntrusiveRefCnt<clang::DiagnosticOptions>();
    diagnostic_options->ShowPresumedLoc = 1; /* #line */
    clang::TextDiagnosticPrinter printer(log_stream, diagnostic_options.get());
    auto diagnostics = llvm::makeIntrusiveRefCnt<clang::DiagnosticsEngine>(
        llvm::makeIntrusiveRefCnt<clang::DiagnosticIDs>(), diagnostic_options, &printer, false);
    std::vector<std::string> arguments = front_end_arguments(request, options);
    std::vector<const char *> argument_pointers;
    auto invocation = std::make_shared<clang::CompilerInvocation>();
    clang::CompilerInstance compiler;
    clang::EmitLLVMOnlyAction action(&context);

    for (const std::string &argument : arguments)
        argument_pointers.push_back(argument.c_str());
    if (!clang::CompilerInvocation::CreateFromArgs(*invocation, argument_pointers, *diagnostics))
        return nullptr;
    compiler.setInvocation(invocation);
    compiler.setVerboseOutputStream(log_stream);
    compiler.createFileManager(file_system(request));
    compiler.createDiagnostics(&printer, false);
    if (!compiler.hasDiagnostics() || !compiler.ExecuteAction(action))
        return nullptr;
    return action.takeModule();
}
