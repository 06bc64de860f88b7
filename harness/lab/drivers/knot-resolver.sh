#!/bin/sh
# knot-resolver: see lab/program.h for what these functions are.

KRESD_CONTROL=8953

# As in bind.sh; and new comes from where free comes from, which ahocorasick.so mixes.
# shellcheck disable=SC2034
CLOCK_AFTER="libc.so.6 libstdc++.so.6"

prepare() {
	:
}

# Its defaults, but for what a box needs. Modules that are loaded by default and work on
# their own go: they would ask for the root's key or for the time.
start() {
	rm -rf /var/cache/lab-kresd
	mkdir -p /run/lab-kresd /var/cache/lab-kresd
	cat >/run/lab-kresd.conf <<-END
		net.listen('$LAB_AT', 53, { kind = 'dns' })
		net.listen('127.0.0.1', $KRESD_CONTROL, { kind = 'control' })
		cache.open(20 * MB, 'lmdb:///var/cache/lab-kresd')
		modules.unload('ta_update')
		modules.unload('ta_signal_query')
		modules.unload('detect_time_skew')
		trust_anchors.remove('.')
		$(trust)
		modules.load('hints > iterate')
		hints.root_file('$LAB_HINTS')
	END
	settle && launch kresd -n -c /run/lab-kresd.conf /run/lab-kresd
}

trust() {
	[ -z "${LAB_ANCHOR:-}" ] || anchors | while read -r ds; do
		echo "trust_anchors.add('. 3600 DS $ds')"
	done
}

version() {
	kresd -V | sed 's/, version//'
}

# What it knows of servers is in its cache.
flush() {
	said=$(ask_control "$KRESD_CONTROL" 'cache.clear()')
	case $said in
	'> {'*) ;;
	*)
		echo "$said"
		return 1
		;;
	esac
}
