#!/bin/bash
# SPDX-License-Identifier: MIT
# limit: 1200
# What programs and daemons are started from, and where programs get to: ignored signals, other users, namespaces, a daemon
# that is stopped, a second daemon at the same socket.
. "$(dirname "$0")/common"

# ---- these tests themselves: a number that they knew may be that of a stranger's process when they end ----
stranger=$(setsid sleep 600 >/dev/null 2>&1 & echo $!) # whose parent, this subshell, ends at once
bash -c '. "$0" && started=("$1")' tests/fault/common "$stranger" >"$work/stranger.out" 2>&1
if kill -0 "$stranger"; then pass strangers; else fail strangers "a test kills what is not its own" "$work/stranger.out"; fi
kill -9 "$stranger"

# ---- ignored and blocked signals ----
timeout "$patience" env --ignore-signal=CHLD "$trillium" run -- "$program" loop 0.2 >"$work/chld.out" 2>"$work/chld.err"
status=$?
if [ $status = 0 ]; then pass sigchld-ignored.run; else fail sigchld-ignored.run "status $status" "$work"/chld.*; fi
timeout "$patience" env --ignore-signal=CHLD "$trillium" run -- grep -q 'SigIgn:.*1....$' /proc/self/status
if [ $? = 0 ]; then pass sigchld-ignored.handed-on; else fail sigchld-ignored.handed-on "the program does not ignore it"; fi
check_leftovers sigchld-ignored.run

socket=$work/chld.sock
env --ignore-signal=CHLD --block-signal=TERM "$trillium" serve --shm "$socket" >"$work/chld.daemon" 2>&1 &
daemon=$!
started+=("$daemon")
within "$patience" listening || fail sigchld-ignored.serve "the daemon does not listen" "$work/chld.daemon"
start_guest chld-guest loop 0.2
await "$guest" "$patience"
if [ "$status" = 0 ]; then pass sigchld-ignored.serve; else fail sigchld-ignored.serve "status $status" "$work"/chld*; fi
stop_daemon
if [ "$status" = 0 ]; then pass sigterm-blocked.serve; else fail sigterm-blocked.serve "status $status" "$work"/chld*; fi
check_leftovers sigchld-ignored.serve

# ---- a wall that this machine does not have: `run` finds out by its first worker, which serves nobody; nothing else is missing ----
missing() { sed -n 's/.*missing:\([^;]*\);.*/\1/p' "$1"; }
lacking() { # NAME WALL COMMAND...: the command starts a program that lacks it
    local name=$1 wall=$2
    shift 2
    timeout "$patience" "$@" "$trillium" run -- "$program" devices >"$work/$name.out" 2>"$work/$name.err"
    status=$?
    if [ $status = 0 ] && [ "$(missing "$work/$name.err" | wc -l)" = 1 ] &&
        [ "$(missing "$work/$name.err" | tr ' ' '\n' | sort -u | xargs)" = "$(echo "$whole $wall" | tr ' ' '\n' | sort -u | xargs)" ] &&
        ! says "$work/$name.err" ended; then pass "$name"; else
        fail "$name" "missing were to be '$whole $wall', status $status" "$work/$name".*; fi
    timeout "$patience" "$@" "$trillium" run --sandbox strict -- "$program" devices >"$work/$name.strict" 2>&1
    status=$?
    if [ $status = 125 ] && says "$work/$name.strict" "missing:.* $wall ("; then pass "$name.strict"; else
        fail "$name.strict" "a refusal that names $wall was expected, status $status" "$work/$name.strict"; fi
    check_leftovers "$name"
}
timeout "$patience" "$trillium" run -- "$program" devices >"$work/whole.out" 2>"$work/whole.err" || fail whole "status $?" "$work"/whole.*
whole=$(missing "$work/whole.err")
if unshare -Ur true 2>/dev/null; then
    lacking no-network-namespace net unshare -Ur sh -c 'echo 0 >/proc/sys/user/max_net_namespaces && exec "$@"' sh
