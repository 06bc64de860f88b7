#!/bin/sh
# lab.sh HARNESS - the lab in bad weather: Ctrl-C and kill -9 at any moment, no root, no
# namespaces, a full disk, no builder. Each must end with one clear line, and leave no
# process, mount or interface behind. As root, in PID and mount namespaces of its own, so
# that all it sees is its own; with the roots of exim-4.96 and of the resolvers.
# Takes some minutes: `make lab-check`.
set -u

[ $# -ge 1 ] || { echo "usage: lab.sh HARNESS" >&2; exit 2; }
if [ "${LAB_INSIDE:-}" != yes ]; then
	if [ "$(id -u)" != 0 ]; then
		echo "lab: skipped: needs root"
		exit 0
	fi
	if ! unshare --pid --mount --fork true 2>/dev/null; then
		echo "lab: skipped: no namespaces can be made here"
		exit 0
	fi
	LAB_INSIDE=yes exec unshare --pid --mount --fork --kill-child --mount-proc \
		"$0" "$@"
fi

harness=$(realpath "$1")
lab=$(realpath -m "${HARNESS_LAB:-build/lab}")
export HARNESS_LAB="$lab"
cd "$(dirname "$0")/.." || exit 2
if ! "$harness" lab build exim-4.96 unbound-1.17 >/dev/null; then
	echo "lab: skipped: the roots cannot be built, for the reason above"
	exit 0
fi

t=$(mktemp -d)
trap 'umount "$t/small" 2>/dev/null; rm -rf "$t"' EXIT
passed=0 failed=0

fail() {
	failed=$((failed + 1))
	echo "lab: FAILED: $1" >&2
	[ ! -s "$t/said" ] || sed 's/^/    /' "$t/said" | head -n 20 >&2
}

pass() {
	passed=$((passed + 1))
}

# Everything but this shell that runs here, into $found. Nothing is started for it.
look() {
	found=
	for p in /proc/[0-9]*; do
		[ "${p#/proc/}" != $$ ] || continue
		{ read -r line <"$p/stat"; } 2>/dev/null || continue
		rest=${line##*) }
		case $rest in
		[ZX]*) continue ;;
		esac
		line=${line#*\(}
		found="$found ${line%)*}"
	done
}

mounts_before=$(cat /proc/self/mounts)
links_before=$(cut -d: -f1 /proc/net/dev)

# Ends come after one another: a moment for the last.
nothing_left() {
	tries=100
	look
	while [ -n "$found" ] && [ "$tries" -gt 0 ]; do
		sleep 0.05
		tries=$((tries - 1))
		look
	done
	if [ -n "$found" ]; then
		fail "$1: still there:$found"
	elif [ "$(cat /proc/self/mounts)" != "$mounts_before" ]; then
		fail "$1: mounts differ"
	elif [ "$(cut -d: -f1 /proc/net/dev)" != "$links_before" ]; then
		fail "$1: interfaces differ"
	else
		pass
	fi
}

# In a process group of its own; a shell's background commands ignore Ctrl-C.
begin() {
	setsid env --default-signal=INT,QUIT "$@" >"$t/said" 2>&1 &
	pid=$!
}

# end SIGNAL SECONDS: to the process group, after so long. The exit status is in $status.
end() {
	sleep "$2"
	target=$pid
	[ "$1" != INT ] || target=-$pid
	kill -s "$1" -- "$target" 2>/dev/null
	wait "$pid" 2>/dev/null
	status=$?
}

# ended NAME SIGNAL: it was ended by it, or was done before.
ended() {
	case $2 in
	INT) want=130 ;;
	KILL) want=137 ;;
	esac
	if [ "$status" = "$want" ]; then
		pass
	elif [ "$status" -gt 1 ]; then
		fail "$1: exit status $status, not $want"
	fi
}

# A report is whole or not there, and no part of it is left under another name.
no_report() {
	[ "$status" -le 1 ] && return
	# Who is killed cannot remove anything.
	[ "$2" = KILL ] && [ ! -e "$t/out/r.ndjson" ] && return
	[ -z "$(ls -A "$t/out")" ] || fail "$1: left: $(ls -A "$t/out")"
}

edges='scenarios/edge-*.conf'
signals() {
	for signal in INT KILL; do
		for after in 0 0.01 0.03 0.07 0.15 0.3 0.6 0.9 1.3 1.8 2.5 4; do
			rm -rf "$t/out"
			mkdir "$t/out"
			begin "$harness" "$@" --format "ndjson:$t/out/r.ndjson" $edges
			end "$signal" "$after"
			ended "$1, $signal after $after s" "$signal"
			no_report "$1, $signal after $after s" "$signal"
			nothing_left "$1, $signal after $after s"
		done
	done
}

signals run --network lab --no-build --program exim-4.96,unbound-1.17 \
	--client 'exim-4.96,postfix' --resolver 'unbound-1.17,ideal'
signals verify --no-build --program exim-4.96,unbound-1.17

# ---- while a root is built --------------------------------------------------

