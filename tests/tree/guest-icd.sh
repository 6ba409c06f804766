#!/bin/bash
# SPDX-License-Identifier: MIT
# The guest driver's inside: nothing in it calls a function that the application calls. Such a function checks what the application gave,
# says why it fails, and may be a traced one; what the driver needs itself has a name of its own (icd_queue_release, not
# icd_ReleaseCommandQueue).
cd "$(dirname "$0")/../.." || exit 2
failed=0
verdict() { # name, offending lines
    if [ -z "$2" ]; then
        echo "PASS $1"
    else
        echo "FAIL $1"
        printf '%s\n' "$2" | sed 's/^/    /' | head -n 20
        failed=1
    fi
}

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
exit $failed
