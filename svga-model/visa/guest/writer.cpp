/* LLVM IR to SPIR-V, with the Khronos translator in this process. */
#include "svga-model/visa/guest/frontend.h"

#include "LLVMSPIRVLib.h"
#include "llvm/IR/GlobalVariable.h"

#include <cstring>
#include <sstream>

#include <spirv/unified1/spirv.h>

void visa::internalize(llvm::Module &module) {
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
    SPIRV::TranslatorOpts options(SPIRV::VersionNumber::SPIRV_1_0);
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
