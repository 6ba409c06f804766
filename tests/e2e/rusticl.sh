#!/bin/bash
# limit: 400
# Every conformance case on rusticl with llvmpipe: natively, and as a process guest through both IRs.
. "$(dirname "$0")/compare"

vendors=$(vendor_folder rusticl)
if [ -z "$vendors" ]; then
    echo "this machine has no rusticl (/etc/OpenCL/vendors/rusticl.icd)"
    exit 77
fi
conform_native native OCL_ICD_VENDORS="$vendors" --
conform_guest source --device "rusticl" --
# Where rusticl differs from what a guest sees, on purpose: guest-icd/UNSUPPORTED.md.
image="rusticl makes no image over a buffer that it did not allocate itself"
names="rusticl tells argument names unasked, a guest only after -cl-kernel-arg-info, as OpenCL says"
local="rusticl counts local memory in its own way; a guest tells what its compiler found"
conform_leave_out rusticl.source images.one_dimensional_from_a_buffer "$image" native source
conform_leave_out rusticl.source kernels.argument_info_without_option "$names" native source
conform_compare rusticl.source native source
conform_guest spirv --device "rusticl" --ir spirv --
conform_leave_out rusticl.spirv images.one_dimensional_from_a_buffer "$image" spirv
conform_leave_out rusticl.spirv kernels.argument_info_without_option "$names" spirv
conform_leave_out rusticl.spirv kernels.work_group_info "$local" native spirv
conform_compare rusticl.spirv native spirv --other-compiler
exit $failed
