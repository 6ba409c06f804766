#!/bin/bash
# SPDX-License-Identifier: MIT
# Puts the table of README.md anew, from what `make eval` has written: eval/readme.sh [DIR] (default eval/out).
# What stands between the two marks there is replaced.
set -eu -o pipefail
cd "$(dirname "$0")/.."
from=${1:-eval/out}

number() { sed -n "s/^ *\"$1\": \"\{0,1\}\([^\",]*\).*/\1/p" "$from/results.json" | tail -n 1; }
# program|what it measures, as in results.md
rows='clpeak|Single-precision compute, float16
clpeak|Global memory bandwidth, float16
clpeak|kernel launch latency
saxpy|time per call
sgemm|device rate
sgemm|start to exit
nbody|rate
reduction|time per sum
stencil|time per sweep
stencil|start to exit
bitonic|time per kernel
launch|kernel and finish
launch|stream, per kernel
launch|start to exit
transfer|read 4 KiB
transfer|write 16 MiB
transfer|read 16 MiB
build|first of the process
build|new: build
build|seen: build
bfs|run
cfd|run
hotspot|run
kmeans|run
nw|run
spmv|run
bfs|first result, new program
hotspot|first result, new program'

{
    sed -n '/^Debian\|^OpenCL device/p' "$from/results.md" | head -n 2
    echo
    when=$(number when)
    more=$(number 'short rounds')
    [ "$more" = 0 ] && more= || more=", and up to $more more natively and in process guests without copies"
    printf '`make eval` of %s, %.0f s in all; medians, rounds: %s%s; of what a program has warmed up itself its warming up\n' \
        "${when%%T*}" "$(number seconds)" "$(number rounds)" "$more"
    echo 'counts, too. In brackets the speed relative to native, with ~ where the rounds do not tell faster from slower; a dash where something was'
    echo 'not measured.'
    echo
    awk -F ' *[|] *' -v rows="$rows" '
        BEGIN { n = split(rows, wanted, "\n") }
        /^\| program / && !head { head = $0; getline line }
        NF > 4 { row[$2 "|" $3] = $0 }
        END { print head; print line; for (i = 1; i <= n; i++) if (wanted[i] in row) print row[wanted[i]] }' "$from/results.md"
} >"$from/readme.part"
awk -v part="$from/readme.part" '
    /^<!-- results -->$/ { print; while ((getline line < part) > 0) print line; inside = 1; next }
    /^<!-- end of results -->$/ { inside = 0 }
    !inside' README.md >"$from/readme.new"
rm "$from/readme.part"
cat "$from/readme.new" >README.md
rm "$from/readme.new"
