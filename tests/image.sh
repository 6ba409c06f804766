#!/bin/bash
# SPDX-License-Identifier: MIT
# A guest image of one's own, made as README's page on VMs says, in a stock QEMU beside `trillium serve`. Needs no root.
#
#   image.sh RELEASE DIR          DIR/image-RELEASE holds image, kernel and initrd, kept for the next time
set -u -o pipefail
[ $# = 2 ] || { echo "usage: image.sh RELEASE DIR" >&2; exit 2; }
here=$(cd "$(dirname "$0")/.." && pwd)
build=${TRILLIUM_BUILD:-$here/build}
release=$1 dir=$2/image-$1
work=$(mktemp -d)
daemon= qemu=
trap 'kill $daemon $qemu 2>/dev/null; wait; rm -rf "$work"' EXIT
mkdir -p "$dir"
cd "$dir" || exit 1

# The archive is the one that this machine's apt knows.
uri=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' "Codename: $(. /etc/os-release && echo "$VERSION_CODENAME")" |
    sort -u | head -n 1)
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
mode=root
[ "$(id -u)" = 0 ] || mode=unshare
cat >"$work/show.service" <<'UNIT'
[Unit]
After=multi-user.target
[Service]
Type=oneshot
ExecStart=/bin/sh -c 'udevadm settle -t 300; echo "=== inside"; TRILLIUM_DEBUG=1 clinfo -l 2>&1; echo "=== over"; systemctl poweroff'
StandardOutput=tty
TimeoutStartSec=infinity
TTYPath=/dev/ttyS0
UNIT
if [ ! -s guest.img ]; then
    apt-config dump | grep -E '^Acquire::https?::' >"$work/apt"
    mmdebstrap --quiet --mode=$mode --variant=minbase --format=ext2 --aptopt="$work/apt" \
        --include=linux-image-amd64,systemd-sysv,udev,ocl-icd-libopencl1,clinfo --dpkgopt=path-exclude='/usr/share/doc/*' \
        --customize-hook='mkdir -p "$1/etc/OpenCL/vendors"' \
        --customize-hook='download /vmlinuz vmlinuz' --customize-hook='download /initrd.img initrd.img' \
        "$release" guest.img "deb [signed-by=$keyring] $uri $release main" || { rm -f guest.img; exit 1; }
fi
# What changes from run to run goes into a copy.
cp guest.img "$work/guest.img"
env -u MAKEFLAGS -u MAKELEVEL make -s -C "$here" install-built BUILD="$build" DEPS=no DESTDIR="$work/install" PREFIX=/usr >/dev/null || exit 1
/sbin/e2fsck -fp "$work/guest.img" >/dev/null
truncate -s +64M "$work/guest.img" && /sbin/resize2fs "$work/guest.img" >/dev/null 2>&1
/sbin/debugfs -w -f - "$work/guest.img" >"$work/debugfs" 2>&1 <<DEBUGFS
write $work/install/usr/lib/libtrillium-icd.so /usr/lib/libtrillium-icd.so
write $work/install/etc/OpenCL/vendors/trillium.icd /etc/OpenCL/vendors/trillium.icd
write $work/show.service /etc/systemd/system/show.service
mkdir /etc/systemd/system/graphical.target.wants
symlink /etc/systemd/system/graphical.target.wants/show.service ../show.service
DEBUGFS

# The QEMU that doctor names for one's own VMs.
program=$("$build/bin/trillium" doctor --json | jq -r '.checks[] | select(.name == "installed QEMU" and .state == "ok") | .detail' | grep -o '/[^,]*' | head -n 1)
[ -n "$program" ] || { echo "FAIL image doctor knows no QEMU"; exit 1; }
accel=tcg
"$build/bin/trillium" doctor --json | jq -e '.checks[] | select(.name == "KVM" and .state == "ok")' >/dev/null && accel=kvm
"$build/bin/trillium" serve --socket-path "$work/gpu.sock" >"$work/daemon" 2>&1 &
daemon=$!
for _ in $(seq 300); do grep -q ready "$work/daemon" && break; sleep 0.1; done
timeout -k 5 540 "$program" -M q35,accel=$accel,memory-backend=mem -cpu max -object memory-backend-memfd,id=mem,size=1G,share=on -m 1G -smp 2 \
    -chardev socket,id=vgpu,path="$work/gpu.sock" -device vhost-user-gpu-pci,chardev=vgpu -nodefaults -display none -no-reboot \
    -kernel vmlinuz -initrd initrd.img -append "root=/dev/vda rw console=ttyS0 quiet" \
    -drive file="$work/guest.img",format=raw,if=virtio -serial file:"$work/console" >"$work/qemu" 2>&1 &
qemu=$!
wait $qemu
tr -d '\r' <"$work/console" | sed -n '/^=== inside/,/^=== over/p' >"$work/said"
if grep -q "Device #0" "$work/said"; then
    echo "PASS image.$release $(sed -n 's/.*Device #0: //p' "$work/said" | head -n 1)"
else
    echo "FAIL image.$release no device in the guest"
    tail -n 20 "$work/said" "$work/daemon" "$work/qemu" "$work/debugfs" "$work/console" | sed 's/^/    /'
    exit 1
fi
