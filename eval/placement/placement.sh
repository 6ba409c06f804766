#!/bin/bash
# SPDX-License-Identifier: MIT
# Which thread ran on which CPU while a program worked? Traced with perf sched's events, of the whole machine.
#
#   placement.sh [--last MS] COMM PROGRAM ARGS...
#
# COMM is the name of the process whose end ends the window (the program's, also where PROGRAM is `trillium run`); --last: the window's
# length (default 15). Prints the milliseconds that each thread had on each CPU, and how often it was switched away from there.
set -u -o pipefail
last=15
usage() { sed -n '3,9s/^# \{0,1\}//p' "$0"; }
while [ $# -gt 0 ]; do
    case $1 in
    --last) last=${2:?} && shift 2 ;;
    --help | -h) usage; exit 0 ;;
    -*) usage >&2; exit 2 ;;
    *) break ;;
    esac
done
[ $# -ge 2 ] || { usage >&2; exit 2; }
comm=$1 && shift
command -v perf >/dev/null || { echo "placement: perf is missing (apt-get install linux-perf)" >&2; exit 2; }
data=$(mktemp) || exit 2
trap 'rm -f "$data"' EXIT
perf record -q -m 4096 -e sched:sched_switch -a -o "$data" -- "$@" || exit 2
perf script -i "$data" -F cpu,time,event,trace 2>/dev/null | awk -v comm="$comm" -v last="$last" '
    match($0, /\[([0-9]+)\]/) {
        cpu = substr($0, RSTART + 1, RLENGTH - 2) + 0
        rest = substr($0, RSTART + RLENGTH)
        split(rest, words, " ")
        time = words[1] + 0
        match(rest, /prev_comm=.* prev_pid=[0-9]+/)
        who = substr(rest, RSTART + 10, RLENGTH - 10)
        sub(/ prev_pid=/, ":", who)
        n++
        cpus[n] = cpu; times[n] = time; whos[n] = who
        if (index(who, comm ":") == 1)
            end = time
    }
    END {
        if (!end) {
            print "placement: no process named " comm " was seen" > "/dev/stderr"
            exit 2
        }
        begin = end - last / 1000
        for (i = 1; i <= n; i++) {
            cpu = cpus[i]
            if (times[i] > begin && times[i] <= end && (cpu in since)) {
                from = since[cpu] > begin ? since[cpu] : begin
                key = cpu SUBSEP whos[i]
                spent[key] += times[i] - from
                count[key]++
            }
            since[cpu] = times[i]
        }
        printf "%-4s %-32s %10s %9s\n", "CPU", "thread", "ms", "switches"
        for (key in spent) {
            split(key, parts, SUBSEP)
            printf "%-4s %-32s %10.2f %9d\n", parts[1], parts[2], spent[key] * 1000, count[key] | "sort -k1,1n -k3,3nr"
        }
    }'