else
    echo "SKIP no-network-namespace needs user namespaces"
fi

# ---- who tries the walls is killed at that moment: they are tried again, and none is missing for it ----
if ldd "$trillium" | grep -q 'libasan\|libtsan'; then
    echo "SKIP tried-again a sanitizer's library wants to be the first"
else
    lacking no-landlock landlock env LD_PRELOAD="$built/tests/lib/no-landlock.so"

    killed() { # TIMES COMMAND...: what is left of them afterwards
        head -c "$1" /dev/zero >"$work/short-lived"
        shift
        SHORT_LIVED=$work/short-lived LD_PRELOAD=$built/tests/lib/short-lived.so timeout "$patience" "$@" >"$work/tried.out" 2>"$work/tried.err"
        status=$?
        left=$(wc -c <"$work/short-lived")
    }
    # `run`'s first worker tries them
    killed 2 "$trillium" run -- env -u LD_PRELOAD "$program" devices
    if [ "$status-$left" = 0-0 ] && [ "$(missing "$work/tried.err")" = "$whole" ]; then pass tried-again; else
        fail tried-again "no other walls were expected to be missing than '$whole', status $status, $left not killed" "$work"/tried.*; fi
    killed 100 "$trillium" run -- env -u LD_PRELOAD "$program" devices
    if [ "$status" = 3 ] && says "$work/tried.err" "end before they can serve"; then pass tried-again.in-vain; else
        fail tried-again.in-vain "a refusal in words was expected, status $status, $left not killed" "$work"/tried.*; fi
    check_leftovers tried-again

    # a daemon does before it listens
    head -c 2 /dev/zero >"$work/short-lived"
    SHORT_LIVED=$work/short-lived LD_PRELOAD=$built/tests/lib/short-lived.so start_daemon tried-by-a-daemon
    if [ ! -s "$work/short-lived" ] && [ "$(missing "$work/tried-by-a-daemon.daemon")" = "$whole" ]; then pass tried-by-a-daemon; else
        fail tried-by-a-daemon "no other walls were expected to be missing than '$whole'" "$work/tried-by-a-daemon.daemon"; fi
    stop_daemon
    killed 100 "$trillium" serve --shm "$socket"
    if [ "$status" = 1 ] && says "$work/tried.err" "killed each time"; then pass tried-by-a-daemon.in-vain; else
        fail tried-by-a-daemon.in-vain "a refusal in words was expected, status $status, $left not killed" "$work"/tried.*; fi
    check_leftovers tried-by-a-daemon
fi

# ---- a root that cannot be turned: containers and plain chroots without the right to ----
# chrooted FLAGS NAME whole|less: with all walls or not, in a folder that is no mount point, with what a guest and a driver need mounted below it
chrooted() {
    local flags=$1 name=$2 root
    root=$(mktemp -d)
    chmod 755 "$root"
    mkdir -m 1777 "$root/tmp"
    [ "$3" = whole ] || mkdir -p "$root/tmp/trillium-cell-killed/1/cache" # of a daemon that was killed
    timeout "$patience" unshare "$flags" bash -c '
        set -e
        cd "$1"
        for p in usr etc proc dev sys "${3#/}"; do mkdir -p "$p"; mount --rbind "/$p" "$p"; done
        for p in bin lib lib64; do [ ! -L /$p ] || ln -s "usr/$p" $p; done
        PATH=$PATH:/usr/sbin # where Debian has chroot, and users do not look
        exec env -u TMPDIR chroot . "$2/bin/trillium" run -- "$3/tests/cl-conform/cl-conform" includes.templates
    ' bash "$root" "$build" "$built" >"$work/$name.out" 2>"$work/$name.err"
    status=$?
    if [ $status = 0 ]; then pass "$name"; else fail "$name" "status $status" "$work/$name".*; fi
    if [ -z "$(ls -A "$root/tmp" | grep trillium-)" ]; then pass "$name.clean"; else fail "$name.clean" "left in /tmp: $(ls -A "$root/tmp")"; fi
    if [ "$3" = whole ] && says "$work/$name.err" "missing:"; then fail "$name.walls" "walls are missing" "$work/$name.err"; fi
    rm -rf --one-file-system "$root"
}
if [ "$(id -u)" = 0 ] && setpriv --reuid 65534 --regid 65534 --clear-groups test -r "$build/lib/libtrillium-icd.so" 2>/dev/null; then
    chrooted -m chroot.root whole
