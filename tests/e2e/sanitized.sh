#!/bin/bash
# SPDX-License-Identifier: MIT
# limit: 120
# A program that was built with ThreadSanitizer runs as a guest (sanitized/svm.c).
cd "$(dirname "$0")/../.." || exit 2
build=${TRILLIUM_BUILD:-$PWD/build}
if [ ! -x "$build/tests/lib/sanitized-svm" ]; then
    echo "under another sanitizer there is no such program"
    exit 77
fi
if [ ! -e /etc/OpenCL/vendors/pocl.icd ]; then
    echo "this machine has no PoCL (/etc/OpenCL/vendors/pocl.icd)"
    exit 77
fi
# What the driver does by itself is not of that program: TSan sees its calls of the C library, not how it orders them.
export TSAN_OPTIONS="ignore_noninstrumented_modules=1 ${TSAN_OPTIONS:-}"
said=$("$build/bin/trillium" run --device "Portable Computing" -- "$build/tests/lib/sanitized-svm" 2>&1)
status=$?
if [ "$status" = 0 ]; then
    echo "PASS a program with ThreadSanitizer: $said"
else
    echo "FAIL a program with ThreadSanitizer ended with $status"
    printf '%s\n' "$said" | head -n 20 | sed 's/^/    /'
    exit 1
fi
