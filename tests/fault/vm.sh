#!/bin/bash
# SPDX-License-Identifier: MIT
# limit: 1800
# What goes wrong around a VM: RAM that is not shared, another virtual GPU, a kernel that crashes the driver, QEMU killed; and what an
# administrator does to one: docs/control.md's page, limits, pause, resume, kill.
. "$(dirname "$0")/common"
export TRILLIUM_CONTROL=$work/control.sock
policy=$work/policy.conf
control_log=$work/control.log
echo 'defaults = { memory = "64 MiB"; };' >"$policy"
start_control

# The QEMU that `trillium run --vm=qemu` takes: PATH's, if it can emulate the device by itself, else the private copy that it fetches.
cache=${XDG_CACHE_HOME:-$HOME/.cache}/trillium/vm
timeout 300 "$trillium" run --vm=qemu -- "$program" memory 16 >"$work/first.out" 2>"$work/first.err"
status=$?
if [ $status = 0 ]; then pass vm-boots; else fail vm-boots "status $status" "$work"/first.*; exit 1; fi
if says "$work/first.out" "memory 64 MiB, at most 64 MiB" && [ "$(grep -c ': 4 buffers, error -4' "$work/first.out")" = 2 ]; then
    pass vm-limit; else fail vm-limit "four buffers of 16 MiB were expected, twice" "$work"/first.* "$control_log"; fi
if says "$control_log" "met its limit of memory (64 MiB)"; then pass vm-limit.told; else
    fail vm-limit.told "a line was expected" "$control_log"; fi
kill_hard "$control"
if [ -x "$cache/qemu/run" ]; then real=$cache/qemu/run; else real=$(command -v qemu-system-x86_64); fi

# A QEMU in front of it that changes its arguments: FROM=TO, for all arguments that hold FROM.
mkdir "$work/bin"
cat >"$work/bin/qemu-system-x86_64" <<WRAPPER
#!/bin/bash
args=()
for a in "\$@"; do args+=("\${a/\$QEMU_FROM/\$QEMU_TO}"); done
[ "\${args[*]}" = "\$*" ] || touch "$work/changed"
exec "$real" "\${args[@]}"
WRAPPER
chmod +x "$work/bin/qemu-system-x86_64"

vm_without() { # NAME FROM TO WORDS-OF-THE-SENTENCE
    rm -f "$work/changed"
    QEMU_FROM=$2 QEMU_TO=$3 PATH=$work/bin:$PATH timeout "$patience" "$trillium" run --vm=qemu -- "$program" devices \
        >"$work/$1.out" 2>"$work/$1.err"
    status=$?
    # No device, and why; or the VM refused to start, and why.
    if [ $status != 0 ] && [ $status != 124 ] && says "$work/$1.err" "$4" && ! says "$work/$1.out" "^device"; then pass "$1"; else
        fail "$1" "no device and a sentence were expected, status $status" "$work/$1".*
    fi
    [ -e "$work/changed" ] || fail "$1" "the VM was started as ever: this test says nothing"
    check_leftovers "$1"
}
vm_without ram-not-shared share=on share=off "memory is not shared"
vm_without another-gpu vhost-user-gpu-pci,chardev=vgpu virtio-gpu-pci "not Trillium"

timeout "$patience" "$trillium" run --vm=qemu -- "$program" out-of-bounds >"$work/crash.out" 2>"$work/crash.err"
status=$?
if [ $status = 3 ] && says "$work/crash.out" 'error cl[A-Za-z]* -[0-9]'; then pass vm-kernel-crash; else
    fail vm-kernel-crash "an OpenCL error was expected, status $status" "$work"/crash.*; fi
check_leftovers vm-kernel-crash

qemu_below() { # pid: the QEMU among its descendants
    local pid
    for pid in $(descendants "$1"); do
        case $(readlink "/proc/$pid/exe") in
        *qemu-system*) echo "$pid" ;;
        esac
    done
}
# ---- docs/control.md's page with a VM: the QEMU of `trillium run`, whose GPU is the daemon's ----
rm -f "$policy" "$TRILLIUM_CONTROL".*
typed 1 >"$work/page.out" 2>&1
start_control
page_block 2 >"$policy"
if grep -q 'vm = "web"' "$policy" && typed 3 >>"$work/page.out" 2>&1; then pass vm-page.policy; else
    fail vm-page.policy "the policy was expected to be taken" "$work/page.out" "$policy" "$control_log"; fi
