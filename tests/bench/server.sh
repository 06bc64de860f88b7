#!/bin/sh
# server.sh HARNESS TOOLS - `harness serve` beside NSD, Knot DNS, PowerDNS, ldns-testns
# and a bare echo: processor time a query, rate, memory, load time, latency. Servers take
# turns in every round, so that what else the machine does hits all of them; compare the
# ratios, not the figures of two runs. TOOLS is where the programs of tests/bench/server
# were built.
#
# The server has one processor (SERVER_CPU), the load generator another (CLIENT_CPU).
# QUICK=1 takes a minute or two instead of six. All on loopback; everything started here
# ends here. Files go to build/bench.
set -eu

[ $# -eq 2 ] || { echo "usage: server.sh HARNESS TOOLS" >&2; exit 2; }
harness=$1 tools=$2
here=$(dirname "$0")/server
out=build/bench
origin=mywebservice.com
cpus=$(nproc)
[ "$cpus" -ge 2 ] || { echo "server.sh: needs two processors" >&2; exit 3; }
: "${SERVER_CPU:=1}" "${CLIENT_CPU:=0}"
if [ -n "${QUICK:-}" ]; then
	rounds=3 seconds=0.4 first_rounds=3 full_rounds=1
else
	rounds=7 seconds=1 first_rounds=9 full_rounds=5
fi
# A million names take the longest to load; in a quick run a fifth of them will do.
million=1000000
[ -z "${QUICK:-}" ] || million=200000

mkdir -p "$out"
rm -rf "$out/run" "$out/results"
mkdir "$out/run"
: >"$out/results"
PATH=$PATH:/usr/sbin:/sbin
LC_ALL=C
export PATH LC_ALL

# ---- what was started -------------------------------------------------------

spawned=
stop_all() {
	for pid in $spawned; do kill "$pid" 2>/dev/null || true; done
	for pid in $spawned; do wait "$pid" 2>/dev/null || true; done
	spawned=
	[ -z "${autogroup:-}" ] || echo "$autogroup" >/proc/self/autogroup
}
trap stop_all EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# Ahead of what else runs, where we may: other work is noise here. With autogroups
# (sched(7)) it is the session that counts, until we end.
nice="nice -n -15"
[ -z "$($nice true 2>&1)" ] || nice=
autogroup=$(sed -n 's/.* nice //p' /proc/self/autogroup 2>/dev/null || true)
[ -z "$autogroup" ] || { echo -15 >/proc/self/autogroup; } 2>/dev/null || autogroup=

# beside COMMAND...: on the processor that is not the server's.
beside() { $nice taskset -c "$CLIENT_CPU" "$@"; }

say() { printf '%s\n' "$*" >&2; }

# record CASE SERVER METRIC VALUE: one line a measurement; report.awk knows the rest.
record() { printf '%s\t%s\t%s\t%s\n' "$1" "$2" "$3" "$4" >>"$out/results"; }

# busy: processor time of the whole machine, in hundredths of a second.
busy() { awk '$1 == "cpu" { print $2 + $3 + $4 + $7 + $8 + $9 }' /proc/stat; }

# ---- zones ------------------------------------------------------------------

# make_file NAME AWK-ARGUMENTS...: kept from run to run, as they are always the same.
make_file() {
	file=$out/$1
	shift
	[ -z "$(find "$file" -newer "$here/zones.awk" 2>/dev/null)" ] || return 0
	awk "$@" -f "$here/zones.awk" >"$file.new"
	mv "$file.new" "$file"
}

make_zones() {
	make_file 12.zone -v make=names -v n=12
	make_file 12.queries -v make=each -v n=12
	make_file 12.testns -v make=testns -v n=12
	make_file 50.zone -v make=names -v n=50
	make_file 50.queries -v make=each -v n=50
	make_file 100k.zone -v make=customers -v n=100000 -v every=5
	make_file 100k.queries -v make=questions -v n=100000 -v ask=100000
	make_file "$million.zone" -v make=customers -v n=$million -v every=10
	make_file "$million.queries" -v make=questions -v n=$million -v ask=400000
}

# ---- servers: NAME_command ZONE PORT writes its configuration and prints the command

echo_command() { echo "$tools/echo $2"; }

harness_command() {
	if [ -n "${scenario:-}" ]; then
		echo "$harness serve $scenario --listen 127.0.0.1 --port $2 --quiet"
		return
	fi
	printf '%s\t%s\n' "$origin" "$PWD/$out/$1.zone" >"$out/run/harness-$1.index"
	echo "$harness serve --zones $out/run/harness-$1.index --listen 127.0.0.1 --port $2" \
		"--workers ${workers:-1}"
}

# Beside the one with many customers, to see what their number costs.
small_command() { harness_command 50 "$2"; }

# One server process, nothing but answers.
nsd_command() {
	dir=$PWD/$out/run/nsd-$1
	mkdir -p "$dir"
	cat >"$dir/nsd.conf" <<-END
		server:
		  ip-address: 127.0.0.1@$2
		  server-count: 1
		  username: ""
		  zonesdir: "$dir"
		  database: ""
		  logfile: "$dir/log"
		  pidfile: ""
		  xfrdfile: "$dir/xfrd"
		  xfrdir: "$dir"
		  zonelistfile: "$dir/list"
		  zonefiles-check: no
		  tcp-count: 1000
		  tcp-query-count: 0
		  rrl-ratelimit: 0
		  rrl-whitelist-ratelimit: 0
		remote-control:
		  control-enable: no
		zone:
		  name: $origin
		  zonefile: "$PWD/$out/$1.zone"
	END
	echo "nsd -d -c $dir/nsd.conf"
}

knot_command() {
	dir=$PWD/$out/run/knot-$1
	mkdir -p "$dir"
	cat >"$dir/knot.conf" <<-END
		server:
		  rundir: "$dir"
		  listen: 127.0.0.1@$2
		  udp-workers: 1
		  tcp-workers: 1
		  background-workers: 1
		  tcp-max-clients: 2000
		  tcp-io-timeout: 10000
		database:
		  storage: "$dir"
		log:
		  - target: stderr
		    any: error
		template:
		  - id: default
		    storage: "$dir"
		    semantic-checks: off
		    zonefile-load: whole
		    zonefile-sync: -1
		    journal-content: none
		zone:
		  - domain: $origin
		    file: "$PWD/$out/$1.zone"
	END
	echo "knotd -c $dir/knot.conf"
}

# Its packet cache and query cache are on and larger than the questions are many.
powerdns_command() {
	dir=$PWD/$out/run/powerdns-$1
	mkdir -p "$dir"
	echo "zone \"$origin\" { type master; file \"$PWD/$out/$1.zone\"; };" >"$dir/named.conf"
	cat >"$dir/pdns.conf" <<-END
		launch=bind
		bind-config=$dir/named.conf
		socket-dir=$dir
		local-address=127.0.0.1
		local-port=$2
		receiver-threads=1
		distributor-threads=1
		signing-threads=1
		cache-ttl=3600
		query-cache-ttl=3600
		negquery-cache-ttl=3600
		max-cache-entries=2000000
		max-packet-cache-entries=2000000
		max-tcp-connections=2000
		guardian=no
		daemon=no
		loglevel=2
		disable-syslog=yes
		write-pid=no
		zone-cache-refresh-interval=0
		security-poll-suffix=
		version-string=anonymous
	END
	echo "pdns_server --config-dir=$dir"
}

# It listens on every address of the machine and cannot be told otherwise; it runs for
# one case only.
testns_command() { echo "ldns-testns -p $2 $out/$1.testns"; }

# program SERVER: what must be there.
program() {
	case $1 in
	echo) echo "$tools/echo" ;;
	harness | small) echo "$harness" ;;
	nsd) echo nsd ;;
	knot) echo knotd ;;
	powerdns) echo pdns_server ;;
	testns) echo ldns-testns ;;
	esac
}