else
    echo "SKIP chroot.root needs root, and a build that others can read"
fi
if unshare -Urm true 2>/dev/null; then chrooted -Urm chroot.user less; else echo "SKIP chroot.user needs user namespaces"; fi

# ---- what runs have left that were killed before their brokers listened; what one is about to use stays ----
mkdir "$TMPDIR/trillium-run-killed" "$TMPDIR/trillium-run-living"
exec 7<"$TMPDIR/trillium-run-living"
flock 7
timeout "$patience" "$trillium" run -- "$program" devices >"$work/left.out" 2>"$work/left.err" || fail left-folder "status $?" "$work"/left.*
if [ ! -e "$TMPDIR/trillium-run-killed" ]; then pass left-folder.removed; else fail left-folder.removed "it is still there"; fi
if [ -e "$TMPDIR/trillium-run-living" ]; then pass left-folder.living; else fail left-folder.living "another run's was removed"; fi
exec 7<&-
rm -rf "$TMPDIR/trillium-run-living"
check_leftovers left-folder

# ---- other users and namespaces: where the build can be read by others at all ----
open=$(mktemp -d)
chmod 755 "$open"
mkdir -m 1777 "$open/tmp"
elsewhere() { # NAME COMMAND...: under trillium run
    local name=$1
    shift
    TMPDIR=$open/tmp timeout "$patience" "$trillium" run -- "$@" "$program" loop 0.2 >"$work/$name.out" 2>"$work/$name.err"
    status=$?
    if [ $status = 0 ]; then pass "$name"; else fail "$name" "status $status" "$work/$name".*; fi
}
if [ "$(id -u)" = 0 ] && setpriv --reuid 65534 --regid 65534 --clear-groups test -r "$build/lib/libtrillium-icd.so" 2>/dev/null; then
    elsewhere another-user setpriv --reuid 65534 --regid 65534 --clear-groups
    # and only the run's own: one of that user which does not descend from it
    TMPDIR=$open/tmp "$trillium" run -- sh -c 'echo "$TRILLIUM_SHM"; sleep 100' >"$work/socket" 2>/dev/null &
    run=$!
    started+=("$run")
    within "$patience" test -s "$work/socket"
    TRILLIUM_SHM=$(cat "$work/socket") OCL_ICD_VENDORS=$build/share/trillium/icd timeout "$patience" \
        setpriv --reuid 65534 --regid 65534 --clear-groups "$program" devices >"$work/stranger.out" 2>"$work/stranger.err"
    status=$?
    if [ $status = 3 ] && says "$work/stranger.err" "no process of this run\|of which this is none"; then pass another-user.stranger; else
        fail another-user.stranger "a refusal with a sentence was expected, status $status" "$work"/stranger.*; fi
    kill "$run"
    await "$run" "$soon"
else
    echo "SKIP another-user needs root, and a build that others can read"
fi
if bwrap --dev-bind / / --unshare-pid --unshare-user --proc /proc true 2>/dev/null; then
    elsewhere another-pid-namespace bwrap --dev-bind / / --unshare-pid --proc /proc
    elsewhere another-user-namespace bwrap --dev-bind / / --unshare-user --unshare-pid --unshare-ipc --unshare-net --proc /proc
else
    echo "SKIP another-pid-namespace bubblewrap does not work here"
