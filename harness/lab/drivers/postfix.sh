#!/bin/sh
# postfix: see lab/program.h for what these functions are.
#
# All that concerns names, routes and status codes is the default. main.cf is written
# anew, for Debian's has TLS and a mailbox host's settings in it. Port 25 is listened at,
# too: a connection that leads back to this host is known by its greeting.

prepare() {
	cp /etc/postfix/master.cf.proto /etc/postfix/master.cf
	cat >/etc/postfix/main.cf <<-'END'
		compatibility_level = 3.6
		mynetworks = 127.0.0.0/8
		alias_maps =
		alias_database =
		smtp_connect_timeout = 5s
	END
	postconf -F '*/*/chroot = n'
	# `postfix start' makes the queue's folders each time; master does not.
	postfix check
}

start() {
	printf '%s\n' "myhostname = $LAB_HOSTNAME" "mydestination = $LAB_SELF" \
		>>/etc/postfix/main.cf
	# Each program waits while the file is not a second old: it might be half
	# written.
	touch -d '1 minute ago' /etc/postfix/main.cf
	/usr/lib/postfix/sbin/master -w
}

version() {
	echo "Postfix $(postconf -h mail_version)"
}

submit() {
	hand_over sendmail -oi -f "$1" -- "$2"
}

# Of the first message that pickup took: what comes later are notifications about it.
# Every agent that has to do with a recipient, cleanup among them, says
# "ID: to=<...>, ..., dsn=5.4.4, status=bounced (text)".
outcome() {
	refusal
	awk '
		function text_in_brackets(s) {
			sub(/^[^(]*\(/, "", s)
			sub(/\)[^)]*$/, "", s)
			gsub(/\t/, " ", s)
			return s
		}
		!match($0, /postfix\/[^:]*\[[0-9]+\]: [0-9A-Za-z]+: /) { next }
		{
			rest = substr($0, RSTART + RLENGTH)
			id = substr($0, RSTART, RLENGTH - 2)
			sub(/.*: /, "", id)
		}
		message == "" && $0 ~ /postfix\/pickup\[/ { message = id }
		id != message { next }
		match(rest, / status=[a-z]+ \(/) {
			what = substr(rest, RSTART + 8, RLENGTH - 10)
			if (what !~ /^(sent|deferred|bounced)$/)
				next
			said = substr(rest, RSTART)
			status = "-"
			if (match(rest, / dsn=[0-9.]+/))
				status = substr(rest, RSTART + 5, RLENGTH - 5)
			printf "%s\t%s\t%s\n", what, status, text_in_brackets(said)
		}
	' /var/log/lab.log
}

transcript() {
	cat /var/log/lab.log
}
