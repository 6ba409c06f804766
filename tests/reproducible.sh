#!/bin/bash
# SPDX-License-Identifier: MIT
# Builds a tarball of `make dist` in two folders of different names, installs both, and compares every byte.
#
#   reproducible.sh TARBALL
set -eu -o pipefail
[ $# -eq 1 ] || { echo "usage: reproducible.sh TARBALL" >&2; exit 2; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for folder in one another-folder; do
    mkdir "$work/$folder"
    tar -xf "$1" -C "$work/$folder" --strip-components 1
    make -s -C "$work/$folder" -j"$(nproc)" DEPS=no all >"$work/log" 2>&1 || { tail -n 20 "$work/log" >&2; exit 1; }
    make -s -C "$work/$folder" DEPS=no install DESTDIR="$work/$folder-installed" >/dev/null
done
(cd "$work/one-installed" && find . -type f | sort)
if ! diff -r "$work/one-installed" "$work/another-folder-installed"; then
    echo "not ok: what is installed depends on the folder that it was built in"
    exit 1
fi
echo "ok: built in two folders, $(find "$work/one-installed" -type f | wc -l) files are the same to the byte"
