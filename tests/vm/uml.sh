#!/bin/bash
# SPDX-License-Identifier: MIT
# limit: 1800
# The throwaway VM's cases in user-mode Linux, with TEST_UML=1 and where a user-mode kernel has been built (trillium run --vm=uml true
# builds it).
here=$(dirname "$0")
cache=${XDG_CACHE_HOME:-$HOME/.cache}/trillium/vm
if [ ! -x "$cache/uml/linux" ]; then
    echo "no user-mode kernel has been built here; trillium run --vm=uml true builds one, which takes minutes"
    exit 77
fi
# Beside vm.sh and throwaway.sh themselves it would make `make check` twice as long, and slow enough for VMs to meet their tests' limits.
if [ -z "${TEST_UML:-}" ]; then
    echo "a user-mode kernel is there; TEST_UML=1 runs what a throwaway VM has to show in it, too, some 20 minutes"
    exit 77
fi
failed=0
for script in throwaway vm; do
    echo "-- $script.sh"
    TEST_VM=uml bash "$here/$script.sh" || failed=1
done

# A run that is killed while its kernel starts leaves a folder of the kernel's memory; the next run takes it away.
build=${TRILLIUM_BUILD:-$here/../../build}
ours() { comm -13 <(echo "$before") <(ls -d /dev/shm/trillium-vm-* 2>/dev/null); }
before=$(ls -d /dev/shm/trillium-vm-* 2>/dev/null)
"$build/bin/trillium" run --vm=uml -- true &
run=$!
left= end=$((SECONDS + 60))
until left=$(ours | head -n 1) && [ -n "$left" ] || [ $SECONDS -gt $end ]; do :; done
kill -KILL $run
wait $run
[ -n "$left" ] && [ -d "$left" ] || { echo "FAIL uml.swept: no folder was left to sweep, '$left'"; failed=1; }

# The kernel's sudden death is its programs' death: none goes on as a program of this machine, free of what held it.
out=$(mktemp) marker=$$.5000
"$build/bin/trillium" run --vm=uml -- sh -c "echo up; while :; do sleep $marker; done" >"$out" 2>&1 &
run=$!
for _ in $(seq 600); do grep -q up "$out" && break; sleep 0.2; done
if [ ! -d "$left" ]; then echo "PASS uml.swept"; else echo "FAIL uml.swept: $left is there"; failed=1; fi
kernel=$(pgrep -P $run -f "$cache/uml/linux" | head -n 1)
traced=$(pgrep -P "$kernel" | xargs)
kill -KILL "$kernel"
wait $run
status=$?
for _ in $(seq 300); do
    left=
    for pid in $traced; do [ -d "/proc/$pid" ] && left="$left $pid"; done
    [ -z "$left" ] && break
    sleep 0.2
done
if [ -n "$traced" ] && [ $status = 125 ] && [ -z "$left" ] && grep -q "its process ended with signal 9" "$out"; then echo "PASS uml.killed"; else
    echo "FAIL uml.killed: status $status (125 was expected), processes below the kernel '$traced', left of them '$left'"
    sed 's/^/    /' "$out"
    failed=1
fi
rm -f "$out"

# So is the death of the run in the moment in which its kernel makes its first process, which it tries ptrace with: that would
# stay stopped for good. Each run is a session of its own, of which nothing may be left.
stayed= tried=0
children() { kids=; read -r kids <"/proc/$1/task/$1/children" 2>/dev/null; }
for _ in $(seq 20); do
    setsid "$build/bin/trillium" run --vm=uml -- true >/dev/null 2>&1 &
    run=$! kernel= kids=
    while [ -z "$kernel" ] && [ -d "/proc/$run" ]; do
        children $run
        for kid in $kids; do
            name=
            read -r name 2>/dev/null <"/proc/$kid/comm"
            [ "$name" = linux ] && kernel=$kid
        done
    done
    kids=
    while [ -z "$kids" ] && [ -n "$kernel" ] && [ -d "/proc/$kernel" ]; do children "$kernel"; done
    kill -KILL $run 2>/dev/null
    [ -z "$kids" ] || tried=$((tried + 1))
    wait $run
    for _ in $(seq 100); do
        left=$(pgrep -s $run | xargs)
        [ -n "$left" ] || break
        sleep 0.1
    done
    [ -z "$left" ] || { stayed="$stayed $(ps -o pid=,stat=,comm= -p "${left// /,}" | xargs)"; kill -KILL $left; }
done
if [ -z "$stayed" ] && [ $tried -ge 10 ]; then echo "PASS uml.first-process"; else
    echo "FAIL uml.first-process: $tried of 20 kernels were met with a process, and of these stayed: $stayed"
    failed=1
fi
exit $failed
