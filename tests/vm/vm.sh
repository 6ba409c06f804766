#!/bin/bash
# SPDX-License-Identifier: MIT
# limit: 1800
# One throwaway VM for everything that a VM has to show: `trillium run --vm` itself, clinfo, and every conformance case,
# with source on PoCL; with SPIR-V the groups that the IR can make a difference for; on rusticl those where drivers differ most.
. "$(dirname "$0")/../e2e/compare"

kind=${TEST_VM:-qemu} # or uml: uml.sh

result() { # ok? name [detail]
    if [ "$1" = 0 ]; then echo "PASS vm.$2"; else
        echo "FAIL vm.$2"
        [ -z "${3:-}" ] || sed 's/^/    /' <<<"$3"
        failed=1
    fi
}

pocl=$(vendor_folder pocl) rusticl=$(vendor_folder rusticl)
if [ -z "$pocl" ]; then
    echo "this machine has no PoCL (/etc/OpenCL/vendors/pocl.icd)"
    exit 77
fi
conform_native native-pocl OCL_ICD_VENDORS="$pocl" -- &
[ -z "$rusticl" ] || conform_native native-rusticl OCL_ICD_VENDORS="$rusticl" -- &

# Runs inside; what it writes to files goes nowhere, so everything comes out here, in sections.
cat >"$work/inside" <<'INSIDE'
#!/bin/bash
conform=$1 outside=$2
section() { echo "=== $*"; }
section facts
echo "user $(id -u) folder $PWD variable $SPECIAL_VARIABLE"
echo "hypervisor $(grep -c hypervisor /proc/cpuinfo) host-only-pid $( [ -e /proc/$3/exe ] && echo seen || echo unseen )"
read -r line; echo "stdin $line"
touch "$outside/written-in-the-vm" && echo "written"
cmp "$conform" "$conform" && echo "files readable"
section clinfo
LD_PRELOAD=$4 clinfo -l
section source-pocl
"$conform" --limit-scale "$8" --platform Portable "${@:11}"
section spirv-pocl
TRILLIUM_IR=spirv "$conform" --limit-scale "$8" --platform Portable kernels ndrange programs includes linking
section source-rusticl
"$conform" --limit-scale "$8" --platform rusticl buffers transfers kernels ndrange images image_kernels image_errors
section reach
"$5"
section attack
"$6" calls "$outside/secret" "$3" "$3"
"$6" incbin "$outside/secret"
section cgroups
mount -t cgroup2 none /sys/fs/cgroup && "$7"
section groups
if grep -qw memory /sys/fs/cgroup/cgroup.controllers 2>/dev/null && [ -e /proc/self/ns/pid ]; then # a worker there has all of its walls
    . tests/vm/groups.inside
    groups "${9}/bin/trillium" "${9}/tests/vm/vm" "$6" "${9}/share/trillium/icd" "${10}"
fi
section cores
"${9}/tests/unit/cores" handler
section end
exit 42
INSIDE
chmod +x "$work/inside"
# A driver built under a sanitizer wants its runtime to be the first library of the process; clinfo is not built so.
runtime=$(ldd "$build/lib/libtrillium-icd.so" | awk '/lib[at]san\.so/ {print $3}')
echo "a secret of the host that no guest may read" >"$work/secret"
chmod 600 "$work/secret"
mkdir "$work/secret.mount"
start=$(date +%s%N)
SPECIAL_VARIABLE='with spaces' "$trillium" run "--vm=$kind" -- "$work/inside" "$conform" "$work" $$ "$runtime" \
    "$build/tests/programs/reach" "$build/tests/attack/attack" "$build/tests/unit/cgroup" $((3 * ${TEST_LIMIT_SCALE:-1})) \
    "$build" "$pocl" "${groups[@]}" \
    <<<"a line of input" >"$work/out" 2>"$work/err"
status=$?
wait
tr -d '\r' <"$work/out" | awk -v dir="$work" '/^=== /{f = dir "/vm-" $2; next} f{print > f}'
[ "$status" = 42 ]; result $? exit-status "$(echo "status $status"; tail -n 20 "$work/err")"

