#!/bin/bash
# SPDX-License-Identifier: MIT
# limit: 1200
# A guest that comes and goes: program after program, each with one command, beside one control. Every command is counted, and daemon
# and control hold then what they held after the first tenth.
#
#   COMINGS=1000 tests/fault/comings.sh      (default 100; make soak: 1000, each of which costs the start of a worker)
. "$(dirname "$0")/common"

export TRILLIUM_CONTROL=$work/control.sock
policy=$work/policy.conf
control_log=$work/control.log
echo 'defaults = { weight = 100; };' >"$policy"
comings=${COMINGS:-100}

nobody() { ! has_processes comes && [ -z "$(cat /proc/"$daemon"/task/*/children)" ]; }
come() { # TIMES: they come, and are all gone
    start_guest comes comes "$1"
    await "$guest" $((patience * (1 + $1 / 20)))
    [ "$status" = 0 ] && says "$work/comes.out" "done $1" && within "$patience" nobody
}
check() { # WHO PID DESCRIPTORS KIB: what it had
    local fds kib
    few() { fds=$(descriptors "$2") && [ "$fds" = "$3" ]; }
    if within "$soon" few "$@"; then pass "comings.$1-descriptors"; else
        fail "comings.$1-descriptors" "$3 were expected, not $fds"; fi
    kib=$(own_memory "$2")
    # what malloc keeps; one page that each of them leaves is more
    if [ "$kib" -le $(($4 + 128 + comings * 2)) ]; then pass "comings.$1-memory"; else
        fail "comings.$1-memory" "$4 KiB became $kib"; fi
    echo "$1: $3 descriptors and $4 KiB after $((comings / 10)), $fds and $kib KiB after $comings"
}

start_control
start_daemon comes --name comes --warm-workers 0
come $((comings / 10)) || fail comings.first "they were expected to come and go, status $status" "$work"/comes.*
control_had=("$(descriptors "$control")" "$(own_memory "$control")")
daemon_had=("$(descriptors "$daemon")" "$(own_memory "$daemon")")
if come $((comings - comings / 10)); then pass comings; else
    fail comings "they were expected to come and go, status $status" "$work"/comes.* "$control_log"; fi
counts="$(of comes commands) commands, $(of comes builds) builds, $(of comes errors) errors, $(of comes memory) B, $(of comes objects) objects"
if [ "$counts" = "$comings commands, $comings builds, 0 errors, 0 B, 0 objects" ]; then pass comings.counted; else
    fail comings.counted "$comings commands and builds were expected, and nothing that is left, not $counts"; fi
check control "$control" "${control_had[@]}"
check daemon "$daemon" "${daemon_had[@]}"
stop_daemon
kill "$control"
await "$control" "$soon"
check_leftovers comings
exit $failed
