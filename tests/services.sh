#!/bin/bash
# SPDX-License-Identifier: MIT
# The installed units under a real systemd: a throwaway root of a Debian release with an OpenCL driver, booted as a container
# (systemd-nspawn). Needs root.
#
#   services.sh RELEASE DIR [PACKAGES]     DIR/services-RELEASE is the root, kept for the next time. Installed are the packages of that folder,
#                                          else this machine's build where it has that release, else the build in DIR/RELEASE (tests/release.sh)
set -u -o pipefail
[ $# = 2 ] || [ $# = 3 ] || { echo "usage: services.sh RELEASE DIR [PACKAGES]" >&2; exit 2; }
here=$(cd "$(dirname "$0")/.." && pwd)
build=${TRILLIUM_BUILD:-$here/build}
root=$2/services-$1
[ "$(id -u)" = 0 ] || { echo "services.sh: systemd-nspawn needs root" >&2; exit 2; }
install_packages() { # PACKAGE or .deb ...
    "$here/tests/root.sh" run "$root" sh -c 'apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends "$@"' sh "$@" >"$root.log" 2>&1 ||
        { tail -n 20 "$root.log"; exit 1; }
}
here_is=$(. /etc/os-release && echo "$VERSION_CODENAME")
if [ $# = 3 ]; then
    root+=-packages parts=/usr/lib/trillium
elif [ "$here_is" = "$1" ]; then
    parts=/usr
else
    parts=/usr build=$2/$1/trillium/build
fi
[ $# = 3 ] || [ -x "$build/bin/trillium" ] || { echo "services.sh: nothing is built in $build: make check-release RELEASE=$1 RELEASE_TARGETS=all" >&2; exit 1; }
"$here/tests/root.sh" make "$1" "$root" || exit 1
if [ $# = 3 ]; then
    rm -rf "$root/new" && mkdir "$root/new" && cp "$3"/trillium-{host,icd,visa}_*.deb "$root/new/" || exit 1
    install_packages systemd-sysv dbus procps passwd pocl-opencl-icd clinfo --reinstall $(cd "$root" && printf '/%s\n' new/*.deb)
else
    [[ -x $root/usr/bin/clinfo && -x $root/usr/sbin/useradd ]] || install_packages systemd-sysv dbus procps passwd pocl-opencl-icd ocl-icd-libopencl1 libjansson4 '^libnettle[0-9]+(t64)?$' \
        libncursesw6 '^libmimalloc[0-9.]+$' '^libconfig[0-9]+$' clinfo
    env -u MAKEFLAGS -u MAKELEVEL make -s -C "$here" install-built BUILD="$build" DEPS=no DESTDIR="$root" PREFIX=/usr >/dev/null || exit 1
fi
# Here the host's drivers are what is installed, and the guests are told where theirs is.
rm -f "$root/etc/OpenCL/vendors/trillium.icd" "$root/result"

cat >"$root/usr/local/bin/inside" <<'INSIDE'
#!/bin/bash
exec >/result 2>&1
parts=$(cat /parts)
pass() { echo "PASS service.$1"; }
fail() { echo "FAIL service.$1 $2"; [ -z "${3:-}" ] || sed 's/^/    /' "$3"; }
check() { # NAME WHY COMMAND...
    local name=$1 why=$2
    shift 2
    if "$@" >/tmp/said 2>&1; then pass "$name"; else fail "$name" "$why" /tmp/said; fi
}
as() { su "$1" -s /bin/sh -c "TRILLIUM_SHM=/run/trillium/guests.sock OCL_ICD_VENDORS=/usr/share/trillium/icd $2"; }
saxpy=$parts/libexec/trillium-programs/saxpy
# The lines of docs/services.md, in its order.
check once "its users or folders cannot be made" sh -c 'systemd-sysusers && systemd-tmpfiles --create'
id member >/dev/null 2>&1 || useradd -G trillium -m member
id stranger >/dev/null 2>&1 || useradd -m stranger
check user "no user of the daemon" id trillium
check socket "the socket unit does not start" systemctl enable --now trillium.socket
check socket.access "not for the group alone" test "$(stat -c %a:%G /run/trillium/guests.sock)" = 660:trillium
check activation "no device at the first connection" sh -c "$(declare -f as); as member 'clinfo -l' | grep -q Device"
check activated "the daemon does not run" systemctl is-active trillium.service
check program "a program fails" sh -c "$(declare -f as); as member $saxpy"
check stranger "a user outside of the group gets in" sh -c "$(declare -f as); ! as stranger 'clinfo -l' | grep -q Device"
journalctl -b -u trillium.service -o cat >/tmp/journal
check walls "a wall is missing in the hardened unit" sh -c '! grep "not walled in" /tmp/journal'
check priority "no priorities in the journal" sh -c 'journalctl -b -p 6..6 -u trillium.service -o cat | grep -q "serve: ready"'
check vm "the unit of a VM does not start" systemctl enable --now trillium-vm@one
check vm.access "not for the group alone" test "$(stat -c %a:%G /run/trillium/vm/one.sock)" = 660:trillium
check vm.stop "it does not stop" systemctl stop trillium-vm@one
check vm.gone "the socket stays" test ! -e /run/trillium/vm/one.sock
check control "the control's socket does not start" systemctl enable --now trillium-control.socket
check control.shows "the administrator sees no daemon's guests" sh -c "$(declare -f as); systemctl restart trillium.service
    as member '$saxpy & sleep 2; wait' & for i in \$(seq 60); do trillium ls | grep -q member && exit; trillium ls | grep -q \$(id -u member) && exit; sleep 0.5; done; trillium ls; exit 1"
check restart "no device after a restart" sh -c "$(declare -f as); systemctl restart trillium.service && as member 'clinfo -l' | grep -q Device"
systemctl disable trillium.socket trillium-vm@one trillium-control.socket
echo over
systemctl poweroff
INSIDE
chmod +x "$root/usr/local/bin/inside"
echo "$parts" >"$root/parts"
printf '[Unit]\nAfter=multi-user.target\n[Service]\nType=oneshot\nExecStart=/usr/local/bin/inside\n' >"$root/etc/systemd/system/inside.service"
mkdir -p "$root/etc/systemd/system/graphical.target.wants"
ln -sf ../inside.service "$root/etc/systemd/system/graphical.target.wants/inside.service"
timeout -k 5 200 systemd-nspawn --quiet --register=no --keep-unit -D "$root" --capability=all \
    --system-call-filter='@mount @privileged @debug landlock_create_ruleset landlock_add_rule landlock_restrict_self' \
    --boot </dev/null >"$root.log" 2>&1
cat "$root/result" | grep -E '^(PASS|FAIL|    )'
grep -qx over "$root/result" || { echo "FAIL services the container did not come to its end"; tail -n 20 "$root.log"; exit 1; }
! grep -q '^FAIL' "$root/result"
