#!/bin/bash
# SPDX-License-Identifier: MIT
# limit: 1200
# An administrator's commands, limits and policy, and what goes wrong around them: the control dies and comes back under
# running guests, a worker dies while it has its turn, a guest is paused and killed.
. "$(dirname "$0")/common"

export TRILLIUM_CONTROL=$work/control.sock
policy=$work/policy.conf
control_log=$work/control.log
echo 'defaults = { weight = 100; };' >"$policy"

# ---- nobody there ----
ask ls
status=$?
if [ $status = 1 ] && says "$work/ask.err" "trillium control"; then pass no-control; else
    fail no-control "a sentence was expected, status $status" "$work"/ask.*; fi

# ---- a pause of a whole minute, beside everything else: with a control of its own, which nothing here ends ----
minutes=$work/minutes.control
TRILLIUM_CONTROL=$minutes start_control --scheduler fcfs
minute_control=$control
TRILLIUM_CONTROL=$minutes start_daemon minute --name minute
minute_daemon=$daemon
start_guest minute work 50
minute=$guest
within "$patience" says "$work/minute.out" ready
TRILLIUM_CONTROL=$minutes ask pause minute
paused_at=$SECONDS
if says "$control_log" "ready, scheduler fcfs"; then pass scheduler; else fail scheduler "fcfs was expected" "$control_log"; fi

# ---- seen, paused, killed ----
start_control
start_daemon b --name b
b_daemon=$daemon
b_socket=$socket
start_daemon a --name a
a_daemon=$daemon
a_socket=$socket
start_guest a loop 600
within "$patience" has_processes a && within "$patience" works_on a
ask ls
if says "$work/ask.out" "^1 *a$" && [ -n "$(worker_of a)" ]; then pass ls; else fail ls "guest a was expected" "$work"/ask.*; fi
"$trillium" top --seconds 0.2 --count 2 >"$work/top.out" 2>&1
if [ "$(grep -c 'a$' "$work/top.out")" = 2 ]; then pass top; else fail top "two tables were expected" "$work/top.out"; fi

ask pause a
at=$(of a commands) # one at most was on its way to the driver when the command returned
if stands_still a && [ -d "/proc/$guest" ] && [ $(($(of a commands) - at)) -le 1 ]; then pass pause; else
    fail pause "it goes on, or is gone: $(($(of a commands) - at)) commands since" "$work"/a.*; fi
ask resume a
if works_on a; then pass resume; else fail resume "it does not go on" "$work"/a.* "$control_log"; fi

# ---- its latencies, while it runs ----
# PROFILE: does each of the stages know its times, also those that only the guest can tell?
has_stages() { # FILE STAGE...
    local file=$1 stage
    shift
    "$trillium" profile --csv "$work/stages.csv" "$file" || return 1
    for stage in "$@"; do grep -q "^command,\"[^\"]*\",$stage," "$work/stages.csv" || return 1; done
}
attaches() { # how much of it comes into a second, a busy machine says
    ask profile --attach a --seconds 1 "$work/a.json"
    status=$?
    [ $status = 0 ] && says "$work/ask.out" "bound by" && has_stages "$work/a.json" guest fifo decode driver submit device run wake
}
if within "$patience" attaches; then
    pass attach; else fail attach "all stages were expected, status $status" "$work"/ask.* "$work/stages.csv"; fi
"$trillium" profile --attach 1 "$work/again.json" >"$work/again.out" 2>"$work/again.err" &
attached=$!
started+=("$attached")
profiled() { grep -c "an administrator profiles it" "$work/a.daemon"; }
twice() { [ "$(profiled)" -ge 2 ]; }
within "$patience" twice
ask profile --attach a --seconds 0.3 "$work/third.json"
if says "$work/ask.err" "somebody else profiles it"; then pass attach-one-at-a-time; else
    fail attach-one-at-a-time "a sentence was expected" "$work"/ask.*; fi
works_on a
kill -INT "$attached"
await "$attached" "$soon"
if [ "$status" = 0 ] && has_stages "$work/again.json" guest run wake && works_on a; then pass attach-until-interrupted; else
    fail attach-until-interrupted "a profile, and a guest that goes on, were expected, status $status" "$work"/again.*; fi
ask profile --attach nobody --seconds 1 "$work/none.json"
status=$?
if [ $status = 1 ] && says "$work/ask.err" "no guest 'nobody'"; then pass attach-nobody; else
    fail attach-nobody "a sentence was expected, status $status" "$work"/ask.*; fi

