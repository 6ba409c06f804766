/* SPIR-V to PTX for NVIDIA's driver. */
#include "svga-model/visa/host/internal.h"

#include <cerrno>

int visa::generate_ptx(llvm::Module &, llvm::SmallVectorImpl<char> &, visa_host_timing &, char *why) {
    snprintf(why, VISA_WHY_SIZE, "not built");
    return -ENOTSUP;
}
