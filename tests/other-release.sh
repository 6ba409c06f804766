#!/bin/bash
# SPDX-License-Identifier: MIT
# A guest of one Debian release on a host of another: this machine's build (TRILLIUM_BUILD) and that of a root which release.sh has
# built in, each as the host of the other, through a socket in a folder that both see. As root. A driver that was built for the older
# release also loads in the newer one, and not the other way round: it needs the C library that it was built with, or a later one.
#
#   other-release.sh ROOT
set -u -o pipefail
[ $# -eq 1 ] || { echo "usage: other-release.sh ROOT" >&2; exit 2; }
cd "$(dirname "$0")/.." || exit 2
build=${TRILLIUM_BUILD:-$PWD/build} root=$1 failed=0 daemon=
work=$(mktemp -d)
trap '[ -z "$daemon" ] || kill "$daemon"; wait; rm -rf "$work"' EXIT
mkdir "$work/both"
cp "$build/lib/libtrillium-icd.so" "$build/eval/saxpy" "$work/both/"

there() { ROOT_BIND=$work/both:/both tests/root.sh run "$root" env "$@"; }
await() { # SOCKET
    for _ in $(seq 600); do
        [ -S "$1" ] && return
        sleep 0.1
    done
}
guest() { # NAME COMMAND...: a program that checks its own result
    local name=$1
    shift
    if "$@" >"$work/out" 2>&1 && grep -q '"check":"ok"' "$work/out"; then
        echo "PASS other-release.$name"
    else
        echo "FAIL other-release.$name"
        tail -n 20 "$work/out" | sed 's/^/    /'
        failed=1
    fi
}

"$build/bin/trillium" serve --shm "$work/both/here.sock" >"$work/daemon" 2>&1 &
daemon=$!
await "$work/both/here.sock"
for ir in source spirv; do
    guest "guest-there-host-here.$ir" there TRILLIUM_SHM=/both/here.sock TRILLIUM_IR=$ir \
        OCL_ICD_VENDORS=/trillium/build/share/trillium/icd /trillium/build/eval/saxpy
done
echo /both/libtrillium-icd.so >"$work/both/trillium.icd"
[ "$(. /etc/os-release && echo "$VERSION_ID")" -gt "$(. "$root/etc/os-release" && echo "$VERSION_ID")" ] ||
    guest "driver-from-here-loads-there" there TRILLIUM_SHM=/both/here.sock OCL_ICD_VENDORS=/both/trillium.icd /trillium/build/eval/saxpy
kill "$daemon" && wait "$daemon"

there /trillium/build/bin/trillium serve --shm /both/there.sock >"$work/daemon" 2>&1 &
daemon=$!
await "$work/both/there.sock"
for ir in source spirv; do
    guest "guest-here-host-there.$ir" env TRILLIUM_SHM="$work/both/there.sock" TRILLIUM_IR=$ir OCL_ICD_VENDORS="$build/share/trillium/icd" \
        "$build/eval/saxpy"
done
[ $failed -eq 0 ] || sed 's/^/    daemon: /' "$work/daemon"
exit $failed
