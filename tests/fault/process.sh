#!/bin/bash
# SPDX-License-Identifier: MIT
# limit: 1200
# What goes wrong around process guests: each is told in words or by an OpenCL error, soon; nothing hangs, nothing is
# left behind, and other guests do not notice.
. "$(dirname "$0")/common"

lost='error cl[A-Za-z]* -[0-9]'

# ---- nobody there ----
TRILLIUM_SHM=$work/nobody.sock OCL_ICD_VENDORS=$build/share/trillium/icd timeout "$patience" "$program" devices >"$work/nobody.out" 2>"$work/nobody.err"
if [ $? = 3 ] && says "$work/nobody.err" "trillium serve"; then pass no-daemon; else
    fail no-daemon "no platform and a sentence on stderr were expected" "$work"/nobody.*; fi

# Installed, but nobody asks for it: the platforms are absent and that is all, unless one wants to know why.
quiet() { env -u TRILLIUM_SHM -u TRILLIUM_IR -u TRILLIUM_DEBUG OCL_ICD_VENDORS=$build/share/trillium/icd "$@" timeout "$patience" "$program" devices; }
if ls /dev/dri/renderD* >/dev/null 2>&1; then
    echo "SKIP not-asked-for this machine has render nodes"
else
    quiet >"$work/quiet.out" 2>"$work/quiet.err"
    status=$?
    if [ $status = 3 ] && ! says "$work/quiet.err" trillium; then pass not-asked-for.quiet; else
        fail not-asked-for.quiet "no platform and no word were expected, status $status" "$work"/quiet.*; fi
    quiet TRILLIUM_DEBUG=1 >"$work/why.out" 2>"$work/why.err"
    status=$?
    if [ $status = 3 ] && says "$work/why.err" "no device"; then pass not-asked-for.told; else
        fail not-asked-for.told "no platform and a sentence were expected, status $status" "$work"/why.*; fi
fi

touch "$work/plain-file"
TRILLIUM_SHM=$work/plain-file OCL_ICD_VENDORS=$build/share/trillium/icd timeout "$patience" "$program" devices >"$work/file.out" 2>"$work/file.err"
if [ $? = 3 ] && [ -s "$work/file.err" ]; then pass no-socket; else fail no-socket "no platform and a sentence were expected" "$work"/file.*; fi

mkdir "$work/no-vendors"
OCL_ICD_VENDORS=$work/no-vendors timeout "$patience" "$trillium" run -- "$program" devices >"$work/nodriver.out" 2>"$work/nodriver.err"
status=$?
if [ $status = 3 ] && says "$work/nodriver.err" "[Dd]river"; then pass host-without-driver; else
    fail host-without-driver "no device and a sentence about the missing driver were expected, status $status" "$work"/nodriver.*; fi
check_leftovers host-without-driver

timeout "$patience" "$trillium" run --device no-such-device -- "$program" devices >"$work/refused.out" 2>"$work/refused.err"
status=$?
if [ $status != 0 ] && says "$work/refused.err" "another --device"; then pass device-refused; else
    fail device-refused "a sentence was expected, status $status" "$work"/refused.*; fi
check_leftovers device-refused

timeout "$patience" "$trillium" run -- "$program" bad-source >"$work/bad.out" 2>"$work/bad.err"
if [ $? = 3 ] && says "$work/bad.out" this_is_missing && says "$work/bad.out" "error clBuildProgram -11"; then pass bad-source; else
    fail bad-source "the build log was expected" "$work"/bad.*; fi
check_leftovers bad-source

# ---- options for the workers ----
timeout "$patience" "$trillium" run --worker-options "--spin-us 0 --decoders 1" -- "$program" devices >"$work/options.out" 2>"$work/options.err"
status=$?
if [ $status = 0 ]; then pass worker-options; else fail worker-options "devices were expected, status $status" "$work"/options.*; fi
timeout "$patience" "$trillium" run --worker-options --no-such-option -- "$program" devices >"$work/option.out" 2>"$work/option.err"
status=$?
if [ $status = 3 ] && says "$work/option.err" no-such-option; then pass unknown-worker-option; else
    fail unknown-worker-option "no device and the worker's complaint were expected, status $status" "$work"/option.*; fi
timeout "$patience" "$trillium" run --worker-options "$(printf '%300s' x)" -- "$program" devices >"$work/long.out" 2>"$work/long.err"
status=$?
if [ $status = 125 ] && says "$work/long.err" "at most 200"; then pass worker-options-too-long; else
    fail worker-options-too-long "a sentence was expected, status $status" "$work"/long.*; fi
check_leftovers worker-options

# ---- fork ----
timeout "$patience" "$trillium" run -- "$program" fork >"$work/fork.out" 2>"$work/fork.err"
status=$?
if [ $status = 0 ] && [ "$(grep -c '^child cl[A-Za-z]* -2 *$' "$work/fork.out")" = 3 ] && says "$work/fork.out" '^child status 0$' &&
    says "$work/fork.err" "forked"; then pass fork; else
    fail fork "errors and a sentence in the child, and a parent that goes on, were expected, status $status" "$work"/fork.*; fi
