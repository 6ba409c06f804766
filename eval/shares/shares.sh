#!/bin/bash
# SPDX-License-Identifier: MIT
# How fairly are devices shared? Guests of different weights flood one device; a light one works beside them.
#
#   shares.sh [--seconds N] [--scheduler fair|fcfs] [--table FILE] [ROW...]
#
# Rows: alone, equal-8, equal-16, weights-1-1, weights-1-3, weights-1-2-5, top, light, dies. Prints a line of JSON each, with the goal and
# whether it was met; --table adds them to a page as a table too. Says first how long it takes.
# Exit status: 0 all goals met, 1 some not, 2 it could not be measured.
set -u -o pipefail
here=$(dirname "$(realpath "$0")")
# Beside the measuring program once it is built or installed; in the sources: a build's.
root= bench=$here/bench
for at in "$here/.." "$here/../.."; do [ -x "$bench" ] && [ -x "$at/bin/trillium" ] && root=$(realpath "$at"); done
[ -n "$root" ] || { root=$(realpath "${TRILLIUM_BUILD:-$here/../../build}"); bench=$root/eval/bench; }
trillium=$root/bin/trillium
seconds=10 scheduler=fair table= rows=()
while [ $# -gt 0 ]; do
    case $1 in
    --seconds) seconds=$2 && shift 2 ;;
    --scheduler) scheduler=$2 && shift 2 ;;
    --table) table=$2 && shift 2 ;;
    --help | -h) sed -n '3,9s/^# \{0,1\}//p' "$0"; exit 0 ;;
    -*) sed -n '3,9s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
    *) rows+=("$1") && shift ;;
    esac
