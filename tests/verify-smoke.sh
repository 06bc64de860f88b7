#!/bin/sh
# verify-smoke.sh HARNESS PROGRAMS SCENARIO... - holds a few real programs against their
# emulation. A disagreement fails, and so does a program that is here and does not run.
# Where programs cannot be had (no namespaces, no mmdebstrap, no packages) it says so and
# succeeds: CI runs in places that forbid them.
set -u

[ $# -ge 3 ] || { echo "usage: verify-smoke.sh HARNESS PROGRAMS SCENARIO..." >&2; exit 2; }
harness=$1 programs=$2
shift 2

# Packages come as fast as a mirror has them: each root has a limit of its own, and what
# is built is there the next time. The rest takes seconds, on a busy machine a minute.
# shellcheck disable=SC2046 # a word for each program
"$harness" lab build $(echo "$programs" | tr , ' ') || {
	echo "verify-smoke: skipped, for the reason above"
	exit 0
}
status=0
timeout -k 10 180 "$harness" verify --no-build --program "$programs" \
	--require "$programs" "$@" || status=$?
case $status in
3) echo "verify-smoke: skipped, for the reason above" ;;
0) ;;
124 | 137) echo "verify-smoke: not done in three minutes" >&2; exit 1 ;;
*) exit "$status" ;;
esac
