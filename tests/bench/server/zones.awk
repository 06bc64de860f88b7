# zones.awk - the zones and questions of the bench, the same each time.
#
#   awk -v make=names     -v n=N  a zone of N names with A, AAAA, MX and TXT each
#   awk -v make=customers -v n=N -v every=K   a zone of N customers: every K-th has an
#                                 address and an MX, the others are a CNAME
#   awk -v make=questions -v n=N -v ask=M     M questions about the customers, shuffled:
#                                 MX, A, AAAA, TXT, and one in twenty for nobody
#   awk -v make=each      -v n=N  MX, A, AAAA and TXT of each of the N names, shuffled
#   awk -v make=testns    -v n=N  the zone of `names` as entries for ldns-testns

# Minimal standard generator (Park and Miller 1988): awk's own differs from awk to awk.
function chance(below) {
	seed = (seed * 16807) % 2147483647
	return seed % below
}

function address(i) {
	return "198." 18 + int(i / 65536) % 2 "." int(i / 256) % 256 "." i % 256
}

function apex() {
	print "$TTL 300"
	print "@ SOA ns1 hostmaster 1 3600 600 86400 60"
	print "@ NS ns1"
	print "ns1 A 192.0.2.53"
	print "mail A 192.0.2.25"
}

function names(i) {
	apex()
	for (i = 1; i <= n; i++) {
		print "customer" i " A " address(i)
		print "customer" i " AAAA 2001:db8::" sprintf("%x", i)
		print "customer" i " MX 10 mail"
		print "customer" i " TXT \"v=spf1 mx -all\""
	}
}

function customers(i) {
	apex()
	for (i = 1; i <= n; i++) {
		if (i % every == 0)
			printf "customer%d A %s\ncustomer%d MX 10 mail\n", i, address(i), i
		else
			printf "customer%d CNAME shop.offsite.net.\n", i
	}
}

function questions(i) {
	for (i = 0; i < ask; i++)
		print (chance(20) ? "customer" : "nobody") 1 + chance(n) "." origin " " type[chance(4)]
}

function each(i, k, swap, line) {
	for (i = 0; i < 4 * n; i++)
		line[i] = "customer" 1 + int(i / 4) "." origin " " type[i % 4]
	for (i = 4 * n - 1; i > 0; i--) {
		k = chance(i + 1)
		swap = line[i]
		line[i] = line[k]
		line[k] = swap
	}
	for (i = 0; i < 4 * n; i++)
		print line[i]
}

function testns_entry(i, what, data, name) {
	name = "customer" i "." origin "."
	print "ENTRY_BEGIN\nMATCH opcode qtype qname\nREPLY QR AA NOERROR\nADJUST copy_id"
	print "SECTION QUESTION\n" name " IN " what
	print "SECTION ANSWER\n" name " 300 IN " what " " data
	print "ENTRY_END"
}

function testns(i) {
	for (i = 1; i <= n; i++) {
		testns_entry(i, "A", address(i))
		testns_entry(i, "AAAA", "2001:db8::" sprintf("%x", i))
		testns_entry(i, "MX", "10 mail." origin ".")
		testns_entry(i, "TXT", "\"v=spf1 mx -all\"")
	}
}

BEGIN {
	origin = "mywebservice.com"
	seed = 4711
	split("MX A AAAA TXT", word, " ")
	for (w in word)
		type[w - 1] = word[w]
	if (make == "names")
		names()
	else if (make == "customers")
		customers()
	else if (make == "questions")
		questions()
	else if (make == "each")
		each()
	else if (make == "testns")
		testns()
	else
		exit 2
}
