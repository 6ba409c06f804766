#!/bin/bash
# SPDX-License-Identifier: MIT
# limit: 1200
# Guests over a stream: who is let in, what becomes of a connection that ends in the middle, and of the other guests then.
. "$(dirname "$0")/common"

lost='error cl[A-Za-z]* -[0-9]'
echo "of all words this one" >"$work/token"
echo "another" >"$work/wrong"

# A daemon for remote guests; its address in $address.
listen() { # NAME [option...]
    local name=$1
    shift
    "$trillium" serve --listen 127.0.0.1:0 "$@" >"$work/$name.daemon" 2>&1 &
    daemon=$!
    started+=("$daemon")
    within "$patience" says "$work/$name.daemon" "remote guests at" || fail "$name" "the daemon does not listen" "$work/$name.daemon"
    address=$(sed -n 's/.*remote guests at \(.*\)/\1/p' "$work/$name.daemon")
}
remote() { # token file or "", command...
    local token=$1
    shift
    TRILLIUM_REMOTE=$address TRILLIUM_REMOTE_TOKEN=$token OCL_ICD_VENDORS=$build/share/trillium/icd "$@"
}
refused() { # NAME, token file, sentence
    remote "$2" timeout "$patience" "$program" devices >"$work/$1.out" 2>"$work/$1.err"
    local status=$?
    if [ $status = 3 ] && says "$work/$1.err" "$3"; then pass "$1"; else
        fail "$1" "no device and a sentence were expected, status $status" "$work/$1".*; fi
}

# ---- who is let in ----
for where in 0.0.0.0:0 '[::]:0' vsock:4294967295:7; do
    timeout "$patience" "$trillium" serve --listen "$where" >"$work/open.out" 2>"$work/open.err"
    status=$?
    if [ $status = 1 ] && says "$work/open.err" "takes a token"; then pass "open-to-all.$where"; else
        fail open-to-all "a refusal to listen at $where was expected, status $status" "$work"/open.*; fi
done
address=127.0.0.1:1
refused nobody-there "" "cannot connect"
listen door --token "$work/token"
refused wrong-token "$work/wrong" "the token is wrong"
refused no-token "" "no token was given"
refused no-token-file "$work/none" "cannot read the token"
remote "$work/token" timeout "$patience" "$program" devices >"$work/in.out" 2>"$work/in.err"
status=$?
if [ $status = 0 ] && ! says "$work/in.err" trillium; then pass right-token; else
    fail right-token "a device was expected, status $status" "$work"/in.* "$work/door.daemon"; fi
# Something else than a guest.
printf 'GET / HTTP/1.1\r\nHost: here\r\n\r\n' | timeout "$patience" bash -c "exec 3<>/dev/tcp/${address%:*}/${address#*:}; cat >&3; cat <&3" >"$work/http.out" 2>&1
if says "$work/http.out" "not Trillium's"; then pass other-protocol; else
    fail other-protocol "a refusal was expected" "$work/http.out" "$work/door.daemon"; fi

