#!/bin/sh
# dma: see lab/program.h for what these functions are.
#
# There is no daemon: a process carries each message and keeps it until it is delivered.

prepare() {
	:
}

start() {
	echo "$LAB_HOSTNAME" >/etc/mailname
}

# It does not say its own.
version() {
	echo "dma $(dpkg-query -W -f '${Version}' dma | sed 's/-.*//')"
}

submit() {
	hand_over dma -i -f "$1" -- "$2"
}

# Where no host takes the connection it goes to sleep without a word, till the next
# attempt.
sleeps() {
	for process in /proc/[0-9]*; do
		read -r name <"$process/comm" || continue
		[ "$name" = dma ] || continue
		read -r where <"$process/wchan" || :
		case $where in
		*nanosleep*) return 0 ;;
		esac
	done 2>/dev/null
	return 1
}

# "mail to=<...> queued as ID" names the message; lines of its process begin with
# "dma[ID]: ". The first is ours. What made it give up was said before that it does.
outcome() {
	refusal
	asleep=no
	! sleeps || asleep=yes
	awk -v asleep=$asleep '
		id == "" && / mail to=<.* queued as / {
			id = $0
			sub(/.* queued as /, "", id)
			id = "dma[" id "]: "
		}
		id == "" || !(at = index($0, id)) { next }
		{
			text = substr($0, at + length(id))
			gsub(/\t/, " ", text)
			what = ""
		}
		text ~ /^<.*> delivery successful$/ { what = "sent" }
		text ~ /^remote delivery deferred/ { what = "deferred" }
		text ~ /^delivery failed, bouncing as / {
			what = "bounced"
			text = why
		}
		{
			why = text
			if (what != "")
				print what "\t-\t" text
		}
		END {
			if (what == "" && why ~ /^connect to .* failed: / && asleep == "yes")
				print "deferred\t-\t" why
		}
	' /var/log/lab.log
}

transcript() {
	cat /var/log/lab.log
}