# first_line FILE: the first line that says something, shortened.
first_line() { awk 'NF { print substr($0, 1, 100); exit }' "$1"; }

# start SERVER ZONE: sets pid_SERVER, port_SERVER and took_us; fails with a reason
# recorded. The pid is the server's, spawn's is in spawn_SERVER.
start() {
	if ! command -v "$(program "$1")" >/dev/null; then
		record - "$1" skipped "$(program "$1") is not installed"
		return 1
	fi
	port=$("$tools/freeport")
	command=$("$1_command" "$2" "$port")
	name=ns1.$origin type=A
	[ "$1" != testns ] || name=customer1.$origin
	log=$out/run/$1-$2.log
	# Not by beside(): $! is to be spawn itself, which ends when its server has.
	# shellcheck disable=SC2086 # a command of words without blanks
	$nice taskset -c "$CLIENT_CPU" "$tools/spawn" "${on_cpus:-$SERVER_CPU}" "$port" \
		"$name" "$type" $command >"$out/run/ready" 2>"$log" &
	spawn=$!
	spawned="$spawned $spawn"
	while [ ! -s "$out/run/ready" ]; do
		if ! kill -0 "$spawn" 2>/dev/null; then
			wait "$spawn" || true
			record - "$1" skipped "did not start with $2.zone: $(first_line "$log")"
			return 1
		fi
		sleep 0.02
	done
	read -r pid took_us <"$out/run/ready"
	rm "$out/run/ready"
	# It picks processors itself, and the load generator's first.
	[ "$1" != knot ] || taskset -acp "$SERVER_CPU" "$pid" >/dev/null
	eval "pid_$1=$pid port_$1=$port spawn_$1=$spawn"
}

