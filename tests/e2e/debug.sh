#!/bin/bash
# SPDX-License-Identifier: MIT
# limit: 1200
# TRILLIUM_DEBUG=1: every call that fails says why, with its name and what it was given; without it nothing is said.
. "$(dirname "$0")/compare"

cases=(queues buffers transfers maps events event_callbacks platforms.create_context_errors programs.source_errors
    program_builds.build_errors kernels ndrange)

# The functions of which a transcript has a rule that they return an error. Calls with NULL as their handle are the
# loader's to answer.
failing_functions() {
    grep -E '^\? .*: ok CL_[A-Z]' "$1" | grep -v ': ok CL_SUCCESS$' |
        grep -vE '^\? \(*cl[A-Za-z0-9]+\(NULL' | grep -oE '^\? \(*cl[A-Za-z0-9]+\(' | grep -oE 'cl[A-Za-z0-9]+' | sort -u
}

TRILLIUM_DEBUG=1 "$trillium" run --device "Portable Computing" -- "$conform" "${cases[@]}" >"$work/seen" 2>"$work/said"
"$trillium" run --device "Portable Computing" -- "$conform" "${cases[@]}" >"$work/quiet" 2>"$work/nothing"

count=0
for function in $(failing_functions "$work/seen"); do
    count=$((count + 1))
    grep -qE "^trillium: $function: (CL_[A-Z_]+|NULL)(: [a-z0-9].*)? \(.*\)$" "$work/said" || {
        echo "FAIL $function fails and does not say so"
        failed=1
    }
done
[ "$count" -ge 30 ] || {
    echo "FAIL only $count functions were seen to fail"
    failed=1
}
bad=$(grep -E '^trillium: cl[A-Za-z0-9]+: ' "$work/said" | grep -vE ': CL_[A-Z_]+|: NULL' | head -n 3)
[ -z "$bad" ] || {
    echo "FAIL an error has no name: $bad"
    failed=1
}
if grep -q '^trillium: ' "$work/nothing"; then
    echo "FAIL without TRILLIUM_DEBUG something is said: $(head -n 1 "$work/nothing")"
    failed=1
fi
# Variables of the host's driver, set in the guest alone: one that stays there, one whose value may not pass, and one that
# is carried (trillium/variables.h).
TRILLIUM_DEBUG=1 "$trillium" run --device "Portable Computing" -- env POCL_AFFINITY=1 POCL_MAX_PTHREAD_COUNT=0 \
    POCL_MAX_WORK_GROUP_SIZE=512 "$conform" queues >/dev/null 2>"$work/said"
for name in POCL_AFFINITY POCL_MAX_PTHREAD_COUNT; do
    grep -q "^trillium: $name is for the host's driver" "$work/said" || {
        echo "FAIL a driver's variable that does not reach it is not named: $name"
        failed=1
    }
done
if grep -q "^trillium: POCL_MAX_WORK_GROUP_SIZE is for the host's driver" "$work/said"; then
    echo "FAIL a driver's variable that reaches it is named as one that does not"
    failed=1
fi
# And the administrator of a single run may allow less.
size_with() { # --variables LIST: what a program sees that asks for work-groups of 128
    "$trillium" run --device "Portable Computing" --variables "$1" -- env POCL_MAX_WORK_GROUP_SIZE=128 clinfo --raw |
        awk '/CL_DEVICE_MAX_WORK_GROUP_SIZE/ {print $NF; exit}'
}
sizes="$(size_with all) $(size_with POCL_MAX_WORK_GROUP_SIZE) $(size_with none) $(size_with LP_NUM_THREADS)"
grep -qxE '128 128 ([0-9]{4}) \1' <<<"$sizes" || {
    echo "FAIL trillium run --variables does not narrow what the program chooses: $sizes"
    failed=1
}
[ "$failed" = 1 ] || echo "PASS $count functions say why they fail"
exit $failed
