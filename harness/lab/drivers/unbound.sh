#!/bin/sh
# unbound: see lab/program.h for what these functions are.

UNBOUND_CONTROL=8953

prepare() {
	:
}

# Its defaults, but for what a box needs. do-not-query-localhost stays: no server of a
# world is at 127/8.
start() {
	cat >/etc/unbound/unbound.conf <<-END
		server:
			interface: $LAB_AT
			access-control: 0.0.0.0/0 allow
			access-control: ::/0 allow
			root-hints: "$LAB_HINTS"
			qname-minimisation: ${LAB_QMIN:-yes}
			chroot: ""
			username: ""
			directory: "/"
			pidfile: ""
			use-syslog: no
			$(trust)
		remote-control:
			control-enable: yes
			control-interface: 127.0.0.1
			control-port: $UNBOUND_CONTROL
			control-use-cert: no
	END
	settle && launch unbound -d -c /etc/unbound/unbound.conf
}

# Without an anchor the validator, which is in the default module-config, passes all.
trust() {
	[ -z "${LAB_ANCHOR:-}" ] || echo "trust-anchor-file: \"$LAB_ANCHOR\""
}

version() {
	unbound -V | sed -n '1s/^Version/Unbound/p'
}

# Everything below the root, then what is known of servers. Faster than a reload.
flush() {
	said=$(ask_control "$UNBOUND_CONTROL" "UBCT1 flush_zone ." \
		"UBCT1 flush_infra all")
	case $said in
	ok*ok) ;;
	*)
		echo "$said"
		return 1
		;;
	esac
}
