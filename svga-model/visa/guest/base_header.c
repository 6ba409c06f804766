// SPDX-License-Identifier: MIT
/*
 * Clang's opencl-c-base.h, embedded, so that the guest needs none of clang's files at run time. The builtin
 * functions themselves come from a table inside clang. The build defines VISA_OPENCL_C_BASE_H as the quoted
 * path of the header.
 */
#include "svga-model/visa/guest/frontend.h"

__asm__(".pushsection .rodata\n"
        ".hidden visa_opencl_c_base_h\n"
        ".global visa_opencl_c_base_h\n"
        ".hidden visa_opencl_c_base_h_end\n"
        ".global visa_opencl_c_base_h_end\n"
        "visa_opencl_c_base_h:\n"
        ".incbin \"" VISA_OPENCL_C_BASE_H "\"\n"
        "visa_opencl_c_base_h_end:\n"
        ".byte 0\n"
        ".popsection\n");