stop() {
	eval "spawn=\$spawn_$1"
	kill "$spawn" 2>/dev/null || true
	wait "$spawn" 2>/dev/null || true
	left=
	for p in $spawned; do
		[ "$p" = "$spawn" ] || left="$left $p"
	done
	spawned=$left
}

# questions SERVER ZONE: the file of those it is asked.
questions() {
	if [ "$1" = small ]; then echo "$out/50.queries"; else echo "$out/$2.queries"; fi
}

# start_each CASE ZONE SERVER...: those that run are in $running. Load time and memory
# are recorded for the case.
start_each() {
	running='' case=$1 zone=$2
	shift 2
	for server; do
		start "$server" "$zone" || continue
		running="$running $server"
		record "$case" "$server" load_ms "$(awk "BEGIN { print $took_us / 1000 }")"
		eval "pid=\$pid_$server"
		record "$case" "$server" loaded_mib \
			"$("$tools/usage" memory "$pid" | awk '{ print $1 / 1024 }')"
	done
}

stop_running() {
	for server in $running; do stop "$server"; done
	running=''
}

# ---- measurements -----------------------------------------------------------

# perf CASE SERVER udp|tcp QUERIES: dnsperf at full speed.
perf() {
	eval "pid=\$pid_$2 port=\$port_$2"
	before=$("$tools/usage" cpu "$pid")
	beside dnsperf -s 127.0.0.1 -p "$port" -m "$3" -d "$4" -l "$seconds" \
		-c 8 -q 200 -t 1 -b 4096 -O suppress=timeouts >"$out/run/dnsperf" 2>&1 || true
	after=$("$tools/usage" cpu "$pid")
	awk -v cpu=$((after - before)) -v OFS='\t' -v case="$1" -v server="$2" '
		/Queries completed:/ { n = $3 }
		/Queries lost:/ { lost = $3 }
		/Queries per second:/ { qps = $4 }
		END {
			if (n == 0)
				exit
			print case, server, "cpu_us", cpu / n
			print case, server, "qps", qps
			print case, server, "lost", lost
		}' "$out/run/dnsperf" >>"$out/results"
}

