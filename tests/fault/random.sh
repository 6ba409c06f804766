#!/bin/bash
# SPDX-License-Identifier: MIT
# limit: 1200
# Faults at random points: guests that build, compute and copy beside a daemon or under `trillium run`; one of the processes
# is killed, or stopped and let go on, at a moment between its start and its end; or descriptors, memory or the disk are out.
# Whoever is left ends within FAULT_SECONDS (common), with a right result or an error it was told; nothing is left behind; and the next guest of
# a daemon that lives is served.
#
#   FAULT_RUNS=1000 tests/fault/random.sh      (default 14, for make check: some seconds)
#   FAULT_SEED=N                               the same points again (they are printed); what the machine does then is its own
. "$(dirname "$0")/common"

runs=${FAULT_RUNS:-14}
seed=${FAULT_SEED:-$((RANDOM * 32768 + RANDOM))}
RANDOM=$seed
echo "seed $seed, $runs runs"

daemon_starts() {
    rm -f "$socket"
    start_daemon random --warm-workers 1
    handed=0
}
wrong=0
check_guest() { # NAME, what happened: after `await`; right, or an error that was told
    case $status in
    0) says "$work/$1.out" '^done' || { fail "$1" "$2: it ended well without having done its work" "$work/$1".*; wrong=1; } ;;
    3) says "$work/$1.out" '^error cl' || { fail "$1" "$2: an end without an error" "$work/$1".*; wrong=1; } ;;
    125) [ -s "$work/$1.err" ] || { fail "$1" "$2: run failed without a word"; wrong=1; } ;;
    137 | 143) ;; # killed by us
    hangs) fail "$1" "$2: it hangs" "$work/$1".* "$work/random.daemon" "$work/hang"; wrong=1 ;;
    *) fail "$1" "$2: status $status" "$work/$1".*; wrong=1 ;;
    esac
}
beside_daemon() { # NAME
    local name=$1 victim signal=KILL mode
    mode=$(printf '%s\n' "work 0.4" "loop 0.4" | one_of)
    [ $((RANDOM % 3)) = 0 ] && signal=STOP
    start_guest "$name" $mode
    naps 700
    case $((RANDOM % 5)) in
    0) victim=$daemon what=daemon ;;
    1) victim=$guest what=guest ;;
    *) victim=$(descendants "$daemon" | one_of) what=worker ;;
    esac
    hit "$victim" $signal
    await "$guest" "$soon"
    check_guest "$name" "$signal $what"
    gone_or_zombie "$daemon" && { wait "$daemon" 2>/dev/null; daemon_starts; }
    start_guest "$name.next" loop 0.05
    await "$guest" "$patience"
    [ "$status" = 0 ] || { fail "$name.next" "after $signal $what the next guest ends with status $status" "$work/$name.next".* "$work/random.daemon"; wrong=1; }
}

under_run() { # NAME
    local name=$1 victim signal=KILL run
    [ $((RANDOM % 3)) = 0 ] && signal=STOP
    "$trillium" run -- "$program" work 0.3 >"$work/$name.out" 2>"$work/$name.err" &
    run=$!
    started+=("$run")
    naps 700
    if [ $((RANDOM % 4)) = 0 ]; then victim=$run; else victim=$(descendants "$run" | one_of); fi
    hit "$victim" $signal
    await "$run" "$soon"
    # the program may be who was killed, and a killed broker is told by run as well as by an OpenCL error
    case $status in 137) ;; *) check_guest "$name" "$signal one of run" ;; esac
}

scarce() { # NAME: what is out for the program, or for run and all that it starts
    local name=$1 limit
    limit=$(printf '%s\n' "-n 12" "-n 24" "-n 40" "-v 400000" "-v 2000000" "-f 0" "-u 1" | one_of)
    (ulimit $limit; exec timeout -s KILL "$patience" "$trillium" run -- "$program" loop 0.1) >"$work/$name.out" 2>"$work/$name.err" &
    guest=$!
    started+=("$guest")
    await "$guest" "$patience"
    [ "$status" != 137 ] || status=hangs
    case $status in
    0) says "$work/$name.out" '^done' || { fail "$name" "ulimit $limit: it ended well without having done its work" "$work/$name".*; wrong=1; } ;;
    153) ;; # the signal for a file that grows too large: the one where its words go
    hangs) fail "$name" "ulimit $limit: it hangs" "$work/$name".* "$work/hang"; wrong=1 ;;
    *) [ -s "$work/$name.err" ] || [ -s "$work/$name.out" ] || { fail "$name" "ulimit $limit: status $status without a word"; wrong=1; } ;;
    esac
}

socket=$work/random.sock
daemon_starts
begin=$SECONDS
for ((i = 1; i <= runs && wrong == 0; i++)); do
    case $((i % 7)) in
    0) scarce "run$i" ;;
    2 | 5) under_run "run$i" ;;
    *) beside_daemon "run$i" ;;
    esac
    [ $wrong = 1 ] || rm -f "$work/run$i".*
    [ $((i % 100)) != 0 ] || echo "$i runs in $((SECONDS - begin)) s"
done
[ $wrong = 1 ] || pass "$((i - 1))-faults"
echo "$((i - 1)) runs in $((SECONDS - begin)) s"

# A daemon that has lived through it holds what it held: guests come and go without a trace.
start_guest settle loop 0.1
await "$guest" "$patience"
few() { [ "$(descendants "$daemon" | wc -l)" -le 6 ] && [ "$(descriptors "$daemon")" -le 64 ]; }
if within "$patience" few; then pass descriptors; else
    fail descriptors "the daemon holds $(descriptors "$daemon") descriptors and $(descendants "$daemon" | wc -l) processes" "$work/random.daemon"; fi
stop_daemon
# Folders of those that were killed are removed by who comes next.
"$trillium" run -- "$program" devices >"$work/next.out" 2>"$work/next.err" || fail next "a run was expected to work" "$work"/next.*
check_leftovers random

# ---- a full disk: home, caches and temporary files ----
if [ "$(id -u)" = 0 ] && mkdir "$work/full" && mount -t tmpfs -o size=64k none "$work/full" 2>/dev/null; then
    head -c 1M /dev/zero >"$work/full/zeros" 2>/dev/null
    HOME=$work/full XDG_CACHE_HOME=$work/full POCL_CACHE_DIR=$work/full/pocl timeout "$patience" "$trillium" run -- "$program" loop 0.1 \
        >"$work/full.out" 2>"$work/full.err"
    status=$?
    if [ $status = 0 ] && says "$work/full.out" '^done' && says "$work/full.err" "built programs cannot be kept in $work/full.*No space left"; then
        pass full-disk
    else
        fail full-disk "the result, and a sentence about what cannot be kept, were expected, status $status" "$work"/full.out "$work"/full.err; fi
    umount "$work/full"
else
    echo "SKIP full-disk needs root"
fi
exit $failed
