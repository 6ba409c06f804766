#!/bin/bash
# SPDX-License-Identifier: MIT
# limit: 240
# The workloads of eval, once each as process guests, by turns through source and through the SVGA baseline with guest-backed
# memory: each compares its result with the CPU's.
. "$(dirname "$0")/compare"

turn=source
for source in "$(dirname "$0")"/../../eval/programs/*.c; do
    grep -q 'return work_main' "$source" || continue
    name=$(basename "$source" .c)
    if [ $turn = source ]; then
        turn=spirv
        "$trillium" run --device "Portable Computing" -- "$build/eval/$name" -r 1 >"$work/said" 2>&1
    else
        turn=source
        "$trillium" run --device "Portable Computing" --ir spirv --svga-memory guest-backed -- "$build/eval/$name" -r 1 >"$work/said" 2>&1
    fi
    if [ $? = 0 ] && grep -q '"check":"ok"' "$work/said"; then
        echo "PASS $name"
    else
        echo "FAIL $name"
        tail -n 3 "$work/said"
        failed=1
    fi
done
exit $failed
