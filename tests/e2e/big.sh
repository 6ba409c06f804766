#!/bin/bash
# SPDX-License-Identifier: MIT
# limit: 1200
# The conformance cases that want much memory and time, as a process guest: hundred thousand objects, six gigabytes.
. "$(dirname "$0")/compare"

available=$(awk '/^MemAvailable/ {print int($2 / 1024 / 1024)}' /proc/meminfo)
if [ "$available" -lt 16 ]; then
    echo "this machine has $available GiB of memory to spare; this test wants 16"
    exit 77
fi
groups=(many)
conform_guest big --device "Portable Computing" -- --big
awk '$1 == "END" {print $3, $2, $4, $5, $6, $7, $8, $9}' "$work/big"
grep -qE '^END [^ ]+ (FAIL|CRASH|HANG)' "$work/big" && failed=1
exit $failed
