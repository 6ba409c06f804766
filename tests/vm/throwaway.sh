#!/bin/bash
# SPDX-License-Identifier: MIT
# limit: 1800
# trillium run --vm: a real VM boots for each of these, with a stock kernel and its own virtio-gpu driver, or (TEST_VM=uml: uml.sh)
# with a user-mode kernel.
cd "$(dirname "$0")/../.." || exit 2
build=${TRILLIUM_BUILD:-$PWD/build}
trillium=$build/bin/trillium
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0
export TEST_VM=${TEST_VM:-qemu}

pass() { echo "PASS $1"; }
fail() { # name, why
    echo "FAIL $1: $2"
    failed=1
}
same() { # name, expected, got
    if [ "$2" = "$3" ]; then pass "$1"; else fail "$1" "expected '$2', got '$3'"; fi
}
# Runs a command in a VM; its output goes to $work/out and $work/err, its status to $status.
vm() {
    timeout -k 5 $((150 * ${TEST_LIMIT_SCALE:-1})) "$trillium" run "--vm=$TEST_VM" -- "$@" >"$work/out" 2>"$work/err"
    status=$?
    [ "$status" != 125 ] || explain
}
# Shows what a VM said when that was not what was expected of it.
explain() { tr -d '\033' <"$work/err" | sed 's/^/    /' | tail -n 20; }

# ---- streams and status

head -c 8000001 /dev/urandom >"$work/in"
vm cat <"$work/in"
same "cat's status" 0 "$status"
if cmp -s "$work/in" "$work/out"; then pass "8 MB come through unchanged"; else fail "8 MB come through unchanged" "they differ"; explain; fi

vm sh -c 'echo out; echo err >&2; cat; exit 7' </dev/null
same "status 7" 7 "$status"
same "standard output" out "$(cat "$work/out")"
same "standard error is apart" err "$(grep -v '^trillium:' "$work/err")"

vm sh -c 'kill -SEGV $$'
same "death by signal" 139 "$status"
vm "$work/no-such-program"
same "no such program" 127 "$status"
grep -q "no-such-program: No such file" "$work/err" && pass "and it is said" || fail "and it is said" "$(tail -n 1 "$work/err")"
vm "$work/in"
same "not executable" 126 "$status"

# ---- what the program finds