check_leftovers fork

# ---- kernels ----
timeout "$patience" "$trillium" run -- "$program" out-of-bounds >"$work/crash.out" 2>"$work/crash.err"
status=$?
if [ $status = 3 ] && says "$work/crash.out" "$lost" && says "$work/crash.err" "its worker ended (signal"; then pass kernel-crash; else
    fail kernel-crash "an OpenCL error and the broker's word about it were expected, status $status" "$work"/crash.*; fi
check_leftovers kernel-crash

start_daemon pair
start_guest pair-steady loop 3
steady=$guest
within "$patience" says "$work/pair-steady.out" ready || fail two-guests "the first guest does not get going" "$work"/pair*
start_guest pair-crash out-of-bounds
await "$guest" "$soon"
if [ "$status" = 3 ]; then pass two-guests.crashing-one; else fail two-guests.crashing-one "status $status" "$work"/pair*; fi
start_guest pair-second loop 0.2
await "$guest" "$patience"
if [ "$status" = 0 ]; then pass two-guests.a-new-one; else fail two-guests.a-new-one "status $status" "$work"/pair*; fi
await "$steady" "$patience"
if [ "$status" = 0 ]; then pass two-guests.unharmed-one; else fail two-guests.unharmed-one "status $status" "$work"/pair*; fi
stop_daemon
check_leftovers two-guests

# ---- somebody is killed ----
start_daemon daemon-killed
start_guest daemon-killed loop 60
within "$patience" says "$work/daemon-killed.out" ready || fail daemon-killed "the guest does not get going" "$work"/daemon-killed.*
kill_hard "$daemon"
await "$guest" "$soon"
if [ "$status" = 3 ] && says "$work/daemon-killed.out" "$lost"; then pass daemon-killed; else
    fail daemon-killed "an OpenCL error soon was expected, status $status" "$work"/daemon-killed.*; fi
check_leftovers daemon-killed

# The same while the guest sleeps in a wait.
start_daemon daemon-killed-waiting
start_guest daemon-killed-waiting gated
within "$patience" says "$work/daemon-killed-waiting.out" ready || fail daemon-killed-waiting "the guest does not get going" "$work"/daemon-killed-waiting.*
kill_hard "$daemon"
await "$guest" "$soon"
if [ "$status" = 3 ] && says "$work/daemon-killed-waiting.out" "$lost"; then pass daemon-killed-waiting; else
    fail daemon-killed-waiting "an OpenCL error soon was expected, status $status" "$work"/daemon-killed-waiting.*; fi
check_leftovers daemon-killed-waiting

start_daemon guest-killed
for mode in "loop 60" endless gated; do
    name=guest-killed-${mode%% *}
    start_guest "$name" $mode
    within "$patience" says "$work/$name.out" ready || fail "$name" "the guest does not get going" "$work/$name".*
    kill_hard "$guest"
    start_guest "$name-next" loop 0.2
    await "$guest" "$patience"
    if [ "$status" = 0 ]; then pass "$name"; else fail "$name" "the next guest ended with status $status" "$work/$name"* "$work"/guest-killed.daemon; fi
done
stop_daemon
check_leftovers guest-killed

worker_of_build() {
    local pid
    for pid in $(processes_of_build); do
        [ "$(readlink "/proc/$pid/exe")" = "$build/libexec/trillium-worker" ] && echo "$pid"
    done
}
start_daemon worker-killed --warm-workers 0
start_guest worker-killed loop 60
within "$patience" says "$work/worker-killed.out" ready || fail worker-killed "the guest does not get going" "$work"/worker-killed.*
for pid in $(worker_of_build); do kill -9 "$pid"; done
await "$guest" "$soon"
if [ "$status" = 3 ] && says "$work/worker-killed.out" "$lost"; then pass worker-killed; else
    fail worker-killed "an OpenCL error soon was expected, status $status" "$work"/worker-killed.*; fi
start_guest worker-killed-next loop 0.2
await "$guest" "$patience"
if [ "$status" = 0 ]; then pass worker-killed.a-new-one; else fail worker-killed.a-new-one "status $status" "$work"/worker-killed*; fi
stop_daemon
check_leftovers worker-killed

# ---- trillium run ----
for signal in TERM INT KILL; do
    name=run-$signal
    # what bash starts in the background has SIGINT ignored
    env --default-signal=INT "$trillium" run -- "$program" loop 60 >"$work/$name.out" 2>"$work/$name.err" &
    guest=$!
    started+=("$guest")
    within "$patience" says "$work/$name.out" ready || fail "$name" "the guest does not get going" "$work/$name".*
    kill -$signal "$guest" 2>/dev/null
    await "$guest" "$soon"
    case $signal-$status in
    TERM-143 | KILL-137 | INT-130) pass "$name" ;;
    *) fail "$name" "status $status" "$work/$name".* ;;
    esac
    check_leftovers "$name"