ask pause a
stands_still a
ask kill a
await "$guest" "$soon"
if [ "$status" = 3 ] && says "$work/a.out" "error cl"; then pass killed-while-paused; else
    fail killed-while-paused "an OpenCL error was expected, status $status" "$work"/a.*; fi
ask resume a

ask pause nobody
status=$?
if [ $status = 1 ] && says "$work/ask.err" "no guest 'nobody'"; then pass no-such-guest; else
    fail no-such-guest "a sentence was expected, status $status" "$work"/ask.*; fi

# ---- for scripts, and for whoever types ----
answers() { # STATUS JSON ARGUMENT...
    local expected=$1 json=$2
    shift 2
    ask "$@" --json
    [ $? = "$expected" ] && [ "$(jq -c . "$work/ask.out")" = "$json" ] && [ ! -s "$work/ask.err" ]
}
if answers 0 '{"ok":true}' limit a weight=100 && answers 0 '{"ok":true}' pause a && answers 0 '{"ok":true}' resume a &&
    answers 0 '{"ok":true}' policy reload && answers 0 '{"ok":true}' policy check "$policy" && answers 0 '{"ok":true}' kill a &&
    answers 1 '{"ok":false,"why":"there is no guest '"'nobody'"'; trillium ls shows them"}' kill nobody &&
    answers 1 '{"ok":false,"why":"'"$work"'/no.conf: No such file or directory"}' policy check "$work/no.conf"; then pass json; else
    fail json "answers for scripts were expected" "$work"/ask.*; fi
if [ "$("$trillium" top --json --seconds 0.1 --count 2 | jq -s -c 'map(type)')" = '["array","array"]' ]; then pass json.top; else
    fail json.top "JSON was expected"; fi
completes() { # WORD...: what the last one may become, on one line
    bash -c '. "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _trillium; echo "${COMPREPLY[@]}"' "$PWD/host-backend/etc/completion.bash" "$trillium" "$@"
}
if [ "$(completes pause "")" = "1 a" ]; then pass completion.guests; else
    fail completion.guests "numbers and names were expected, not $(completes pause "")"; fi
if [ "$(completes limit a mem)" = "memory=" ] && [ "$(completes policy re)" = reload ] && [ "$(completes policy check "$policy")" = "$policy" ]; then
    pass completion.words; else fail completion.words "not $(completes limit a mem) $(completes policy re) $(completes policy check "$policy")"; fi

# ---- for longer than the driver may be at one command ----
start_daemon c --name c # which builds the program, for as long as it takes
start_guest c loop 0
await "$guest" "$patience"
stop_daemon
start_daemon c --name c --worker-options "--build-seconds 2"
c_daemon=$daemon
start_guest c loop 600
within "$patience" has_processes c && within "$patience" works_on c
ask pause c
stands_still c
sleep 4
ask resume c
if works_on c && [ -d "/proc/$guest" ]; then pass paused-for-long; else
    fail paused-for-long "it was expected to go on" "$work"/c.*; fi
kill_hard "$guest"
kill "$c_daemon"
await "$c_daemon" "$soon"
socket=$a_socket

# ---- builds ----
start_guest work work 3
within "$patience" has_processes a
ask pause a
stands_still a
ask resume a
await "$guest" "$patience"
if [ "$status" = 0 ] && says "$work/work.out" "done"; then pass paused-in-work; else
    fail paused-in-work "right results were expected, status $status" "$work"/work.*; fi

has_built() { [ "$(of a builds)" -gt "$before" ]; }
begun=
for size in 1000 4000 16000; do # so long that the pause comes into it
    before=$(of a builds)
    start_guest build functions $size
    within "$patience" says "$work/build.out" building
    ask pause a
    has_built || begun=$size
    [ -z "$begun" ] || break
    ask resume a
    await "$guest" "$patience"
done
if [ -n "$begun" ]; then pass pause-in-build.begun; else fail pause-in-build.begun "builds were over before: this says nothing"; fi
if within "$patience" has_built && stands_still a && ! says "$work/build.out" "done" && [ -d "/proc/$guest" ]; then
    pass pause-in-build; else fail pause-in-build "the build was expected to end, and its program to wait" "$work"/build.*; fi
