#!/bin/bash
# SPDX-License-Identifier: MIT
# limit: 1800
# trillium eval with a VM: one small program on every side there is, API remoting out of the VM among them.
cd "$(dirname "$0")/../.." || exit 2
build=${TRILLIUM_BUILD:-$PWD/build}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0
expect() { # what, command...
    local what=$1
    shift
    if "$@"; then
        echo "PASS $what"
    else
        echo "FAIL $what"
        tail -n 20 "$work/said"
        failed=1
    fi
}

[ -e /etc/OpenCL/vendors/pocl.icd ] || { echo "this machine has no PoCL (/etc/OpenCL/vendors/pocl.icd)"; exit 77; }
evaluate() {
    "$build/bin/trillium" eval --vm qemu --no-clpeak --device "Portable Computing" --programs nn --rounds 1 --budget 1 \
        --out "$work/out" >"$work/said" 2>&1
}
expect "nn natively, in four kinds of process guests and four of a VM's" evaluate
for side in native process-source process-spirv process-spirv-backed process-remote \
    vm-source vm-spirv vm-spirv-backed vm-remote; do
    expect "$side was measured" grep -q "\"nn\",\"run\",\"ms\",lower,warm,$side,1," "$work/out/results.csv"
done
expect "the page says what API remoting from the VM costs" grep -q 'API remoting from the VM' "$work/out/results.html"
expect "and what it does beside Trillium there" [ "$(grep -c 'as with Trillium there' "$work/out/results.html")" = 2 ]
exit $failed