# throughput CASE ZONE udp|tcp: rounds over all that run, each server once a round. One
# turn before, unmeasured, fills their caches.
throughput() {
	say "  $1"
	for round in warm $(seq "$rounds"); do
		for server in $running; do
			if [ "$round" = warm ]; then
				perf warm "$server" "$3" "$(questions "$server" "$2")"
			else
				perf "$1" "$server" "$3" "$(questions "$server" "$2")"
			fi
		done
	done
}

memory_now() {
	for server in $running; do
		eval "pid=\$pid_$server"
		record "$1" "$server" used_mib \
			"$("$tools/usage" memory "$pid" | awk '{ print $1 / 1024 }')"
	done
}

# paced CASE SERVER HOST PORT QUERIES [MORE...]: latency at 20,000 questions a second.
paced() {
	paced_case=$1 paced_server=$2 host=$3 port=$4 file=$5
	shift 5
	beside "$tools/pace" "$host" "$port" "$file" 20000 "$seconds" "$@" |
		while read -r asked answered median p99 mean; do
			[ "$answered" -gt 0 ] || continue
			record "$paced_case" "$paced_server" p50_us "$median"
			record "$paced_case" "$paced_server" p99_us "$p99"
			record "$paced_case" "$paced_server" mean_us "$mean"
			record "$paced_case" "$paced_server" unanswered $((asked - answered))
		done
}

latency() {
	say "  latency"
	for round in $(seq "$rounds"); do
		for server in $running; do
			eval "port=\$port_$server"
			paced latency "$server" 127.0.0.1 "$port" "$out/50.queries"
		done
	done
}

pipelining() {
	say "  pipelining"
	for round in $(seq "$rounds"); do
		for server in $running; do
			eval "port=\$port_$server"
			beside "$tools/pipeline" "$port" "$out/50.queries" 200 100 |
				while read -r asked answered wrong took; do
					# An echo has the right question and no rcode to be wrong.
					record pipelining "$server" lost $((asked - answered))
					record pipelining "$server" wrong "$wrong"
					record pipelining "$server" qps \
						"$(awk "BEGIN { print $answered / ($took + 1e-9) }")"
				done
		done
	done
}

first_answers() {
	say "  first answer"
	for round in $(seq "$first_rounds"); do
		for server; do
			start "$server" 12 || continue
			record first "$server" load_ms "$(awk "BEGIN { print $took_us / 1000 }")"
			stop "$server"
		done
	done
}

check_zones() {
	command -v kzonecheck >/dev/null || return 0
	for round in $(seq "$rounds"); do
		s=$(date +%s%N)
		$nice taskset -c "$SERVER_CPU" kzonecheck -o "$origin" "$out/$1.zone" >/dev/null 2>&1 || true
		e=$(date +%s%N)
		record "$2" kzonecheck load_ms "$(awk "BEGIN { print ($e - $s) / 1e6 }")"
	done
}

# Loading once more in every round, beside kzonecheck: one start says little.
reload_rounds() {
	for round in $(seq 3); do
		start harness "$2" || return 0
		record "$1" harness load_ms "$(awk "BEGIN { print $took_us / 1000 }")"
		stop harness
	done
}

# drained CASE SERVER NAME QUERIES ROUNDS: off filled buffers; see drain.c.
drained() {
	eval "pid=\$pid_$2 port=\$port_$2"
	pids=$("$tools/usage" pids "$pid")
	# shellcheck disable=SC2086 # a list
	beside "$tools/drain" "$port" "$4" "$5" $pids | while read -r qps cpu room; do
		record "$1" "$3" full_us "$cpu"
		record "$1" "$3" full_qps "$qps"
		record "$1" "$3" room "$room"
	done
}

