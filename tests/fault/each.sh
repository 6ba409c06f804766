#!/bin/bash
# SPDX-License-Identifier: MIT
# limit: 1200
# Each process of a `trillium run` is killed at each moment of its life, or stopped for good and the run then asked to end:
# whoever is left ends soon, with the result, or an error that it was told, and nothing is left behind.
. "$(dirname "$0")/common"

# The child of a process that runs this program; "" if there is none (yet).
child_of() { # pid PROGRAM
    local task pid
    for task in /proc/"$1"/task/*/children; do
        [ -r "$task" ] || continue
        for pid in $(<"$task"); do
            [ "$(readlink "/proc/$pid/exe")" != "$2" ] || { echo "$pid"; return; }
        done
    done 2>/dev/null
}
find_process() { # NAME: sets $found
    local broker worker
    case $1 in
    run) found=$run ;;
    program) found=$(child_of "$run" "$program") ;;
    broker) found=$(child_of "$run" "$trillium") ;;
    worker | translator)
        broker=$(child_of "$run" "$trillium")
        found=${broker:+$(child_of "$broker" "$build/libexec/trillium-worker")}
        # each SPIR-V module is worked on by a child of this one
        [ "$1" = worker ] || found=${found:+$(child_of "$found" "$build/libexec/trillium-worker")}
        ;;
    esac
    [ -n "$found" ]
}

start_run() { # NAME MODE...
    local name=$1
    shift
    "$trillium" run -- "$program" "$@" >"$work/$name.out" 2>"$work/$name.err" &
    run=$!
    started+=("$run")
}
# at_moment NAME VICTIM start|build|endless: waits for it, and for the victim ($found)
at_moment() {
    local name=$1 mode=$3
    [ "$mode" != start ] || mode="loop 0.05"
    start_run "$name" $mode
    [ "$3" = start ] || within "$patience" says "$work/$name.out" ready || fail "$name" "it does not get going" "$work/$name".*
    # at once: a broker that has just begun has not told its run yet that it listens
    local end=$((SECONDS + patience))
    until find_process "$2" || [ "$SECONDS" -gt "$end" ]; do :; done
    [ -n "$found" ] || fail "$name" "there is no $2" "$work/$name".*
}
end_as() { # NAME STATUS [PATTERN]: of the run; `0|3`: either
    await "$run" "$soon"
    if [[ $status =~ ^($2)$ ]] && { [ -z "${3:-}" ] || grep -q -- "$3" "$work/$1".out "$work/$1".err; }; then pass "$1"; else
        fail "$1" "status $status, expected $2${3:+ and \"$3\"}" "$work/$1".*; fi
    check_leftovers "$1"
}

lost='error cl[A-Za-z]* -[0-9]'
for moment in start build endless; do
    for victim in run broker worker translator program; do
        name=$moment.kill-$victim
        at_moment "$name" $victim $moment
        kill -9 "$found" 2>/dev/null
        case $victim-$moment in
        run-*) end_as "$name" 137 ;;
        program-*) end_as "$name" '137|0' ;; # which may have ended just before
        broker-start) end_as "$name" '125|3|0' ;; # before it listened: run's word; afterwards the program's error
        broker-*) end_as "$name" 3 "the host daemon ended" ;;
        worker-start) end_as "$name" '0|3' ;; # before it was given to the program there is another one
        worker-*) end_as "$name" 3 "$lost" ;;
        translator-start) end_as "$name" 0 '^done' ;;
        translator-*) kill "$run"; end_as "$name" 143 ;;
        esac
    done
    for victim in broker worker translator program; do
        name=$moment.stop-$victim
        at_moment "$name" $victim $moment
        kill -STOP "$found" 2>/dev/null
        kill "$run"
        end_as "$name" '143|0|125' # the signal may come before there is a program
    done
done
exit $failed
