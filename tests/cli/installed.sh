#!/bin/bash
# SPDX-License-Identifier: MIT
# What `make install` puts into place: manual pages, systemd's units, completion; and that uninstall takes all of it away.
. "$(dirname "$0")/../fault/common"

root=$work/root
# The tree is built already, perhaps with other flags than plain make's: only what install copies is run.
copy() { env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS make --no-print-directory BUILD="$build" DEPS=no DESTDIR="$root" PREFIX=/usr "$@" >"$work/make" 2>&1; }
if copy install-built; then pass install; else fail install "" "$work/make"; exit 1; fi
export PATH=$root/usr/bin:$PATH

# ---- manual pages ----
if command -v mandoc >/dev/null; then
    for page in "$root"/usr/share/man/man*/*; do
        name=manual.${page##*/}
        if mandoc -T lint -W error "$page" >"$work/lint" 2>&1; then pass "$name"; else fail "$name" "" "$work/lint"; fi
    done
else
    echo "SKIP manual there is no mandoc"
fi
grep -ohE '(BR |\\fB)[a-z\\-]+(\\fR| )\([1-8]\)' "$root"/usr/share/man/man*/* | sed 's/^BR //; s/\\f[BR]//g; s/\\-/-/g; s/ //' | sort -u |
    while IFS='()' read -r name section; do
        [ "$name" = chmod ] || [ -e "$root/usr/share/man/man$section/$name.$section" ] || echo "$name($section)"
    done >"$work/missing"
if [ ! -s "$work/missing" ]; then pass manual.references; else fail manual.references "not installed:" "$work/missing"; fi
# Every option that --help tells of stands in the page.
for subcommand in $("$trillium" --help | sed -n 's/^  \([a-z]*\) .*/\1/p' | grep -v eval); do
    "$trillium" $subcommand --help | grep -o '^  --[a-z-]*' | grep -v -- --help | while read -r option; do
        grep -q -- "${option//-/\\\\-}" "$root/usr/share/man/man1/trillium.1" || echo "$option"
    done >"$work/missing"
    if [ ! -s "$work/missing" ]; then pass "manual.options.$subcommand"; else fail "manual.options.$subcommand" "not in trillium(1):" "$work/missing"; fi
done
for subcommand in $("$trillium" --help | sed -n 's/^  \([a-z]*\) .*/\1/p'); do
    grep -q "^.SS trillium $subcommand" "$root/usr/share/man/man1/trillium.1" || fail "manual.subcommand.$subcommand" "has no section in trillium(1)"
done

# ---- units ----
if command -v systemd-analyze >/dev/null; then
    mkdir -p "$work/units"
    # verify looks for the program where the unit says; this machine need not have the user either
    for unit in trillium.socket trillium.service trillium-vm@.service trillium-control.socket trillium-control.service; do
        sed "s|=/usr/bin/trillium|=$trillium|" "$root/usr/lib/systemd/system/$unit" >"$work/units/$unit"
    done
    cp "$work/units/trillium-vm@.service" "$work/units/trillium-vm@one.service"
    for unit in trillium.socket trillium.service trillium-vm@one.service trillium-control.socket trillium-control.service; do
        if systemd-analyze verify --man=no "$work/units/$unit" >"$work/said" 2>&1 && ! grep -E "trillium[^/]*(service|socket):" "$work/said" >"$work/wrong"; then
            pass "unit.$unit"; else fail "unit.$unit" "" "$work/said"; fi
    done
    if systemd-analyze security --offline=true --threshold=50 "$work/units/trillium.service" >"$work/said" 2>&1; then pass unit.security; else
        fail unit.security "exposed more than 5.0" "$work/said"; fi
else
    echo "SKIP units there is no systemd-analyze"
fi

# ---- the example of a policy ----
if "$trillium" policy check "$root/usr/share/doc/trillium/policy.conf" >"$work/said" 2>&1; then pass policy; else fail policy "" "$work/said"; fi

# ---- AppArmor ----
if command -v apparmor_parser >/dev/null && [ -d /etc/apparmor.d/tunables ]; then
    { echo '#include <tunables/global>'; echo 'profile test {'; cat "$root/usr/share/trillium/apparmor-libvirt"; echo '}'; } >"$work/profile"
    if apparmor_parser -Q -K "$work/profile" 2>"$work/said"; then pass apparmor; else fail apparmor "" "$work/said"; fi
else
    echo "SKIP apparmor there is no apparmor_parser"
fi

# ---- completion ----
completes() { # NAME WORD-THAT-MUST-BE-THERE LINE...: the last word of the line is being written
    local name=$1 wanted=$2
    shift 2
    bash -c '. "$1/usr/share/bash-completion/completions/trillium"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
        _trillium; printf "%s\n" "${COMPREPLY[@]}"' bash "$root" "$@" >"$work/completed" 2>&1
    if grep -qxF -- "$wanted" "$work/completed"; then pass "completion.$name"; else fail "completion.$name" "no $wanted among:" "$work/completed"; fi
}
completes subcommand serve "$trillium" se
completes option --socket-path "$trillium" serve --so
completes option.any --sandbox "$trillium" run --
completes value spirv "$trillium" run --ir s
completes program clinfo "$trillium" run --vm clinf
completes program.behind bash "$trillium" run --device x -- bas

# ---- what doctor says of a part that is missing ----
compiler() { # STATE: of the check, with the command that mends it
    "$root/usr/bin/trillium" doctor --json >"$work/doctor" 2>&1
    jq -e --arg state "$1" '.checks[] | select(.name == "compiler to SPIR-V") | .state == $state and (($state == "ok") or .mend != null)' "$work/doctor" >/dev/null
}
if ! command -v jq >/dev/null || ! [ -e "$root/usr/lib/libtrillium-visa-guest.so" ] || ldd "$trillium" | grep -q 'lib[at]san'; then
    echo "SKIP doctor there is no jq, no compiler, or one that a sanitizer does not let load"
else
    if compiler ok; then pass doctor.compiler; else fail doctor.compiler "not found as installed" "$work/doctor"; fi
    mv "$root/usr/libexec/trillium-visa-compile" "$work/away"
    if compiler missing; then pass doctor.no-compiler; else fail doctor.no-compiler "its program is gone" "$work/doctor"; fi
    mv "$work/away" "$root/usr/libexec/trillium-visa-compile"
fi

# ---- what goes again ----
copy uninstall
if [ -z "$(find "$root" ! -type d)" ]; then pass uninstall; else fail uninstall "left: $(find "$root" ! -type d | xargs)"; fi
exit $failed