ask resume a
await "$guest" "$patience"
if [ "$status" = 0 ] && says "$work/build.out" "done"; then pass pause-in-build.goes-on; else
    fail pause-in-build.goes-on "right results were expected, status $status" "$work"/build.*; fi

# A limit of builds: LIMIT WHAT-THE-LOG-SAYS
build_limit() {
    ask limit a "$1"
    start_guest "$1" functions 3000
    await "$guest" "$patience"
    if [ "$status" = 3 ] && says "$work/$1.out" "$2" && says "$work/$1.out" "error clBuildProgram" &&
        within "$soon" says "$control_log" "a: process $guest met its limit of ${1%=*} (.*) in a build"; then pass "limit-${1%=*}"; else
        fail "limit-${1%=*}" "a build log, an error and a line were expected, status $status" "$work/$1".*; fi
    ask limit a "${1%=*}=none"
}
build_limit build_seconds=1 "took longer than the 1 s"
build_limit build_memory=8MiB "took more than the 8 MiB"

# ---- limits ----
no_processes() { ! has_processes a; }
within "$patience" no_processes # what the last one's worker still holds counts
ask limit a memory=64MiB
before=$(of a limits_hit)
start_guest memory memory 16
await "$guest" "$patience"
if [ "$status" = 0 ] && says "$work/memory.out" "memory 64 MiB, at most 64 MiB" &&
    [ "$(grep -c ': 4 buffers, error -4' "$work/memory.out")" = 2 ]; then pass limit-memory; else
    fail limit-memory "four buffers of 16 MiB were expected, twice, status $status" "$work"/memory.*; fi
if within "$soon" says "$control_log" "a: process $guest met its limit of memory (64 MiB)"; then pass limit-memory.told; else
    fail limit-memory.told "a line was expected" "$control_log"; fi
hits=$(($(of a limits_hit) - before))
[ $hits = 2 ] && pass limit-memory.counted || fail limit-memory.counted "2 were expected, not $hits"

within "$patience" no_processes
ask limit a memory=none objects=20
start_guest objects objects
await "$guest" "$patience"
if [ "$status" = 0 ] && [ "$(grep -c ': [1-9][0-9]* queues, error -6' "$work/objects.out")" = 2 ] &&
    [ "$(sed -n 's/.*: \([0-9]*\) queues.*/\1/p' "$work/objects.out" | uniq | wc -l)" = 1 ]; then pass limit-objects; else
    fail limit-objects "as many queues were expected twice, and CL_OUT_OF_HOST_MEMORY, status $status" "$work"/objects.*; fi
if ! says "$work/objects.out" "one buffer more 0" && [ "$(grep -c 'then 0' "$work/objects.out")" = 2 ]; then
    pass limit-objects.asynchronous; else
    fail limit-objects.asynchronous "an error while there are too many, and none afterwards, were expected" "$work"/objects.*; fi
if within "$soon" says "$control_log" "a: process $guest met its limit of objects (20) when it made a [bkq]"; then pass limit-objects.told; else
    fail limit-objects.told "a line was expected" "$control_log"; fi

# Commands that fail are counted, and nothing else is.
within "$patience" no_processes
before=$(of a errors)
start_guest errors errors 7
await "$guest" "$patience"
counted=$(($(of a errors) - before))
if [ "$status" = 0 ] && says "$work/errors.out" "^7 commands failed" && [ $counted = 7 ]; then pass errors.counted; else
    fail errors.counted "7 were expected, not $counted, status $status" "$work"/errors.*; fi

