#!/bin/bash
# SPDX-License-Identifier: MIT
# Builds and tests this tree in a throwaway root of another Debian release, from what git has of it.
#
#   release.sh RELEASE DIR [TARGET...]        DIR/RELEASE is the root, kept for the next time; TARGET: make's, default check
set -eu -o pipefail
[ $# -ge 2 ] || { echo "usage: release.sh RELEASE DIR [TARGET...]" >&2; exit 2; }
root=$2/$1 here=$(cd "$(dirname "$0")/.." && pwd)
release=$1
shift 2
"$here/tests/root.sh" make "$release" "$root"
# The objects of the last time stay, so that nothing is built twice; sources that are gone since must not be built.
git -C "$here" ls-files -z | tar -C "$here" --null -T - -cf - |
    "$here/tests/root.sh" run "$root" sh -c 'mkdir -p /trillium &&
        find /trillium -mindepth 1 -maxdepth 1 ! -name build -exec rm -rf {} + && tar -xf - -C /trillium'
# A minimal root lacks make itself.
"$here/tests/root.sh" run "$root" /trillium/host-backend/setup/install-deps.sh build
exec "$here/tests/root.sh" run "$root" make -C /trillium "${@:-check}"
