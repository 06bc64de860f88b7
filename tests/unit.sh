#!/bin/sh
# unit.sh PROGRAM... - runs the unit tests, shows the output of those that fail and why
# some were skipped, and sums up. Goes on after a failure and fails at the end.
set -u

log=$(mktemp)
trap 'rm -f "$log"' EXIT
passed=0 failed=0 skipped=0 bad=0
for program; do
	name=${program##*/unit/}
	if CMOCKA_MESSAGE_OUTPUT=STDOUT "$program" >"$log" 2>&1; then
		verdict=ok
	else
		verdict=FAILED
		bad=1
		grep -v '^\[ *\(RUN\|OK\) *\]' "$log"
	fi
	p=$(grep -c '^\[ *OK *\]' "$log")
	f=$(grep -c '^\[ *FAILED *\] [^0-9]' "$log")
	s=$(grep -c '^\[ *SKIPPED *\] [^0-9]' "$log")
	[ "$verdict" = ok ] || [ "$f" -gt 0 ] || f=1
	printf '  %-6s %-36s %4d tests\n' "$verdict" "$name" "$((p + f + s))"
	grep '^skipped: ' "$log" | sort -u | sed 's/^/         /'
	passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
done
echo "unit: $passed passed, $failed failed, $skipped skipped"
exit $bad
