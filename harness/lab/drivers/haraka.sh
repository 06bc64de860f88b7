#!/bin/sh
# Haraka, from npm: see lab/program.h for what these functions are.
#
# Two plugins: `relay` lets the message in, `lab` writes down what Haraka tells plugins
# of each message's fate, with the status it puts into a report, and keeps it from
# asking for the name of 127.0.0.1. Everything about DNS and delivery is as it comes but
# for the time a connection may take; TLS is off.

program=/opt/npm/node_modules/Haraka
haraka=/opt/haraka

prepare() {
	node "$program/bin/haraka" -i "$haraka" || return 1
	mkdir "$haraka/queue" || return 1
	cd "$haraka/config" || return 1
	printf '%s\n' relay lab >plugins
	echo 127.0.0.1/32 >relay_acl_allow
	printf '%s\n' 'listen=127.0.0.1:2525' nodes=0 >smtp.ini
	printf '%s\n' 'enable_tls=false' 'connect_timeout=5' >outbound.ini
	printf '%s\n' '[main]' 'level=info' 'timestamps=true' >log.ini
	cat >../plugins/lab.js <<'EOF'
'use strict'
const fs = require('node:fs')

function write(verdict, hmail, rcpt, text) {
	// A report of its own, not the message.
	if (!hmail.todo.mail_from.user) return
	// The status of a deferral is told to nobody: it may even begin with 5.
	const status = (verdict === 'bounced' && rcpt?.dsn_status) || '-'
	const words = `${text}`.replace(/\s+/g, ' ')
	fs.appendFileSync('/opt/haraka/outcome', `${verdict}\t${status}\t${words}\n`)
}

exports.hook_lookup_rdns = (next) => next(OK, 'localhost')

exports.hook_delivered = (next, hmail, params) => {
	write('sent', hmail, null, params[2])
	next()
}

exports.hook_deferred = (next, hmail, params) => {
	const rcpt = params.fail_recips?.[0] || hmail.todo.rcpt_to[0]
	write('deferred', hmail, rcpt, rcpt.reason || params.err)
	next()
}

exports.hook_bounce = (next, hmail, err) => {
	const rcpt = err.bounced_rcpt?.[0] || hmail.todo.rcpt_to[0]
	write('bounced', hmail, rcpt, rcpt.reason || err.message)
	next()
}
EOF
	# Half of its start is loading a client of Redis, which nothing here uses.
	cat >../no-redis.js <<'EOF'
const module_ = require('node:module')
const load = module_._load
module_._load = function (name) {
	return name === 'redis' ? {} : load.apply(this, arguments)
}
EOF
	cat >../submit.pl <<'EOF'
use strict;
use IO::Socket::INET;

# One SMTP transaction; the reply that says no is printed.
my ($from, $to) = @ARGV;
my $s = IO::Socket::INET->new(PeerAddr => '127.0.0.1:2525', Timeout => 10)
	or die "cannot connect: $!\n";
alarm 20;

sub reply {
	my $all = '';
	while (my $line = <$s>) {
		$all .= $line;
		last if $line !~ /^\d{3}-/;
	}
	return $all;
}

sub command {
	my ($want, $text) = @_;
	print $s "$text\r\n" if defined $text;
	my $r = reply();
	return if $r =~ /^$want/;
	print $r eq '' ? "the connection was closed\n" : $r;
	exit 1;
}

command(2);
command(2, "EHLO localhost");
command(2, "MAIL FROM:<$from>");
command(2, "RCPT TO:<$to>");
command(3, "DATA");
while (my $line = <STDIN>) {
	$line =~ s/\r?\n?\z//;
	$line =~ s/^\./../;
	print $s "$line\r\n";
}
command(2, ".");
print $s "QUIT\r\n";
EOF
}

listens_or_ended() {
	# A line of it: "0: 0100007F:09DD 00000000:0000 0A ...": 127.0.0.1:2525, listening.
	grep -q ': 0100007F:09DD 00000000:0000 0A' /proc/net/tcp ||
		! kill -0 "$program_pid"
}

start() {
	echo "$LAB_HOSTNAME" >"$haraka/config/me"
	# Else it asks a STUN server for it, to know mail to itself.
	echo "public_ip=$(hostname -I | cut -d ' ' -f 1)" >>"$haraka/config/smtp.ini"
	: >"$haraka/outcome"
	cd "$haraka" || return 1
	node -r "$haraka/no-redis.js" "$program/bin/haraka" -c "$haraka" >"$haraka/log" 2>&1 &
	program_pid=$!
	await 200 listens_or_ended && kill -0 "$program_pid"
}

version() {
	node -p "'Haraka ' + require('$program/package.json').version"
}

submit() {
	hand_over perl "$haraka/submit.pl" "$1" "$2"
}

outcome() {
	refusal
	cat "$haraka/outcome"
}

transcript() {
	cat "$haraka/log"
}
