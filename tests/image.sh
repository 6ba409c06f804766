#!/bin/bash
# SPDX-License-Identifier: MIT
# A guest image of one's own, by the very lines of docs/vm.md, in a stock QEMU beside `trillium serve`. Needs no root.
#
#   image.sh RELEASE DIR          DIR/image-RELEASE holds image, kernel and initrd, for a look afterwards
set -u -o pipefail
[ $# = 2 ] || { echo "usage: image.sh RELEASE DIR" >&2; exit 2; }
here=$(cd "$(dirname "$0")/.." && pwd)
build=${TRILLIUM_BUILD:-$here/build}
release=$1 dir=$2/image-$1
work=$(mktemp -d)
trap 'kill $(cat "$work/pid" 2>/dev/null) 2>/dev/null; wait; rm -rf "$work"' EXIT
rm -rf "$dir" && mkdir -p "$dir" && cd "$dir" || exit 1

# The page's lines, for the release that is asked for.
awk '/^An image of one/ { found = 1 } found && /^```/ { if (inside) exit; inside = 1; next } inside' "$here/docs/vm.md" |
    sed "s/ bookworm guest.img/ $release guest.img/" >"$work/page"
grep -q "$release guest.img" "$work/page" || { echo "FAIL image docs/vm.md has no lines for an image"; exit 1; }

# What this machine has to add to them: the archive that its apt knows and how that is reached, a build that is there already, and
# a unit that does what a person does who logs in. An emulated machine's devices may come late.
uri=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' "Codename: $(. /etc/os-release && echo "$VERSION_CODENAME")" |
    sort -u | head -n 1)
apt-config dump | grep -E '^Acquire::https?::' >"$work/apt"
cat >"$work/show.service" <<'UNIT'
[Unit]
DefaultDependencies=no
After=systemd-udev-trigger.service
[Service]
Type=oneshot
ExecStart=/bin/sh -c 'exec >/dev/ttyS0 2>&1; for i in $(seq 900); do [ ! -e /dev/dri/renderD128 ] || break; sleep 1; done; echo; echo "=== inside"; TRILLIUM_DEBUG=1 clinfo -l || echo "status $?"; ls -l /dev/dri /etc/OpenCL/vendors /usr/lib/libtrillium-icd.so; echo "=== over"; stty -F /dev/ttyS0 sane; sync; echo o >/proc/sysrq-trigger; sleep 60'
TimeoutStartSec=infinity
UNIT
make() { env -u MAKEFLAGS -u MAKELEVEL make -s -C "$here" "${@/#install/install-built}" BUILD="$build" DEPS=no; }
mmdebstrap() {
    command mmdebstrap --quiet --aptopt="$work/apt" --dpkgopt=path-exclude='/usr/share/doc/*' \
        --customize-hook="copy-in $work/show.service /etc/systemd/system" \
        --customize-hook='mkdir -p "$1/etc/systemd/system/sysinit.target.wants" && ln -s ../show.service "$1/etc/systemd/system/sysinit.target.wants/"' \
        "$@" "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $uri $release main"
}
resize2fs() { command /sbin/resize2fs "$@"; }
# Instead of the page's "...", what the page says above it: the QEMU that doctor names, a socket, memory that is shared.
qemu-system-x86_64() {
    local program accel=tcg arguments=() last=
    program=$("$build/bin/trillium" doctor --json | jq -r '.checks[] | select(.name == "installed QEMU" and .state == "ok") | .detail' | grep -o '/[^,]*' | head -n 1)
    [ -n "$program" ] || { echo "doctor knows no QEMU"; return 1; }
    "$build/bin/trillium" doctor --json | jq -e '.checks[] | select(.name == "KVM" and .state == "ok")' >/dev/null && accel=kvm
    "$build/bin/trillium" serve --socket-path "$work/gpu.sock" >"$work/daemon" 2>&1 &
    echo $! >"$work/pid"
    for _ in $(seq 600); do grep -q ready "$work/daemon" && break; sleep 0.1; done
    for argument; do
        [ "$last" = -append ] && argument+=" quiet systemd.show_status=0 udev.event_timeout=900"
        [ "$argument" = ... ] || arguments+=("$argument")
        last=$argument
    done
    timeout -k 5 1500 "$program" -M q35,accel=$accel,memory-backend=mem -cpu max -object memory-backend-memfd,id=mem,size=1G,share=on -m 1G -smp 2 \
        -chardev socket,id=vgpu,path="$work/gpu.sock" -device vhost-user-gpu-pci,chardev=vgpu -vga none -net none -no-reboot \
        "${arguments[@]}" </dev/null >"$work/console" 2>"$work/qemu"
}
(set -e && . "$work/page") >"$work/made" 2>&1
status=$?
[ $status = 0 ] || { echo "FAIL image.$release the page's lines end with status $status"; tail -n 20 "$work/made" "$work/qemu" | sed 's/^/    /'; exit 1; }

tr -d '\r' <"$work/console" | sed -n '/^=== inside/,/^=== over/p' >"$work/said"
if grep -q "Device #0" "$work/said"; then
    echo "PASS image.$release $(sed -n 's/.*Device #0: //p' "$work/said" | head -n 1)"
else
    echo "FAIL image.$release no device in the guest"
    tail -n 20 "$work/said" "$work/daemon" "$work/qemu" "$work/made" "$work/console" | sed 's/^/    /'
    exit 1
fi
