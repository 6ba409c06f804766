#!/bin/sh
# SPDX-License-Identifier: MIT
# The virtual ISA on every OpenCL driver of this machine, without the rest of Trillium.
# limit: 1800
set -eu
cd "$(dirname "$0")/../.."
build=${TRILLIUM_BUILD:-build}
cache=$(mktemp -d)
trap 'rm -rf "$cache"' EXIT
POCL_CACHE_DIR=$cache RUSTICL_ENABLE=llvmpipe "$build/tests/visa/visa"
