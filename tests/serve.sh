#!/bin/sh
# serve.sh HARNESS - asks `harness serve` with dig: over UDP and TCP, IPv4 and IPv6,
# before and after the zones were read again, and until it ends.
set -u

[ $# -eq 1 ] || { echo "usage: serve.sh HARNESS" >&2; exit 2; }
program=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
cd "$(dirname "$0")/.." || exit 2
work=$(mktemp -d)
pid=
trap '[ -z "$pid" ] || kill "$pid" 2>/dev/null; rm -rf "$work"' EXIT
passed=0 failed=0

# is WHAT GOT WANT: WANT is a shell pattern.
is() {
	# shellcheck disable=SC2254 # a pattern is meant
	case $2 in
	$3) passed=$((passed + 1)) ;;
	*)
		failed=$((failed + 1))
		printf 'FAILED serve: %s\n  expected: %s\n  got: %s\n' "$1" "$3" "$2"
		;;
	esac
}

# await FD PATTERN: reads lines until one matches; it is left in $line.
await() {
	while read -r line <&"$1"; do
		# shellcheck disable=SC2254 # a pattern is meant
		case $line in
		$2) return 0 ;;
		esac
	done
	failed=$((failed + 1))
	echo "FAILED serve: no line \"$2\" came"
	line=
	return 1
}

# start ARGUMENT...: until it is ready; what it says goes on at descriptors 3 and 4.
start() {
	rm -f "$work/out" "$work/err"
	mkfifo "$work/out" "$work/err"
	"$program" serve --port 0 --port-file "$work/port" "$@" >"$work/out" 2>"$work/err" &
	pid=$!
	exec 3<"$work/out" 4<"$work/err"
	await 3 'ready*' || exit 1
	port=$(cat "$work/port")
}

# stop SIGNAL: $status is what it ended with.
stop() {
	kill "-$1" "$pid"
	wait "$pid"
	status=$?
	pid=
}

ask() {
	dig -p "$port" +tries=1 +time=2 +noall +answer +comments "$@" 2>&1
}

short() {
	dig -p "$port" +tries=1 +time=2 +short "$@" 2>&1
}

zone() {
	printf '$TTL 300\n@ SOA ns1 hostmaster %s 3600 600 86400 60\n@ NS ns1\n' "$1"
	printf 'ns1 A 192.0.2.53\nwww A %s\n' "$2"
}

# ---- a scenario ----

start scenarios/alias-or-aname-record.conf
is "an answer over UDP" "$(short @127.0.0.1 customer.mywebservice.com MX)" \
	'10 mail.mywebservice.com.'
is "an answer over TCP" "$(short +tcp @127.0.0.1 customer.mywebservice.com MX)" \
	'10 mail.mywebservice.com.'
if short @::1 mail.mywebservice.com A | grep -q '^;'; then
	echo "  serve: no IPv6 on this machine"
else
	is "an answer over IPv6" "$(short @::1 mail.mywebservice.com A)" 192.0.2.25
	is "an answer over IPv6 and TCP" "$(short +tcp @::1 mail.mywebservice.com A)" \
		192.0.2.25
fi
is "the next server at the next address" "$(short @127.0.0.2 shop.offsite.net A)" \
	198.51.100.80
is "a server has its own zones only" "$(ask @127.0.0.2 mail.mywebservice.com A)" \
	'*status: REFUSED*'
is "an ALIAS has the target's address" "$(short @127.0.0.1 customer.mywebservice.com A)" \
	198.51.100.80
is "a mail client asks it" "$("$program" lookup --server "127.0.0.1:$port" \
	--client rfc5321 user@customer.mywebservice.com 2>&1)" \
	"*delivered*goes to     mail.mywebservice.com (10) [[]192.0.2.25]*looks nothing up*"
is "a zone transfer" "$(short @127.0.0.2 offsite.net AXFR | sed -n '1p;$p' | uniq -c)" \
	'*2 ns1.offsite.net. *'
stop TERM
is "the end after SIGTERM" "$status" 0
await 4 '*queries in*'
is "the summary" "$line" 'harness: * queries in * s: * by UDP, * by TCP, * NOERROR, 1 REFUSED; 0 dropped*'

start scenarios/alias-or-aname-record.conf --at 10m --quiet
is "the world at a later time" "$(short @127.0.0.1 customer.mywebservice.com A)" \
	198.51.100.7
stop INT
is "the end after an interrupt" "$status" 130

# ---- lookup ----

# Emulated servers and resolver, or one that is asked: who is asked is all that differs.
who=user@customer.mywebservice.com
start --zones tests/golden/data/beside.index --mode exact-type
"$program" lookup --zones tests/golden/data/beside.index --mode exact-type $who |
	sed "s/behind ideal/behind 127.0.0.1:$port/" >"$work/emulated"
