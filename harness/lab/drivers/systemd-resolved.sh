#!/bin/sh
# systemd-resolved: see lab/program.h for what these functions are.

prepare() {
	:
}

# Its user is root, as it could not change to another where there is but one.
# Its defaults, but for what a box needs. LLMNR and mDNS have nobody to talk to here.
start() {
	sed -i 's/^systemd-resolve:[^:]*:[0-9]*:[0-9]*:/systemd-resolve:x:0:0:/' /etc/passwd
	mkdir -p /run/systemd/resolve /run/systemd/resolved.conf.d
	cat >/run/systemd/resolved.conf.d/lab.conf <<-END
		[Resolve]
		DNS=$LAB_UPSTREAM
		FallbackDNS=
		DNSStubListener=no
		DNSStubListenerExtra=$LAB_AT
		LLMNR=no
		MulticastDNS=no
	END
	settle && launch /lib/systemd/systemd-resolved
}

version() {
	/lib/systemd/systemd-resolved --version | sed -n '1s/^systemd \([^ ]*\).*/systemd-resolved \1/p'
}

# The cache, and then what its servers can do.
flush() {
	resolver_signal USR2 && resolver_signal RTMIN+1
}
