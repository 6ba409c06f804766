#!/bin/bash
# SPDX-License-Identifier: MIT
# limit: 1800
# Every conformance case on PoCL: natively, and as a process guest through both IRs.
. "$(dirname "$0")/compare"

vendors=$(vendor_folder pocl)
if [ -z "$vendors" ]; then
    echo "this machine has no PoCL (/etc/OpenCL/vendors/pocl.icd)"
    exit 77
fi
conform_native native OCL_ICD_VENDORS="$vendors" --
conform_guest source --device "Portable Computing" --
conform_compare pocl.source native source
conform_guest spirv --device "Portable Computing" --ir spirv --
conform_compare pocl.spirv native spirv --other-compiler

# A program that chooses SPIR-V by itself: its worker did not expect that, and loads what translates it when it comes.
"$trillium" run --device "Portable Computing" -- env TRILLIUM_IR=spirv "$conform" programs linking >"$work/late" 2>"$work/late.err"
if [ -s "$work/late" ] && diff <(grep '^END \(programs\|linking\)\.' "$work/spirv" | sort) <(grep '^END' "$work/late" | sort) >"$work/late.diff"; then
    echo "PASS pocl.spirv-unexpected"
else
    echo "FAIL pocl.spirv-unexpected"
    sed 's/^/    /' "$work/late.diff" "$work/late.err"
    failed=1
fi
exit $failed
