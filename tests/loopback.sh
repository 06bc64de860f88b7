#!/bin/sh
# loopback.sh HARNESS FOLDER CLIENTS SCENARIO... - runs the scenarios in memory and over
# sockets: but for the network's name the records are the same to the octet, with every
# verdict, route, question and moment; and so is what is seen on the wire.
set -eu

harness=$1 to=$2 clients=$3
shift 3
mkdir -p "$to"
trap 'rm -rf "$to"' EXIT

# 1 is "something differs" from what a scenario expects: the scenario tests say so.
run() {
	status=0
	"$harness" run -q "$@" >"$to/last" || status=$?
	[ "$status" -le 1 ] || exit "$status"
}

same() {
	cmp -s "$1" "$2" && return
	echo "loopback: not as in memory: $3" >&2
	diff -a "$1" "$2" | cut -c 1-1000 | head -n 4 >&2
	exit 1
}

from=$(date +%s)
for network in sim loopback; do
	run --network $network --client "$clients" --format "ndjson:$to/$network" "$@"
done
cases=$(tail -n 1 "$to/last")
sed 's/"network":"loopback"/"network":"sim"/' "$to/loopback" >"$to/renamed"
same "$to/sim" "$to/renamed" records

for network in sim loopback; do
	run --network $network --client postfix --pcap "$to/$network.pcap" \
		--query-log "$to/$network.log" "$@"
done
same "$to/sim.log" "$to/loopback.log" "query log"
same "$to/sim.pcap" "$to/loopback.pcap" packets
echo "loopback: as in memory: $cases ($(($(date +%s) - from)) s)"
