#!/bin/bash
# SPDX-License-Identifier: MIT
# Counts the instructions of one set argument and one kernel, in the guest and in the worker, and what a latency profile
# adds to them, with valgrind's callgrind: a figure that does not depend on how busy the machine is.
#
#   count.sh [--record]
#
# Compares with eval/count/COUNTS.md; --record writes that page anew. Exit status: 0 nothing has grown by more
# than 5 % (a profile's part, which depends on when kernels end, 20 %), 1 something has, 2 it could not be counted.
set -u -o pipefail

cd "$(dirname "$0")/../.." || exit 2
build=$(realpath "${TRILLIUM_BUILD:-build}")
page=eval/count/COUNTS.md
calls=5000
[ $# -eq 0 ] || [ "$*" = --record ] || { sed -n '2,9s/^# \{0,1\}//p' "$0" >&2; exit 2; }
command -v valgrind >/dev/null || { echo "count: valgrind is missing: make count installs it" >&2; exit 2; }

tmp=$(mktemp -d) || exit 2
daemon=
clean_up() {
    [ -z "$daemon" ] || { kill "$daemon" && wait "$daemon"; } 2>/dev/null
    rm -rf "$tmp"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

# The installed tree finds its parts by its own path: one whose worker runs under callgrind, which counts what one function does.
mkdir -p "$tmp/bin" "$tmp/libexec"
cp "$build/bin/trillium" "$tmp/bin/"
ln -s "$build/lib" "$build/share" "$tmp/"
export TRILLIUM_SHM=$tmp/socket OCL_ICD_VENDORS=$build/share/trillium/icd

# inclusive FILE FUNCTION: instructions of a function with all that it calls, per kernel
inclusive() {
    callgrind_annotate --inclusive=yes --threshold=100 "$1" 2> /dev/null |
        awk -v name="$2" -v calls=$calls '
            { split($0, part, /\) /); sub(/^.*:/, "", part[2]); sub(/ .*$/, "", part[2]) }
            part[2] == name { gsub(",", "", $1); if ($1 + 0 > most) most = $1 + 0 }
            END { printf "%.0f", most / calls }'
}
serve() { # TRILLIUM OPTION...
    "$1" serve --shm "$tmp/socket" --warm-workers 0 "${@:2}" 2> "$tmp/log" &
    daemon=$!
    for _ in $(seq 100); do [ -S "$tmp/socket" ] && break; sleep 0.1; done
}
stop() {
    kill "$daemon" && wait "$daemon" 2>/dev/null
    daemon=
}
seen() { # figure...
    for n in "$@"; do
        [ "$n" -gt 0 ] || { echo "count: callgrind has not seen every function" >&2; exit 2; }
    done
}

# worker FUNCTION [OPTION]...: what FUNCTION does in the worker of a daemon of these options: $tmp/worker
worker() {
    rm -f "$tmp/worker"
    cat > "$tmp/libexec/trillium-worker" <<END
#!/bin/sh
exec valgrind --quiet --tool=callgrind --collect-atstart=no --toggle-collect=$1 \
    --callgrind-out-file='$tmp/worker' '$build/libexec/trillium-worker' "\$@"
END
    chmod +x "$tmp/libexec/trillium-worker"
    echo "count: $calls kernels with the worker under callgrind, $* ..." >&2
    serve "$tmp/bin/trillium" --fresh-builds --sandbox off "${@:2}"
    timeout 300 "$build/eval/bench" count $calls > /dev/null || { cat "$tmp/log" >&2; exit 2; }
    for _ in $(seq 600); do [ -s "$tmp/worker" ] && break; sleep 0.1; done
    sleep 1
    stop
}

# measure [OPTION]...: with a daemon of these options, what both sides do for a kernel
measure() {
    worker drain "$@"
    echo "count: the same with the program under callgrind ..." >&2
    rm -f "$tmp/guest"
    serve "$build/bin/trillium" "$@"
    timeout 300 valgrind --quiet --tool=callgrind --collect-atstart=no --toggle-collect=icd_SetKernelArg \
        --toggle-collect=icd_EnqueueNDRangeKernel --callgrind-out-file="$tmp/guest" \
        "$build/eval/bench" count $calls > /dev/null || { cat "$tmp/log" >&2; exit 2; }
    stop
    set_guest=$(inclusive "$tmp/guest" icd_SetKernelArg)
    enqueue_guest=$(inclusive "$tmp/guest" icd_EnqueueNDRangeKernel)
    all=$(inclusive "$tmp/worker" drain)
    driver=$(inclusive "$tmp/worker" clEnqueueNDRangeKernel)
    seen "$set_guest" "$enqueue_guest" "$all" "$driver"
    driver=$((driver + $(inclusive "$tmp/worker" clSetKernelArg)))
    ours=$((all - driver))
}

measure
figures="guest: clSetKernelArg|$set_guest
guest: clEnqueueNDRangeKernel|$enqueue_guest
worker: both commands, without the driver|$ours
worker: the driver's clSetKernelArg and clEnqueueNDRangeKernel|$driver"
# What a latency profile adds. What has ended is asked for when there is time, within the drain and beside it: it is counted by itself.
guest_before=$enqueue_guest ours_before=$ours driver_before=$driver
mkdir "$tmp/traces"
measure --profile "$tmp/traces" --profile-all
ours=$((ours - $(inclusive "$tmp/worker" collect_now)))
worker collect_now --profile "$tmp/traces" --profile-all
all=$(inclusive "$tmp/worker" collect_now)
stamps=$(inclusive "$tmp/worker" clGetEventProfilingInfo)
release=$(inclusive "$tmp/worker" clReleaseEvent)
seen "$all" "$stamps" "$release"
figures="$figures
guest: more with a latency profile|$((enqueue_guest - guest_before))
worker: more with a latency profile, without the driver|$((ours - ours_before + all - stamps - release))
worker: the driver's more: its enqueue, and the kernel's times|$((driver - driver_before + stamps))
worker: the driver's release of an event, which without a profile a thread of its own does|$release"
rows() { echo "$figures"; }

if [ $# -gt 0 ]; then
    {
        echo "# Instructions of one argument and one kernel"
        echo
        echo "Counted by \`make count\` over $calls calls, which compares with this page, and recorded by \`make count RECORD=1\`."
        echo "$(gcc --version | head -1); $(getconf GNU_LIBC_VERSION); PoCL $(dpkg-query -W -f '${Version}' libpocl2 2> /dev/null)."
        echo
        echo "| what | instructions |"
        echo "|---|---|"
        rows | sed 's/^/| /; s/|\([0-9]*\)$/ | \1 |/'
    } > $page
    cat $page
    exit
fi
worse=0
printf '%-70s %8s %8s\n' "" recorded now
while IFS='|' read -r what now; do
    was=$(awk -F ' *[|] *' -v what="$what" '$2 == what { print $3 }' $page)
    note=
    case $what in
    *driver\'s*) ;; # not ours
    *profile*) [ $((now * 100)) -gt $((${was:-0} * 120)) ] && { note="grown"; worse=1; } ;;
    *) [ $((now * 100)) -gt $((${was:-0} * 105)) ] && { note="grown"; worse=1; } ;;
    esac
    printf '%-70s %8s %8s  %s\n' "$what" "${was:--}" "$now" "$note"
done < <(rows)
exit $worse
