#!/bin/sh
# SPDX-License-Identifier: MIT
# The pages made from the code (make docs) are the ones that are committed.
cd "$(dirname "$0")/../.." || exit 2
build=${TRILLIUM_BUILD:-build}
failed=0
page() { # name of the program, committed page
    if "$build/docs/$1" | diff -u "$2" - >"$build/docs/$1.diff"; then
        echo "PASS $2"
    else
        echo "FAIL $2 is out of date: run make docs"
        sed 's/^/    /' "$build/docs/$1.diff" | head -n 40
        failed=1
    fi
}
page reference trillium/REFERENCE.md
page variables guest-icd/VARIABLES.md
page unsupported guest-icd/UNSUPPORTED.md
exit $failed
