#!/bin/bash
# SPDX-License-Identifier: MIT
# limit: 1200
# Oclgrind as the host's driver: it runs commands only while somebody waits for them. As a process guest alone, since
# natively cl-conform does not come to its end on it.
. "$(dirname "$0")/compare"

library=/usr/lib/oclgrind/liboclgrind-rt-icd.so
if [ ! -e "$library" ]; then
    echo "this machine has no Oclgrind ($library)"
    exit 77
fi
mkdir "$work/vendors-oclgrind"
echo "$library" >"$work/vendors-oclgrind/oclgrind.icd"
export OCL_ICD_VENDORS=$work/vendors-oclgrind
groups=(transfers)
for ir in source spirv; do
    conform_guest $ir --device Oclgrind --ir $ir --
    if [ "$(grep -c '^END .* PASS' "$work/$ir")" -lt 10 ] || grep '^END ' "$work/$ir" | grep -v PASS; then
        echo "FAIL oclgrind.$ir: transfers do not pass"
        failed=1
    else
        echo "PASS oclgrind.$ir"
    fi
done
exit $failed
