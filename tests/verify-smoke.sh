#!/bin/sh
# verify-smoke.sh HARNESS PROGRAMS SCENARIO... - holds a few real programs against their
# emulation, within three minutes. A disagreement fails, and so does a program that is
# here and does not run. Where programs cannot be had (no namespaces, no mmdebstrap, no
# packages) it says so and succeeds: CI runs in places that forbid them.
set -u

[ $# -ge 3 ] || { echo "usage: verify-smoke.sh HARNESS PROGRAMS SCENARIO..." >&2; exit 2; }
harness=$1 programs=$2
shift 2

status=0
timeout -k 10 180 "$harness" verify --program "$programs" --require "$programs" "$@" || status=$?
case $status in
3) echo "verify-smoke: skipped, for the reason above" ;;
0) ;;
124 | 137) echo "verify-smoke: not done in three minutes" >&2; exit 1 ;;
*) exit "$status" ;;
esac
