#!/bin/bash
# SPDX-License-Identifier: MIT
# The Debian packages of one release, in throwaway roots of it: built, looked at by lintian, installed, used, upgraded, removed, purged.
#
#   deb.sh RELEASE DIR [PACKAGES]     DIR/RELEASE is the root for building (tests/release.sh) and DIR/RELEASE-minimal one for
#                                     installing, both kept; PACKAGES: a folder with packages of that release, instead of building
set -u -o pipefail
[ $# -eq 2 ] || [ $# -eq 3 ] || { echo "usage: deb.sh RELEASE DIR [PACKAGES]" >&2; exit 2; }
here=$(cd "$(dirname "$0")/.." && pwd)
release=$1 build=$2/$1 root=$2/$1-packages failed=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT
inside() { "$here/tests/root.sh" run "$root" sh -ec "$1"; }

check() { # NAME COMMAND...: its output is shown where it fails
    local name=$1
    shift
    if "$@" >"$log" 2>&1; then
        echo "PASS deb.$name"
    else
        echo "FAIL deb.$name: exit status $?"
        tail -n 30 "$log" | sed 's/^/    /'
        failed=1
        return 1
    fi
}
reports_nothing() {
    "$@" 2>&1 | tee /dev/stderr | { ! grep -q .; }
}

# What the packages are built with is what the build needs (host-backend/setup/packages; the compilers every build has).
needs() {
    awk '!/^#/ && $NF == "build" {print $1}' "$here/host-backend/setup/packages" | grep -vxE 'gcc|g\+\+|libc6-dev|make' | sort
}
declares() {
    sed -n '/^Build-Depends/,/^$/p' "$here/debian/control" | tr -d '\n' | sed 's/^Build-Depends://' | tr ',' '\n' |
        sed 's/|.*//; s/(.*//; s/ //g; s/-19-/-%-/; s/cpp19/cpp%/' | grep -vxE 'debhelper-compat|' | sort
}
check build-depends diff <(needs) <(declares)

packages=${3:-$build/trillium/build/deb}
if [ $# -eq 2 ]; then
    check builds "$here/tests/release.sh" "$release" "$2" deb || exit 1
    check lintian reports_nothing "$here/tests/root.sh" run "$build" \
        sh -c 'cd /trillium/build/deb && lintian --allow-root --fail-on none trillium-*.deb'
fi

copy=(cp -a)
[ "$(id -u)" -eq 0 ] || copy=(unshare --map-auto --map-root-user --setuid 0 --setgid 0 cp -a)
[ ! -e "$root" ] || "$here/tests/root.sh" remove "$root"
check root "$here/tests/root.sh" make "$release" "$2/$release-minimal" || exit 1
"${copy[@]}" "$2/$release-minimal" "$root" || exit 1
mkdir -p "$root/new" "$root/later"
cp "$packages"/*.deb "$root/new/"
# The same packages, of a version that comes later.
for deb in "$packages"/trillium-*_*.deb; do
    case $deb in *-dbgsym_*) continue ;; esac
    rm -rf "$root/work" && dpkg-deb -R "$deb" "$root/work" &&
        sed -i 's/^Version: .*/&+later/; s/(= \([^)]*\))/(= \1+later)/g' "$root/work/DEBIAN/control" &&
        dpkg-deb --root-owner-group -b "$root/work" "$root/later/" >/dev/null
done
rm -rf "$root/work"

install='apt-get update -q >/dev/null; DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends'
check icd-alone inside "$install /new/trillium-icd_*.deb"
check icd-needs-little inside '! dpkg -l | grep -E "^ii  (libllvm|libclang|libdrm)"'
check installs inside "$install pocl-opencl-icd clinfo /new/trillium-host_*.deb /new/trillium-icd_*.deb /new/trillium-visa_*.deb"
check dbgsym inside "$install /new/*-dbgsym_*.deb"
check user inside 'getent passwd trillium && getent group trillium'
check version inside "trillium -V | grep -x 'trillium $(cat "$here/VERSION")'"
check doctor inside 'trillium doctor'
check runs inside 'trillium run clinfo -l | grep "Portable Computing Language"'
check runs-spirv inside 'trillium run --ir spirv /usr/lib/trillium/libexec/trillium-programs/saxpy | grep "\"check\":\"ok\""'
check guest-sees-nothing inside 'clinfo | grep -c "Platform Name.*Portable" && ! clinfo | grep -i trillium'
check pages inside 'for page in man1/trillium.1 man7/trillium-icd.7 man8/trillium-worker.8; do dpkg -L trillium-host trillium-icd | grep "/$page"; done'
check upgrades inside 'dpkg -P trillium-host-dbgsym trillium-icd-dbgsym trillium-visa-dbgsym && dpkg -i /later/*.deb && dpkg -l trillium-host | grep +later && trillium run clinfo -l | grep Portable'
check removes inside 'apt-get remove -y trillium-host trillium-icd trillium-visa && ! command -v trillium && [ -e /etc/OpenCL/vendors/trillium.icd ]'
check purges inside 'dpkg -P $(dpkg -l | grep -o "trillium-[a-z]*:*[a-z0-9]*") && ! dpkg -l | grep trillium'
check leaves-nothing inside '! find / -xdev -path /root -prune -o -path /proc -prune -o -path /sys -prune -o -path /dev -prune -o -path /new -prune -o -path /later -prune -o -name "*trillium*" -print | grep .'
[ $failed -ne 0 ] || "$here/tests/root.sh" remove "$root"
exit $failed
