#!/bin/sh
# docs.sh HARNESS FOLDER SCENARIO... - writes into FOLDER what `make docs` publishes:
# compatibility.md, and README.md with the scorecard of this run between its marks.
# `make check` writes them elsewhere and compares.
set -eu

harness=$1 to=$2
shift 2
table=$(mktemp)
trap 'rm -f "$table"' EXIT

mkdir -p "$to/docs"
status=0
"$harness" run --format "compatibility:$to/docs/compatibility.md" --format "table:$table" \
	"$@" >/dev/null || status=$?
# 1 is "something differs": the scenario tests say so, not this.
[ "$status" -le 1 ] || exit "$status"

awk -v table="$table" '
	/^<!-- scorecard/ { print; skip = 1; print "```"
		while ((getline line < table) > 0) {
			if (line ~ /^Which layout works/) show = 1
			if (line ~ /^Clients whose mail arrives/) show = 0
			if (show) block = block line "\n"
			last = line
		}
		sub(/\n+$/, "\n", block)
		printf "%s\n%s\n", block, last
		print "```" }
	/^<!-- end/ { skip = 0 }
	!skip { print }
' README.md >"$to/README.new"
mv "$to/README.new" "$to/README.md"