socket=$work/web.sock
"$trillium" serve --name web --socket-path "$socket" >"$work/web.daemon" 2>&1 &
web=$!
started+=("$web")
within "$patience" listening || fail vm-page "the VM's daemon does not listen" "$work/web.daemon"
rm -f "$work/changed"
mkfifo "$work/typed"
QEMU_FROM='socket,id=vgpu,fd=*' QEMU_TO=socket,id=vgpu,path=$socket PATH=$work/bin:$PATH \
    "$trillium" run --vm=qemu -- sh <"$work/typed" >"$work/inside.out" 2>"$work/inside.err" &
machine=$!
started+=("$machine")
exec 8>"$work/typed"
inside() { # NAME MODE...: the program in the VM, in the background; its lines begin with NAME, and its status is the last
    local name=$1
    shift
    echo "{ '$program' $*; echo status \$?; } 2>&1 | sed -u 's/^/$name: /' &" >&8
}
tells() { says "$work/inside.out" "^$1: $2"; }
shows() { [ "$(grep -c "^$1: $2" "$work/inside.out")" = "$3" ]; } # NAME TEXT TIMES
# NAME STATUS: it ends, and with this status
ends() { within "$patience" tells "$1" status && tells "$1" "status $2$"; }
# NAME: what to show when something is wrong
seen() { grep "^$1: " "$work/inside.out" >"$work/$1.seen"; echo "$work/$1.seen" "$work/inside.err" "$work/web.daemon" "$control_log"; }

inside memory memory 1024
if ends memory 0 && shows memory "memory 2048 MiB" 1 && shows memory "round.*: 2 buffers, error -4" 2 && [ -e "$work/changed" ]; then
    pass vm-page.memory; else fail vm-page.memory "2 GiB were expected in the VM" $(seen memory); fi
start_daemon other --name other
other_daemon=$daemon
start_guest beside burst 600
beside=$guest
inside burst burst 600
within "$patience" says "$work/beside.out" ready && within "$patience" tells burst ready
if within "$patience" has_third web other; then pass vm-page.share; else
    fail vm-page.share "a third was expected: $part_seen" $(seen burst); fi
"$trillium" top --seconds 1 --count 1 >"$work/top" 2>&1
if says "$work/top" "web$"; then pass vm-page.top; else fail vm-page.top "the VM was expected" "$work/top"; fi
kill_hard "$beside"
daemon=$other_daemon
stop_daemon

# ---- pause, resume, profile, kill ----
ask pause web
if stands_still web && ! tells burst status; then pass vm-pause; else fail vm-pause "it was expected to stand still" $(seen burst); fi
ask resume web
if works_on web; then pass vm-resume; else fail vm-resume "it was expected to go on" $(seen burst); fi
# The guest is told to stamp its commands, and its clock is aligned then.
# (How much of it comes into two seconds, a busy machine says.)
attaches() {
    "$trillium" profile --attach web --seconds 2 "$work/vm.json" >"$work/attach.out" 2>"$work/attach.err"
    status=$?
    "$trillium" profile --csv "$work/vm.csv" "$work/vm.json"
    [ $status = 0 ] && says "$work/attach.out" "the guest's stamps are within" && says "$work/vm.csv" ",guest," &&
        says "$work/vm.csv" ",run," && says "$work/vm.csv" ",wake,"
}
if within "$patience" attaches; then pass vm-attach; else
    fail vm-attach "all stages were expected, status $status" "$work"/attach.* "$work/vm.csv" "$control_log"; fi
ask pause web
stands_still web
ask kill web
if ends burst 3 && tells burst "error cl"; then pass vm-killed-while-paused; else
    fail vm-killed-while-paused "an OpenCL error was expected" $(seen burst); fi
ask resume web

# ---- a pause in the middle of a build ----
has_built() { [ "$(of web builds)" -gt "$before" ]; }
begun=
for size in 1000 4000 16000; do # so long that the pause comes into it
    before=$(of web builds)
    inside "build$size" functions $size
    within "$patience" tells "build$size" building
    ask pause web
    has_built || begun=$size
    [ -z "$begun" ] || break
    ask resume web
    ends "build$size" 0
done
if [ -n "$begun" ] && within "$patience" has_built && stands_still web && ! tells "build$size" "done"; then pass vm-pause-in-build; else
    fail vm-pause-in-build "the build was expected to end, and its program to wait" $(seen "build$size"); fi
ask resume web
if ends "build$size" 0 && tells "build$size" "done"; then pass vm-pause-in-build.goes-on; else
    fail vm-pause-in-build.goes-on "right results were expected" $(seen "build$size"); fi

