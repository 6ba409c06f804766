#!/bin/bash
# SPDX-License-Identifier: MIT
# The guest driver's inside. Nothing in it calls a function that the application calls: such a function checks what the application
# gave and says why it fails; what the driver needs itself has a name of its own (icd_queue_release, not icd_ReleaseCommandQueue).
# And its folders stand upon each other: each includes itself and what stands before it, so there is no circle between them.
. "$(dirname "$0")/common"

entry_points=$(grep -oE '^(STATUS|OBJECT|POINTER|NOTHING)\([A-Z]+, ([a-z_ *]+, )?[A-Za-z0-9]+' guest-icd/functions.def | sed 's/.*[ ,]//' | sort -u | paste -sd '|')
[ "${#entry_points}" -gt 1000 ] || { echo "FAIL guest-icd/functions.def has no functions"; exit 1; }
# A definition: "CL_API_CALL icd_Name(", also with the name on a line of its own. exports.c is the loader's three.
uses() {
    find guest-icd -mindepth 2 -name '*.[ch]' -print0 | xargs -0 awk -v names="^(icd|icd_debug)_($entry_points)\$" '
        {
            line = $0
            sub(/CL_API_CALL icd_[A-Za-z0-9]+\(/, "(", line)
            if (before ~ /CL_API_CALL$/) sub(/^icd_[A-Za-z0-9]+\(/, "(", line)
            n = split(line, words, /[^A-Za-z0-9_]+/)
            for (i = 1; i <= n; i++) if (words[i] ~ names) print FILENAME ":" FNR ": " $0
            before = $0
        }'
}
verdict "nothing in the guest driver calls what the application calls" "$(uses)"

order=(session reclaim platform queue memory program command)
below="" wrong=""
for folder in "${order[@]}"; do
    below="$below${below:+|}$folder"
    wrong+=$(grep -nE '#include "guest-icd/[a-z-]+/' "guest-icd/$folder"/*.[ch] | grep -vE "\"guest-icd/($below)/")
done
verdict "the guest driver's folders include what stands below: ${order[*]}" "$wrong"
verdict "every folder of the guest driver has its place" \
    "$(find guest-icd -mindepth 1 -maxdepth 1 -type d ! -name docs -printf '%f\n' | grep -vxE "$below")"
exit $failed
