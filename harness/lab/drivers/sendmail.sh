#!/bin/sh
# sendmail: see lab/program.h for what these functions are.
#
# Debian's configuration without its line for broken name servers, or (LAB_EXPAND=no)
# with DontExpandCnames, too. Both stand in the root; `start' takes one.
#
# Messages are given to the mail transfer agent itself (-Am), which sends them in the
# background, and there is no daemon. The other way, the default, leads through the
# submission program first: that makes names canonical by its own submit.cf, and the
# daemon does it again with what came out. Mail that comes by SMTP meets sendmail.cf
# alone, and so it is here: each name is looked up as often as for that.
#
# A busy machine is no reason to keep a message (QueueLA): many cases run at once.

prepare() {
	cd /etc/mail || return 1
	for cf in sendmail.cf submit.cf; do
		sed -i -e '/^O ResolverOptions=/d' \
			-e 's/^#*O Timeout\.connect=.*/O Timeout.connect=5s/' \
			-e 's/^#*O Timeout\.iconnect=.*/O Timeout.iconnect=5s/' \
			-e 's/^#*O QueueLA=.*/O QueueLA=10000/' $cf
		grep -q '^O QueueLA=10000' $cf || return 1
		sed 's/^#O DontExpandCnames=.*/O DontExpandCnames=True/' $cf \
			>$cf.dontexpand
		grep -q '^O DontExpandCnames' $cf.dontexpand || return 1
	done
	rm -f /etc/cron.d/sendmail /etc/cron.daily/sendmail
}

start() {
	if [ "$LAB_EXPAND" = no ]; then
		for cf in sendmail.cf submit.cf; do
			mv /etc/mail/$cf.dontexpand /etc/mail/$cf
		done
	fi
	for name in $LAB_SELF; do
		echo "$name"
	done >>/etc/mail/local-host-names
	# Folders that its init script makes.
	for dir in mta msp stampdir; do
		mkdir -p /run/sendmail/$dir
	done
	chown smmta:smmsp /run/sendmail/mta /run/sendmail/stampdir
	chown smmsp:smmsp /run/sendmail/msp
}

version() {
	sendmail -Am -d0.1 -bv root </dev/null | awk '{ print "sendmail", $2; exit }'
}

submit() {
	hand_over sendmail -Am -i -f "$1" -- "$2"
}

# What becomes of the first recipient of the first message: the others are notifications
# and copies of them. The status does not tell it: a message can be kept with 5.1.2, that
# of the last host tried. Nor does the log tell whether that was the last one, while
# somebody still delivers.
outcome() {
	refusal
	busy=no
	for comm in /proc/[0-9]*/comm; do
		if read -r name <"$comm" && [ "${name#sendmail}" != "$name" ]; then
			busy=yes
		fi 2>/dev/null
	done
	awk -v busy=$busy '
		# What is between "NAME=" and ", NEXT=".
		function field(name, next_name) {
			if (!match($0, " " name "=.*, " next_name "="))
				return ""
			return substr($0, RSTART + length(name) + 2,
				RLENGTH - length(name) - length(next_name) - 5)
		}
		# Why it was queued at once is said in the queue alone.
		function why_queued(line) {
			while ((getline line <("/var/spool/mqueue/qf" message)) > 0) {
				if (line ~ /^M/)
					return " (" substr(line, 2) ")"
			}
			return ""
		}
		!match($0, /sendmail\[[0-9]+\]: [0-9A-Za-z]+: /) { next }
		{
			id = substr($0, RSTART, RLENGTH - 2)
			sub(/.*: /, "", id)
			rest = substr($0, RSTART + RLENGTH)
		}
		message == "" && id != "NOQUEUE" { message = id }
		id != message || rest !~ /^to=/ { next }
		{
			gsub(/\t/, " ")
			to = field("to", "delay")
			sub(/, ctladdr=.*/, "", to)
			if (recipient == "")
				recipient = to
		}
		to == recipient && match($0, / stat=/) {
			text = substr($0, RSTART + 6)
			status = "-"
			if (match($0, / dsn=[0-9.]+/))
				status = substr($0, RSTART + 5, RLENGTH - 5)
			if (text ~ /^Sent/)
				what = "sent"
			else if (text ~ /^(queued|Deferred)/ || status ~ /^4/)
				what = "deferred"
			else
				what = "bounced"
			if (what == "deferred" && busy == "yes")
				next
			reply = field("reply", "stat")
			if (reply != "" && index(text, reply) == 0)
				text = text " (" reply ")"
			if (text == "queued")
				text = text why_queued()
			printf "%s\t%s\t%s\n", what, status, text
		}
	' /var/log/lab.log
}

transcript() {
	cat /var/log/lab.log
}
