#!/bin/bash
# SPDX-License-Identifier: MIT
# Installs what is missing of the packages named in host-backend/setup/packages.
#
#   install-deps.sh [--list] NEED...      NEED: build test vm eval dev deb pack site
#
# Prints nothing if all is there (one call of dpkg-query). Else it says what it installs and why, and shows progress.
# --list prints the missing packages and installs nothing; its exit status is 1 if there are any.
# Exit status: 0 all there; 1 something is missing; 2 wrong use.
set -u -o pipefail

here=$(cd "$(dirname "$0")" && pwd)
list=no
[ "${1:-}" = --list ] && { list=yes; shift; }
[ $# -gt 0 ] || { echo "usage: install-deps.sh [--list] NEED...   (build, test, vm, eval, dev, deb, pack, site)" >&2; exit 2; }
for need; do
    case $need in
    build | test | vm | eval | dev | deb | pack | site) ;;
    *) echo "install-deps.sh: '$need' is no need; there are build, test, vm, eval, dev, deb, pack, site" >&2; exit 2 ;;
    esac
done

# Sets wanted: lines "package purpose" of the wanted needs; the last field of a line of the table is its need. A package whose name ends
# in ? is wanted where it is installed or apt offers it.
read_table() {
    local line
    wanted=$(read_needs "$@" | while read -r line; do
        case ${line%% *} in
        *\?) { dpkg-query -s "${line%%\?*}" || apt-cache show "${line%%\?*}"; } >/dev/null 2>&1 && echo "${line%%\?*} ${line#* }" ;;
        *) echo "$line" ;;
        esac
    done)
}
read_needs() {
    awk -v needs=" $* " -v llvm="$("$here/llvm-version.sh")" '!/^#/ && NF >= 3 && index(needs, " " $NF " ") {
        sub(/%/, llvm, $1); purpose = $2; for (i = 3; i < NF; i++) purpose = purpose " " $i; print $1, purpose }' "$here/packages"
}
read_table "$@"

if ! command -v dpkg-query >/dev/null 2>&1; then
    echo "install-deps.sh: this machine has no dpkg, so nothing can be looked up or installed here." >&2
    echo "Install what corresponds to these Debian packages, then run make with DEPS=no:" >&2
    printf '%s\n' "$wanted" | awk '{ p = $1; $1 = ""; printf "  %-24s%s\n", p, $0 }' >&2
    exit 1
fi

# Sets missing, like wanted, and names: the missing packages in a row.
look() {
    local have
    # shellcheck disable=SC2046
    have=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' $(printf '%s\n' "$wanted" | awk '{ print $1 }') 2>/dev/null |
        awk '$1 == "installed" { print $2 }')
    missing=$(printf '%s\n' "$wanted" | awk -v have=" $(echo $have) " '!index(have, " " $1 " ")')
    names=$(printf '%s\n' "$missing" | awk '{ printf "%s ", $1 }')
}
look
[ -n "$missing" ] || exit 0

if [ $list = yes ]; then
    echo "$names"
    exit 1
fi

sudo=
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null 2>&1; then
        echo "install-deps.sh: missing: $names" >&2
        echo "This user is not root and there is no sudo. As root: apt-get update && apt-get install --no-install-recommends $names" >&2
        exit 1
    fi
    sudo="sudo -E"
fi

export DEBIAN_FRONTEND=noninteractive
apt="$sudo apt-get -q -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0"
log=$(mktemp)
trap 'rm -f "$log"' EXIT

echo "  reading the package lists ..."
# A source of the machine's that cannot be reached is no reason to stop: what counts is whether the install works.
$apt update >"$log" 2>&1 || tail -n 5 "$log" >&2
# Only now is it known which LLVM this release has.
read_table "$@"
look
echo "Installing what is missing (needed for: $*):"
printf '%s\n' "$missing" | awk '{ p = $1; $1 = ""; printf "  %-24s%s\n", p, $0 }'

# shellcheck disable=SC2086
total=$(LC_ALL=C $apt install -s --no-install-recommends $names 2>/dev/null | grep -c '^Inst ')
# shellcheck disable=SC2086
if ! LC_ALL=C $apt install -y --no-install-recommends $names </dev/null 2>&1 | tee "$log" |
    awk -v total="$total" '/^Get:/ { got++; if (got % 10 == 0) { printf "  fetched %d packages\n", got; fflush() } }
        /^Setting up / { n++; printf "  [%d/%d] %s\n", n, total, $3; fflush() }'; then
    tail -n 25 "$log" >&2
    echo "install-deps.sh: apt-get could not install: $names" >&2
    exit 1
fi
