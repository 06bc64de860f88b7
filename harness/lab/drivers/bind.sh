#!/bin/sh
# bind: see lab/program.h for what these functions are.

# named brings jemalloc, which asks for the time when memory is first wanted, and that is
# when faketime finds out how to tell it: it would wait for itself.
# shellcheck disable=SC2034
CLOCK_AFTER=libc.so.6

prepare() {
	:
}

# Its defaults, but for what a box needs.
start() {
	echo "key lab { algorithm hmac-sha256; secret \"bGFi\"; };" >/run/lab-rndc.key
	cat >/run/lab-named.conf <<-END
		include "/run/lab-rndc.key";
		controls {
			inet 127.0.0.1 port 953 allow { 127.0.0.1; } keys { lab; };
		};
		options {
			directory "/var/cache/bind";
			pid-file none;
			session-keyfile none;
			lock-file none;
			listen-on { $LAB_AT; };
			listen-on-v6 { none; };
			recursion yes;
			allow-query { any; };
			allow-query-cache { any; };
			allow-recursion { any; };
			dnssec-validation $([ -n "${LAB_ANCHOR:-}" ] && echo yes || echo no);
		};
		$(trust)
		zone "." { type hint; file "$LAB_HINTS"; };
	END
	settle && launch named -g -c /run/lab-named.conf
}

trust() {
	[ -n "${LAB_ANCHOR:-}" ] || return 0
	echo 'trust-anchors {'
	anchors | while read -r tag algorithm type digest; do
		echo ". static-ds $tag $algorithm $type \"$digest\";"
	done
	echo '};'
}

version() {
	named -v | sed 's/ (.*//; s/-[^ ]*Debian.*//'
}

# Its clock is the server's: what comes late is refused.
control() (
	use_clock
	exec rndc -k /run/lab-rndc.key -s 127.0.0.1 "$@"
)

# The cache of the view, with what is known of servers (the address database) and of
# failures.
flush() {
	control flush
}

idle() {
	control status | grep -q '^recursive clients: 0/'
}

# What it is still asking for comes to its end first, as it would in that time: else the
# next question of the kind shares its failure. It gives up after 10 seconds.
clock() {
	await 80 idle
	set_clock "$1"
}