mkdir "$work/folder" && echo host >"$work/folder/file"
cat >"$work/look" <<'LOOK'
pwd; id -u; id -g; echo "$TEST_VARIABLE"; cat file
echo guest >file && cat file && rm -f ../in && echo removed
{ "$1" run --vm true; "$1" run true; } 2>&1 | grep -c "a VM of .* already"
ls /etc/OpenCL/vendors; cat /etc/OpenCL/vendors/*
[ -w /dev/dri/renderD128 ] && echo device; echo x >/dev/shm/x && cat /dev/shm/x
LOOK
(cd "$work/folder" && export TEST_VARIABLE='two  words' && timeout -k 5 $((150 * ${TEST_LIMIT_SCALE:-1})) "$trillium" run "--vm=$TEST_VM" -- sh ../look "$trillium" >"$work/out" 2>"$work/err")
expected="$work/folder
$(id -u)
$(id -g)
two  words
host
guest
removed
2
trillium.icd
$build/lib/libtrillium-icd.so
device
x"
same "folder, user, environment, files, drivers" "$expected" "$(cat "$work/out")"
same "writes do not reach the host" "host yes" "$(cat "$work/folder/file") $([ -e "$work/in" ] && echo yes)"

# ---- the virtual GPU

vm "$build/tests/vm/vm" carrier
cat "$work/out"
grep -q '^FAIL' "$work/out" && failed=1
same "the carrier's status" 0 "$status"
[ "$status" = 0 ] || explain

vm sh -c "'$build/tests/vm/vm' killed; '$build/tests/vm/vm' killed; '$build/tests/vm/vm' carrier | grep -c PASS"
same "killed processes leave nothing in the way" 10 "$(cat "$work/out")"

# What the path costs, counted: no doorbell for each command of a stream, no byte copied twice.
numbers() { grep '^trillium: [0-9]* commands' "$work/err" | grep -o '[0-9]*' | tr '\n' ' '; }
# (A user-mode guest is slow enough for a host to fall asleep in between now and then, and so is an emulated one under a sanitizer.)
seldom=10
[ "$TEST_VM" = uml ] && seldom=4
ldd "$build/lib/libtrillium-icd.so" | grep -q 'lib[at]san' && seldom=3
vm env TRILLIUM_STATS=1 "$build/eval/bench" count 20000
read -r commands _ doorbells _ <<<"$(numbers)"
if [ "${commands:-0}" -gt 40000 ] && [ "$doorbells" -lt $((commands / seldom)) ]; then
    pass "a stream of 20000 kernels in a VM: $commands commands, $doorbells doorbells"
else
    fail "doorbells of a stream" "$doorbells for $commands commands"
    explain
fi
vm env TRILLIUM_STATS=1 "$build/eval/transfer"
read -r _ _ _ _ copied asked <<<"$(numbers)"
same "bytes copied in a VM" "${asked:-some}" "$copied"

# The workers are children of a daemon that is a child of this trillium, and the only ones below it.
"$trillium" run "--vm=$TEST_VM" -- "$build/tests/vm/vm" lost >"$work/out" 2>"$work/err" &
pid=$!
for _ in $(seq 600); do grep -q ready "$work/out" && break; sleep 0.2; done
below() { for child in $(pgrep -P "$1"); do echo "$child"; below "$child"; done; }
for child in $(below $pid); do
    case $(cat "/proc/$child/comm" 2>/dev/null) in trillium-worker*) kill -KILL "$child" ;; esac
done
wait $pid
cat "$work/out" | grep -v ready
grep -q '^FAIL' "$work/out" && failed=1
same "a lost worker and the program" 3 "$(grep -c ^PASS "$work/out")"

# ---- latencies, and the baseline with both of its memories

for ir in source "spirv" "spirv --svga-memory guest-backed"; do
    # shellcheck disable=SC2086
    timeout -k 5 $((150 * ${TEST_LIMIT_SCALE:-1})) "$trillium" run "--vm=$TEST_VM" --ir $ir --profile "$work/profile.json" -- "$build/eval/nn" -r 3 >"$work/out" 2>"$work/err"
    status=$?
    "$trillium" profile --csv "$work/profile.csv" "$work/profile.json" 2>>"$work/err"
    known=
    for stage in guest fifo run; do grep -q "^command,\"distances.*\",$stage," "$work/profile.csv" && known="$known $stage"; done
    # that a kernel is over is told to who waits for it, by what it waits with
    grep -q '^command,.*,complete,' "$work/profile.csv" && known="$known complete"
    same "nn in a VM, $ir, its result" "0 1" "$status $(grep -c '"check":"ok"' "$work/out")"
    same "nn in a VM, $ir, its latencies" " guest fifo run complete" "$known"
    grep -q "the guest's stamps are within" "$work/err" && pass "and the clocks' error" || { fail "and the clocks' error" "nothing is said of it"; explain; }
done

# ---- API remoting, out of the VM by its vsock device

cat >"$work/remote" <<'REMOTE'
echo "$TRILLIUM_REMOTE"
"$1/nn" -r 3 | grep -c '"check":"ok"'
env -u TRILLIUM_REMOTE "$1/saxpy" | grep -c '"check":"ok"'
TRILLIUM_DEBUG=1 TRILLIUM_REMOTE=vsock:2:22 "$1/nn" 2>&1 | grep -c 'vsock:2:22'
REMOTE
timeout -k 5 $((150 * ${TEST_LIMIT_SCALE:-1})) "$trillium" run "--vm=$TEST_VM" --carrier socket --profile "$work/profile.json" -- sh "$work/remote" "$build/eval" >"$work/out" 2>"$work/err"
same "API remoting from a VM, its status" 0 $?
same "API remoting from a VM, its results, and shared memory beside it" "vsock:2:7878 1 1 1" "$(xargs <"$work/out")"
"$trillium" profile --csv "$work/profile.csv" "$work/profile.json" 2>>"$work/err"
known=
for stage in guest fifo run; do grep -q "^command,\"distances.*\",$stage," "$work/profile.csv" && known="$known $stage"; done
same "and its kernel's latencies" " guest fifo run" "$known"
grep -q vsock "$work/out" || explain

# ---- endings

# Signals are the program's, also where it does not read its input. This one ends by the last.
yes | "$trillium" run "--vm=$TEST_VM" -- sh -c 'trap "echo first" USR1; trap "echo second" USR2; echo up; while :; do sleep 0.2; done' \
    >"$work/out" 2>"$work/err" &
for _ in $(seq 600); do grep -q up "$work/out" && break; sleep 0.2; done
pid=$(pgrep -P $$ -f "run --vm=$TEST_VM -- sh -c trap" | head -n 1)
for step in USR1/first USR2/second; do
    kill -"${step%/*}" "$pid"
    for _ in $(seq 300); do grep -q "${step#*/}" "$work/out" && break; sleep 0.2; done
done
same "signals come through" "up first second" "$(xargs <"$work/out")"
children=$(below "$pid")
# A core of the machine's process is the VM's memory. User-mode Linux has several, of the same program.
cores=
for child in $children; do
    case $(readlink "/proc/$child/exe") in *qemu-system* | */vmlinux* | */linux*)
        cores="$cores $(sed -n 's/^Max core file size *\([^ ]*\) *\([^ ]*\) .*/\1 \2/p' "/proc/$child/limits" | tr ' ' /)" ;;
    esac
done
same "no core of the machine" "1/1" "$(echo $cores | tr ' ' '\n' | sort -u)"
kill -TERM "$pid"
wait %%
same "SIGTERM ends it" 143 $?
for _ in $(seq 300); do # what is killed takes a moment to end
    left=
    for child in $children; do [ -d "/proc/$child" ] && left="$left $(cat "/proc/$child/comm")"; done 2>/dev/null
    [ -n "$left" ] || break
    sleep 0.2
done
same "and leaves nothing behind" "" "$left"

# ---- a terminal

timeout -k 5 $((200 * ${TEST_LIMIT_SCALE:-1})) "$build/tests/vm/vm" terminal "$trillium" >"$work/out" 2>"$work/err"
same "the terminal's status" 0 $?
cat "$work/out"
grep -q '^FAIL' "$work/out" && failed=1
same "steps at the terminal" 10 "$(grep -c '^PASS' "$work/out")"
[ "$(grep -c '^PASS' "$work/out")" = 10 ] || explain

exit $failed
