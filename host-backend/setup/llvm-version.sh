#!/bin/sh
# SPDX-License-Identifier: MIT
# Prints the version of LLVM that this tree is built with on this machine: the first of the tested ones whose SPIR-V library is
# installed, else that the machine's packages offer, else whose llvm-config is there. Whoever needs the number asks here.
tested="19 15"

have() {
    case $(dpkg-query -W -f '${db:Status-Status}' "libllvmspirvlib-$1-dev" 2>/dev/null) in installed) return 0 ;; esac
    return 1
}
offered() {
    [ -n "$(apt-cache show "libllvmspirvlib-$1-dev" 2>/dev/null)" ]
}
found() {
    command -v "llvm-config-$1" >/dev/null 2>&1
}

for look in have offered found; do
    for version in $tested; do
        $look "$version" && { echo "$version"; exit 0; }
    done
done
# Nothing is known of this machine's packages yet: what the newest tested release has.
echo "${tested%% *}"