done
[ ${#rows[@]} -gt 0 ] || rows=(alone weights-1-1 weights-1-3 weights-1-2-5 top equal-8 equal-16 light dies)

work=$(mktemp -d) || exit 2
pids=()
clean_up() {
    for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null; done
    pids=()
}
trap 'clean_up; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
export TRILLIUM_CONTROL=$work/control OCL_ICD_VENDORS=$root/share/trillium/icd
# Each row is a window, with half a window of each length of its kernels alone before and after; guests take a second or so to start.
echo "shares: ${#rows[@]} rows of $seconds s each take about $((${#rows[@]} * (2 * seconds + 13))) s" >&2

# until FILE TEXT: waits for a line
until_says() {
    for _ in $(seq 600); do grep -qs "$2" "$1" && return; sleep 0.1; done
    echo "shares: no '$2' in $1:" >&2
    cat "$1" >&2
    exit 2
}

loops=$(env -u OCL_ICD_VENDORS "$bench" loops | sed 's/[^0-9.]//g') || exit 2

start_control() {
    rm -f "$work"/out.* "$work"/log.* "$work"/stages.* "$work"/profile.*
    setsid "$trillium" control --scheduler "$scheduler" 2>"$work/control.log" &
    pids+=($!)
    until_says "$work/control.log" ready
}
start_daemon() { # K WARM-WORKERS: guest gK's
    setsid "$trillium" serve --shm "$work/s$1" --name "g$1" --warm-workers "$2" --cache none 2>"$work/log.$1" &
    pids+=($!)
    until_says "$work/log.$1" ready
}

# measure "US PERIOD WEIGHT"...: a guest each; their lines go to $work/out.N, the stages of the commands of those that `profiled` names by
# number to $work/stages.N.csv. The host looks at the $seconds in the middle, in which all are at work. Each
# process leads a session, as services and VMs do: by them Linux shares its CPUs first.
profiled=()
measure() {
    local i=0 us period weight profilers=()
    start_control
    mkfifo "$work/go"
    for guest in "$@"; do
        read -r us period weight <<<"$guest"
        start_daemon $i 0
        TRILLIUM_SHM=$work/s$i setsid "$bench" -l "$loops" share "$us" $((seconds + 2)) "$period" <"$work/go" >"$work/out.$i" 2>&1 &
        pids+=($!)
        i=$((i + 1))
    done
    exec 9>"$work/go"
    for ((k = 0; k < i; k++)); do
        until_says "$work/out.$k" ready
        read -r us period weight <<<"${@:k+1:1}"
        "$trillium" limit "g$k" weight="$weight" || exit 2
    done
    exec 9>&-
    rm "$work/go"
    sleep 0.5
    "$trillium" ls --json >"$work/before.json" || exit 2
    for k in "${profiled[@]}"; do
        "$trillium" profile --attach "g$k" --seconds $((seconds > 2 ? seconds - 1 : 1)) --csv "$work/stages.$k.csv" "$work/profile.$k" \
            >"$work/profile.$k.log" 2>&1 &
        profilers+=("$!")
    done
    "$trillium" top --json --seconds "$seconds" --count 1 >"$work/top.json" || exit 2
    "$trillium" ls --json >"$work/after.json" || exit 2
    for ((k = 0; k < i; k++)); do until_says "$work/out.$k" kernels; done
    for k in "${!profilers[@]}"; do
        wait "${profilers[k]}" || { cat "$work/profile.${profiled[k]}.log" >&2; exit 2; }
    done
    clean_up
}

field() { sed -n "s/.*\"$2\":\([0-9.e+]*\).*/\1/p" "$work/out.$1"; }

all_met=0
# result ROW WHAT VALUE least|most GOAL
result() {
    local met
    met=$(awk -v v="$3" -v g="$5" -v how="$4" 'BEGIN { print (how == "least" ? v >= g : v <= g) ? "true" : "false" }')
    [ "$met" = true ] || all_met=1
    printf '{"row":"%s","what":"%s","value":%s,"%s":%s,"met":%s}\n' "$1" "$2" "$3" "$4" "$5" "$met"
    [ -z "$table" ] || printf '| %s | %s | %s | at %s %s | %s |\n' "$1" "$2" "$3" "$4" "$5" \
        "$([ "$met" = true ] && echo yes || echo no)" >>"$table"
}

# The device's time in a guest's turns, as the host measured it, up to that moment.
turns_at() { awk -v name="$1" '/^    "name"/ { mine = index($0, "\"" name "\"") } /^    "/ { devices = $1 == "\"devices\":" }
    mine && devices && $1 == "\"turns_ns\":" { sum += $2 }
    END { printf "%.0f\n", sum }' "$work/$2.json"; }
turns_of() { echo $(($(turns_at "$1" after) - $(turns_at "$1" before))); }

# US...: how many kernels of each of these lengths a second one guest does that is alone, added to what was measured since
# `forget_rates`. What a kernel really takes of the device is told by this, not by the length that it was asked for: starting one takes
# its time too, of which short ones have more.
declare -A kernels_of seconds_of
forget_rates() { kernels_of=() seconds_of=(); }
alone() {
    local us seconds=$(((seconds + 1) / 2))
    for us in $(printf '%s\n' "$@" | sort -u); do
        measure "$us 0 100"
        kernels_of[$us]=$((${kernels_of[$us]:-0} + $(field 0 kernels)))
        seconds_of[$us]=$(awk -v s="${seconds_of[$us]:-0}" -v t="$(field 0 seconds)" 'BEGIN { print s + t }')
    done
}
rate() { awk -v n="${kernels_of[$1]}" -v s="${seconds_of[$1]}" 'BEGIN { print n / s }'; }

# share ROW US,WEIGHT...: the largest relative error of a share; Jain's index; throughput. Alone before and after, so that a
# machine that becomes faster or slower meanwhile changes nothing.
share() {
    local row=$1 guests=() lengths=() together=() n=0 kernels window turns
    shift
    for g in "$@"; do guests+=("${g%,*} 0 ${g#*,}") lengths+=("${g%,*}"); done
    forget_rates
    alone "${lengths[@]}"
    measure "${guests[@]}"
    for g in "$@"; do
        together+=("$(field $n kernels) $(field $n seconds) $(turns_of g$n)")
        n=$((n + 1))
    done
    alone "${lengths[@]}"
    n=0
    for g in "$@"; do
        read -r kernels window turns <<<"${together[n]}"
        echo "$kernels $(rate "${g%,*}") ${g#*,} $window $turns"
        n=$((n + 1))
    done >"$work/counts"
    read -r worst jain total measured < <(awk '
        { t[NR] = $1 / $2 / $4; w[NR] = $3; sum += t[NR]; m[NR] = $5; all += $5; weights += $3 }
        END {
            for (i = 1; i <= NR; i++) {
                e = t[i] / sum / (w[i] / weights) - 1; e = e < 0 ? -e : e; if (e > worst) worst = e
                e = all > 0 ? m[i] / all / (w[i] / weights) - 1 : 1; e = e < 0 ? -e : e; if (e > by) by = e
                x = t[i] / w[i]; a += x; b += x * x
            }
            printf "%.4f %.5f %.3f %.4f\n", worst, a * a / (NR * b), sum, by
        }' "$work/counts")
    case $row in
    equal-*) result "$row" "Jain index" "$jain" least 0.99 ;;
    *) result "$row" "largest error of a share" "$worst" most 0.03 ;;
    esac
    result "$row" "largest error of a share of the device's time, by the host's clock" "$measured" most 0.03
    result "$row" "throughput beside one guest alone" "$total" least 0.95
}

# What `trillium top` shows beside four guests, against what the policy says that they get.
top() {
    measure "1000 0 100" "1000 0 200" "1000 0 300" "1000 0 400"
    result top "largest error of a share that top shows" "$(sed 's/{"id"/\n&/g' "$work/top.json" | awk '
        match($0, /"weight": *[0-9]+/) { w = substr($0, RSTART, RLENGTH); sub(/.*: */, "", w) }
        match($0, /"share": *[0-9.e-]+/) { v = substr($0, RSTART, RLENGTH); sub(/.*: */, "", v)
            e = v / (w / 1000) - 1; e = e < 0 ? -e : e; if (e > worst) worst = e; n++ }
        END { printf "%.4f\n", n == 4 ? worst : 1 }')" most 0.03
}

# p99_of N STAGE: of a guest's commands, us
p99_of() { awk -F, -v stage="$2" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == "p99_ns") column = i }
    $1 == "command" && $3 == stage { printf "%.0f\n", $column / 1000; exit }' "$work/stages.$1.csv"; }

# us: the 99th percentile of what the light guest's neighbours' kernels take here where nobody is beside them. A machine that is busy, or a VM
# itself, takes longer for some than they were asked to take, and no scheduler can take a CPU driver's kernel off its device.
one_of_theirs() {
    local profiled=(0)
    measure "5000 0 100"
    p99_of 0 run
}

light() {
    local guests=("100 10000 100") k before after one all turn
    for k in 1 2 3 4 5 6 7; do guests+=("5000 0 100"); done
    before=$(one_of_theirs) || exit 2
    profiled=(0)
    measure "${guests[@]}"
    profiled=()
    all=$(field 0 p99_us) turn=$(p99_of 0 turn)
    after=$(one_of_theirs) || exit 2
    one=$(((before + after) / 2))
    printf '{"row":"light","what":"p99 of one of the others'"'"' kernels, alone before and after, us","value":%s}\n' "$one"
    result light "p99 of a kernel and its wait, us" "$all" most $((one + 1000))
    # Of it what the host decides; the rest is its own program's way onto a CPU, where that is the device.
    result light "p99 of the wait for a turn, by the host's clock, us" "$turn" most $((one + 1000))
}

# A worker is killed while it has its turn, again and again: how soon has the other guest's next kernel ended, which takes 0.1 ms? The ones
# that die run kernels of 100 ms and have written to 256 MiB, which the host has to free.
dies() {
    local deaths=20 i lines worker victim
    start_control
    start_daemon 0 0
    start_daemon 1 1
    mkfifo "$work/victims"
    TRILLIUM_SHM=$work/s0 setsid "$bench" -l "$loops" outlive 100 9 <"$work/victims" >"$work/out.0" 2>&1 &
    pids+=($!)
    exec 8>"$work/victims"
    until_says "$work/out.0" ready
    for ((i = 1; i <= deaths; i++)); do
        TRILLIUM_SHM=$work/s1 setsid "$bench" -l "$loops" share 100000 600 0 256 </dev/null >"$work/out.1" 2>&1 &
        victim=$!
        until_says "$work/out.1" ready
        worker=$("$trillium" ls --json | awk '/^    "name"/ { mine = index($0, "\"g1\"") } mine && /"worker"/ { print $2 + 0; exit }')
        lines=$(wc -l <"$work/out.0")
        echo "$worker" >&8
        for _ in $(seq 600); do [ "$(wc -l <"$work/out.0")" = "$lines" ] || break; sleep 0.05; done
        kill -9 $victim 2>/dev/null
        wait $victim 2>/dev/null
    done
    exec 8>&-
    rm "$work/victims"
    clean_up
    sed -n 's/.*"us":\([0-9.]*\).*/\1/p' "$work/out.0" | sort -n >"$work/times"
    if [ "$(wc -l <"$work/times")" -lt $((deaths / 2)) ]; then
        echo "shares: only $(wc -l <"$work/times") of $deaths died while they had the device" >&2
        exit 2
    fi
    result dies "median time until others go on where a worker dies in its turn, us" "$(awk '{ t[NR] = $1 } END { print t[int((NR + 1) / 2)] }' "$work/times")" most 10000
    result dies "longest of $(wc -l <"$work/times"), us" "$(tail -n 1 "$work/times")" most 10000
}

[ -z "$table" ] || printf '\n## Shares of a device, scheduler %s\n\n| row | what | value | goal | met |\n|---|---|---|---|---|\n' "$scheduler" >>"$table"

repeat() { local i; for ((i = 0; i < $1; i++)); do echo "$2"; done; }

for row in "${rows[@]}"; do
    case $row in
    alone) forget_rates; alone 1000; printf '{"row":"alone","what":"kernels of 1 ms a second","value":%s}\n' "$(rate 1000)" ;;
    weights-1-1) share $row 1000,100 1000,100 ;;
    weights-1-3) share $row 1000,100 1000,300 ;;
    weights-1-2-5) share $row 200,100 2000,200 20000,500 ;;
    equal-8) share $row $(repeat 8 1000,100) ;;
    equal-16) share $row $(repeat 16 1000,100) ;;
    top) top ;;
    light) light ;;
    dies) dies ;;
    *) echo "shares: there is no row '$row'" >&2; exit 2 ;;
    esac
done
exit $all_met
