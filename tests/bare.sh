#!/bin/bash
# SPDX-License-Identifier: MIT
# README's two commands on a machine that has nothing: a new throwaway root of a Debian release with what an image for a cloud brings
# (git, make, sudo, certificates), a user who may use sudo, and a clone of this tree's last commit.
#
#   bare.sh RELEASE DIR [TARGET...]     TARGETs of make, one make for each (a word may hold VARIABLE=VALUE besides); default: check eval.
#                                       DIR/RELEASE-minimal is kept for the next time; DIR/RELEASE-bare too where something failed,
#                                       or where BARE_KEEP is set.
set -u -o pipefail
[ $# -ge 2 ] || { echo "usage: bare.sh RELEASE DIR [TARGET...]" >&2; exit 2; }
here=$(cd "$(dirname "$0")/.." && pwd)
release=$1 minimal=$2/$1-minimal root=$2/$1-bare user=newcomer
shift 2
[ $# -gt 0 ] || set -- check eval
copy=(cp -a)
[ "$(id -u)" -eq 0 ] || copy=(unshare --map-auto --map-root-user --setuid 0 --setgid 0 cp -a)
inside() { "$here/tests/root.sh" run "$root" "$@"; }
as_user() { inside su - $user -c "$1"; }
fail() {
    echo "FAIL bare.$release.$1"
    [ -z "${2:-}" ] || tail -n 20 "$2" | sed 's/^/    /'
    exit 1
}

"$here/tests/root.sh" make "$release" "$minimal" || fail root
[ ! -e "$root" ] || "$here/tests/root.sh" remove "$root"
"${copy[@]}" "$minimal" "$root" || fail root
inside sh -ec 'apt-get update -q; DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends passwd login git make sudo
    useradd -m -s /bin/bash "$1"; echo "$1 ALL=(ALL) NOPASSWD: ALL" >/etc/sudoers.d/newcomer' sh $user >"$root.log" 2>&1 || fail machine "$root.log"
rm "$root.log"
git -C "$here" bundle create -q - HEAD | inside sh -c 'cat >/tree.bundle && chmod 644 /tree.bundle' || fail clone
as_user 'git clone -q /tree.bundle trillium' || fail clone

failed=0
for target; do
    begin=$SECONDS
    if as_user "cd trillium && make $target"; then word=PASS; else word=FAIL failed=1; fi
    echo "$word bare.$release.${target%% *} in $((SECONDS - begin)) s"
done
[ $failed != 0 ] || [ -n "${BARE_KEEP:-}" ] || "$here/tests/root.sh" remove "$root"
exit $failed
