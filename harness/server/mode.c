#include "server/server.h"

#include "base/lookup.h"

/* What the named programs did with a zone that has CNAME and MX at one owner was tried
 * with the versions given, from Debian 12. */
const struct server_mode server_modes[] = {
	{
		.name = "strict",
		.help = "refuses a zone that has data beside a CNAME: SERVFAIL for "
			"every name in it",
		/* NSD keeps such a zone up with its SOA alone when it is reloaded, so
		 * that every other name is NXDOMAIN: a zone of its own shows that. */
		.source = "RFC 1034 3.6.2; BIND 9.18 (\"CNAME and other data\"), NSD "
			  "4.6.1, Knot 3.2.6",
		.beside = BESIDE_CNAME_WINS,
		.refuses_conflicts = true,
	},
	{
		.name = "exact-type",
		.help = "answers the asked type where the owner has it, the CNAME "
			"elsewhere",
		.source = "patched servers; Unbound 1.17 auth-zone",
		.beside = BESIDE_EXACT_TYPE,
	},
	{
		.name = "cname-wins",
		.help = "answers the CNAME, as if nothing stood beside it",
		.source = "RFC 1034 4.3.2 step 3a; PowerDNS 4.7.3, bind backend",
		.beside = BESIDE_CNAME_WINS,
	},
	{
		.name = "both",
		.help = "answers the CNAME and the asked type beside it, in this order",
		.source = "old servers that collect every matching record, as tinydns "
			  "does (djbdns 1.05, tdlookup.c)",
		.beside = BESIDE_BOTH,
	},
	{
		.name = "both-mx-first",
		.help = "answers the asked type and the CNAME beside it, in this order",
		.source = "as both, with the records in the other order in the data",
		.beside = BESIDE_BOTH_MX_FIRST,
	},
	{
		.name = "flatten",
		.help = "hides every CNAME: A and AAAA are the target's, served at the "
			"owner; other types are the owner's own",
		.source = "Cloudflare, \"CNAME flattening\" for all CNAME records",
		.beside = BESIDE_EXACT_TYPE,
		.flattens = true,
	},
	{
		.name = "alias",
		.help = "serves the target's A and AAAA where ALIAS or ANAME stands; "
			"a CNAME is answered as by cname-wins",
		.source = "PowerDNS (ALIAS, expand-alias), Route 53, DNSimple; "
			  "draft-ietf-dnsop-aname",
		.beside = BESIDE_CNAME_WINS,
		.has_alias = true,
	},
};

const size_t server_modes_n = ARRAY_LEN(server_modes);

const struct server_mode *server_mode(const char *name)
{
	return lookup_row(server_modes, server_modes_n, sizeof(server_modes[0]), name);
}
