#!/bin/bash
# SPDX-License-Identifier: MIT
# A throwaway root of a Debian release, to build and test in: nothing of this machine changes.
#
#   root.sh make RELEASE DIR          DIR becomes a minimal root of the release, if it is none yet
#   root.sh run DIR COMMAND ARG...    runs a command in it, with /proc, /sys, /dev and a network, in a mount and process
#                                     namespace of its own; ROOT_BIND=FROM:TO binds one folder of this machine
#   root.sh remove DIR
#
# The archive is the one that this machine's apt knows, whatever its address. Root is not needed where the machine gives its
# users subordinate ids (uidmap).
set -u -o pipefail

fail() {
    echo "root.sh: $*" >&2
    exit 1
}

make_root() {
    local release=$1 dir=$2 uri keyring mode=root
    [ -x "$dir/usr/bin/apt-get" ] && return 0
    command -v mmdebstrap >/dev/null || fail "there is no mmdebstrap; install it: make deps-pack"
    [ "$(id -u)" -eq 0 ] || mode=unshare
    uri=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' "Codename: $(
        . /etc/os-release && echo "$VERSION_CODENAME")" | sort -u | head -n 1)
    [ -n "$uri" ] || fail "apt on this machine knows no archive of Debian"
    keyring=/usr/share/keyrings/debian-archive-keyring.gpg
    mkdir -p "$(dirname "$dir")" && rm -rf "$dir.new" || exit 1
    # What this machine's apt needs to reach an archive (a proxy, say), a root made from it needs too.
    apt-config dump | grep -E '^Acquire::https?::' >"$dir.apt"
    mmdebstrap --quiet --mode=$mode --variant=apt --include=ca-certificates,mount --aptopt="$dir.apt" --dpkgopt=path-exclude='/usr/share/doc/*' \
        "$release" "$dir.new" "deb [signed-by=$keyring] $uri $release main" || fail "mmdebstrap made no root of $release"
    rm -f "$dir.apt" && mv "$dir.new" "$dir"
}

run_in() {
    local dir=$1 user=()
    shift
    [ -x "$dir/usr/bin/apt-get" ] || fail "$dir is no root; make it: root.sh make RELEASE $dir"
    [ "$(id -u)" -eq 0 ] || user=(--map-auto --map-root-user --setuid 0 --setgid 0)
    cp -L /etc/resolv.conf "$dir/etc/resolv.conf" 2>/dev/null
    export ROOT_DIR=$dir
    # shellcheck disable=SC2016
    exec unshare "${user[@]}" --mount --pid --fork --kill-child --propagation private sh -c '
        mount --bind "$ROOT_DIR" "$ROOT_DIR" &&
        mount -t proc proc "$ROOT_DIR/proc" && mount --rbind /sys "$ROOT_DIR/sys" && mount --rbind /dev "$ROOT_DIR/dev" &&
            mount -t tmpfs tmpfs "$ROOT_DIR/run" || exit 125
        if [ -n "${ROOT_BIND:-}" ]; then
            mkdir -p "$ROOT_DIR${ROOT_BIND#*:}" && mount --bind "${ROOT_BIND%%:*}" "$ROOT_DIR${ROOT_BIND#*:}" || exit 125
        fi
        unset ROOT_BIND
        # Turned, not chroot: a process in a chroot can make no root of its own, and what is tested does.
        cd "$ROOT_DIR" && pivot_root . . && umount -l . || exit 125
        exec env -u ROOT_DIR -u XDG_RUNTIME_DIR -u XDG_CACHE_HOME HOME=/root LC_ALL=C.UTF-8 PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"' sh "$@"
}

remove_root() {
    [ -x "$1/usr/bin/apt-get" ] || fail "$1 is no root"
    if [ "$(id -u)" -eq 0 ]; then
        rm -rf --one-file-system "$1"
    else
        unshare --map-auto --map-root-user --setuid 0 --setgid 0 rm -rf --one-file-system "$1"
    fi
}

case ${1:-} in
make) [ $# -eq 3 ] && make_root "$2" "$3" && exit ;;
run) [ $# -gt 2 ] && shift && run_in "$@" ;;
remove) [ $# -eq 2 ] && remove_root "$2" && exit ;;
esac
fail "usage: root.sh make RELEASE DIR | run DIR COMMAND... | remove DIR"