# ---- each limit ----
idle() { ! has_processes web; }
# NAME KEY=VALUE STATUS WHAT-THE-LOG-SAYS MODE...: the program ends so, and the log says so
limited() {
    local name=$1 key=$2 expected=$3 told=$4
    shift 4
    within "$patience" idle # what the last one's worker still holds counts
    ask limit web "$key"
    inside "$name" "$@"
    if ends "$name" "$expected" && within "$soon" says "$control_log" "web: $told"; then pass "vm-limit-$name"; else
        fail "vm-limit-$name" "status $expected and '$told' were expected" $(seen "$name"); fi
    ask limit web "${key%=*}=none"
}
limited objects objects=20 0 "process [0-9]* met its limit of objects (20) when it made a" objects
shows objects "round.*: [1-9][0-9]* queues, error -6" 2 || fail vm-limit-objects "an error was expected twice" $(seen objects)
limited devices devices=no-such-device 3 "" devices
tells devices ".*see none of its devices" || fail vm-limit-devices "a sentence was expected" $(seen devices)
limited seconds build_seconds=1 3 "process [0-9]* met its limit of build_seconds (1) in a build" functions 3000
limited space build_memory=8MiB 3 "process [0-9]* met its limit of build_memory (8 MiB) in a build" functions 3000
limited kernel kernel_ms=500 3 "process [0-9]* loses its worker: a kernel runs for more than the 500 ms" endless
limited rate kernels_per_second=5 0 "its commands wait: it met its limit of kernels_per_second (5)" burst 1
limited bytes bytes_per_second=1MiB 0 "its commands wait: it met its limit of bytes_per_second (1 MiB)" work 1
turned=$(of web turns_ns) # alone, and yet in turns
limited few commands=1 0 "" burst 1
if tells few "done" && [ "$(of web turns_ns)" -gt "$turned" ]; then pass vm-limit-commands; else
    fail vm-limit-commands "right results, in turns, were expected" $(seen few); fi
within "$patience" idle
ask limit web processes=1
inside loop loop 600
within "$patience" tells loop ready
inside second loop 1
if ends second 3 && tells second ".*allows no more (processes)" && ! tells loop status; then pass vm-limit-processes; else
    fail vm-limit-processes "a sentence was expected" $(seen second); fi

# ---- QEMU is killed ----
kill_hard "$control"
qemu=$(qemu_below "$machine")
if [ -n "$qemu" ]; then kill -9 $qemu; else fail qemu-killed "there is no QEMU below trillium run"; fi
await "$machine" "$soon"
if [ "$status" = 125 ] && says "$work/inside.err" "its process ended with signal 9"; then pass qemu-killed; else
    fail qemu-killed "status 125 and a sentence about who ended it were expected soon, status $status" "$work"/inside.*; fi
exec 8>&-
daemon=$web
stop_daemon
check_leftovers qemu-killed

# ---- at random points between a VM's start and its end: FAULT_VM_RUNS of them (each boots a VM), FAULT_SEED for the same again ----
seed=${FAULT_SEED:-$((RANDOM * 32768 + RANDOM))}
RANDOM=$seed
runs=${FAULT_VM_RUNS:-1}
for ((i = 1; i <= runs && failed == 0; i++)); do
    name=vm-random$i signal=KILL
    [ $((RANDOM % 2)) = 0 ] && signal=STOP
    "$trillium" run --vm=qemu -- "$program" work 1 >"$work/$name.out" 2>"$work/$name.err" &
    guest=$!
    started+=("$guest")
    naps 12000
    victim=$({ echo "$guest"; descendants "$guest"; } | one_of)
    what="$signal $(cat "/proc/$victim/comm" 2>/dev/null) (seed $seed, run $i)"
    hit "$victim" $signal
    await "$guest" $((patience * 2))
    case $status in
    0) says "$work/$name.out" '^done' || fail "$name" "$what: it ended well without having done its work" "$work/$name".* ;;
    hangs) fail "$name" "$what: it hangs" "$work/$name".* ;;
    137) ;; # it was the one, or its program
    *) [ -s "$work/$name.err" ] || says "$work/$name.out" '^error cl' || fail "$name" "$what: status $status without a word" "$work/$name".* ;;
    esac
    [ "$victim" != "$guest" ] || timeout "$patience" "$trillium" run -- true # which removes the folder of one that was killed
    [ $failed = 1 ] || check_leftovers "$name"
done
exit $failed
