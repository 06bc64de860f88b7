#!/bin/sh
# What every driver may use. Read before it (lab/program.h).
set -u

# Tries COMMAND... until it succeeds: 1 after TENTHS tenths of a second.
await() {
	tenths=$1
	shift
	until "$@" >/dev/null 2>&1; do
		tenths=$((tenths - 1))
		[ "$tenths" -gt 0 ] || return 1
		sleep 0.1
	done
}
