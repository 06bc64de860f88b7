#!/bin/sh
# opensmtpd: see lab/program.h for what these functions are.

# At no port: a host that leads back to this one finds nobody there.
prepare() {
	cat >/etc/smtpd.conf <<-'END'
		table aliases file:/etc/aliases
		table self file:/etc/self
		listen on socket
		action "local" maildir alias <aliases>
		action "relay" relay
		match from local for domain <self> action "local"
		match for local action "local"
		match from local for any action "relay"
	END
	[ -e /etc/aliases ] || : >/etc/aliases
}

# Where there is none its resolver takes the host's domain and all above it but the last
# label for one; those above are none of the lab's, and somebody's in the world.
one_search_domain() {
	case $LAB_HOSTNAME in
	*.*) grep -q '^search' /etc/resolv.conf ||
		echo "search ${LAB_HOSTNAME#*.}" >>/etc/resolv.conf ;;
	esac
}

start() {
	echo "$LAB_HOSTNAME" >/etc/mailname
	one_search_domain
	# shellcheck disable=SC2086 # a name each
	printf '%s\n' $LAB_SELF >/etc/self
	smtpd
	await 100 test -S /run/smtpd.sock
}

version() {
	smtpd -h 2>&1 | sed -n 's/^version: \([^-]*\).*/\1/p'
}

submit() {
	hand_over sendmail -i -f "$1" -- "$2"
}

# Of the first message: the others are notifications. A delivery's line has its result
# and why, also when there was no session. "No valid route" and its like say that all
# hosts failed; the message waits from then on, though the line about it follows only when
# mta.c looks again, some ten seconds later. From eight hosts on it never says so: when the
# last one has failed the first may be tried again, and it goes round among them.
outcome() {
	refusal
	awk '
		id == "" && match($0, / smtp message msgid=[0-9a-f]+/) {
			id = " evpid=" substr($0, RSTART + 20, 8)
		}
		match($0, / mta error reason=/) { why = substr($0, RSTART + RLENGTH) }
		events == 0 && match($0, / mta connecting address=[^ ]+/) &&
			tried[substr($0, RSTART, RLENGTH)]++ {
			what = "deferred"
			text = why
		}
		events == 0 && id != "" && match($0, \
			/smtp-out: (No valid route|No MX found|Address family mismatch) /) {
			what = "deferred"
			text = why != "" ? why : substr($0, RSTART + 10)
		}
		id != "" && index($0, id) && match($0, / result="[A-Za-z]+" stat="/) {
			what = substr($0, RSTART + 9, RLENGTH - 17)
			what = what == "Ok" ? "sent" : \
				what == "TempFail" ? "deferred" : "bounced"
			text = substr($0, RSTART + RLENGTH)
			sub(/"$/, "", text)
		}
		what != "" {
			gsub(/\t/, " ", text)
			print what "\t-\t" text
			what = ""
			events++
		}
	' /var/log/lab.log
}

transcript() {
	cat /var/log/lab.log
}
