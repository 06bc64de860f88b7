#!/bin/sh
# dnssec.sh HARNESS - validators of others look at what `harness serve` signs: delv (BIND)
# asks for every kind of answer, ldns-verify-zone reads the zones.
set -u

[ $# -eq 1 ] || { echo "usage: dnssec.sh HARNESS" >&2; exit 2; }
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
		printf 'FAILED dnssec: %s\n  expected: %s\n  got: %s\n' "$1" "$3" "$2"
		;;
	esac
}

mkfifo "$work/out"
"$program" serve --port 0 --port-file "$work/port" --trust-anchor "$work/anchor" \
	fixtures/signed/world.conf >"$work/out" 2>"$work/err" &
pid=$!
exec 3<"$work/out"
ready=
while read -r line <&3; do
	case $line in
	'. 300 IN DS '*) ds=$line ;;
	ready*) ready=$line; break ;;
	esac
done
[ -n "$ready" ] || { echo "FAILED dnssec: nothing is served"; cat "$work/err"; exit 1; }
port=$(cat "$work/port")

is "the anchor that is printed is the one in the file" "$(grep ' DS ' "$work/anchor")" \
	"${ds:-none was printed}"

# delv reads keys as named.conf has them.
{
	echo 'trust-anchors {'
	awk '$4 == "DNSKEY" { printf "\"%s\" static-key %s %s %s \"%s\";\n", $1, $5, $6, $7, $8 }' \
		"$work/anchor"
	echo '};'
} >"$work/keys"

# validated NAME TYPE: what delv says of the answer, and its records without signatures,
# in a line.
validated() {
	delv @127.0.0.1 -p "$port" -a "$work/keys" +root=. "$@" 2>&1 |
		awk 'NF > 0 && !/RRSIG/ { $1 = $1; printf "%s ", $0 }'
}

is "an answer" "$(validated www.example A)" '; fully validated www.example. * A 192.0.2.80 '
is "no such data" "$(validated www.example MX)" '*negative response, fully validated*NXRRSET*'
is "no such name" "$(validated nothing.example A)" \
	'*negative response, fully validated*NXDOMAIN*'
is "no such name, far below one" "$(validated a.b.nothing.example A)" \
	'*negative response, fully validated*NXDOMAIN*'
is "a name that others lie below" "$(validated ent.example A)" \
	'*negative response, fully validated*NXRRSET*'
is "a wildcard" "$(validated a.b.wild.example A)" '; fully validated a.b.wild.example. * A *'
is "a wildcard without the data" "$(validated x.wild.example MX)" \
	'*negative response, fully validated*NXRRSET*'
is "an alias" "$(validated near.example A)" \
	'; fully validated near.example. * CNAME www.example. www.example. * A *'
is "an alias into another zone" "$(validated away.example A)" \
	'; fully validated away.example. * CNAME www.other. www.other. * A *'
is "an alias to no name" "$(validated gone.example A)" \
	'*fully validated gone.example. * CNAME nothing.other. *NXDOMAIN*'
is "an alias from a wildcard to a wildcard" "$(validated q.wildc.example A)" \
	'; fully validated q.wildc.example. * CNAME x.wild.other. x.wild.other. * A *'
is "an MX beside an alias" "$(validated both.example MX)" \
	'; fully validated both.example. * MX 10 www.example. '
is "the alias beside an MX" "$(validated both.example A)" \
	'; fully validated both.example. * CNAME www.other. www.other. * A *'
is "a DNAME" "$(validated x.old.example A)" \
	'; fully validated *old.example. * DNAME new.other. *x.new.other. * A *'
is "a DNAME to no name" "$(validated y.old.example A)" \
	'*fully validated *old.example. * DNAME new.other. *NXDOMAIN*'
is "the DS of a signed zone" "$(validated other DS)" '; fully validated other. * DS *'
is "no DS of an unsigned zone" "$(validated plain.example DS)" \
	'*negative response, fully validated*NXRRSET*'
is "an unsigned zone below a signed one" "$(validated www.plain.example A)" \
	'; unsigned answer www.plain.example. * A 192.0.2.95 '
is "an alias into an unsigned zone" "$(validated toplain.example A)" \
	'; fully validated toplain.example. * CNAME www.plain.example. ; unsigned answer www.plain.example. * A *'
is "a key" "$(validated example DNSKEY)" '; fully validated example. * DNSKEY 257 3 13 *'

# delv can tell: with another key nothing is valid.
sed 's/257 3 13 "./257 3 13 "A/' "$work/keys" >"$work/other" && mv "$work/other" "$work/keys"
is "with another key" "$(validated www.example A)" '*resolution failed*'

for zone in . other; do
	dig @127.0.0.1 -p "$port" +onesoa "$zone" AXFR >"$work/zone"
	is "the zone $zone" "$(ldns-verify-zone "$work/zone" 2>&1)" 'Zone is verified and complete*'
done

kill "$pid"
wait "$pid"
pid=
echo "dnssec: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
