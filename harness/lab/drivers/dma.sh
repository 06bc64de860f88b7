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

# Till the next attempt: what it says of one host's failure may not be its last word, for
# it goes on to the next host.
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
			before = text
			text = substr($0, at + length(id))
			gsub(/\t/, " ", text)
		}
		text ~ /^<.*> delivery successful$/ { print "sent\t-\t" text }
		text ~ /^delivery failed, bouncing as / { print "bounced\t-\t" before }
		END {
			if (asleep == "yes" && \
				text ~ /^(remote delivery deferred|connect to .* failed): /)
				print "deferred\t-\t" text
		}
	' /var/log/lab.log
}

transcript() {
	cat /var/log/lab.log
}