done

timeout "$patience" "$trillium" run -- "$program" loop 0.2 >"$work/exit.out" 2>"$work/exit.err"
if [ $? = 0 ]; then pass run-status-0; else fail run-status-0 "" "$work"/exit.*; fi
timeout "$patience" "$trillium" run -- sh -c 'exit 7'
if [ $? = 7 ]; then pass run-status-7; else fail run-status-7 ""; fi
timeout "$patience" "$trillium" run -- sh -c 'kill -SEGV $$'
if [ $? = 139 ]; then pass run-status-of-a-signal; else fail run-status-of-a-signal ""; fi
timeout "$patience" "$trillium" run -- "$work/no/such/program" 2>"$work/none.err"
if [ $? = 127 ] && says "$work/none.err" no/such/program; then pass run-no-program; else fail run-no-program "" "$work/none.err"; fi
timeout "$patience" "$trillium" run -- "$work/plain-file" 2>"$work/plain.err"
if [ $? = 126 ] && [ -s "$work/plain.err" ]; then pass run-not-executable; else fail run-not-executable "" "$work/plain.err"; fi
check_leftovers run

# ---- the daemon's socket ----
start_daemon stale
kill_hard "$daemon"
start_daemon stale
start_guest stale loop 0.2
await "$guest" "$patience"
if [ "$status" = 0 ]; then pass stale-socket; else fail stale-socket "status $status" "$work"/stale*; fi
timeout "$patience" "$trillium" serve --shm "$socket" >"$work/second.out" 2>&1
status=$?
if [ $status != 0 ] && [ $status != 124 ] && [ -s "$work/second.out" ]; then pass second-daemon; else
    fail second-daemon "a refusal with a sentence was expected, status $status" "$work/second.out"; fi
start_guest stale-after loop 0.2
await "$guest" "$patience"
if [ "$status" = 0 ]; then pass second-daemon.first-unharmed; else fail second-daemon.first-unharmed "status $status" "$work"/stale*; fi
stop_daemon
if [ ! -e "$socket" ]; then pass socket-removed; else fail socket-removed "$socket is still there"; fi
check_leftovers daemon-socket

# ---- a daemon of a system user, who has no home: PoCL has no device where it cannot keep its files ----
kept=$POCL_CACHE_DIR
unset POCL_CACHE_DIR XDG_CACHE_HOME
HOME=/dev/null/home start_daemon homeless
export POCL_CACHE_DIR=$kept
start_guest homeless loop 0.2
await "$guest" "$patience"
if [ "$status" = 0 ]; then pass no-home; else fail no-home "status $status" "$work"/homeless*; fi
stop_daemon
unset POCL_CACHE_DIR
HOME=/dev/null/home timeout "$patience" "$trillium" run -- "$program" loop 0.2 >"$work/homeless-run.out" 2>"$work/homeless-run.err"
status=$?
export POCL_CACHE_DIR=$kept
if [ "$status" = 0 ]; then pass no-home.run; else fail no-home.run "status $status" "$work"/homeless-run*; fi
if [ -z "$(find "$TMPDIR" -name 'trillium-drivers-*')" ]; then pass no-home.removed; else fail no-home.removed "the drivers' cache is still there"; fi
check_leftovers no-home

# ---- standard descriptors that are closed are nobody's socket ----
for closed in '>&-' '<&-' '<&- >&-' '<&- >&- 2>&-'; do
    eval "timeout $patience \"\$trillium\" run -- \"\$program\" print $closed" 2>"$work/closed.err"
    status=$?
    if [ "$status" = 0 ]; then pass "closed-descriptors $closed"; else fail "closed-descriptors $closed" "status $status" "$work/closed.err"; fi
done
check_leftovers closed-descriptors

# ---- what a program loads into itself is not loaded into its worker, and no wall is needed that is not there ----
OPENCL_LAYERS=/nowhere/layer.so timeout "$patience" "$trillium" run --sandbox strict -- "$program" loop 0.2 >"$work/strict.out" 2>"$work/strict.err"
status=$?
if [ "$status" = 0 ] || says "$work/strict.err" "a worker's cell cannot be built here, missing:"; then pass sandbox.strict; else fail sandbox.strict "status $status" "$work/strict.err"; fi
timeout "$patience" "$trillium" run --sandbox off -- "$program" loop 0.2 >"$work/off.out" 2>"$work/off.err"
status=$?
if [ "$status" = 0 ] && says "$work/off.err" "workers run with all rights of this user"; then pass sandbox.off; else fail sandbox.off "status $status" "$work/off.err"; fi
check_leftovers sandbox

exit $failed
