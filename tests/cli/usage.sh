#!/bin/bash
# SPDX-License-Identifier: MIT
# limit: 1200
# The command line: what is said of wrong use and with which status, what stands in the manual and is completed, and where nothing is made.
. "$(dirname "$0")/../fault/common"

# Runs trillium; what it says is in $work/said, its status in $status.
try() {
    timeout 60 "$trillium" "$@" >"$work/said" 2>&1 </dev/null
    status=$?
}
misused() { # NAME WORDS ARGUMENT...: status 2, a sentence of trillium's own with these words, and where to read more
    local name=$1 words=$2
    shift 2
    try "$@"
    if [ $status = 2 ] && grep -q "^trillium.*$words.*--help" "$work/said" && [ "$(wc -l <"$work/said")" = 1 ]; then pass "$name"; else
        fail "$name" "status 2 and a line with '$words' were expected, status $status" "$work/said"; fi
}

misused subcommand "did you mean 'serve'" serv
misused subcommand.unlike "no subcommand 'conquer'" conquer
misused option "--devise; did you mean --device" run --devise x clinfo
misused option.letter "no option -x" run -x clinfo
misused option.value "--device needs a value" run --device
misused option.no-value "--verbose=1 takes no value" run --verbose=1 clinfo
misused value.vm "'qemu' or 'uml', not '1'" run --vm=1 clinfo
misused option.serve "did you mean --socket-path" serve --socket-paht=x
misused option.doctor "no option --bogus" doctor --bogus
misused value "'source' or 'spirv'" run --ir glsl clinfo
misused value.serve "number of an open descriptor" serve --fd 999
misused no-program "which program" run --vm
misused nowhere "say where to serve" serve
misused argument "unexpected argument 'x'" doctor x

try eval --bogus
if [ $status = 2 ] && says "$work/said" "^trillium eval: "; then pass option.eval; else fail option.eval "status $status" "$work/said"; fi

try run -- sh -c 'exit 2'
if [ $status = 2 ] && [ ! -s "$work/said" ]; then pass program.status; else fail program.status "status $status" "$work/said"; fi
try run -- clinfo-that-is-not-there --help
if [ $status = 127 ]; then pass program.missing; else fail program.missing "status $status" "$work/said"; fi

# ---- no device: said once ----
mkdir "$work/no-drivers"
OCL_ICD_VENDORS=$work/no-drivers try run -- "$program" devices
if [ "$(grep -c "no OpenCL device" "$work/said")" = 1 ]; then pass no-device.once; else
    fail no-device.once "one line about it was expected" "$work/said"; fi

# ---- homes that are none ----
ls -A / >"$work/root-before"
for home in "" / relative /nonexistent/home; do
    name=home.${home:-unset}
    (
        if [ -n "$home" ]; then export HOME=$home; else unset HOME; fi
        unset POCL_CACHE_DIR XDG_CACHE_HOME XDG_STATE_HOME
        cd "$work" && try run -- "$program" devices
        [ $status = 0 ]
    ) && ls -A / | cmp -s - "$work/root-before" && [ ! -e "$work/relative" ] && [ ! -e /nonexistent ] && pass "$name" || fail "$name" "" "$work/said"
done

exit $failed
