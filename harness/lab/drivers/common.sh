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

# ---- for resolvers ------------------------------------------------------

RESOLVER_PID=/run/lab-resolver.pid
RESOLVER_LOG=/var/log/lab-resolver.log

# What comes before every start: the clock, and the address LAB_AT for this machine, on
# its first link but lo: some resolvers listen only at addresses of interfaces, and
# systemd-resolved asks nobody while none but lo has one.
settle() {
	set_clock 0
	link=$(sed -n 's/^ *\([^ :]*\):.*/\1/p' /proc/net/dev | grep -vx -m 1 lo)
	ip address replace "$LAB_AT/32" dev "$link"
}

# Seconds from the real time to that of the resolver before clock has moved it.
CLOCK_START=0

# set_clock MILLISECONDS: what `clock` does, but for what a resolver adds to it.
set_clock() {
	ms=$((CLOCK_START * 1000 + $1)) sign=+
	[ "$ms" -ge 0 ] || ms=$((-ms)) sign=-
	# It is read all the time: never half of it.
	printf '%s%d.%03d' "$sign" $((ms / 1000)) $((ms % 1000)) >"$LAB_CLOCK.new"
	mv "$LAB_CLOCK.new" "$LAB_CLOCK"
}

clock() {
	set_clock "$1"
}

# Puts what makes the clock that of LAB_CLOCK into the environment. CLOCK_AFTER names
# libraries that have to come right behind.
use_clock() {
	for library in /usr/lib/*/faketime/libfaketimeMT.so.1; do
		[ -e "$library" ] || return 0
	done
	export LD_PRELOAD="$library${CLOCK_AFTER:+ $CLOCK_AFTER}" NO_FAKE_STAT=1
	export FAKETIME_TIMESTAMP_FILE="$LAB_CLOCK" FAKETIME_NO_CACHE=1
}

# Whether a socket is bound to LAB_AT, port 53, by UDP. The kernel writes addresses as
# numbers of the processor.
listening() {
	grep -qE "^ *[0-9]+: $at_hex:0035 " /proc/net/udp
}

# launch COMMAND...: runs it in the background and returns when it is bound to LAB_AT. 1,
# with its words, when it ended before.
launch() {
	at_hex=$(IFS=. && set -- $LAB_AT &&
		printf '(%02X%02X%02X%02X|%02X%02X%02X%02X)' "$4" "$3" "$2" "$1" "$@")
	(
		use_clock
		exec "$@" </dev/null >"$RESOLVER_LOG" 2>&1
	) &
	echo $! >"$RESOLVER_PID"
	tries=5000
	until listening; do
		tries=$((tries - 1))
		if [ "$tries" -eq 0 ] || ! kill -0 "$!" 2>/dev/null; then
			tail -n 20 "$RESOLVER_LOG"
			return 1
		fi
		sleep 0.002
	done
}

# Sends a signal to the resolver and returns when it has got it: a handler has run, or a
# signalfd was read, before it sees what comes later.
resolver_signal() {
	read -r pid <"$RESOLVER_PID"
	kill -s "$1" "$pid" || return 1
	while
		while read -r key value; do
			[ "$key" != ShdPnd: ] || break
		done <"/proc/$pid/status"
		[ "$value" != 0000000000000000 ]
	do
		sleep 0.001
	done
}

# The DS records of LAB_ANCHOR, each as "TAG ALGORITHM TYPE DIGEST".
anchors() {
	while read -r line; do
		case $line in
		*[[:space:]]DS[[:space:]]*) ;;
		*) continue ;;
		esac
		line=${line##*[[:space:]]DS}
		set -- $line
		tag=$1 algorithm=$2 type=$3
		shift 3
		echo "$tag $algorithm $type $(IFS= && echo "$*")"
	done <"$LAB_ANCHOR"
}

# ask_control PORT LINE...: says each line to a control channel at 127.0.0.1, by a
# connection of its own, and prints the first line of each answer. bash, because it
# starts faster than anything else in Debian's base that opens sockets.
ask_control() {
	bash -c '
		port=$1
		for command in "${@:2}"; do
			exec 3<>"/dev/tcp/127.0.0.1/$port" || exit
			printf "%s\n" "$command" >&3
			read -r -t 5 line <&3 || exit
			printf "%s\n" "$line"
		done
	' bash "$@"
}

# Ends the resolver at once and returns when its sockets are gone.
resolver_stop() {
	read -r pid <"$RESOLVER_PID"
	kill -s KILL "$pid" || return 1
	while kill -0 "$pid" 2>/dev/null; do
		sleep 0.001
	done
}
