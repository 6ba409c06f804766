#!/bin/bash
# SPDX-License-Identifier: MIT
# Builds the packages of what git has, or of a tarball's tree, for the Debian release of this machine: make deb.
#
#   build.sh DIR          DIR/*.deb, DIR/*.changes; DIR/source is built in anew
set -eu -o pipefail
[ $# -eq 1 ] || { echo "usage: build.sh DIR" >&2; exit 2; }
here=$(cd "$(dirname "$0")/.." && pwd)
mkdir -p "$1" && cd "$1"
rm -rf source ./*.deb ./*.changes ./*.buildinfo
mkdir source

files() {
    if [ -e "$here/.git" ]; then git -C "$here" ls-files -z; else (cd "$here" && find . -path ./build -prune -o -type f -print0); fi
}
files | tar -C "$here" --null -T - -cf - | tar -xf - -C source

# One version for all, and one for each release: what 13 has replaces what 12 had when a machine is upgraded.
release=$(. /etc/os-release && echo "${VERSION_ID:-}")
if [ -z "${SOURCE_DATE_EPOCH:-}" ]; then
    SOURCE_DATE_EPOCH=$(git -C "$here" log -1 --format=%ct 2>/dev/null || stat -c %Y "$here/VERSION")
fi
export SOURCE_DATE_EPOCH
{
    echo "trillium ($(cat source/VERSION)${release:+~deb$release}) unstable; urgency=medium"
    echo
    echo "  * See /usr/share/doc/trillium-host/changelog.gz."
    echo
    echo " -- $(sed -n 's/^Maintainer: //p' source/debian/control)  $(date -u -R -d "@$SOURCE_DATE_EPOCH")"
} >source/debian/changelog
cd source
dpkg-buildpackage --build=binary --no-sign --jobs="$(nproc)"