fi
if [ -z "$(ls -A "$open/tmp")" ]; then pass elsewhere.leftovers; else fail elsewhere.leftovers "$(ls "$open/tmp")"; fi
rm -rf "$open"

# Killed together with its broker, a run leaves a folder, which the next one removes.
"$trillium" run -- "$program" loop 60 >"$work/both.out" 2>&1 &
run=$!
started+=("$run")
within "$patience" says "$work/both.out" ready || fail both-killed "the guest does not get going" "$work/both.out"
kill -9 $(cat "/proc/$run/task/$run/children") "$run" 2>/dev/null
wait "$run" 2>/dev/null
within "$patience" nothing_running # workers end with their broker, a moment later; till then somebody holds the socket
timeout "$patience" "$trillium" run -- true
check_leftovers both-killed

# ---- a daemon that is stopped ----
start_daemon stopped
kill -STOP "$daemon"
before=$SECONDS
start_guest stopped devices
await "$guest" "$soon"
if [ "$status" = 3 ] && says "$work/stopped.err" "is it stopped"; then pass stopped-daemon; else
    fail stopped-daemon "no device and a sentence soon were expected, status $status after $((SECONDS - before)) s" "$work"/stopped.*; fi
kill -CONT "$daemon"
start_guest stopped-after loop 0.2
await "$guest" "$patience"
if [ "$status" = 0 ]; then pass stopped-daemon.after; else fail stopped-daemon.after "status $status" "$work"/stopped*; fi
stop_daemon
check_leftovers stopped-daemon

# ---- a daemon that comes later ----
socket=$work/late.sock
mkfifo "$work/go"
TRILLIUM_SHM=$socket "$program" again "$build/lib/libtrillium-icd.so" >"$work/late.out" 2>"$work/late.err" <"$work/go" &
guest=$!
started+=("$guest")
exec 9>"$work/go"
within "$patience" says "$work/late.out" "0 platforms" || fail late-daemon "no first look" "$work"/late.*
start_daemon late
echo >&9
exec 9>&-
await "$guest" "$patience"
if [ "$status" = 0 ] && says "$work/late.out" "[1-9] platforms"; then pass late-daemon; else
    fail late-daemon "platforms at the second look were expected, status $status" "$work"/late.*; fi
stop_daemon
check_leftovers late-daemon

# ---- two daemons, one socket; and the word that it is ready ----
vm=$work/vm.sock
"$trillium" serve --socket-path "$vm" >"$work/first.daemon" 2>&1 &
first=$!
started+=("$first")
if within "$patience" says "$work/first.daemon" "ready.*$vm"; then pass ready; else fail ready "no word of it" "$work/first.daemon"; fi
timeout "$patience" "$trillium" serve --socket-path "$vm" >"$work/second.daemon" 2>&1
status=$?
if [ $status = 1 ] && says "$work/second.daemon" "process $first" && [ -S "$vm" ]; then pass second-vm-daemon; else
    fail second-vm-daemon "a refusal that names the first was expected, and its socket, status $status" "$work"/*.daemon; fi
daemon=$first
stop_daemon
if [ "$status" = 0 ] && [ ! -e "$vm" ]; then pass second-vm-daemon.end; else fail second-vm-daemon.end "status $status" "$work"/first.daemon; fi
if command -v python3 >/dev/null; then
    python3 - "$work/notify" >"$work/notified" <<'PYTHON' &
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
s.settimeout(60)
print(s.recv(100).decode())
PYTHON
    listener=$!
    within "$patience" test -S "$work/notify"
    NOTIFY_SOCKET=$work/notify start_daemon notify
    await "$listener" "$soon"
    if says "$work/notified" READY=1; then pass ready.notify; else fail ready.notify "" "$work/notified" "$work/notify.daemon"; fi
    stop_daemon
fi
rm -f "$work/notify"
check_leftovers two-daemons
exit $failed
