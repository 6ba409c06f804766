#!/bin/bash
# SPDX-License-Identifier: MIT
# limit: 1200
# One allocation fails, in the guest's driver or in the broker: the program gets an OpenCL error or does not notice, the broker
# refuses a guest with a sentence or serves it, and both go on. Nothing crashes, nothing hangs, no result is wrong.
#
#   FAULT_ALLOCATIONS=all tests/fault/memory.sh     each of them (default: 12 of the driver's, 8 of the broker's)
. "$(dirname "$0")/common"

scarce=$built/tests/lib/scarce.so
if ldd "$trillium" | grep -q 'libasan\|libtsan'; then
    echo "a sanitizer has an allocator of its own"
    exit 77
fi

# The numbers from 1 to COUNT that are tried.
some_of() { # COUNT HOW-MANY
    if [ "${FAULT_ALLOCATIONS:-}" = all ]; then seq "$1"; else
        for ((i = 0; i < $2; i++)); do echo $((1 + (RANDOM % $1))); done | sort -nu
    fi
}

guest_with() { # NAME N
    SCARCE_IN=/libtrillium-icd.so SCARCE_AT=$2 SCARCE_COUNT=$work/count LD_PRELOAD=$scarce start_guest "$1" work 0
    await "$guest" "$patience"
}

start_daemon memory
guest_with none 0
count=$(cat "$work/count")
if [ "$status" = 0 ] && [ "$count" -gt 20 ]; then pass "driver.counted"; else
    fail driver.counted "status $status, $count allocations" "$work"/none.* "$work/memory.daemon"; fi
wrong=0 tried=0
for n in $(some_of "$count" 12); do
    guest_with driver "$n"
    tried=$((tried + 1))
    case $status in
    0) says "$work/driver.out" '^done' && continue ;;
    3) says "$work/driver.out" '^error cl' && continue ;;
    esac
    fail "driver.$n" "status $status where allocation $n of $count fails" "$work"/driver.* "$work/memory.daemon"
    wrong=1
done
[ $wrong = 1 ] || pass "driver.$tried-of-$count-allocations"
start_guest after work 0
await "$guest" "$patience"
if [ "$status" = 0 ]; then pass driver.after; else fail driver.after "status $status" "$work"/after.* "$work/memory.daemon"; fi
stop_daemon
check_leftovers driver

daemon_with() { # NAME N
    SCARCE_IN= SCARCE_AT=$2 SCARCE_COUNT=$work/count LD_PRELOAD=$scarce "$trillium" serve --shm "$work/$1.sock" >"$work/$1.daemon" 2>&1 &
    daemon=$!
    socket=$work/$1.sock
    started+=("$daemon")
    ready_or_gone() { says "$work/$1.daemon" "serve: ready" || gone_or_zombie "$daemon"; }
    within "$patience" ready_or_gone "$1"
}

daemon_with counted 0
start_guest counted work 0
await "$guest" "$patience"
stop_daemon
count=$(cat "$work/count")
if [ "$status" = 0 ] && [ "$count" -gt 10 ]; then pass broker.counted; else
    fail broker.counted "status $status, $count allocations" "$work"/counted.*; fi
wrong=0 tried=0
for n in $(some_of "$count" 8); do
    daemon_with broker "$n"
    tried=$((tried + 1))
    if gone_or_zombie "$daemon"; then # it could not start, and says so
        wait "$daemon"
        status=$?
        [ "$status" = 1 ] && [ -s "$work/broker.daemon" ] && continue
    else
        start_guest first work 0
        await "$guest" "$patience"
        first=$status
        start_guest second work 0
        await "$guest" "$patience"
        second=$status
        start_guest third work 0
        await "$guest" "$patience"
        third=$status
        stop_daemon
        case $first-$second-$third-$status in
        0-0-0-0) continue ;;
        3-0-0-0) [ -s "$work/first.err" ] && continue ;;
        0-3-0-0) [ -s "$work/second.err" ] && continue ;; # the daemon's first ones may take fewer in another run
        esac
        status="$first, $second, $third of guests, $status of the daemon"
    fi
    fail "broker.$n" "status $status where allocation $n of $count fails" "$work"/first.* "$work"/second.* "$work"/third.* "$work/broker.daemon"
    wrong=1
done
[ $wrong = 1 ] || pass "broker.$tried-of-$count-allocations"
check_leftovers broker
exit $failed
