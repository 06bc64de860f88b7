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

# hand_over COMMAND...: a submission. When it is refused, why is said here and, as an
# event, by refusal().
hand_over() {
	"$@" >/run/refusal 2>&1 && : >/run/refusal && return
	cat /run/refusal
	return 1
}

# A server's reply may stand behind words of the program that talked to it.
refusal() {
	[ ! -s /run/refusal ] || awk '
		{ text = text (NR > 1 ? " " : "") $0 }
		END {
			gsub(/[\t\r]/, " ", text)
			status = "-"
			if (match(text, /(^|[ :])[45][0-9][0-9] [45]\.[0-9]+\.[0-9]+ /)) {
				status = substr(text, RSTART, RLENGTH - 1)
				sub(/.* /, "", status)
			}
			printf "bounced\t%s\t%s\n", status, text
		}
	' /run/refusal
}
