#!/bin/bash
# SPDX-License-Identifier: MIT
# The XML of docs/vm.md under a real libvirt: it finds the daemon by its descriptor, starts one for the VM, and ends it with the VM.
# Needs root; nothing of the machine's own libvirt is touched: its folders and the user database are covered in a mount namespace.
set -u -o pipefail
[ "$(id -u)" = 0 ] || { echo "libvirt.sh: needs root" >&2; exit 2; }
if [ -z "${LIBVIRT_INSIDE:-}" ]; then
    LIBVIRT_INSIDE=yes exec unshare --mount --pid --fork --kill-child --mount-proc --propagation private "$0" "$@"
fi
here=$(cd "$(dirname "$0")/.." && pwd)
build=${TRILLIUM_BUILD:-$here/build}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0
pass() { echo "PASS libvirt.$1"; }
fail() {
    echo "FAIL libvirt.$1 $2"
    shift 2
    for file in "$@"; do [ -s "$file" ] && tail -n 8 "$file" | sed 's/^/    /'; done
    failed=1
}
within() { # seconds, command...
    local end=$((SECONDS + $1))
    shift
    until "$@"; do [ "$SECONDS" -lt $end ] || return 1; sleep 0.1; done
}

for folder in /run/libvirt /var/lib/libvirt /var/log/libvirt /var/cache/libvirt /etc/libvirt /etc/qemu /usr/share/qemu/vhost-user; do
    mkdir -p "$folder" && mount -t tmpfs none "$folder" || exit 1
done
mkdir -p /etc/qemu/vhost-user /run/libvirt
sed "s|@LIBEXECDIR@|$build/libexec|" "$here/host-backend/setup/50-trillium.json.in" >/etc/qemu/vhost-user/50-trillium.json
# Debian's libvirt wants this user to exist, whoever it then runs QEMU as.
{ cat /etc/passwd; grep -q ^libvirt-qemu: /etc/passwd || echo 'libvirt-qemu:x:64055:64055::/nonexistent:/usr/sbin/nologin'; } >"$work/passwd"
{ cat /etc/group; for g in libvirt-qemu:x:64055: libvirt:x:64056: kvm:x:64057:; do grep -q "^${g%%:*}:" /etc/group || echo "$g"; done; } >"$work/group"
mount --bind "$work/passwd" /etc/passwd && mount --bind "$work/group" /etc/group || exit 1
cat >/etc/libvirt/qemu.conf <<'CONF'
user = "root"
group = "root"
security_driver = "none"
stdio_handler = "file"
cgroup_controllers = []
namespaces = []
CONF

qemu=$("$build/bin/trillium" doctor --json | jq -r '.checks[] | select(.name == "installed QEMU" and .state == "ok") | .detail' | grep -o '/[^,]*' | head -n 1)
[ -n "$qemu" ] || { echo "doctor knows no QEMU for VMs of one's own"; exit 77; }
# The page's own lines, in the rest of a domain.
sed -n '/^```xml/,/^```/p' "$here/docs/vm.md" | grep -v '^```' >"$work/page"
{
    echo "<domain type='qemu'><name>guest</name><memory unit='MiB'>512</memory>"
    sed -n '/<memoryBacking>/p' "$work/page"
    echo "<os><type arch='x86_64' machine='q35'>hvm</type></os><features><acpi/></features><devices><emulator>$qemu</emulator>"
    sed -n '/<video>/p' "$work/page"
    echo "</devices></domain>"
} >"$work/guest.xml"

libvirtd --verbose >"$work/libvirtd" 2>&1 &
virsh() { timeout 60 virsh -q -c qemu:///system "$@"; }
if ! within 60 virsh list >/dev/null 2>&1; then
    grep ' error ' "$work/libvirtd" >"$work/errors"
    fail starts "libvirtd does not answer" "$work/errors"
    exit 1
fi
daemon() { pgrep -f "$build/libexec/trillium-vhost-user-gpu --fd" >/dev/null; }
no_daemon() { ! daemon; }
if virsh create --paused "$work/guest.xml" >"$work/said" 2>&1; then pass creates; else fail creates "" "$work/said" "$work/guest.xml"; exit 1; fi
if within 30 daemon; then pass daemon; else fail daemon "libvirt has started none" "$work/libvirtd"; fi
virsh qemu-monitor-command guest --hmp 'info qtree' >"$work/devices" 2>&1
if grep -q 'dev: VGA' "$work/devices" && grep -q 'dev: vhost-user-gpu-pci' "$work/devices"; then pass devices; else fail devices "not both" "$work/devices"; fi
virsh destroy guest >"$work/said" 2>&1
if within 30 no_daemon; then pass end; else fail end "the daemon outlives its VM" "$work/said"; fi
kill %1
wait
exit $failed