# As often as somebody likes, who has no token: the log does not grow with it.
before=$SECONDS
bash -c 'for _ in $(seq 150); do exec 3<>"/dev/tcp/$1/$2" && printf "%100s" GET >&3 && cat <&3; done' - "${address%:*}" "${address#*:}" >"$work/knocks.out" 2>&1
lines=$(grep -c "remote 127.0.0.1: refused: this is not Trillium's" "$work/door.daemon")
if [ "$(grep -ao "not Trillium's" "$work/knocks.out" | wc -l)" = 150 ] && [ "$lines" -gt 0 ] && [ "$lines" -le $((24 + 2 * (SECONDS - before))) ]; then
    pass log-is-bounded; else
    fail log-is-bounded "150 refusals and less lines were expected, $lines in $((SECONDS - before)) s" "$work/knocks.out" "$work/door.daemon"; fi

# More connections than there may be from one address say nothing: they keep nobody out.
silent=()
for _ in $(seq 200); do exec {fd}<>"/dev/tcp/${address%:*}/${address#*:}" && silent+=("$fd"); done
remote "$work/token" timeout "$patience" "$program" devices >"$work/crowd.out" 2>"$work/crowd.err"
status=$?
if [ $status = 0 ] && [ ${#silent[@]} = 200 ] && says "$work/crowd.out" "^device"; then pass silent-crowd; else
    fail silent-crowd "a device was expected, status $status" "$work"/crowd.* "$work/door.daemon"; fi
for fd in "${silent[@]}"; do exec {fd}>&-; done

# ---- two at once, one of which loses its connection ----
remote "$work/token" "$program" loop 600 >"$work/cut.out" 2>"$work/cut.err" &
cut=$!
within "$patience" says "$work/cut.out" ready || fail cut "it does not compute" "$work"/cut.*
# Who speaks for it: the only one, once those of guests that have gone have ended.
speakers() { for pid in $(descendants "$daemon"); do grep -qx trillium-remote "/proc/$pid/comm" && ! grep -q '^State:.Z' "/proc/$pid/status" && echo "$pid"; done 2>/dev/null; }
one_speaker() { [ "$(speakers | wc -l)" = 1 ]; }
within "$patience" one_speaker || fail cut "more than one speaks: $(speakers)" "$work/door.daemon"
speaker=$(speakers)
if [ "$(cat "/proc/$speaker/oom_score_adj")" -gt "$(cat "/proc/$daemon/oom_score_adj")" ]; then pass first-victim; else
    fail first-victim "when memory is out, who speaks for a guest is to go before the daemon"; fi
remote "$work/token" "$program" loop 4 >"$work/steady.out" 2>"$work/steady.err" &
steady=$!
started+=("$steady" "$cut")
within "$patience" says "$work/steady.out" ready || fail two-guests "it does not compute" "$work"/steady.*
kill -9 "$speaker"
# It says a little at a time, and for ever: meanwhile the rest goes on.
timeout 80 bash -c 'exec 3<>"/dev/tcp/$1/$2"; while printf x >&3; do sleep 3.4; done' - "${address%:*}" "${address#*:}" 2>"$work/slow.err" &
slow=$!
started+=("$slow")
await "$cut" "$soon"
if [ "$status" = 3 ] && says "$work/cut.out" "$lost" && says "$work/cut.err" "device lost: the connection to"; then pass cut; else
    fail cut "an OpenCL error and a sentence were expected, status $status" "$work"/cut.*; fi
await "$steady" "$patience"
if [ "$status" = 0 ] && says "$work/steady.out" "^done"; then pass two-guests; else
    fail two-guests "the other one was to go on, status $status" "$work"/steady.* "$work/door.daemon"; fi

# ---- a guest that is killed, and the daemon's end ----
remote "$work/token" "$program" loop 600 >"$work/killed.out" 2>"$work/killed.err" &
killed=$!
remote "$work/token" "$program" loop 600 >"$work/left.out" 2>"$work/left.err" &
left=$!
started+=("$killed" "$left")
within "$patience" says "$work/killed.out" ready && within "$patience" says "$work/left.out" ready || fail killed "they do not compute" "$work"/killed.* "$work"/left.*
kill_hard "$killed"
await "$slow" "$patience"
if [ "$status" != 124 ] && [ "$status" != 1 ]; then pass slow-hello; else
    fail slow-hello "a connection that says a byte now and then is still there, status $status" "$work/slow.err" "$work/door.daemon"; fi
stop_daemon
if [ "$status" = 0 ]; then pass daemon-ends; else fail daemon-ends "it ends with $status" "$work/door.daemon"; fi
await "$left" "$soon"
if [ "$status" = 3 ] && says "$work/left.out" "$lost" && says "$work/left.err" "device lost"; then pass daemon-ended; else
    fail daemon-ended "an OpenCL error and a sentence were expected, status $status" "$work"/left.*; fi
check_leftovers door

# ---- TLS ----
certificate() { # NAME: a certificate for 127.0.0.1, signed by itself
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj "/CN=$1" -addext subjectAltName=IP:127.0.0.1 \
        -keyout "$work/$1.key" -out "$work/$1.pem" >"$work/$1.log" 2>&1 || fail tls "no certificate" "$work/$1.log"
}
certificate host
certificate other
tls_refused() { # NAME, file of certificates or "", sentence
    TRILLIUM_REMOTE_CA=$2 refused "$1" "$work/token" "$3"
}
listen tls --token "$work/token" --tls-certificate "$work/host.pem" --tls-key "$work/host.key"
TRILLIUM_REMOTE_CA=$work/host.pem remote "$work/token" timeout "$patience" "$program" work 1 >"$work/tls.out" 2>"$work/tls.err"
status=$?
# Somebody shakes hands a byte at a time, and for ever.
timeout 80 bash -c 'exec 3<>"/dev/tcp/$1/$2"; printf "\26\3\1\377\377" >&3; while printf x >&3; do sleep 3.4; done' - "${address%:*}" "${address#*:}" 2>"$work/shakes.err" &
shakes=$!
started+=("$shakes")
if [ $status = 0 ] && says "$work/tls.out" "^done"; then pass tls; else
    fail tls "it was to compute, status $status" "$work"/tls.*; fi
tls_refused tls-wrong-ca "$work/other.pem" "certificate is not accepted"
tls_refused tls-no-ca-file "$work/none.pem" "no certificates"
tls_refused tls-not-asked-for "" "gave no session"
TRILLIUM_REMOTE_CA=$work/host.pem refused tls-wrong-token "$work/wrong" "the token is wrong"
kept=$address
address=localhost:${address##*:}
tls_refused tls-wrong-name "$work/host.pem" "certificate is not accepted"
address=$kept
await "$shakes" "$patience"
if [ "$status" != 124 ] && [ "$status" != 1 ] && [ "$status" != hangs ]; then pass slow-handshake; else
    fail slow-handshake "a connection that shakes hands for ever is still there, status $status" "$work/shakes.err" "$work/tls.daemon"; fi
stop_daemon
listen plain --token "$work/token"
tls_refused tls-not-there "$work/host.pem" "no TLS connection"
stop_daemon
check_leftovers tls

# ---- trillium run --carrier socket ----
over_socket() { timeout "$patience" "$trillium" run --carrier socket -- "$@"; }
over_socket "$program" out-of-bounds >"$work/crash.out" 2>"$work/crash.err"
status=$?
if [ $status = 3 ] && says "$work/crash.out" "$lost" && says "$work/crash.err" "its worker ended (signal"; then pass kernel-crash; else
    fail kernel-crash "an OpenCL error and the broker's word about it were expected, status $status" "$work"/crash.*; fi
over_socket "$program" print >"$work/print.out" 2>"$work/print.err"
status=$?
if [ $status = 0 ] && [ -s "$work/print.out" ]; then pass print; else fail print "a line was expected, status $status" "$work"/print.*; fi
TRILLIUM_REMOTE_STRICT=1 over_socket "$program" work 1 >"$work/strict.out" 2>"$work/strict.err"
status=$?
if [ $status = 0 ] && says "$work/strict.out" "^done"; then pass strict; else
    fail strict "it was to compute, status $status" "$work"/strict.*; fi
over_socket "$program" fork >"$work/fork.out" 2>"$work/fork.err"
status=$?
if [ $status = 0 ] && says "$work/fork.out" '^child status 0$' && says "$work/fork.err" "forked"; then pass fork; else
    fail fork "errors in the child, and a parent that goes on, were expected, status $status" "$work"/fork.*; fi
check_leftovers run
exit $failed