"$program" lookup --server "127.0.0.1:$port" $who >"$work/asked" 2>"$work/said"
is "a look-up at a server ends well" $? 0
is "and is the emulated one" "$(diff "$work/emulated" "$work/asked")" ''
is "the network of its records" "$("$program" lookup --server "127.0.0.1:$port" \
	--format ndjson $who 2>&1 | sed -n 's/.*"resolver":"\([^"]*\)","network":"\([a-z]*\)".*/\1 \2/p' | sort -u)" \
	"127.0.0.1:$port live"
stop TERM
"$program" lookup --server "127.0.0.1:$port" $who >"$work/asked" 2>"$work/said"
is "a look-up where nobody listens" "$? $(cat "$work/asked" "$work/said")" \
	"3 error: no resolver answers at 127.0.0.1:$port, over UDP or TCP"

# ---- zones ----

zone 1 192.0.2.1 >"$work/example.net.zone"
printf 'example.net\texample.net.zone\n' >"$work/index"
start --zones "$work/index" --workers 2
is "an answer from an index" "$(short @127.0.0.1 www.example.net A)" 192.0.2.1
is "who answers" "$(short @127.0.0.1 version.bind CH TXT)" '"harness *"'
is "an EDNS version to come" "$(ask @127.0.0.1 +edns=1 +noednsneg www.example.net A)" \
	'*status: BADVERS*'

zone 2 192.0.2.2 >"$work/example.net.zone"
kill -HUP "$pid"
await 4 'harness: reloaded*'
is "what was read again" "$(short @127.0.0.1 www.example.net A)" 192.0.2.2

zone 3 192.0.2.3.4 >"$work/example.net.zone"
kill -HUP "$pid"
await 4 '*example.net.zone:5:7: error: *'
await 4 'harness: not reloaded: *'
is "a broken zone leaves the old one" "$(short +tcp @127.0.0.1 www.example.net A)" \
	192.0.2.2

mv "$work/example.net.zone" "$work/away"
kill -HUP "$pid"
await 4 '*example.net.zone: error: cannot read: No such file*'
await 4 '*it is named in line 1 of *'
is "a zone that cannot be read leaves the old one" \
	"$(short @127.0.0.1 www.example.net A)" 192.0.2.2
mv "$work/away" "$work/example.net.zone"

"$program" serve --zones "$work/index" >"$work/said" 2>&1
is "a broken zone at the start" "$?" 2
zone 4 192.0.2.4 >"$work/example.net.zone"
"$program" serve --zones "$work/index" --port "$port" >"$work/said" 2>&1
is "a port in use" "$? $(cat "$work/said")" '3 *another program listens there*'
"$program" serve --zones "$work/index" --listen 192.0.2.1 --port 0 >"$work/said" 2>&1
is "an address of somebody else" "$? $(cat "$work/said")" \
	'3 *not one for the internet*no such address*'
stop TERM
is "the end with two workers" "$status" 0

# ---- bad weather ----

# More connections than the server has descriptors for; those idle longest make room.
# shellcheck disable=SC3045 # dash and bash have -S
{
	limit=$(ulimit -Sn)
	ulimit -Sn 40
	start --zones "$work/index"
	ulimit -Sn "$limit"
}
is "an answer over TCP without a descriptor left" "$(
	# shellcheck disable=SC2016 # bash, for its /dev/tcp
	bash -c 'for i in $(seq 60); do exec {fd}<>/dev/tcp/127.0.0.1/$0; done; exec "$@"' \
		"$port" dig -p "$port" +tries=1 +time=2 +short +tcp @127.0.0.1 www.example.net A 2>&1
)" 192.0.2.4
is "an answer over UDP after that" "$(short @127.0.0.1 www.example.net A)" 192.0.2.4
stop TERM
is "the end after that" "$status" 0

# ---- evidence ----

asked='[.server, .proto, .name, .type, .rcode, .quirk] | map(. // "-") | join(" ")'

start scenarios/alias-or-aname-record.conf --pcap "$work/x.pcap" --query-log "$work/x.ndjson"
short @127.0.0.1 customer.mywebservice.com MX >/dev/null
short +tcp @127.0.0.2 gone.offsite.net A >/dev/null
is "a capture is not there before it is whole" "$(ls "$work"/x.pcap 2>&1)" '*No such file*'
stop TERM
is "the end of a recording" "$status" 0
is "the query log" "$(jq -r "$asked" "$work/x.ndjson" | tr '\n' ';')" \
	'mywebservice.com udp customer.mywebservice.com MX NOERROR -;offsite.net tcp gone.offsite.net A NXDOMAIN -;'
is "a capture" "$(od -A n -t x4 -N 4 "$work/x.pcap")" ' a1b23c4d'
# 24 octets of file header, 16 before each packet: 2 for UDP; 3 + 2 + 3 for TCP.
is "its packets" "$(($(wc -c <"$work/x.pcap") > 24 + 10 * (16 + 28)))" 1

start scenarios/alias-or-aname-record.conf --query-log "$work/x.ndjson" --workers 2
short @127.0.0.1 mail.mywebservice.com A >/dev/null
stop INT
is "a query log goes on" "$(jq -r .name "$work/x.ndjson" | tr '\n' ' ')" \
	'customer.mywebservice.com gone.offsite.net mail.mywebservice.com '

start scenarios/alias-or-aname-record.conf --pcap /dev/full --query-log /dev/full
short @127.0.0.1 mail.mywebservice.com A >/dev/null
await 4 '*/dev/full: cannot write: No space left on device; lines will be missing'
is "a full disk stops no answer" "$(short @127.0.0.1 mail.mywebservice.com A)" 192.0.2.25
stop TERM
is "the end with a full disk" "$status" 3
await 4 '*/dev/full: cannot write: No space left on device; the capture ends here'
await 4 '*/dev/full: 2 lines are missing'

"$program" serve scenarios/alias-or-aname-record.conf --port 0 --pcap /no/x >"$work/said" 2>&1
is "no folder for a capture" "$? $(cat "$work/said")" '3 *: /no/x: cannot write: No such file*'

echo "serve: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
