#!/bin/bash
# SPDX-License-Identifier: MIT
# The table of drivers' quirks against the drivers of this machine, each alone in its process: PoCL, say, handles a signal for all.
cd "$(dirname "$0")/../.." || exit 2
build=${TRILLIUM_BUILD:-$PWD/build}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export POCL_CACHE_DIR=$work/cache MESA_SHADER_CACHE_DIR=$work/cache RUSTICL_ENABLE=llvmpipe
mkdir "$work/cache"
failed=0 tried=0

oclgrind=/usr/lib/oclgrind/liboclgrind-rt-icd.so # no .icd file names it
[ ! -e $oclgrind ] || echo $oclgrind >"$work/oclgrind.icd"
for icd in /etc/OpenCL/vendors/*.icd "$work"/*.icd; do
    case $icd in *'*'* | */trillium.icd) continue ;; esac
    OCL_ICD_VENDORS=$icd "$build/tests/quirks/quirks" 2>/dev/null
    case $? in 0) tried=$((tried + 1)) ;; 77) ;; *) failed=1 ;; esac
done
[ $tried -gt 0 ] || [ $failed -ne 0 ] || { echo "no OpenCL driver of this machine has a device"; exit 77; }
exit $failed
