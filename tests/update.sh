#!/bin/sh
# update.sh HARNESS - nsupdate changes what `harness serve` serves: with the right key,
# by the rules of RFC 2136, and for good when there is a journal, kill -9 or not.
set -u

[ $# -eq 1 ] || { echo "usage: update.sh HARNESS" >&2; exit 2; }
program=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
cd "$(dirname "$0")/.." || exit 2
work=$(mktemp -d)
pid=
trap '[ -z "$pid" ] || kill -9 "$pid" 2>/dev/null; rm -rf "$work"' EXIT
passed=0 failed=0

# is WHAT GOT WANT: WANT is a shell pattern.
is() {
	# shellcheck disable=SC2254 # a pattern is meant
	case $2 in
	$3) passed=$((passed + 1)) ;;
	*)
		failed=$((failed + 1))
		printf 'FAILED update: %s\n  expected: %s\n  got: %s\n' "$1" "$3" "$2"
		;;
	esac
}

# start ARGUMENT...: until it is ready; what it complains of goes to $work/err.
start() {
	rm -f "$work/out" "$work/port"
	mkfifo "$work/out"
	"$program" serve -q --port 0 --port-file "$work/port" --listen 127.0.0.1 "$@" \
		>"$work/out" 2>"$work/err" &
	pid=$!
	read -r ready <"$work/out"
	is "it is ready" "$ready" 'ready*'
	port=$(cat "$work/port") || exit 1
}

# stop SIGNAL
stop() {
	kill "-$1" "$pid"
	wait "$pid" 2>/dev/null
	status=$?
	pid=
	[ "$1" = KILL ] || is "it ends well ($(cat "$work/err"))" "$status" 0
}

dig_() {
	dig -p "$port" @127.0.0.1 +tries=1 +time=2 "$@" 2>&1
}

short() {
	dig_ +short "$@"
}

# update KEY LINE...: what nsupdate says; "ok" when it says nothing. No KEY is "".
update() {
	key=$1
	shift
	{
		echo "server 127.0.0.1 $port"
		printf '%s\n' "$@"
		echo send
	} >"$work/commands"
	if [ -n "$key" ]; then
		said=$(nsupdate -t 5 -u 2 -r 0 -y "$key" "$work/commands" 2>&1)
	else
		said=$(nsupdate -t 5 -u 2 -r 0 "$work/commands" 2>&1)
	fi
	echo "${said:-ok}"
}

zone() {
	printf '$TTL 300\n@ SOA ns1 hostmaster 1 3600 600 86400 60\n@ NS ns1\n'
	printf 'ns1 A 192.0.2.53\n'
}

one=hmac-sha256:one-key:b25lIGN1c3RvbWVyJ3Mga2V5
two=hmac-sha512:two-key:dHdvIGN1c3RvbWVyJ3Mga2V5
wrong=hmac-sha256:one-key:bm90IHRoYXQga2V5
stranger=hmac-sha256:nobody:bm90IHRoYXQga2V5

zone >"$work/one.zone"
zone >"$work/two.zone"
zone >"$work/three.zone"
{ zone; printf 'cust CNAME shop.offsite.net.\ncust MX 10 mail\n'; } >"$work/four.zone"
printf '%s.example\t%s.zone\texact-type\t%s\n' one one "$one" two two "$two" \
	three three '' four four "$one" >"$work/index"

# ---- who may change what ----

start --zones "$work/index" --journal "$work/journal"
add='update add www.one.example 60 A 192.0.2.1'
is "no key: refused" "$(update '' "$add")" '*REFUSED*'
is "another customer's key: refused" "$(update "$two" "$add")" '*REFUSED*'
is "another secret: BADSIG" "$(update "$wrong" "$add")" '*NOTAUTH(BADSIG)*'
is "a key nobody has: BADKEY" "$(update "$stranger" "$add")" '*NOTAUTH(BADKEY)*'
is "a zone without a key: refused" \
	"$(update "$one" 'update add www.three.example 60 A 192.0.2.1')" '*REFUSED*'
is "a zone that is not served: NOTAUTH" \
	"$(update "$one" 'zone other.example' 'update add www.other.example 60 A 192.0.2.1')" \
	'*NOTAUTH*'
