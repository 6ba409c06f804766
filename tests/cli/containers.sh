#!/bin/bash
# SPDX-License-Identifier: MIT
# limit: 1200
# A container that asks for the device of `trillium cdi`: with podman where it can run containers here, and by applying the
# description with bubblewrap.
. "$(dirname "$0")/../fault/common"

for tool in jq clinfo; do command -v $tool >/dev/null || { echo "there is no $tool"; exit 77; }; done
if ldd "$build/lib/libtrillium-icd.so" | grep -q 'lib[at]san'; then echo "a driver built under a sanitizer does not load there"; exit 77; fi

start_daemon containers --verbose
"$trillium" cdi --shm "$socket" >"$work/cdi.json" 2>"$work/cdi.err"
status=$?
if [ $status = 0 ] && [ ! -s "$work/cdi.err" ] && jq -e '.kind == "trillium.example/gpu" and .devices[0].name == "all"' "$work/cdi.json" >/dev/null; then
    pass cdi; else fail cdi "status $status" "$work/cdi.json" "$work/cdi.err"; fi
"$trillium" cdi --shm "$socket" --output "$work/file.json" && cmp -s "$work/file.json" "$work/cdi.json" && pass cdi.file || fail cdi.file "not what is printed"
"$trillium" cdi --shm "$work/nobody.sock" >/dev/null 2>"$work/cdi.err"
if says "$work/cdi.err" "no daemon listens"; then pass cdi.no-daemon; else fail cdi.no-daemon "" "$work/cdi.err"; fi
"$trillium" cdi --output "$work/none/x.json" >/dev/null 2>"$work/cdi.err"
if [ $? = 1 ] && says "$work/cdi.err" "mkdir"; then pass cdi.no-folder; else fail cdi.no-folder "" "$work/cdi.err"; fi

# ---- a small root: one OpenCL program, the loader and what they load ----
root=$work/root
mkdir -p "$root"/{proc,dev,tmp,etc,usr/bin}
for file in "$(command -v clinfo)" "$(ldd "$(command -v clinfo)" | grep -o '/[^ ]*libOpenCL[^ ]*')" /bin/cat; do
    for part in $file $(ldd "$file" | grep -o '/[^ ]*'); do
        mkdir -p "$root$(dirname "$part")"
        cp -Lf "$part" "$root$part"
    done
done
sees_device() { # NAME FILE...: clinfo -l in a container sees Trillium's platform and no other
    local name=$1
    if [ "$status" = 0 ] && says "$work/$name.out" 'Device #0' && ! says "$work/$name.out" 'Platform #[2-9]'; then pass "$name"; else
        fail "$name" "no device, status $status" "$work/$name".* "$work/containers.daemon"; fi
}

# ---- its pieces, with bubblewrap ----
if command -v bwrap >/dev/null && bwrap --ro-bind / / true 2>/dev/null; then
    mapfile -t args < <(jq -r '.devices[0].containerEdits | (.mounts[] | "--ro-bind", .hostPath, .containerPath),
        (.env[] | capture("(?<name>[^=]*)=(?<value>.*)") | "--setenv", .name, .value)' "$work/cdi.json")
    timeout 60 bwrap --unshare-all --bind "$root" / --proc /proc --dev /dev --clearenv --setenv PATH /usr/bin:/bin "${args[@]}" clinfo -l \
        >"$work/bubblewrap.out" 2>"$work/bubblewrap.err"
    status=$?
    sees_device bubblewrap
else
    echo "SKIP bubblewrap it cannot run here"
fi

# ---- with podman ----
# Its stores are here, and what it finds in the machine's folders of descriptions is covered.
podman() {
    timeout 60 unshare --mount --propagation private sh -c 'mkdir -p /etc/cdi /run/cdi && mount -t tmpfs none /etc/cdi && mount -t tmpfs none /run/cdi &&
        cp "$0" /run/cdi/trillium.json && exec podman "$@"' "$work/cdi.json" --root "$work/store" --runroot "$work/run/store" "$@" </dev/null
}
container() { podman "${runtime[@]}" run --rm --network=none --ulimit nofile=1024:1024 --ulimit nproc=1024:1024 "$@"; }
works=
if command -v podman >/dev/null && [ "$(id -u)" = 0 ]; then
    for runtime in '' runc; do
        runtime=(${runtime:+--runtime $runtime})
        container --rootfs "$root" cat /dev/null >"$work/podman.out" 2>"$work/podman.err" && works=yes && break
    done
fi
if [ -n "$works" ]; then
    container --device trillium.example/gpu=all --rootfs "$root" clinfo -l >"$work/podman.out" 2>"$work/podman.err"
    status=$?
    sees_device podman
    if within 30 says "$work/containers.daemon" 'process [0-9]* of container [0-9a-f]\{12\})'; then pass podman.name; else
        fail podman.name "the daemon's log does not name the container" "$work/containers.daemon"; fi
    container --rootfs "$root" clinfo -l >"$work/without.out" 2>&1
    if ! says "$work/without.out" 'Device #0'; then pass podman.without; else fail podman.without "a device without asking for it" "$work/without.out"; fi
else
    echo "SKIP podman there is none, or it runs no container here"
fi
rm -rf "$work/store" "$work/run/store"
stop_daemon
check_leftovers containers
exit $failed
