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

# A program that chooses SPIR-V by itself: nothing that `run` was told says so.
"$trillium" run --device "Portable Computing" -- env TRILLIUM_IR=spirv "$conform" programs linking >"$work/late" 2>"$work/late.err"
if [ -s "$work/late" ] && diff <(grep '^END \(programs\|linking\)\.' "$work/spirv" | sort) <(grep '^END' "$work/late" | sort) >"$work/late.diff"; then
    echo "PASS pocl.spirv-unexpected"
else
    echo "FAIL pocl.spirv-unexpected"
    sed 's/^/    /' "$work/late.diff" "$work/late.err"
    failed=1
fi

# An installation without what translates: SPIR-V is refused with the reason, whoever chose it; source goes on.
mkdir "$work/lacking" && cp -r "$build"/{bin,lib,libexec,share} "$work/lacking" && rm "$work/lacking/lib/libtrillium-visa-host.so"
lacking() { # NAME WORD ARGUMENT...: what comes of a program under `run ARGUMENT...`
    local name=$1 word=$2
    shift 2
    "$work/lacking/bin/trillium" run --device "Portable Computing" "$@" "$build/eval/bench" program twenty >"$work/lacking.out" 2>&1
    echo "status $?" >>"$work/lacking.out"
    if grep -q "$word" "$work/lacking.out"; then echo "PASS pocl.lacking.$name"; else
        echo "FAIL pocl.lacking.$name: '$word' was expected"
        sed 's/^/    /' "$work/lacking.out"
        failed=1
    fi
}
lacking spirv "virtual ISA is not available" --ir spirv --
lacking spirv-code "OpenCL error -59" --ir spirv -- # CL_INVALID_OPERATION
lacking spirv-unexpected "virtual ISA is not available" -- env TRILLIUM_IR=spirv
lacking spirv-unexpected-code "OpenCL error -59" -- env TRILLIUM_IR=spirv
lacking source "status 0" --
# What was valid and built once needs neither again.
for _ in 1 2; do
    "$trillium" run --device "Portable Computing" --cache "$work/kept" --ir spirv -- "$build/eval/bench" program twenty >/dev/null 2>&1
done
lacking spirv-seen "status 0" --cache "$work/kept" --ir spirv --
exit $failed
