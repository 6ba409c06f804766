#!/bin/bash
# SPDX-License-Identifier: MIT
# limit: 300
# The guest driver takes its locks in their order (guest-icd/session/locks.h), which builds with a sanitizer check, whatever programs do:
# the cases that use many of them at once, on PoCL. Whether these cases pass is for the scripts beside it to say.
. "$(dirname "$0")/compare"

if ! ldd "$conform" | grep -qE 'lib[at]san'; then
    echo "this build does not check the order of locks: make check-asan does"
    exit 77
fi
if [ ! -e /etc/OpenCL/vendors/pocl.icd ]; then
    echo "this machine has no PoCL (/etc/OpenCL/vendors/pocl.icd)"
    exit 77
fi
mapfile -t groups < <("$conform" --groups | grep -xE 'maps|event_callbacks|queues|memory_habits|overlap|native_kernels|svm' |
    if ldd "$conform" | grep -q libtsan; then grep -vx svm; else cat; fi)
conform_guest guest --device "Portable Computing" --
ended=$(grep -c '^END ' "$work/guest")
if grep -m 3 'in the wrong order' "$work/guest.err"; then
    echo "FAIL a lock was taken out of order"
    failed=1
elif [ "$ended" -lt 20 ]; then
    echo "FAIL only $ended cases ended"
    tail -n 20 "$work/guest.err" | sed 's/^/    /'
    failed=1
else
    echo "PASS $ended cases under checked locks"
fi
exit $failed