facts=$(cat "$work/vm-facts" 2>/dev/null)
grep -qx "user $(id -u) folder $PWD variable with spaces" <<<"$facts"; result $? user-folder-environment "$facts"
grep -qx "stdin a line of input" <<<"$facts"; result $? standard-input "$facts"
grep -q "host-only-pid unseen" <<<"$facts"; result $? really-a-vm "$facts"
grep -qx written <<<"$facts" && [ ! -e "$work/written-in-the-vm" ]; result $? writes-go-nowhere "$facts"
grep -qx "files readable" <<<"$facts"; result $? files-of-the-host "$facts"
grep -q "Platform #0: Portable Computing Language" "$work/vm-clinfo"; result $? clinfo "$(cat "$work/vm-clinfo")"

# Native code in the worker finds none of the VM's memory but its own regions.
grep -E "^(PASS|FAIL) reach" "$work/vm-reach" || result 1 reach "$(cat "$work/vm-reach")"
grep -q "^FAIL" "$work/vm-reach" && failed=1

# Native code in the worker finds neither the host's files nor its processes (tests/attack).
grep -E "^(PASS|FAIL) attack" "$work/vm-attack" || result 1 attack "$(cat "$work/vm-attack")"
grep -q "^FAIL" "$work/vm-attack" && failed=1

# A kernel of its own has control groups that may be written to: a worker's.
if grep -q "^ok .*test_worker_lives_and_ends$" "$work/vm-cgroups" && ! grep "^not ok" "$work/vm-cgroups" | grep -vq "# SKIP"; then
    result 0 cgroups
elif [ ! -s "$work/vm-cgroups" ] || grep -q "# SKIP.*test_worker_lives_and_ends" "$work/vm-cgroups"; then
    echo "SKIP vm.cgroups this user may not mount them, or the VM's kernel lacks a controller"
else
    result 1 cgroups "$(cat "$work/vm-cgroups")"
fi

# A daemon in a group delegated to it gives each worker one, whose limits end what a kernel does.
if [ ! -s "$work/vm-groups" ]; then
    echo "SKIP vm.groups this user may not mount control groups, or the VM's kernel lacks a controller or pid namespaces"
else
    grep -q "^limits: [0-9]* bytes, 2048 processes, [1-9]" "$work/vm-groups" &&
        grep -q "^bomb ended, [0-9]\{1,2\} times" "$work/vm-groups" && grep -q "^hog ended its worker" "$work/vm-groups" &&
        grep -q "^the daemon ends with 0, groups left: 0$" "$work/vm-groups"
    result $? groups "$(cat "$work/vm-groups")"
fi

# What reads crashed programs' cores, by the kernel's leave, gets none of a worker's.
if grep -q "^ok .*test_handler" "$work/vm-cores" && ! grep -q "# SKIP" "$work/vm-cores"; then
    result 0 cores
elif grep -q "# SKIP" "$work/vm-cores"; then
    echo "SKIP vm.cores this user may not set core_pattern, or the VM's kernel makes no cores"
else
    result 1 cores "$(cat "$work/vm-cores")"
fi

conform_compare vm.pocl.source native-pocl vm-source-pocl
only() { # GROUP|GROUP... : the cases of these groups of a transcript
    awk -v groups="^($1)\$" '/^CASE /{split($2, n, "."); keep = n[1] ~ groups} keep'
}
only 'kernels|ndrange|programs|includes|linking' <"$work/native-pocl" >"$work/native-pocl-some"
conform_compare vm.pocl.spirv native-pocl-some vm-spirv-pocl --other-compiler
if [ -n "$rusticl" ]; then
    only 'buffers|transfers|kernels|ndrange|images|image_kernels|image_errors' <"$work/native-rusticl" >"$work/native-rusticl-some"
    conform_compare vm.rusticl.source native-rusticl-some vm-source-rusticl
fi

left=$(ps -eo pid,args | grep -v grep | grep -F -- "$work/inside" || true)
[ -z "$left" ]; result $? nothing-left-running "$left"
exit $failed
