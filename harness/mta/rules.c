#include "mta/rules.h"

const struct mta_rule mta_rules[] = {
	{ "R1",
		"a mail domain is fully qualified and leads, through CNAMEs if need "
		"be, to "
		"MX or address records",
		"RFC 5321 2.3.5" },
	{ "R2", "MX is looked up first", "RFC 5321 5.1; RFC 1123 5.3.5; RFC 974" },
	{ "R3",
		"a CNAME found by the look-up: its target is processed as if it were "
		"the "
		"initial name",
		"RFC 5321 5.1; RFC 974" },
	{ "R4", "a name that does not exist is an error to report, not an implicit MX",
		"RFC 5321 5.1" },
	{ "R5", "a temporary DNS error: queue the message and retry",
		"RFC 5321 5.1, 4.5.4.1" },
	{ "R6", "an empty list of MX: the name itself is the host, with preference 0",
		"RFC 5321 5.1; RFC 974" },
	{ "R7",
		"MX records of which none is usable, or an unusable implicit MX: "
		"report an "
		"error",
		"RFC 5321 5.1" },
	{ "R8", "where there is any MX, addresses of the domain itself are not used",
		"RFC 5321 5.1" },
	{ "R9",
		"the exchange is a name with an address record; one that is an alias "
		"is "
		"outside the standard",
		"RFC 5321 5.1; RFC 2181 10.3" },
	{ "R10", "lower preference numbers are tried first", "RFC 5321 5.1; RFC 974" },
	{ "R11", "hosts of equal preference are tried in random order",
		"RFC 5321 5.1" },
	{ "R12",
		"addresses of one exchange are tried in the order the resolver gave "
		"them",
		"RFC 5321 5.1" },
	{ "R13",
		"each address is tried in order until one works; at least two should "
		"be",
		"RFC 5321 5.1" },
	{ "R14",
		"a client that finds itself among the MX drops itself and all of equal "
		"or "
		"higher preference number; nothing left is an error",
		"RFC 5321 5.1; RFC 974" },
	{ "R15", "IPv6 and IPv4 hosts may be mixed; which come first is not laid down",
		"RFC 5321 5.2" },
	{ "R16", "nothing asks a sender to replace an alias in a recipient address",
		"RFC 5321 5.1, 6.4" },
	{ "R17",
		"an older rule wanted canonical names in MAIL and RCPT; it is "
		"superseded",
		"RFC 1123 5.2.2" },
	{ "R18", "the owner of a CNAME holds no other data",
		"RFC 1034 3.6.2; RFC 2181 10.1" },
	{ "R19", "a server that meets a CNAME copies it and restarts at its target",
		"RFC 1034 3.6.2, 4.3.2" },
	{ "R20", "ANY and CNAME questions are not chased", "RFC 1034 3.6.2" },
	{ "R21", "chains of aliases are legal, a loop is an error",
		"RFC 1034 3.6.2, 5.2.2" },
	{ "R22",
		"the rcode of an answer with a CNAME speaks of the last name of the "
		"chain",
		"RFC 2308 2.1; RFC 6604 3" },
	{ "R23", "NOERROR with a CNAME and no wanted record: the target has none",
		"RFC 2308 2.2" },
	{ "R24", "NXDOMAIN: nothing exists at or below the name", "RFC 8020 2" },
	{ "R25", "null MX: one MX only, preference 0, exchange the root",
		"RFC 7505 3" },
	{ "R26", "a null MX fails the message at once and for good, 556 5.1.10",
		"RFC 7505 4" },
	{ "R27", "a sender that does not know null MX sees a host without address",
		"RFC 7505 1" },
	{ "R28", "a truncated answer is asked again over TCP",
		"RFC 2181 9; RFC 7766 5" },
	{ "R29", "DNAME redirects what is below its owner, not the owner",
		"RFC 6672 2.3" },
	{ "R30", "ANAME affects address questions only",
		"draft-ietf-dnsop-aname-04 2.2" },
	{ "R31", "what CNAME and MX at one name give depends on the cache",
		"draft-ietf-dnsop-aname-04 App. B" },
	{ "R32", "ANY may be answered with a subset", "RFC 8482" },
	{ "R33", "the exchange of an MX is a name, never an address",
		"RFC 1035 3.3.9; RFC 5321 5.1" },
	{ "R34", "HTTPS and SVCB aliases say nothing to mail clients", "RFC 9460" },
	{ "R35", "retry no sooner than 30 minutes later, give up after 4 to 5 days",
		"RFC 5321 4.5.4.1" },
};
const size_t mta_rules_n = sizeof(mta_rules) / sizeof(mta_rules[0]);
