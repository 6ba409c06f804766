#!/bin/bash
# limit: 1200
# SPDX-License-Identifier: MIT
# Native code in kernels attacks the host, while another guest of the same daemon computes and must not notice.
. "$(dirname "$0")/../fault/common"
attack=$build/tests/attack/attack
unset OCL_ICD_VENDORS
long=$((patience * 3))

guest_of() { TRILLIUM_SHM=$socket OCL_ICD_VENDORS=$build/share/trillium/icd "$@"; }
worker_of() { # pid of the worker that serves the guest with this pid, from the daemon's words
    sed -n "s/.*(process $1 of user [0-9]*): served by worker \([0-9]*\).*/\1/p" "$work/attack.daemon" | tail -n 1
}

echo "a secret of the host that no guest may read" >"$work/secret"
chmod 600 "$work/secret"
mkdir "$work/secret.mount"
prlimit --pid $$ --rtprio=50 --nice=40 2>/dev/null # where we may: the daemon's right to these is not its workers'
start_daemon attack --verbose
start_guest victim loop 20
victim=$guest
within "$patience" says "$work/victim.out" ready || fail victim "does not start" "$work/victim.err"
inside=$(worker_of "$victim")
[ -n "$inside" ] || fail victim "no worker is named" "$work/attack.daemon"

guest_of timeout "$long" "$attack" calls "$work/secret" "$inside" "$daemon" 2>"$work/calls.err"
status=$?
if [ "$status" = 77 ]; then exit 77; fi
[ "$status" = 0 ] || { failed=1; sed 's/^/    /' "$work/calls.err"; }
if [ -e "$work/secret.written" ]; then fail nothing-written "the kernel wrote beside the secret"; else pass nothing-written; fi
guest_of timeout "$long" "$attack" incbin "$work/secret" 2>"$work/incbin.err" || failed=1
guest_of timeout "$long" "$attack" bomb 2>"$work/bomb.err" || failed=1
guest_of timeout "$long" "$attack" survive 2>"$work/survive.err" || failed=1
guest_of "$attack" endless >"$work/endless.out" 2>"$work/endless.err" &
endless=$!
started+=("$endless")
within "$patience" says "$work/endless.out" ready || fail endless "does not start" "$work/endless.err"
kill_hard "$endless"
# 120 is what a worker ends with that finds a wall missing on its way into its cell (cell/cell.h): of one that has a guest it says nothing.
TRILLIUM_SHM= timeout "$long" "$trillium" run -- "$attack" leave 120 2>"$work/leave.err" || failed=1
if says "$work/leave.err" "its worker ended (exit status 120"; then pass leave.said; else
    fail leave.said "the end of a guest's worker is kept back, or taken for a wall" "$work/leave.err"; fi
TRILLIUM_IR=spirv guest_of timeout "$long" "$attack" refused 2>"$work/refused.err" || failed=1

await "$victim" "$patience"
if [ "$status" = 0 ] && says "$work/victim.out" "done "; then pass victim-computes; else
    fail victim-computes "exit status $status" "$work/victim.out" "$work/victim.err"; fi
start_guest after loop 1
await "$guest" "$patience"
if [ "$status" = 0 ]; then pass daemon-serves-on; else fail daemon-serves-on "exit status $status" "$work/after.err"; fi
stop_daemon
check_leftovers attack

# ---- the daemon's own walls: each thread has as many lists of system calls as it should ----
filters_of() { # status files of threads: how many lists they have
    cat "$@" 2>/dev/null | sed -n 's/^Seccomp_filters:\t*//p' | sort -u | tr '\n' ' '
}
# Their calls, and those of a worker's way into its cell, are watched, so far as they are refused: what a list lacks shows in
# nothing else, or long afterwards.
watch=strace
if ! strace -f -o /dev/null true 2>/dev/null; then
    watch=
    echo "SKIP daemon.calls strace is not there, or may trace nothing"
fi
plain=$trillium
if [ -n "$watch" ]; then
    printf '#!/bin/sh\nexec strace -D -f -b execve -e status=failed -o "%s.$$" "%s" "$@"\n' "$work/refused" "$plain" >"$work/watched"
    chmod 755 "$work/watched"
    trillium=$work/watched
fi
export TRILLIUM_CONTROL=$work/control.sock
policy=$work/policy.conf control_log=$work/control.log
: >"$policy"
start_control
start_daemon walls --warm-workers 0 --socket-path "$work/walls.vm"
trillium=$plain
within "$patience" says "$work/walls.daemon" ready
outside=$(filters_of /proc/$$/status)
expected="$((outside + 1)) $((outside + 2)) "
# Each thread raises its own before it serves.
stand() { behind=$(filters_of /proc/"$daemon"/task/*/status) && [ "$behind" = "$expected" ]; }
if within "$soon" stand; then pass daemon.walls; else fail daemon.walls "lists by thread: $behind, expected: $expected"; fi
if [ -n "$watch" ]; then
    start_guest watched loop 1
    ask limit 1 weight=50
    ask ls
    await "$guest" "$patience"
    [ "$status" = 0 ] || fail daemon.calls "the guest ended with $status" "$work/watched.err" "$work/walls.daemon"
fi
stop_daemon
kill "$control"
await "$control" "$soon"
if [ -n "$watch" ]; then
    if [ "$(cat "$work"/refused.* | wc -l)" -gt 0 ] && ! grep -h ENOSYS "$work"/refused.* >"$work/calls"; then pass daemon.calls; else
        fail daemon.calls "system calls that their walls refuse them, or none were watched" "$work/calls"; fi
fi
check_leftovers daemon
exit $failed