# LIMIT RATE: a program that wants more waits, has its result, and the log says so once
rate_limit() {
    within "$patience" no_processes
    before=$(of a limits_hit)
    ask limit a "$1=$2"
    start_guest "$1" burst 1
    await "$guest" "$patience"
    if [ "$status" = 0 ] && says "$work/$1.out" "done" && [ "$(of a limits_hit)" -gt "$before" ] &&
        [ "$(grep -c "a: its commands wait: it met its limit of $1 (" "$control_log")" = 1 ]; then pass "limit-$1"; else
        fail "limit-$1" "right results, a count and a line were expected, status $status" "$work/$1".* "$control_log"; fi
    ask limit a "$1=none"
}
ask limit a objects=none
rate_limit kernels_per_second 5 # less than any machine does, however busy
rate_limit bytes_per_second 1000
ask limit a commands=1
turned=$(of a turns_ns) # alone, and yet in turns
start_guest few burst 1
await "$guest" "$patience"
if [ "$status" = 0 ] && says "$work/few.out" "done" && [ "$(of a turns_ns)" -gt "$turned" ]; then pass limit-commands; else
    fail limit-commands "right results, in turns, were expected, status $status" "$work"/few.*; fi
ask limit a commands=none

within "$patience" no_processes
ask limit a processes=1
start_guest first loop 600
first=$guest
within "$patience" has_processes a
start_guest second loop 1
await "$guest" "$patience"
if [ "$status" = 3 ] && says "$work/second.err" "allows no more (processes)"; then pass limit-processes; else
    fail limit-processes "a sentence was expected, status $status" "$work"/second.*; fi
kill -STOP "$(worker_of a)" # it cannot end for seconds, and counts no more all the same
kill_hard "$first"
start_guest next devices
await "$guest" "$patience"
if [ "$status" = 0 ]; then pass limit-processes.in-turn; else
    fail limit-processes.in-turn "a program that comes after the other was expected to be served, status $status" "$work"/next.*; fi
start_guest first loop 600
first=$guest
within "$patience" has_processes a
ask limit a weight=0
status=$?
if [ $status = 1 ] && says "$work/ask.err" "nothing"; then pass limit-nothing; else
    fail limit-nothing "a sentence was expected, status $status" "$work"/ask.*; fi
ask limit a wieght=3
status=$?
if [ $status = 1 ] && says "$work/ask.err" "no limit 'wieght'"; then pass limit-unknown; else
    fail limit-unknown "a sentence was expected, status $status" "$work"/ask.*; fi

kill_hard "$first"
ask limit a processes=none devices=no-such-device
start_guest none devices
await "$guest" "$patience"
if [ "$status" = 3 ] && says "$work/none.err" "see none of its devices"; then pass limit-devices; else
    fail limit-devices "a sentence was expected, status $status" "$work"/none.*; fi
ask limit a devices=none
start_guest first loop 600
first=$guest
within "$patience" has_processes a

# ---- who may give commands: root and the control's own user, and whoever is in the group that the policy names ----
chmod 711 "$work"
as_nobody() { setpriv --reuid 65534 --regid "$1" --clear-groups "$trillium" pause a >"$work/nobody.out" 2>&1; }
if [ "$(id -u)" != 0 ] || ! setpriv --reuid 65534 --regid 65534 --clear-groups test -x "$trillium"; then
    echo "SKIP administrators: this needs root, and a build that others may reach"
else
    as_nobody 65534
    status=$?
    if [ $status = 1 ] && says "$work/nobody.out" "commands are for root" && works_on a; then pass strangers; else
        fail strangers "it was expected to be refused, status $status" "$work/nobody.out"; fi
    echo "administrators = \"$(getent group 1 | cut -d : -f 1)\";" >"$policy"
    ask policy reload
    as_nobody 65534
    status=$?
    if [ $status = 1 ] && as_nobody 1 && stands_still a; then pass administrators; else
        fail administrators "the policy's group alone was expected to be heard, status $status" "$work/nobody.out"; fi
    ask resume a
    echo 'defaults = { weight = 100; };' >"$policy"
    ask policy reload
fi

# ---- the control dies and comes back ----
ask pause a
stands_still a
kill_hard "$control"
rm "$TRILLIUM_CONTROL.changes"
start_control
within "$patience" has_processes a
if works_on a && [ -d "/proc/$first" ]; then pass control-dies; else
    fail control-dies "the paused guest was expected to go on, and to be adopted" "$work"/first.* "$control_log"; fi
ask limit a kernel_ms=60000
ask pause a
kill_hard "$control"
start_control
within "$patience" has_processes a
if stands_still a && [ "$(of a kernel_ms)" = 60000 ] && [ -d "/proc/$first" ]; then pass changes-are-kept; else
    fail changes-are-kept "it was expected to be paused again, and to have its limit" "$control_log"; fi
ask resume a
ask policy reload
if works_on a && [ "$(of a kernel_ms)" = 0 ] && ! says "$TRILLIUM_CONTROL.changes" kernel_ms; then pass changes-are-forgotten; else
    fail changes-are-forgotten "reading the policy was expected to take the limit away" "$TRILLIUM_CONTROL.changes"; fi
kill_hard "$first"

# ---- counters on a Unix socket: what ls tells of each guest, also of one whose name has what Prometheus' text quotes ----
kill_hard "$control"
counters=$work/counters.sock
start_control --metrics "$counters"
start_guest counted work 1
await "$guest" "$patience"
start_daemon odd --name 'od"d\'
odd_daemon=$daemon
start_guest odd comes 1
await "$guest" "$patience"
kill "$odd_daemon"
await "$odd_daemon" "$soon"
socket=$a_socket
within "$patience" no_processes
perl -MIO::Socket::UNIX -e '$s = IO::Socket::UNIX->new(Peer => shift) or die "$!\n"; print $s "GET /metrics HTTP/1.0\r\n\r\n"; print while <$s>' \
    "$counters" >"$work/counters.http" 2>&1
sed '1,/^\r$/d' "$work/counters.http" >"$work/counters.text"
if says "$work/counters.http" "^HTTP/1.0 200 OK" && says "$work/counters.http" "^Content-Type: text/plain; version=0.0.4" &&
    [ "$(sed -n 's/^Content-Length: \([0-9]*\).*/\1/p' "$work/counters.http")" = "$(wc -c <"$work/counters.text")" ]; then pass metrics-socket; else
    fail metrics-socket "an answer as HTTP has it was expected" "$work/counters.http" "$control_log"; fi
if [ "$(stat -c %a "$counters")" = 600 ]; then pass metrics-socket.mode; else
    fail metrics-socket.mode "nobody else was expected to be let in: $(stat -c %a "$counters")"; fi
"$trillium" ls --json >"$work/ls.json"
jq -r '{commands: ["commands_total", "counter", 1], device_ns: ["device_seconds_total", "counter", 1e-9], queued_ns: ["queued_seconds_total", "counter", 1e-9],
        bytes: ["moved_bytes_total", "counter", 1], memory: ["memory_bytes", "gauge", 1], memory_peak: ["memory_peak_bytes", "gauge", 1],
        objects: ["objects", "gauge", 1], builds: ["builds_total", "counter", 1], build_ns: ["build_seconds_total", "counter", 1e-9],
        errors: ["errors_total", "counter", 1], limits_hit: ["limits_hit_total", "counter", 1]} as $names |
    ($names[] | "# TYPE trillium_\(.[0]) \(.[1])"),
    (.[] | . as $g | $names | to_entries[] | "trillium_\(.value[0]){guest=\($g.name | tojson)} \($g[.key] * .value[2])")' "$work/ls.json" >"$work/counters.told"
