#!/bin/bash
# SPDX-License-Identifier: MIT
# PoCL compiles a kernel for each size of work-groups. What is kept of a program grows by the sizes that later runs use, and does not when
# there is nothing new.
. "$(dirname "$0")/compare"

if [ -z "$(vendor_folder pocl)" ]; then
    echo "this machine has no PoCL (/etc/OpenCL/vendors/pocl.icd)"
    exit 77
fi
walls=$("$trillium" doctor 2>/dev/null | sed -n 's/.*around workers stand: \([a-z ]*\);.*/ \1 /p')
case $walls in
*" root "*) ;;
*) echo "drivers' caches outlive workers here: the wall root does not stand"; exit 77 ;;
esac
# kept IR SIZES...: bytes of all that is kept after a run with these
kept() {
    local ir=$1
    shift
    "$trillium" run --ir "$ir" --cache "$work/kept.$ir" --device "Portable Computing" -- "$build/tests/programs/guest" sizes "$@" >"$work/out" 2>&1 ||
        { echo "FAIL sizes.$ir: status $?"; sed 's/^/    /' "$work/out"; failed=1; }
    cat "$work/kept.$ir"/*.bin | wc -c
}
# The same, until it is more than BYTES: beside the driver's temporary files a run may not see that there is something new, and the next one does.
grows() { # BYTES IR SIZES...
    local before=$1 now
    shift
    for _ in 1 2 3 4 5; do
        now=$(kept "$@")
        [ "$now" = "$before" ] || break
    done
    echo "$now"
}
expect() { # NAME BYTES less|same BYTES
    if { [ "$3" = less ] && [ "$2" -lt "$4" ]; } || { [ "$3" = same ] && [ "$2" = "$4" ]; }; then echo "PASS $1"; else
        echo "FAIL $1: $2 and $4 bytes ($3 was expected)"
        failed=1
    fi
}
for ir in source spirv; do
    first=$(kept $ir 8)
    expect "sizes.$ir.nothing-new" "$first" same "$(kept $ir 8)"
    second=$(grows "$first" $ir 16)
    expect "sizes.$ir.another" "$first" less "$second"
    expect "sizes.$ir.both" "$second" same "$(kept $ir 8 16)"
    expect "sizes.$ir.a-third" "$second" less "$(grows "$second" $ir 16 32 8)"
done
exit $failed
