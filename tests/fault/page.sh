#!/bin/bash
# SPDX-License-Identifier: MIT
# limit: 300
# docs/control.md, and README.md's two guests, word for word: from nothing to a third of the device and 2 GiB for the guest of a
# VM's daemon. The guest is a process here; vm.sh does the same with a VM.
. "$(dirname "$0")/common"
export TRILLIUM_CONTROL=$work/control.sock
policy=$work/policy.conf
control_log=$work/control.log

rm -f "$policy" "$TRILLIUM_CONTROL".*
if page_block 1 | grep -q policy && typed 1 >"$work/page.out" 2>&1; then pass page.begin; else fail page.begin "the first block was expected to work" "$work/page.out"; fi
start_control
page_block 2 >"$policy"
if grep -q 'vm = "web"' "$policy" && typed 3 >"$work/page.out" 2>&1; then pass page.policy; else
    fail page.policy "the policy was expected to be taken" "$work/page.out" "$policy" "$control_log"; fi
"$trillium" serve --name web --shm "$work/web.sock" >"$work/web.daemon" 2>&1 &
web=$!
started+=("$web")
socket=$work/web.sock
within "$patience" listening || fail page "the VM's daemon does not listen" "$work/web.daemon"
cat >"$work/inside" <<INSIDE
#!/bin/sh
"$program" memory 1024 && exec "$program" burst 600
INSIDE
chmod +x "$work/inside"
TRILLIUM_SHM=$socket OCL_ICD_VENDORS=$build/share/trillium/icd \
    "$work/inside" >"$work/page.out" 2>"$work/page.err" &
machine=$!
started+=("$machine")
within "$patience" says "$work/page.out" ready
if says "$work/page.out" "memory 2048 MiB"; then pass page.memory; else
    fail page.memory "2 GiB were expected for it" "$work"/page.* "$work/web.daemon"; fi
start_daemon other --name other
start_guest beside burst 600
within "$patience" says "$work/beside.out" ready
if within "$patience" has_third web other; then pass page.share; else
    fail page.share "a third was expected: $part_seen" "$work"/page.* "$control_log"; fi
"$trillium" top --seconds 1 --count 1 >"$work/top" 2>&1
if says "$work/top" "web$"; then pass page.top; else fail page.top "the VM was expected" "$work/top"; fi
gone_or_zombie "$machine" || kill "$machine"
await "$machine" "$soon"
kill_hard "$guest"
gone_or_zombie "$daemon" || kill "$daemon"
await "$daemon" "$soon"
gone_or_zombie "$web" || kill "$web"
await "$web" "$soon"

# README.md, word for word: two guests and a control, and what the one waits for the other. All listen when they do, not after a second.
kill_hard "$control"
cp -al "$built/eval" "$build/eval" 2>/dev/null || cp -a "$built/eval" "$build/eval"
mkdir "$work/readme" && ln -s "$build" "$work/readme/build"
awk '/^```/ { inside = !inside; text = ""; next } inside { text = text $0 "\n" } inside && /^trillium profile traces/ { printf "%s", text }' README.md |
    sed -e 's/^sleep 1$/until [ -S control.sock ] \&\& [ -S one.sock ] \&\& [ -S two.sock ]; do :; done/' -e 's/  *\.\.\. .*//' >"$work/readme.sh"
(cd "$work/readme" && timeout "$patience" bash "$work/readme.sh") >"$work/readme.out" 2>"$work/readme.err"
if says "$work/readme.out" 'heat 128x128 spends [0-9]* % of its latency waiting behind another guest'; then pass page.readme; else
    fail page.readme "README's lines were expected to show a wait behind another guest" "$work"/readme.*; fi
check_leftovers page
exit $failed
