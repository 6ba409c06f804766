#!/bin/bash
# SPDX-License-Identifier: MIT
# limit: 1200
# Workloads of eval as process guests, by turns through source and through the SVGA baseline with guest-backed memory: each
# compares its result with the CPU's. These eight have all that the twenty do: atomics, local memory, barriers, results that the
# host works on in between, long chains of launches.
. "$(dirname "$0")/compare"

turn=source
for name in bfs cfd fft hybridsort kmeans lud particlefilter srad; do
    if [ $turn = source ]; then
        turn=spirv
        way=()
    else
        turn=source
        way=(--ir spirv --svga-memory guest-backed)
    fi
    if "$trillium" run --device "Portable Computing" "${way[@]}" -- "$build/eval/$name" -r 1 >"$work/said" 2>&1 &&
        grep -q '"check":"ok"' "$work/said"; then
        echo "PASS $name ${way[*]:-source}"
    else
        echo "FAIL $name ${way[*]:-source}"
        tail -n 3 "$work/said"
        failed=1
    fi
done
exit $failed
