#!/bin/sh
# courier: see lab/program.h for what these functions are.

# A session ends with its message, not after a minute in which another might come.
# Without aliases their table does not depend on names that are not known here.
prepare() {
	echo 5s >/etc/courier/esmtptimeoutconnect
	echo 0 >/etc/courier/esmtptimeoutkeepalive
	: >/etc/courier/aliases/system
	makealiases
}

start() {
	echo "$LAB_HOSTNAME" >/etc/courier/me
	echo "$LAB_HOSTNAME" >/etc/courier/defaultdomain
	# shellcheck disable=SC2086 # a name each
	printf '%s\n' localhost $LAB_SELF >/etc/courier/locals
	mkdir -p /run/courier
	chown courier:courier /run/courier
	courierfilter start
	courier start
	await 100 test -p /var/lib/courier/tmp/trigger
}

version() {
	courier --version 2>&1 | sed -n 's/^\(Courier [0-9.]*\).*/\1/p'
}

submit() {
	hand_over sendmail -i -f "$1" -- "$2"
}

# Of each attempt it logs "id=ID,from=<...>,addr=<...>: words", perhaps several, then
# "...,status: success", "failure" or "deferred". The first id is ours; what the dsn
# module says is about the notification.
outcome() {
	refusal
	awk '
		BEGIN {
			event["success"] = "sent"
			event["deferred"] = "deferred"
			event["failure"] = "bounced"
		}
		id == "" && match($0, /courierd: newmsg,id=[0-9A-F.]+/) {
			id = "id=" substr($0, RSTART + 20, RLENGTH - 20) ","
		}
		id == "" || !index($0, id) || / (courierd|courierdsn): / { next }
		!match($0, /,addr=<[^>]*>[:,] */) { next }
		{
			text = substr($0, RSTART + RLENGTH)
			gsub(/\t/, " ", text)
			word = text
		}
		sub(/^status: /, "", word) && word in event {
			print event[word] "\t-\t" said
			next
		}
		{ said = text }
	' /var/log/lab.log
}

transcript() {
	cat /var/log/lab.log
}
