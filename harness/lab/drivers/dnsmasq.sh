#!/bin/sh
# dnsmasq: see lab/program.h for what these functions are.

prepare() {
	:
}

# Its defaults, but for what a box needs. It stays root and in its groups, as it could
# not change them where there is but one user.
start() {
	cat >/run/lab-dnsmasq.conf <<-END
		listen-address=$LAB_AT
		bind-interfaces
		no-resolv
		no-hosts
		server=$LAB_UPSTREAM
		user=root
		group=
		pid-file=
		log-facility=-
	END
	settle && launch dnsmasq -k -C /run/lab-dnsmasq.conf
}

version() {
	dnsmasq -v | sed -n '1s/ version \([^ ]*\).*/ \1/p'
}

# It knows nothing of its one server.
flush() {
	resolver_signal HUP
}