# The same lines, and the same numbers up to rounding.
if awk 'function near(x, y) { return x - y <= 1e-7 * (x + y) && y - x <= 1e-7 * (x + y) }
    { value = $NF; key = $0; sub(/ [^ ]*$/, "", key) } /^# HELP/ { next }
    NR == FNR { told[key] = value; lines++; next }
    !(key in told) || (key !~ /^#/ && !near(value, told[key])) || (key ~ /^#/ && value != told[key]) { print "not told: " $0; bad = 1 }
    { seen++; sum += key ~ /commands_total/ ? value : 0 } END { exit bad || seen != lines || lines < 30 || sum == 0 }' \
    "$work/counters.told" "$work/counters.text" >"$work/counters.diff"; then pass metrics-socket.as-ls; else
    fail metrics-socket.as-ls "the same numbers were expected" "$work/counters.diff" "$work/counters.told" "$work/counters.text"; fi

# ---- counters on a port ----
kill_hard "$control"
for _ in 1 2 3 4 5 6 7 8; do
    port=$((20000 + RANDOM % 10000))
    "$trillium" control --policy "$policy" --metrics $port >>"$control_log" 2>&1 &
    control=$!
    started+=("$control")
    listens_or_gone() { control_listens || gone_or_zombie "$control"; }
    within "$patience" listens_or_gone
    gone_or_zombie "$control" || break
done
counters() { exec 7<>"/dev/tcp/127.0.0.1/$port" && printf 'GET /metrics HTTP/1.0\r\n\r\n' >&7 && cat <&7 >"$work/counters"; }
if within "$soon" counters && says "$work/counters" "^# TYPE trillium_commands_total counter"; then pass metrics-port; else
    fail metrics-port "counters were expected on port $port" "$control_log"; fi
exec 7>&-
if "$trillium" doctor >"$work/doctor" 2>&1; says "$work/doctor" "it listens at $TRILLIUM_CONTROL"; then pass doctor; else
    fail doctor "a line about the control was expected" "$work/doctor"; fi

# ---- top on a terminal ----
TERM=xterm script -qec "stty cols 100 rows 20; '$trillium' top --seconds 0.1 --count 2" /dev/null </dev/null >"$work/screen" 2>&1
status=$?
if [ $status = 0 ] && says "$work/screen" "SHARE" && says "$work/screen" $'\e\\[?1049h'; then pass top-screen; else
    fail top-screen "a full screen was expected, status $status" "$work/screen"; fi

# ---- turns ----
within "$patience" no_processes # which are killed below by what they are
start_guest one loop 600
one=$guest
socket=$b_socket start_guest two loop 600
two=$guest
within "$patience" has_processes a && within "$patience" has_processes b
in_turns() { [ "$(of a turns_ns)" -gt 0 ] && [ "$(of b turns_ns)" -gt 0 ]; }
if within "$patience" in_turns; then pass turns; else fail turns "both were expected to have had turns" "$work"/ask.* "$control_log"; fi
kill -9 "$(worker_of a)"
await "$one" "$soon"
if works_on b && [ "$status" = 3 ]; then pass dies-in-turn; else fail dies-in-turn "b was expected to go on" "$work"/one.* "$work"/two.*; fi

# ---- many queues, contexts, parts of the device and processes are no larger part of it than one queue ----
kill_hard "$two"
within "$patience" no_processes
many=()
start_guest many0 many 8 600
many+=("$guest")
for i in 1 2; do
    start_guest many$i burst 600
    many+=("$guest")
done
socket=$b_socket start_guest few burst 600
few=$guest
for i in many0 many1 many2 few; do within "$patience" says "$work/$i.out" ready; done
if within "$patience" has_part a b 42 58; then pass many-of-one-guest; else
    fail many-of-one-guest "half of the device was expected, not $part_seen" "$work"/many?.* "$control_log"; fi
for i in "${many[@]}" "$few"; do kill_hard "$i"; done
within "$patience" no_processes
start_guest many many 8 1
await "$guest" "$patience"
if [ "$status" = 0 ] && says "$work/many.out" "^done"; then pass many-of-one-guest.right; else
    fail many-of-one-guest.right "right results were expected, status $status" "$work"/many.*; fi
socket=$b_socket start_guest two loop 600
two=$guest

# ---- recorded commands and copies take turns, and are counted, like kernels ----
# MODE KEY: beside b's kernels; KEY is what grows
takes_turns() {
    local turns counted
    start_guest "$1" "$1" 600
    within "$patience" says "$work/$1.out" ready
    turns=$(of a turns_ns) counted=$(of a "$2")
    grows() { [ "$(of a turns_ns)" -gt $((turns + 100000000)) ] && [ "$(of a "$2")" -gt $((counted + $3)) ]; }
    if within "$patience" grows "$@"; then pass "turns-of-$1"; else
        fail "turns-of-$1" "turns and $2 were expected to grow" "$work/$1".* "$control_log"; fi
    kill_hard "$guest"
}
takes_turns batches commands 16
takes_turns copies bytes 33554432

# ---- work behind user events takes turns, which are counted ----
kill_hard "$two"
ask limit a weight=100
ask limit b weight=300
start_guest behind behind 600
behind=$guest
socket=$b_socket start_guest burst burst 600
burst=$guest
within "$patience" says "$work/behind.out" ready && within "$patience" says "$work/burst.out" ready
from=$(of a commands) to=$(of b commands)
enough() { [ $(($(of b commands) - to)) -ge 400 ]; }
within "$patience" enough
from=$(($(of a commands) - from)) to=$(($(of b commands) - to))
if [ "$from" -gt 20 ] && [ "$to" -ge 400 ]; then pass behind-user-events; else
    fail behind-user-events "both were expected to go on: $from kernels of a's, $to of b's" "$work"/behind.* "$work"/burst.* "$control_log"; fi
kill_hard "$burst"
kill_hard "$behind"
counted() { "$trillium" ls --json | awk '/^    "name"/ { mine = index($0, "\"a\"") } mine && /"name": "k"/ { k = 1 }
    mine && k && /"turns_ns"/ { found = $2 + 0 > 0; exit } END { exit !found }'; }
if counted; then pass behind-user-events.counted; else
    "$trillium" ls --json >"$work/ls.json"
    fail behind-user-events.counted "turns were expected to be counted for kernel k" "$work/ls.json"; fi
ask limit a weight=100
ask limit b weight=100
start_guest once behind 1
await "$guest" "$patience"
if [ "$status" = 0 ] && says "$work/once.out" "done"; then pass behind-user-events.right; else
    fail behind-user-events.right "right results were expected, status $status" "$work"/once.*; fi

# ---- what a guest that was alone has in flight: another one that comes works beside it, and does not wait until it has ended ----
b_is_idle() { ! has_processes b; }
within "$patience" b_is_idle
given=$(of a commands)
start_guest flood flood 20000
flood=$guest
within "$patience" says "$work/flood.out" ready
all_given() { [ "$(of a commands)" -ge $((given + 20000)) ]; }
within "$patience" all_given # to the driver
socket=$b_socket start_guest two loop 600
two=$guest
within "$patience" works_on b
given=$(of b commands)
forty_more() { [ $(($(of b commands) - given)) -ge 40 ]; }
if within "$patience" forty_more && ! says "$work/flood.out" "done" && [ -d "/proc/$flood" ]; then pass beside-what-is-in-flight; else
    fail beside-what-is-in-flight "b was expected to work before a has done what it had in flight" "$work"/flood.* "$work"/two.* "$control_log"; fi
kill_hard "$flood"
within "$patience" no_processes

# ---- a kernel that does not end ----
ask limit a kernel_ms=500
start_guest endless endless
await "$guest" "$patience"
if [ "$status" = 3 ] && within "$soon" says "$control_log" "a: process $guest loses its worker: a kernel runs for more than the 500 ms"; then pass limit-kernel; else
    fail limit-kernel "an OpenCL error and a line were expected, status $status" "$work"/endless.* "$control_log"; fi
if works_on b; then pass limit-kernel.others; else fail limit-kernel.others "b was expected to go on" "$work"/two.*; fi
kill_hard "$two"

# ---- the policy ----
cat >"$policy" <<END
defaults = { weight = 100; };
rules = (
    { uid = $(id -u); memory = "48 MiB"; },
    { name = "a"; memory = "32 MiB"; },
    { vm = "b*"; processes = 0; }
);
END
ask policy reload
timeout "$patience" "$trillium" run -- "$program" memory 16 >"$work/run.out" 2>"$work/run.err"
if says "$work/run.out" "memory 48 MiB"; then pass policy-run; else
    fail policy-run "the program of trillium run was expected to have this user's 48 MiB" "$work"/run.* "$control_log"; fi
start_guest ruled memory 16
await "$guest" "$patience"
if says "$work/ruled.out" "memory 32 MiB"; then pass policy; else fail policy "32 MiB were expected" "$work"/ruled.* "$work"/ask.*; fi
socket=$b_socket start_guest nothing loop 1
await "$guest" "$patience"
if [ "$status" = 3 ] && says "$work/nothing.err" "gives this guest nothing (processes = 0)"; then pass policy-nothing; else
    fail policy-nothing "a sentence was expected, status $status" "$work"/nothing.*; fi
printf 'defaults = { weight = 100; };\nrules = (\n    { nmae = "a"; }\n);\n' >"$policy"
ask policy check "$policy"
status=$?
if [ $status = 1 ] && says "$work/ask.err" "policy.conf:3: there is no setting 'nmae'"; then pass policy-check; else
    fail policy-check "line and reason were expected, status $status" "$work"/ask.*; fi
# doctor looks at the one in /etc: here another /etc, of its own
mkdir -p "$work/etc/trillium" && cp -r /etc/OpenCL "$work/etc" && cp "$policy" "$work/etc/trillium/policy.conf"
if ! unshare -rm mount --bind "$work/etc" /etc 2>/dev/null; then
    echo "SKIP doctor-policy: this machine lets nobody have an /etc of his own"
else
    unshare -rm sh -c 'mount --bind "$1" /etc && exec "$2" doctor' sh "$work/etc" "$trillium" >"$work/doctor" 2>&1
    if says "$work/doctor" "the policy is wrong: /etc/trillium/policy.conf:3: there is no setting 'nmae'"; then pass doctor-policy; else
        fail doctor-policy "line and reason were expected" "$work/doctor"; fi
    # a control that runs already reads the one that is written there later
    mv "$work/etc/trillium/policy.conf" "$work/wrong.conf"
    TRILLIUM_CONTROL=$work/later.control unshare -rm sh -c 'mount --bind "$1" /etc && exec "$2" control' sh "$work/etc" "$trillium" >"$work/later" 2>&1 &
    later=$!
    started+=("$later")
    within "$patience" says "$work/later" ready
    TRILLIUM_CONTROL=$work/later.control ask policy reload
    without=$?
    cp "$work/wrong.conf" "$work/etc/trillium/policy.conf"
    TRILLIUM_CONTROL=$work/later.control ask policy reload
    status=$?
    if [ $without = 0 ] && [ $status = 1 ] && says "$work/ask.err" "/etc/trillium/policy.conf:3"; then pass policy-comes-later; else
        fail policy-comes-later "the file was expected to be read once it is there, status $without and $status" "$work"/ask.* "$work/later"; fi
    gone_or_zombie "$later" || kill "$later"
    await "$later" "$soon"
fi
kill -HUP "$control"
if within "$soon" says "$control_log" "the policy stays as it was"; then pass policy-wrong; else fail policy-wrong "a line was expected" "$control_log"; fi
start_guest still memory 16
await "$guest" "$patience"
if says "$work/still.out" "memory 32 MiB"; then pass policy-stays; else fail policy-stays "the old one was expected" "$work"/still.*; fi

cat >"$policy" <<END
defaults = { weight = 100; };
rules = ( { name = "a"; memory = "16 MiB"; } );
END
readings() { grep -c "$policy was read" "$control_log"; }
before=$(readings)
read_again() { [ "$(readings)" -gt "$before" ]; }
kill -HUP "$control"
within "$soon" read_again
start_guest anew memory 16
await "$guest" "$patience"
if says "$work/anew.out" "memory 16 MiB"; then pass policy-signal; else fail policy-signal "16 MiB were expected" "$work"/anew.* "$control_log"; fi

# ---- the minute is over ----
while [ $((SECONDS - paused_at)) -lt 61 ]; do sleep 1; done
if [ -d "/proc/$minute" ] && ! says "$work/minute.out" "done"; then pass paused-for-a-minute; else
    fail paused-for-a-minute "it was expected to wait" "$work"/minute.*; fi
TRILLIUM_CONTROL=$minutes ask resume minute
await "$minute" "$patience"
if [ "$status" = 0 ] && says "$work/minute.out" "done"; then pass paused-for-a-minute.right; else
    fail paused-for-a-minute.right "right results were expected, status $status" "$work"/minute.*; fi
gone_or_zombie "$minute_daemon" || kill "$minute_daemon"
await "$minute_daemon" "$soon"
gone_or_zombie "$minute_control" || kill "$minute_control"
await "$minute_control" "$soon"

kill "$control"
await "$control" "$soon"

# ---- a service manager passes its socket, which is there before it: whoever has connected meanwhile is heard ----
rm -f "$TRILLIUM_CONTROL"
perl -MSocket -MPOSIX -e '$^F = 9;
    my $s; socket($s, AF_UNIX, SOCK_SEQPACKET, 0) && bind($s, pack_sockaddr_un($ENV{TRILLIUM_CONTROL})) && listen($s, 16) or die "$!\n";
    POSIX::dup2(fileno($s), 3) or die "$!\n"; @ENV{"LISTEN_FDS", "LISTEN_PID"} = (1, $$); sleep 1; exec @ARGV' \
    "$trillium" control --policy "$policy" >"$work/activated" 2>&1 &
control=$!
started+=("$control")
within "$patience" control_listens
socket=$a_socket
start_guest activated work 1
within "$patience" has_processes a
ask ls
await "$guest" "$patience"
if [ "$status" = 0 ] && says "$work/ask.out" "^1 *a$" && says "$work/activated" ready; then pass socket-activation; else
    fail socket-activation "guest a was expected, status $status" "$work"/activated* "$work"/ask.*; fi
kill "$control"
await "$control" "$soon"
if control_listens; then fail socket-activation.end "nobody was expected to listen any more"; else pass socket-activation.end; fi
rm -f "$TRILLIUM_CONTROL"
daemon=$a_daemon
stop_daemon
gone_or_zombie "$b_daemon" || kill "$b_daemon"
await "$b_daemon" "$soon"
check_leftovers control
exit $failed
