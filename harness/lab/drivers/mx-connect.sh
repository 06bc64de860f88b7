#!/bin/sh
# mx-connect, from npm: see lab/program.h for what these functions are.
#
# It is the part of ZoneMTA that finds the hosts and connects; it says no SMTP. A script
# does that on the connection it returns, one transaction, and does not call it again:
# what a host says stands, 4xx for now and 5xx for good. What mx-connect itself throws
# is deferred when it says `temporary`, else bounced. No options but the name in EHLO
# and the time a connection may take.

lab=/opt/mx-connect

prepare() {
	mkdir -p "$lab" || return 1
	cat >"$lab/send.js" <<'EOF'
'use strict'
const fs = require('node:fs')
const mxConnect = require('/opt/npm/node_modules/mx-connect')

const [sender, recipient] = process.argv.slice(2)
const hostname = process.env.LAB_HOSTNAME
const isAscii = (text) => !/[^\x00-\x7f]/.test(text)
const log = (text) => fs.appendFileSync('log', `${text}\n`)

function end(verdict, text) {
	log(`${verdict}: ${text}`)
	fs.writeFileSync('outcome', `${verdict}\t-\t${text.replace(/\s+/g, ' ')}\n`)
}

/* Each reply of the server, whole: its last line has no hyphen after the code. */
async function* repliesOf(socket) {
	let text = ''
	for await (const piece of socket) {
		log(`< ${piece}`.trimEnd())
		text += piece
		const whole = /^(?:\d{3}-[^\n]*\n)*\d{3}(?!-)[^\n]*\n/
		for (let m; (m = whole.exec(text)); text = text.slice(m[0].length))
			yield m[0].trimEnd()
	}
}

function quoted(message) {
	const lines = message.replace(/(\r?\n)+$/, '').split(/\r?\n/)
	return lines.map((line) => line.replace(/^\./, '..') + '\r\n').join('')
}

async function transaction(socket) {
	const replies = repliesOf(socket)
	let last
	/* Whether the next reply begins with that digit. */
	const says = async (digit) => {
		last = (await replies.next()).value || '421 the connection was closed'
		return last.startsWith(digit)
	}
	const accepts = (text, digit, encoding = 'utf8') => {
		log(`> ${text}`)
		socket.write(`${text}\r\n`, encoding)
		return says(digit)
	}
	const utf8 = () => !isAscii(sender + recipient) && /^250.SMTPUTF8/im.test(last)

	const taken =
		(await says('2')) &&
		(await accepts(`EHLO ${hostname}`, '2')) &&
		(await accepts(`MAIL FROM:<${sender}>${utf8() ? ' SMTPUTF8' : ''}`, '2')) &&
		(await accepts(`RCPT TO:<${recipient}>`, '2')) &&
		(await accepts('DATA', '3')) &&
		(await accepts(`${quoted(fs.readFileSync('message', 'latin1'))}.`, '2', 'latin1'))
	end(taken ? 'sent' : last.startsWith('5') ? 'bounced' : 'deferred', last)
	socket.end('QUIT\r\n', () => process.exit(0))
}

async function main() {
	let connection
	try {
		connection = await mxConnect({
			target: recipient,
			localHostname: hostname,
			maxConnectTime: 5000,
			connectError: (err) => log(err.message)
		})
	} catch (err) {
		log(JSON.stringify({ ...err, message: err.message }))
		end(err.temporary ? 'deferred' : 'bounced', err.response || err.message)
		return
	}
	log(`connected to ${connection.hostname} [${connection.host}]`)
	connection.socket.setTimeout(20000, () => connection.socket.destroy())
	await transaction(connection.socket)
}

main().catch((err) => end('deferred', err.message))
EOF
}

# There is nothing that runs all the time.
start() {
	cd "$lab" || return 1
	: >log
	: >outcome
}

version() {
	node -p '"mx-connect " + require("/opt/npm/node_modules/mx-connect/package.json").version'
}

submit() {
	cd "$lab" || return 1
	cat >message
	node send.js "$1" "$2" </dev/null >>crash 2>&1 &
}

outcome() {
	cat "$lab/outcome"
}

transcript() {
	cat "$lab/log" "$lab/crash"
}