# Under dnsperf a fast server waits for every question, and what it costs to be woken
# up hides what it costs to answer; off filled buffers nobody waits.
full_buffers() {
	for round in $(seq "$full_rounds"); do
		for server in $running; do
			drained "$1" "$server" "$server" "$(questions "$server" "$2")" 10
		done
	done
}

# On two processors dnsperf would take from two workers what it measures.
workers_case() {
	say "  two workers"
	for round in $(seq 3); do
		for workers in 1 2; do
			on_cpus=$SERVER_CPU
			[ $workers = 1 ] || on_cpus=$SERVER_CPU,$CLIENT_CPU
			start harness 50 || break 2
			drained workers harness $workers "$out/50.queries" 30
			stop harness
		done
	done
	workers='' on_cpus=''
}

# One name of the scenario takes half a second; the others may not feel it. Both runs
# are of the same server, without and with questions for that name in between.
delay_case() {
	say "  a scripted delay"
	cat >"$out/run/delay.conf" <<-END
		scenario: delay
		title: One name takes half a second
		group: bench
		source: [RFC 1035 4.2.1]
		servers:
		  - zone: $origin
		    at: 192.0.2.53
		    file: $PWD/$out/50.zone
		    quirks:
		      - { quirk: delay, value: 500ms, name: customer1.$origin }
		hosts:
		  - name: mail.$origin
		    smtp: { accepts: [customer2.$origin] }
		addresses:
		  - address: user@customer2.$origin
		    intended: mail.$origin
		    expect:
		      - { clients: "*", verdict: delivered }
	END
	grep -v "^customer1\." "$out/50.queries" >"$out/run/others.queries"
	grep "^customer1\." "$out/50.queries" >"$out/run/delayed.queries"
	scenario=$out/run/delay.conf
	start harness delay || { scenario=''; return 0; }
	scenario=''
	# shellcheck disable=SC2154 # set by start
	for round in $(seq "$rounds"); do
		paced delay undelayed 127.0.0.1 "$port_harness" "$out/run/others.queries"
		paced delay harness 127.0.0.1 "$port_harness" "$out/run/others.queries" \
			"$out/run/delayed.queries" 1000
	done
	stop harness
}

# ---- the run ----------------------------------------------------------------

record run - customers "$million"
started=$(date +%s) busy_before=$(busy)
say "zones"
make_zones
peers="nsd knot powerdns"

say "12 names"
start_each small 12 echo harness $peers testns
throughput small 12 udp
stop_running

say "50 names"
start_each names50 50 echo harness $peers
throughput names50 50 udp
full_buffers names50 50
throughput tcp 50 tcp
latency
pipelining
stop_running

say "100,000 customers"
start_each 100k 100k echo harness $peers small
throughput 100k 100k udp
full_buffers 100k 100k
memory_now 100k
stop_running
reload_rounds 100k 100k

say "$million customers"
start_each 1m "$million" echo harness $peers
throughput 1m "$million" udp
full_buffers 1m "$million"
memory_now 1m
stop_running
reload_rounds 1m "$million"
check_zones "$million" 1m

say "the rest"
first_answers echo harness $peers
workers_case
delay_case

# What was ours: all that has been waited for. Interrupts count as the others'.
times >"$out/run/times"
ours=$(awk 'NR == 2 { gsub(/[ms]/, " "); print ($1 * 60 + $2 + $3 * 60 + $4) * 100 }' \
	"$out/run/times")
awk -v busy=$(($(busy) - busy_before)) -v ours="$ours" -v cpus="$cpus" \
	-v seconds=$(($(date +%s) - started)) 'BEGIN {
		others = busy - ours > 0 ? (busy - ours) / (seconds + 1) / cpus : 0
		printf "run\t-\tothers\t%.0f\nrun\t-\tseconds\t%d\n", others, seconds
	}' >>"$out/results"
awk -f "$here/report.awk" "$out/results"
