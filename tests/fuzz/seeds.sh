#!/bin/bash
# SPDX-License-Identifier: MIT
# Every fuzz target takes its seeds, among them all inputs that once found a fault. A case is one seed.
set -u
: "${TRILLIUM_BUILD:=$PWD/build}"
cd "$(dirname "$0")" || exit 2
failed=0
for source in *.c; do
    target=${source%.c}
    for seed in corpus/"$target"/*; do
        if out=$("$TRILLIUM_BUILD/tests/fuzz/$target" "$seed" 2>&1); then
            echo "PASS $target ${seed##*/}"
        else
            echo "FAIL $target ${seed##*/}"
            sed 's/^/    /' <<<"$out" | head -n 60
            failed=1
        fi
    done
done
exit $failed
