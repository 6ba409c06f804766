#!/bin/bash
# SPDX-License-Identifier: MIT
# What SECURITY.md names is there: files, tests, walls, and a test for each kind of byte of its table.
. "$(dirname "$0")/common"
fail() {
    echo "FAIL security.$1 $2"
    failed=1
}
paths=$(grep -oE '\b(tests|host-backend|svga-model|guest-icd|trillium|eval)/[A-Za-z0-9_./*-]*[A-Za-z0-9_*/]' SECURITY.md | sort -u)
[ "$(wc -l <<<"$paths")" -gt 20 ] || fail paths "SECURITY.md names almost no files"
while read -r path; do
    compgen -G "$path" >/dev/null || fail paths "$path is not there"
done <<<"$paths"

# The last cell of each row of the table of a guest's bytes.
rows=$(awk -F'|' '/^\| bytes /{on = 1; next} on && !/^\|/{exit} on && !/^\|-/{print $2 "|" $4}' SECURITY.md)
[ "$(wc -l <<<"$rows")" -gt 10 ] || fail bytes "the table of a guest's bytes has almost no rows"
while IFS='|' read -r what tests; do
    for test in ${tests//,/ }; do
        case $test in
        tests/* | none) ;; # none: it says so
        *) fail bytes "the row '${what# }' names '$test', which is no path of a test" ;;
        esac
    done
done <<<"$rows"

# Every wall of the code has a row.
for wall in $(sed -n 's/^ *\[\(CELL\|DAEMON\)_[A-Z]*\] = {"\([a-z]*\)".*/\2/p' host-backend/cell/walls.c host-backend/cell/daemon.c); do
    grep -q "^|.*\`$wall\`.*|.*|" SECURITY.md || fail walls "the wall '$wall' has no row"
done
[ "$failed" = 0 ] && echo "PASS security"
exit $failed
