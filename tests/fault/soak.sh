#!/bin/bash
# SPDX-License-Identifier: MIT
# limit: 1200
# Soak: 8 guests at a time that come, go, build, copy, crash and are killed beside one daemon. At the end its descriptors,
# its processes and its memory are what they were after the first quarter.
#
#   SOAK_SECONDS=1800 tests/fault/soak.sh      (default 12; make soak: 1800)
. "$(dirname "$0")/common"

seconds=${SOAK_SECONDS:-12}
guests=8
RANDOM=${SOAK_SEED:-1}

one() { # a guest's turn, by number
    case $(($1 % 8)) in
    0 | 1 | 2) start_guest "soak$2" work 1 ;;
    3 | 4) start_guest "soak$2" loop 1 ;;
    5) start_guest "soak$2" devices ;;
    6) start_guest "soak$2" out-of-bounds ;;
    7) start_guest "soak$2" endless ;;
    esac
}
children() { cat /proc/"$daemon"/task/*/children; }
# Nobody is there: workers whose guests were gone before they were ready stay for the next, how many depends on the moment.
idle() {
    local pid
    [ "$(children | wc -w)" -le $guests ] || return 1
    for pid in $(children); do kill -9 "$pid" 2>/dev/null; done
    [ "$(children | wc -w)" = 0 ]
}
# What the daemon holds while nobody is there: descriptors, and KiB of its own memory.
measure() { # NAME
    within "$patience" idle || fail "$1" "workers stay: $(children)" "$work/soak.daemon"
    sleep 1
    fds=$(descriptors "$daemon")
    kib=$(own_memory "$daemon")
    memfds=$(ls -l "/proc/$daemon/fd" | grep -c memfd:)
    echo "$1: $turns guests so far, $fds descriptors, $memfds of them memory, $kib KiB"
}
serve_until() { # SECONDS
    local pids=() slot
    while [ "$SECONDS" -lt "$1" ]; do
        for ((slot = 0; slot < guests; slot++)); do
            [ -n "${pids[slot]:-}" ] && ! gone_or_zombie "${pids[slot]}" && {
                # an endless one, and now and then another, is killed
                [ $((RANDOM % 40)) != 0 ] || kill -9 "${pids[slot]}" 2>/dev/null
                continue
            }
            if [ -n "${pids[slot]:-}" ]; then
                wait "${pids[slot]}" 2>/dev/null
                status=$?
                case $status in
                0 | 3 | 137) ;;
                *) fail soak "a guest ends with status $status" "$work/soak$slot".* ;;
                esac
            fi
            one $RANDOM $slot
            pids[slot]=$guest
            turns=$((turns + 1))
        done
        started=("$daemon" "${pids[@]}")
        sleep 0.1
    done
    for slot in "${pids[@]}"; do
        gone_or_zombie "$slot" || kill -9 "$slot" 2>/dev/null
        wait "$slot" 2>/dev/null
    done
}

turns=0
start_daemon soak --warm-workers 0
begin=$SECONDS
serve_until $((begin + seconds / 4 + 1))
measure early
fds_early=$fds memfds_early=$memfds kib_early=$kib
serve_until $((begin + seconds + 1))
measure late
if [ "$memfds" -le "$memfds_early" ] && [ "$fds" -le $((fds_early + 4)) ]; then pass soak.descriptors; else
    fail soak.descriptors "$fds_early became $fds, $memfds_early memory and now $memfds" "$work/soak.daemon"; fi
# A few hundred KiB are what malloc keeps; a leak of one guest's memory is more.
if [ "$kib" -le $((kib_early + kib_early / 4 + 512)) ]; then pass soak.memory; else
    fail soak.memory "$kib_early KiB became $kib" "$work/soak.daemon"; fi
stop_daemon
check_leftovers soak
exit $failed