# No work folder of a builder is there.
no_work() {
	for work in "$1"/*.tmp; do
		[ ! -e "$work" ] || return 1
	done
}

# What a killed build leaves behind is its work folder, until somebody cleans up.
export HARNESS_LAB="$t/throw-away"
for signal in INT KILL; do
	for after in 0.05 0.3 1 2 4 7 11 15; do
		name="building, $signal after $after s"
		begin "$harness" lab build exim-4.96
		end "$signal" "$after"
		ended "$name" "$signal"
		nothing_left "$name"
		"$harness" lab clean >"$t/said" 2>&1
		if [ "$?" = 0 ] && no_work "$HARNESS_LAB"; then
			pass
		else
			fail "$name: lab clean leaves: $(ls "$HARNESS_LAB")"
		fi
		nothing_left "cleaning after $name"
	done
done
begin "$harness" verify --program exim-4.96 $edges
end INT 2
ended "verify that builds, INT" INT
nothing_left "verify that builds, INT"
export HARNESS_LAB="$lab"

# ---- what is missing --------------------------------------------------------

# says NAME STATUS TEXT COMMAND...: ends with that status, and says so.
says() {
	name=$1 want=$2 text=$3
	shift 3
	timeout 120 "$@" >"$t/said" 2>&1
	status=$?
	if [ "$status" != "$want" ]; then
		fail "$name: exit status $status, not $want"
	elif ! tr -s '\n ' ' ' <"$t/said" | grep -qF -e "$text"; then
		fail "$name: does not say \"$text\""
	else
		pass
	fi
	nothing_left "$name"
}

one=scenarios/edge-null-mx.conf

no_builder='mount --bind /dev/null "$(realpath "$(command -v mmdebstrap)")" || exit 99
exec "$@"'

# Without a builder, what is built still runs.
mkdir "$t/empty"
says "no mmdebstrap, and a root" 0 "agree, 0 differ, 0 skipped" \
	unshare --mount sh -c "$no_builder" sh "$harness" verify --program unbound-1.17 $one
says "no mmdebstrap, and no root" 3 "and there is no mmdebstrap" \
	env HARNESS_LAB="$t/empty" unshare --mount sh -c "$no_builder" sh \
	"$harness" verify --program unbound-1.17 $one
says "no mmdebstrap, building" 3 "there is no mmdebstrap" \
	env HARNESS_LAB="$t/empty" unshare --mount sh -c "$no_builder" sh "$harness" lab build unbound-1.17
no_ip='mount --bind /dev/null "$(realpath "$(command -v ip)")" || exit 99
exec "$@"'
says "no ip" 3 "iproute2" unshare --mount sh -c "$no_ip" sh \
	"$harness" verify --program unbound-1.17 $one
says "no ip, env" 0 "install the package iproute2" unshare --mount sh -c "$no_ip" sh \
	"$harness" env

# Another user than root, alone in its user namespace.
mkdir "$t/nobody"
cp -a "$lab/resolvers-bookworm" "$t/nobody/"
mkdir "$t/nobody/home"
chown -R 65534:65534 "$t/nobody"
chmod 755 "$t"
as_nobody="env HOME=$t/nobody/home HARNESS_LAB=$t/nobody setpriv --reuid=65534 --regid=65534 --clear-groups"
install -m 755 "$harness" "$t/nobody/harness"
if $as_nobody unshare -Urn true 2>/dev/null; then
	says "another user, a resolver" 0 "agree, 0 differ, 0 skipped" \
		$as_nobody "$t/nobody/harness" verify --program unbound-1.17 $one
	says "another user, a mail server" 3 "needs several uids: run as root" \
		$as_nobody "$t/nobody/harness" verify --no-build --program exim-4.96 $one
	says "another user, env" 0 "mail servers need root" \
		$as_nobody "$t/nobody/harness" env
else
	echo "lab: skipped: other users may not make user namespaces here"
fi

# A program that is there and does not start is no program that is missing.
rm "$t/nobody/resolvers-bookworm/usr/sbin/unbound"
says "a program that does not start" 1 "29 could not be run" \
	env HARNESS_LAB="$t/nobody" "$harness" verify --no-build --program unbound-1.17 $one
says "a program that does not start, in CI" 1 "29 could not be run" \
	env HARNESS_LAB="$t/nobody" tests/verify-smoke.sh "$harness" unbound-1.17 $one
says "a program that is missing, in CI" 0 "skipped, for the reason above" \
	env HARNESS_LAB="$t/empty" unshare --mount sh -c "$no_builder" sh \
	tests/verify-smoke.sh "$harness" unbound-1.17 $one

# No namespaces at all.
none='for what in user net mnt pid uts ipc; do
	echo 0 >/proc/sys/user/max_${what}_namespaces || exit 99
done
exec "$@"'
says "no namespaces" 3 "no lab: " \
	unshare -Ur sh -c "$none" sh "$harness" verify --no-build --program unbound-1.17 $one
says "no namespaces, run" 3 "no lab: " unshare -Ur sh -c "$none" sh \
	"$harness" run --network lab --no-build --program unbound-1.17 $one
says "no namespaces, env" 0 "network namespaces" \
	unshare -Ur sh -c "$none" sh "$harness" env

# A full disk: a log, and nothing else, stays.
mkdir "$t/small"
mount -t tmpfs -o size=60m tmpfs "$t/small"
mounts_before=$(cat /proc/self/mounts)
says "a full disk" 3 "No space left on device" \
	env HARNESS_LAB="$t/small" "$harness" lab build exim-4.96
says "a full disk, verify" 3 "No space left on device" \
	env HARNESS_LAB="$t/small" "$harness" verify --program exim-4.96 $one
no_work "$t/small" || fail "a full disk: left: $(ls "$t/small")"
mkdir "$t/small/out"
head -c 60m /dev/zero >"$t/small/fill" 2>/dev/null
says "a full disk, report" 3 "No space left on device" "$harness" run --network lab \
	--no-build --program unbound-1.17 --resolver unbound-1.17 \
	--format "ndjson:$t/small/out/r.ndjson" $one
[ -z "$(ls -A "$t/small/out")" ] || fail "a full disk: left: $(ls -A "$t/small/out")"
says "a full disk, boxes" 0 "agree, 0 differ, 0 skipped" \
	env TMPDIR="$t/small" "$harness" verify --no-build --program unbound-1.17 $one

echo "lab: $passed passed, $failed failed"
[ "$failed" = 0 ]
