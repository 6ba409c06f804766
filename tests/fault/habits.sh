#!/bin/bash
# SPDX-License-Identifier: MIT
# limit: 1200
# What programs do with their own process while they use OpenCL: nothing hangs, nothing goes where it does not belong.
. "$(dirname "$0")/common"
program=$build/tests/programs/habits

timeout $((patience * 2)) "$trillium" run -- "$program" forks 60 >"$work/forks.out" 2>"$work/forks.err"
status=$?
if [ $status = 0 ] && says "$work/forks.out" "hung 0 of 60"; then pass forks; else
    fail forks "no child may hang, status $status" "$work"/forks.*; fi

timeout "$patience" "$trillium" run -- "$program" closes-low >"$work/low.out" 2>"$work/low.err"
status=$?
if [ $status = 0 ] && says "$work/low.out" "went on"; then pass closes-low; else
    fail closes-low "the program was to go on, status $status" "$work"/low.*; fi

timeout "$patience" "$trillium" run -- "$program" closes-all >"$work/all.out" 2>"$work/all.err"
status=$?
if [ $status = 0 ] && says "$work/all.out" '^work -' && ! says "$work/all.out" received && says "$work/all.err" "has closed the descriptor"; then
    pass closes-all
else
    fail closes-all "errors in the program and nothing in its sockets were expected, status $status" "$work"/all.*
fi

# As a server with as many connections as it may have.
timeout "$patience" "$trillium" run -- "$program" uses-up >"$work/up.out" 2>"$work/up.err"
status=$?
if [ $status = 0 ] && says "$work/up.out" "made 20 of 20"; then pass uses-up; else
    fail uses-up "buffers were to be made without a descriptor, status $status" "$work"/up.*; fi

# Started without standard streams: their numbers go to whatever is opened first.
# shellcheck disable=SC2016
timeout "$patience" "$trillium" run -- sh -c 'exec "$0" closes-low 0<&- 1>&- 2>&-' "$program" >"$work/none.out" 2>"$work/none.err"
status=$?
if [ $status = 0 ]; then pass no-standard-streams; else fail no-standard-streams "status $status" "$work"/none.*; fi
check_leftovers habits
exit $failed
