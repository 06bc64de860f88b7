#!/bin/sh
# powerdns-recursor: see lab/program.h for what these functions are.

# It drops questions that the kernel stamped more than a second before its own time: its
# clock runs a year late, and stays late as it moves.
# shellcheck disable=SC2034
CLOCK_START=-31536000

prepare() {
	:
}

# Its defaults, but for what a box needs. dont-query is the default without the networks
# for documentation, which worlds are made of; it starts faster without the list of
# public suffixes, which is for its statistics.
start() {
	mkdir -p /run/lab-pdns
	cat >/run/lab-pdns/recursor.conf <<-END
		local-address=$LAB_AT
		allow-from=0.0.0.0/0,::/0
		hint-file=$LAB_HINTS
		socket-dir=/run/lab-pdns
		security-poll-suffix=
		public-suffix-list-file=/dev/null
		query-local-address=0.0.0.0,::
		setuid=
		setgid=
		write-pid=no
		dont-query=127.0.0.0/8,10.0.0.0/8,100.64.0.0/10,169.254.0.0/16,192.168.0.0/16,172.16.0.0/12,::1/128,fc00::/7,fe80::/10,0.0.0.0/8,192.0.0.0/24,240.0.0.0/4,::/96,::ffff:0:0/96,100::/64
		lua-config-file=/run/lab-pdns/recursor.lua
		dnssec=$([ -n "${LAB_ANCHOR:-}" ] && echo validate || echo off)
	END
	{
		echo 'clearTA(".")'
		[ -z "${LAB_ANCHOR:-}" ] || anchors | while read -r ds; do
			echo "addTA(\".\", \"$ds\")"
		done
	} >/run/lab-pdns/recursor.lua
	settle && start_again
}

start_again() {
	launch pdns_recursor --config-dir=/run/lab-pdns
}

version() {
	pdns_recursor --version 2>&1 | sed -n 's/.*\(PowerDNS Recursor [^ ]*\).*/\1/p'
}

# Nothing but its end makes it forget which servers were slow or did not answer.
flush() {
	resolver_stop && start_again
}
