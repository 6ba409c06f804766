#!/bin/bash
# SPDX-License-Identifier: MIT
# limit: 1200
# The comparison on one small program: every file is written, makes its pages again, and two results are compared; and the
# latency profile of a guest.
. "$(dirname "$0")/compare"

expect() { # what, command...
    local what=$1
    shift
    if "$@" >"$work/said" 2>&1; then
        echo "PASS $what"
    else
        echo "FAIL $what"
        tail -n 5 "$work/said"
        failed=1
    fi
}
exits() { # status, command...
    local wanted=$1
    shift
    "$@"
    [ $? = "$wanted" ]
}
out=$work/out
expect "nn natively and as four kinds of guest" \
    "$trillium" eval --no-vm --no-clpeak --device "Portable Computing" --programs nn --rounds 2 --profile-overhead --out "$out"
expect "with and without a latency profile, too" grep -q 'more than 1.02 times' "$out/results.html"
expect "any program, with arguments, is compared" \
    "$trillium" eval --no-vm --device "Portable Computing" --sides process-source --rounds 2 --out "$work/given" -- "$build/eval/devices"
for side in native process-source process-spirv process-spirv-backed process-remote; do
    expect "$side has two rounds, and was warm in the one before" \
        [ "$(grep -c "\"nn\",\"run\",\"ms\",lower,warm,$side," "$out/results.csv")" = 3 ]
done
expect "the page begins with the answers in short" \
    grep -q 'Virtual ISA, warm runs, against source</td><td[^>]*>[0-9.]* times' "$out/results.html"
expect "and so does the Markdown" grep -q '^| API remoting, warm runs, against native | [0-9.]* times~* | - |$' "$out/results.md"
cp "$out/results.html" "$work/first.html"
expect "the pages are made again from the JSON file" "$trillium" eval report "$out/results.json" "$work/again"
expect "and are the same" cmp "$work/first.html" "$work/again/results.html"
expect "the page needs nothing from anywhere" exits 1 grep -qE 'src=|href="http|@import|url\(' "$out/results.html"
expect "no row differs from itself" exits 0 "$trillium" eval compare "$out/results.json" "$out/results.json"
# Values of one metric a thousand times as large: worse, and said so.
awk '/"metric": "run"/ {inside = 1} /"metric": "first/ {inside = 0}
    inside && /^ *[0-9.e+-]+,?$/ {sub(/[0-9.e+-]+/, $1 * 1000 "")} {print}' "$out/results.json" >"$work/slow.json"
expect "what is slower is found" exits 3 "$trillium" eval compare "$out/results.json" "$work/slow.json"
expect "what is no result is refused" exits 1 "$trillium" eval report "$work/given/results.csv" "$work/again"

# The virtual ISA that two programs need, of which hardly anybody has one.
mkdir -p "$work/programs/common" "$work/programs/rare"
echo 'kernel void a(global float *x) { x[get_global_id(0)] += 1; }' >"$work/programs/common/a.cl"
echo 'kernel void b(global double *x) { x[0] = sqrt(x[get_local_id(0)]); }' >"$work/programs/rare/b.cl"
printf 'common,99\nrare,1\n' >"$work/popularity.csv"
isa() { "$trillium" eval isa --popularity "$work/popularity.csv" --csv "$work/isa.csv" "$work/programs" >"$work/isa.txt"; }
expect "parts of the virtual ISA are counted" isa
expect "and it is said which of them the baseline lacks" grep -q "^the baseline's list lacks 0 of" "$work/isa.txt"
expect "what most programs need is needed by 99 %" grep -q 'builtin variable,GlobalInvocationId,0.99' "$work/isa.csv"
expect "what few need comes behind it" \
    [ "$(grep -n 'extended instruction,sqrt,0.01' "$work/isa.csv" | cut -d: -f1)" -gt "$(grep -n GlobalInvocationId "$work/isa.csv" | cut -d: -f1)" ]
expect "and with it all are covered" grep -q ',1.000000$' <(tail -n 1 "$work/isa.csv")

# The latency profile of one guest, recorded and read again.
expect "a profile is recorded" "$trillium" run --profile "$work/one.json" --device "Portable Computing" -- "$build/eval/nn"
expect "it is read again" "$trillium" profile "$work/one.json"
cp "$work/said" "$work/table"
expect "it says what bounds the program" grep -q 'The program is bound by' "$work/table"
expect "with every stage of the kernel" grep -qE '^distances 65536( +[0-9.]+){9}' "$work/table"
expect "as a page and as CSV" "$trillium" profile --html "$work/one.html" --csv "$work/one.csv" "$work/one.json"
expect "which has the run stage's times" grep -q '"distances 65536",run,11,' "$work/one.csv"
expect "it is compared with itself" "$trillium" profile diff "$work/one.json" "$work/one.json"
"$trillium" run --ir spirv --fresh-builds --profile "$work/spirv.json" --device "Portable Computing" -- "$build/eval/nn" -r 1 \
    >"$work/said" 2>"$work/table"
expect "the virtual ISA's stages are all measured" \
    grep -qE '^builds: 1 .* (0\.[1-9]|[1-9][0-9.]*) ms compiling in the guest, (0\.[1-9]|[1-9][0-9.]*) validating, (0\.[1-9]|[1-9][0-9.]*) trans' "$work/table"
expect "a guest over a socket is profiled, too" \
    "$trillium" run --carrier socket --profile "$work/socket.json" --device "Portable Computing" -- "$build/eval/nn" -r 3
"$trillium" profile --csv "$work/socket.csv" "$work/socket.json" >/dev/null 2>&1
for stage in guest fifo run complete; do
    expect "with the stage $stage" grep -q "^command,.*,$stage," "$work/socket.csv"
done
expect "what is no profile is refused" exits 1 "$trillium" profile "$out/results.json"
exit $failed
