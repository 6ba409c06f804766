#!/bin/bash
# SPDX-License-Identifier: MIT
# Transfers of memory that the application has mapped: the guest copies none of it, which it does where that is turned off.
. "$(dirname "$0")/compare"

copied() { # VARIABLES...: bytes, of all processes that cl-conform makes
    env "$@" TRILLIUM_STATS=1 "$trillium" run --device "Portable Computing" -- "$conform" maps.transfers_of_mapped_memory 2>&1 >"$work/seen" |
        sed -n 's/.*; \([0-9]*\) bytes copied of .*/\1/p' | awk '{sum += $1} END {print sum + 0}'
}
with=$(copied TRILLIUM_IN_PLACE=1)
grep -q ' PASS' "$work/seen" || { echo "FAIL in-place.results"; sed 's/^/    /' "$work/seen"; failed=1; }
without=$(copied TRILLIUM_IN_PLACE=0)
# Three writes and two reads of 16 KiB, and one write of 9001 bytes, wait behind other commands.
if [ $((without - with)) -ge $((4 * 16384 + 9001)) ]; then echo "PASS in-place.copied: $with bytes, $without without"; else
    echo "FAIL in-place.copied: $with bytes, $without without"
    failed=1
fi
exit $failed
