#!/bin/sh
# chasquid: see lab/program.h for what these functions are.

# It takes mail for others from who logs in, over TLS. At no port 25: a host that leads
# back to this one finds nobody there.
prepare() {
	certs=/etc/chasquid/certs/localhost
	mkdir -p $certs /etc/chasquid/domains/localhost
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes \
		-days 3650 -subj /CN=localhost -keyout $certs/privkey.pem \
		-out $certs/fullchain.pem
	echo 'users: { key: "lab" value: { plain: { password: "lab" } } }' \
		>/etc/chasquid/domains/localhost/users
}

# Where there is none Go takes the host's domain for one, and with a search list chasquid's
# verdict is another: after SERVFAIL for the name itself it believes the NXDOMAIN of a
# suffix. Nothing here needs the host to have a domain.
no_search_list() {
	grep -q '^search' /etc/resolv.conf || hostname "${LAB_HOSTNAME%%.*}"
}

start() {
	cat >/etc/chasquid/chasquid.conf <<-END
		hostname: "$LAB_HOSTNAME"
		submission_over_tls_address: "127.0.0.1:465"
	END
	# The sender's domain, too: of a sender from elsewhere it makes one of the
	# recipient's domain, for mail that it takes from users is its own.
	for name in $LAB_SELF "${LAB_SENDER##*@}"; do
		mkdir -p "/etc/chasquid/domains/$name"
	done
	no_search_list
	chasquid >/var/log/chasquid.log 2>&1 &
	await 100 grep -q 'daemon listening on 127.0.0.1:465' /var/log/lab.log
}

version() {
	chasquid --version | sed -n 's/^\(chasquid [0-9.]*\).*/\1/p'
}

# Says a line to the server, if any, and reads what it answers: true when that has CODE.
talk() {
	[ -z "${2-}" ] || printf '%s\r\n' "$2" >&3
	while read -r reply <&4; do
		case $reply in
		"$1"-*) ;;
		"$1"*) return 0 ;;
		*) break ;;
		esac
	done
	printf '%s\n' "$reply"
	return 1
}

# Step by step: version 1.11 loses what it is sent ahead of its answers.
converse() {
	mkfifo /run/to-server /run/from-server
	openssl s_client -quiet -connect 127.0.0.1:465 -servername localhost \
		</run/to-server >/run/from-server 2>/dev/null &
	exec 3>/run/to-server 4</run/from-server
	talk 220 &&
		talk 250 'EHLO localhost' &&
		talk 235 "AUTH PLAIN $(printf '\0lab@localhost\0lab' | base64)" &&
		talk 250 "MAIL FROM:<$1>" &&
		talk 250 "RCPT TO:<$2>" &&
		talk 354 DATA &&
		sed 's/^\./../; s/$/\r/' >&3 &&
		talk 250 . &&
		talk 221 QUIT
}

submit() {
	hand_over converse "$1" "$2"
}

# "ID from=... to=... sent", or "failed (temporary): words", "failed (permanent): words".
# The first id is ours; notifications have others.
outcome() {
	refusal
	awk '
		id == "" && match($0, /: [^ ]+ from=.* queued ip=/) {
			id = substr($0, RSTART)
			sub(/ from=.*/, " ", id)
		}
		id == "" || !(at = index($0, id)) { next }
		{
			text = substr($0, at + length(id))
			gsub(/\t/, " ", text)
			what = ""
		}
		!sub(/^from=[^ ]* to=[^ ]* /, "", text) { next }
		text == "sent" { what = "sent" }
		sub(/^failed \(temporary\): /, "", text) { what = "deferred" }
		sub(/^failed \(permanent\): /, "", text) { what = "bounced" }
		what != "" { print what "\t-\t" text }
	' /var/log/lab.log
}

transcript() {
	cat /var/log/chasquid.log /var/log/lab.log
}
