#!/bin/sh
# golden.sh [-u] HARNESS [CASE...] - runs the commands of tests/golden and compares.
#
# A case is a folder: `cmd` is a piece of shell that calls `harness`, run at the top of
# the project with $TMP set to an empty folder; `stdout`, `stderr` and `status` are what
# must come of it (an absent file means: empty, or 0). -u records them anew: review the
# diff as you would code. What cases read is in tests/golden/data.
set -u

update=no
if [ "${1:-}" = -u ]; then
	update=yes
	shift
fi
[ $# -ge 1 ] || { echo "usage: golden.sh [-u] HARNESS [CASE...]" >&2; exit 2; }
top=$(cd "$(dirname "$0")/.." && pwd) || exit 2
program=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
[ -x "$program" ] || { echo "golden.sh: no program $1" >&2; exit 2; }
given=$1
shift
# shellcheck disable=SC2046 # names of our own, without spaces
[ $# -gt 0 ] || set -- $(cd "$top/tests/golden" && ls -d ./*/cmd | cut -d/ -f2)

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/bin"
ln -s "$program" "$work/bin/harness"
: >"$work/nothing"
unset NO_COLOR CLICOLOR_FORCE COLUMNS ARGP_HELP_FMT GITHUB_ACTIONS
unset SLURM_ARRAY_TASK_ID SLURM_ARRAY_TASK_COUNT CI_NODE_INDEX CI_NODE_TOTAL
PATH=$work/bin:$PATH LC_ALL=C.UTF-8 TERM=dumb
export PATH LC_ALL TERM

# compare CASE FILE: the recorded one, or nothing, with the one just made.
compare() {
	want=$1/$2
	[ -e "$want" ] || want=$work/nothing
	cmp -s "$want" "$work/got/$2" ||
		diff -u --label "$2 (expected)" --label "$2 (got)" "$want" "$work/got/$2"
}

# record CASE FILE: empty ones are left out.
record() {
	if [ -s "$work/got/$2" ]; then
		cp "$work/got/$2" "$1/$2"
	else
		rm -f "$1/$2"
	fi
}

cd "$top" || exit 2
passed=0 failed=0
for case; do
	name=${case##*/}
	dir=tests/golden/$name
	[ -f "$dir/cmd" ] || { echo "golden: no case $name"; failed=$((failed + 1)); continue; }
	rm -rf "$work/got" "$work/tmp"
	mkdir "$work/got" "$work/tmp"
	TMP=$work/tmp sh "$dir/cmd" >"$work/got/stdout" 2>"$work/got/stderr" </dev/null
	code=$?
	if [ "$code" -eq 0 ]; then : >"$work/got/status"; else echo "$code" >"$work/got/status"; fi
	if [ "$update" = yes ]; then
		for f in stdout stderr status; do record "$dir" "$f"; done
		passed=$((passed + 1))
		continue
	fi
	ok=yes
	for f in stdout stderr status; do compare "$dir" "$f" || ok=no; done
	if [ "$ok" = yes ]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "  FAILED golden/$name; if this is right: tests/golden.sh -u $given $name"
	fi
done
if [ "$update" = yes ]; then
	echo "golden: $passed recorded"
else
	echo "golden: $passed passed, $failed failed"
fi
[ "$failed" -eq 0 ]