is "nothing of that is served" "$(short www.one.example A)" ''
is "nor in the serial" "$(short one.example SOA)" '* 1 3600 *'
is "the zone's own key: done" "$(update "$one" "$add")" ok
is "it is served at once" "$(short www.one.example A)" 192.0.2.1
is "the serial went up" "$(short one.example SOA)" '* 2 3600 *'
is "the other customer's zone is as it was" "$(short two.example SOA)" '* 1 3600 *'
is "the other customer's key, in its zone: done" \
	"$(update "$two" 'update add www.two.example 60 A 192.0.2.2')" ok

# ---- the rules ----

is "a CNAME does not join other data, without a word" \
	"$(update "$one" 'update add www.one.example 60 CNAME shop.offsite.net.')" ok
is "the address is still there" "$(short www.one.example A)" 192.0.2.1
is "no data joins a CNAME" \
	"$(update "$one" 'update add cust.four.example 60 TXT x' \
		'update add new.four.example 60 A 192.0.2.4')" ok
is "there is no such data" "$(short cust.four.example TXT)" shop.offsite.net.
is "what stood beside it still does" "$(short cust.four.example MX)" \
	'10 mail.four.example.'
is "a prerequisite holds it back" \
	"$(update "$one" 'prereq nxdomain www.one.example' 'update delete www.one.example')" \
	'*YXDOMAIN*'

# ---- signed answers ----

is "dig believes a signed answer" "$(dig_ -y "$one" www.one.example A)" \
	'*status: NOERROR*192.0.2.1*TSIG PSEUDOSECTION*'
is "dig believes a signed transfer" "$(dig_ -y "$one" one.example AXFR)" \
	'*www.one.example.*TSIG*'
is "and finds nothing wrong in it" \
	"$(dig_ -y "$one" one.example AXFR | grep -c "verify\|BAD[KST]\|ailed")" 0
is "a query with another secret" "$(dig_ -y "$wrong" www.one.example A)" \
	'*status: NOTAUTH*BADSIG*'

# RFC 8945 5.3: what is truncated has nothing but the question and its TSIG.
for i in 1 2 3 4 5 6 7 8 9; do
	printf 'update add big.two.example 60 TXT %s%060d\n' $i 0
done >"$work/big"
is "a set with no room in 512 octets" "$(update "$two" "$(cat "$work/big")")" ok
is "a truncated answer that is signed has no records" \
	"$(dig_ -y "$two" +ignore +bufsize=512 big.two.example TXT)" \
	'*status: NOERROR*flags: qr aa tc*QUERY: 1, ANSWER: 0, AUTHORITY: 0, ADDITIONAL: 1*TSIG PSEUDO*'
is "all of it comes by TCP" \
	"$(dig_ -y "$two" +short +bufsize=512 big.two.example TXT | grep -c 0000)" 9

# ---- kill -9 ----

# What was acknowledged before the kill is there after it.
i=0
while [ $i -lt 20 ]; do
	i=$((i + 1))
	is "update $i" "$(update "$one" "update add n$i.one.example 60 A 192.0.2.$i")" ok
done
stop KILL
start --zones "$work/index" --journal "$work/journal"
is "every acknowledged update is there" \
	"$(dig_ +noall +answer one.example AXFR | grep -c '^n[0-9]*\.one')" 20
is "the serial too" "$(short one.example SOA)" '* 22 3600 *'
is "the other zone's too" "$(short www.two.example A)" 192.0.2.2
is "it says what it did" "$(cat "$work/err")" '*zones.journal: 24 updates done again*'
if "$program" serve -q --port 0 --zones "$work/index" --journal "$work/journal" \
	>"$work/second" 2>&1; then
	status=0
else
	status=$?
fi
is "a second server cannot have the journal" "$status $(cat "$work/second")" \
	'3 *zones.journal: error: another process uses this journal*'

# A torn end, as a kill in the middle of a write leaves it.
stop KILL
printf '\325UPD\0\0\0\100torn' >>"$work/journal/zones.journal"
start --zones "$work/index" --journal "$work/journal"
is "a torn end is cut off and told" "$(cat "$work/err")" \
	'*zones.journal: the last 12 octets are cut off*'
