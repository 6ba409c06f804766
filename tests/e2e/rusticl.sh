#!/bin/bash
# SPDX-License-Identifier: MIT
# limit: 1800
# Every conformance case on rusticl with llvmpipe: natively, and as a process guest through both IRs.
. "$(dirname "$0")/compare"

vendors=$(vendor_folder rusticl)
if [ -z "$vendors" ]; then
    echo "this machine has no rusticl (/etc/OpenCL/vendors/rusticl.icd)"
    exit 77
fi
conform_native native OCL_ICD_VENDORS="$vendors" --
conform_guest source --device "rusticl" --
conform_compare rusticl.source native source
conform_guest spirv --device "rusticl" --ir spirv --
conform_compare rusticl.spirv native spirv --other-compiler
exit $failed
