#!/bin/sh
# soak.sh HARNESS SOAK - `harness serve` under everything at once for SOAK_SECONDS (60);
# soak.c says what is checked. Here: that it starts, ends on SIGTERM with 0, has written
# no complaint, and knows of as many dropped packets as the kernel does.
# SOAK_SLACK_KIB is how much its memory may grow after the first third.
set -eu

[ $# -eq 2 ] || { echo "usage: soak.sh HARNESS SOAK" >&2; exit 2; }
harness=$1 soak=$2
origin=mywebservice.com
# What is freed stays a while in AddressSanitizer's quarantine: not 256 MiB of it here.
export ASAN_OPTIONS="${ASAN_OPTIONS:-quarantine_size_mb=4}"
zones=$(dirname "$0")/../bench/server/zones.awk
work=$(mktemp -d)
server=
clean() {
	[ -z "$server" ] || kill -KILL "$server" 2>/dev/null || true
	rm -rf "$work"
}
trap clean EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# So many names that a transfer is many times what socket buffers hold.
awk -v make=names -v n=20000 -f "$zones" >"$work/zone"
printf '%s\t%s\n' $origin "$work/zone" >"$work/index"
{
	awk -v make=each -v n=20000 -f "$zones" | sed 's/$/ NOERROR/'
	# What an update without a key tries to add is never there.
	for n in $(seq 1000); do
		printf '%s\n' "nobody$n.$origin MX NXDOMAIN" "intruder.$origin A NXDOMAIN" \
			"x$n.elsewhere.example A REFUSED"
	done
} >"$work/queries"

"$harness" serve --zones "$work/index" --listen 127.0.0.1 --port 0 \
	--port-file "$work/port" >"$work/stdout" 2>"$work/stderr" &
server=$!
tries=0
while [ ! -s "$work/port" ]; do
	tries=$((tries + 1))
	if [ $tries -gt 600 ] || ! kill -0 $server 2>/dev/null; then
		echo "soak: the server does not start:" >&2
		cat "$work/stderr" >&2
		exit 1
	fi
	sleep 0.05
done

bad=0
"$soak" $server "$(cat "$work/port")" $origin "$work/queries" "${SOAK_SECONDS:-60}" \
	"${SOAK_SLACK_KIB:-2048}" >"$work/said" || bad=$?
grep -v '^dropped' "$work/said" || true
[ $bad -ne 2 ] || exit 2

kill -TERM $server 2>/dev/null || true
code=0
wait $server || code=$?
server=
cat "$work/stderr"
if [ $code -ne 0 ]; then
	echo "soak: on SIGTERM the server ended with $code" >&2
	bad=1
fi
dropped=$(sed -n 's/^dropped //p' "$work/said")
if ! grep -q "; ${dropped:-0} dropped by the kernel" "$work/stderr"; then
	echo "soak: the kernel dropped ${dropped:-0} packets; the server's summary differs" >&2
	bad=1
fi
if [ "$(wc -l <"$work/stderr")" -ne 1 ]; then
	echo "soak: the server should have said nothing but its summary" >&2
	bad=1
fi
[ $bad -ne 0 ] || echo "soak: passed"
exit $bad