is "the rest is there" "$(short n20.one.example A)" 192.0.2.20
is "and updates go on" "$(update "$one" 'update delete n20.one.example')" ok

# SIGHUP: the master files are read anew, the updates done again.
{ zone; echo 'n1 TXT new'; } >"$work/one.zone"
kill -HUP "$pid"
until [ "$(short n1.one.example TXT)" = '"new"' ] || ! kill -0 "$pid"; do :; done
is "updates survive a reload" "$(short n19.one.example A)" 192.0.2.19
is "deletions too" "$(short n20.one.example A)" ''
stop TERM

# Without a journal they last until the end.
start --zones "$work/index"
is "without the journal they are not there" "$(short n19.one.example A)" ''
stop TERM

# ---- a disk that is full ----

mkdir "$work/full"
start --zones "$work/index" --journal "$work/full"
stop TERM
size=$(wc -c <"$work/full/zones.journal")
[ "$size" -eq 18 ] || echo "a new journal has $size octets"
(
	ulimit -f 1 # 512 or 1024 octets
	trap '' XFSZ
	exec "$program" serve -q --port 0 --port-file "$work/port" --listen 127.0.0.1 \
		--zones "$work/index" --journal "$work/full" >"$work/out" 2>"$work/err"
) &
pid=$!
read -r ready <"$work/out"
port=$(cat "$work/port") || exit 1
i=0 said=ok
while [ "$said" = ok ] && [ $i -lt 30 ]; do
	i=$((i + 1))
	said=$(update "$one" "update add f$i.one.example 60 A 192.0.2.1")
done
is "a full disk fails the update" "$said" '*SERVFAIL*'
is "and says why" "$(cat "$work/err")" '*an update of one.example is not done: cannot write:*'
is "the update before it is served" "$(short "f$((i - 1)).one.example" A)" 192.0.2.1
is "the one that failed is not" "$(short "f$i.one.example" A)" ''
stop KILL
start --zones "$work/index" --journal "$work/full"
is "and all that were acknowledged come back" \
	"$(dig_ +noall +answer one.example AXFR | grep -c '^f[0-9]*\.one')" $((i - 1))
stop TERM

# ---- options ----

customer=hmac-sha256:offsite-host:dGhlIG9mZi1zaXRlIGhvc3QgYWxvbmUga25vd3MgaXQ=
start scenarios/zone-per-customer-with-updates.conf
is "the key that a scenario gives a zone changes it" \
	"$(update "$customer" 'update delete customer.mywebservice.com A' \
		'update add customer.mywebservice.com 60 A 198.51.100.7')" ok
is "the move is served" "$(short customer.mywebservice.com A)" 198.51.100.7
is "and the mail is where it was" "$(short customer.mywebservice.com MX)" \
	'10 mail.mywebservice.com.'
is "no other zone of the scenario has that key" \
	"$(update "$customer" 'zone mywebservice.com' 'update delete mail.mywebservice.com')" \
	'*REFUSED*'
is "and nobody else has the key" \
	"$(update "$one" 'update delete customer.mywebservice.com MX')" '*NOTAUTH(BADKEY)*'
kill -HUP "$pid"
until [ "$(short customer.mywebservice.com A)" != 198.51.100.7 ] || ! kill -0 "$pid"; do :; done
is "a reload brings the scenario back" "$(short customer.mywebservice.com A)" 198.51.100.80
stop TERM

# The option stands above the scenario's own key.
start scenarios/zone-per-customer-with-updates.conf \
	--key "customer.mywebservice.com=$one"
is "--key: an update of a scenario's zone" \
	"$(update "$one" 'update add x.customer.mywebservice.com 60 A 192.0.2.9')" ok
is "and not of another of its zones" \
	"$(update "$one" 'zone mywebservice.com' 'update add x.mywebservice.com 60 A 192.0.2.9')" \
	'*REFUSED*'
stop TERM
is "--key without a zone" \
	"$("$program" serve --zones "$work/index" --key "no.example=$one" 2>&1)" \
	'*no zone no.example is served*'

echo "update: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
