#!/bin/bash
# SPDX-License-Identifier: MIT
# limit: 900
# What goes wrong around a VM: RAM that is not shared, another virtual GPU, a kernel that crashes the driver, QEMU killed; and what an
# administrator does to one: limits, pause, resume.
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
# The latencies of a VM's process while it runs: the guest is told to stamp its commands, and its clock is aligned then.
start_control
"$trillium" run --vm=qemu -- "$program" loop 600 >"$work/killed.out" 2>"$work/killed.err" &
guest=$!
started+=("$guest")
if within "$patience" says "$work/killed.out" ready; then
    vm=$("$trillium" ls --json | sed -n 's/^    "name": "\(.*\)",$/\1/p' | head -n 1)
    if works_on "$vm" && ask pause "$vm" && stands_still "$vm" && [ -d "/proc/$guest" ]; then pass vm-pause; else
        fail vm-pause "guest '$vm' was expected to stand still" "$work"/killed.* "$control_log"; fi
    ask resume "$vm"
    if works_on "$vm"; then pass vm-resume; else fail vm-resume "guest '$vm' was expected to go on" "$work"/killed.*; fi
    "$trillium" profile --attach 1 --seconds 2 "$work/vm.json" >"$work/attach.out" 2>"$work/attach.err"
    status=$?
    "$trillium" profile --csv "$work/vm.csv" "$work/vm.json"
    if [ $status = 0 ] && says "$work/attach.out" "the guest's stamps are within" && says "$work/vm.csv" ",guest," &&
        says "$work/vm.csv" ",run," && says "$work/vm.csv" ",wake,"; then pass vm-attach; else
        fail vm-attach "all stages were expected, status $status" "$work"/attach.* "$work/vm.csv" "$work/control.log"; fi
    kill_hard "$control"
    qemu=$(qemu_below "$guest")
    if [ -n "$qemu" ]; then kill -9 $qemu; else fail qemu-killed "there is no QEMU below trillium run"; fi
    await "$guest" "$soon"
    if [ "$status" = 125 ] && says "$work/killed.err" "its process ended with signal 9"; then pass qemu-killed; else
        fail qemu-killed "status 125 and a sentence about who ended it were expected soon, status $status" "$work"/killed.*; fi
else
    fail qemu-killed "the guest does not get going" "$work"/killed.*
    kill_hard "$control"
    kill_hard "$guest"
fi
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
