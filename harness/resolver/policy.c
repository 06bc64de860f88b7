#include "resolver/policy.h"

#include <stdio.h>

#include "base/lookup.h"
#include "base/str.h"

/* Longer than any chain a modelled program follows, so that a limit seen in a report is
 * never this one. */
#define CHAIN_MAX_IDEAL 32

/* RFC 2308 5 and 4: the longest time sensible for negative answers is one to three
 * hours; RFC 8767 4: one week caps positive ones. */
#define DAY 86400u
#define WEEK (7 * DAY)

const struct resolver_policy resolver_policies[] = {
	{ .name = "ideal",
		.help = "asks what the client asked; the answer never depends on "
			"history",
		.source = "RFC 1034 5.3.3, RFC 2308",
		.model = true,
		.cname = CNAME_ANSWERS_SAME_TYPE,
		.mixed = MIXED_PASSED_ON,
		.any = ANY_ALONE,
		.chain = CHAIN_IN_ZONE,
		.chain_max = CHAIN_MAX_IDEAL,
		.ttl_max = WEEK,
		.negative_max = 3 * 3600 },
	{ .name = "unbound-1.17",
		.help = "asks A of the full name first, and a cached CNAME answers "
			"every type",
		.source = "Unbound 1.17.1 iterator/iterator.c (processQueryTargets), "
			  "iterator/iter_scrub.c, services/cache/dns.c; tried",
		.whole_seconds = true,
		.counts_restarts = true,
		.qmin = QMIN_A_FULL,
		.qmin_max = 10, /* MAX_MINIMISE_COUNT */
		.cname = CNAME_ANSWERS_EVERY_TYPE,
		.mixed = MIXED_CNAME_IF_FIRST,
		.any = ANY_CNAME,
		.chain = CHAIN_IN_ZONE,
		.chain_max = 11,      /* MAX_RESTART_COUNT */
		.ttl_max = DAY,	      /* cache-max-ttl */
		.negative_max = 3600, /* cache-max-negative-ttl */
		.servfail_ttl = 5 /* NORR_TTL */ },
	{ .name = "unbound-noqmin",
		.help = "Unbound with `qname-minimisation: no`: order of questions "
			"decides",
		.source = "Unbound 1.17.1 iterator/iter_scrub.c, services/cache/dns.c; "
			  "tried",
		.whole_seconds = true,
		.cname = CNAME_ANSWERS_EVERY_TYPE,
		.mixed = MIXED_CNAME_IF_FIRST,
		.any = ANY_CNAME,
		.chain = CHAIN_IN_ZONE,
		.chain_max = 11,
		.ttl_max = DAY,
		.negative_max = 3600,
		.servfail_ttl = 5 },
	{ .name = "bind-9.18",
		.help = "asks NS of shorter names first; the older of CNAME and MX "
			"counts",
		.source = "BIND 9.18 lib/dns/resolver.c (fctx_minimize_qname, "
			  "rctx_answer_scan), lib/dns/rbtdb.c (cache_find), "
			  "lib/dns/view.c, "
			  "bin/named/config.c; tried",
		.nxdomain_all = true,
		.dname_below = true,
		.whole_seconds = true,
		.qmin = QMIN_NS,
		.qmin_max = 6, /* DNS_QMIN_MAXLABELS 7, the root among them */
		.cname = CNAME_ANSWERS_EVERY_TYPE,
		.prefer = PREFER_OLDER,
		.mixed = MIXED_FIRST_COUNTS,
		.any = ANY_EACH,
		.any_from_cache = true, /* rbtdb.c cache_find: dns_rdatatype_any */
		.chain = CHAIN_FIRST,
		.chain_max = 11,	  /* DEFAULT_MAX_RESTARTS; 16 before 2024 */
		.ttl_max = WEEK,	  /* max-cache-ttl */
		.negative_max = 3 * 3600, /* max-ncache-ttl */
		.servfail_ttl = 1 },
	{ .name = "knot-resolver-5.6",
		.help = "minimises without side effects; keeps everything 5 seconds at "
			"least",
		.source = "Knot Resolver 5.6.0 lib/layer/iterate.c (unroll_cname, "
			  "process_answer, begin), lib/defines.h; tried",
		.dname_below = true,
		.whole_seconds = true,
		.qmin = QMIN_NS_ONE,
		.qmin_max = 127, /* no limit but the name's own labels */
		.cname = CNAME_ANSWERS_EVERY_TYPE,
		.mixed = MIXED_AND_CHASED,
		.any = ANY_REFUSED,
		.chain = CHAIN_SIBLINGS,
		.chain_max = 12, /* KR_CNAME_CHAIN_LIMIT 13, the question's name among
				    them */
		.ttl_min = 5,	 /* KR_CACHE_DEFAULT_TTL_MIN */
		.ttl_max = DAY,	 /* KR_CACHE_DEFAULT_TTL_MAX */
		.negative_max = DAY },
	{ .name = "powerdns-recursor-4.8",
		.help = "a packet cache by name and type before a CNAME-first record "
			"cache",
		.source = "PowerDNS Recursor 4.8.8 pdns/syncres.cc (doResolve, "
			  "doCNAMECacheCheck, processRecords, handleNewTarget), "
			  "pdns/recursordist/rec-main.cc; tried",
		.packet_cache = true,
		.nxdomain_all = true,
		.dname_below = true,
		.whole_seconds = true,
		.qmin = QMIN_A,
		.qmin_max = 10, /* max_minimise_count (RFC 9156 2.3) */
		.cname = CNAME_ANSWERS_EVERY_TYPE,
		.prefer = PREFER_CNAME,
		.mixed = MIXED_CNAME_CACHED,
		.any = ANY_EACH,
		.chain = CHAIN_FIRST,
		.chain_max = 11,      /* handleNewTarget: depth > 10 */
		.ttl_max = DAY,	      /* max-cache-ttl */
		.negative_max = 3600, /* max-negative-ttl */
		.servfail_ttl = 60 /* packetcache-servfail-ttl */ },
	{ .name = "systemd-resolved-252",
		.help = "forwards; a cached CNAME answers every type",
		.source = "systemd 252 src/resolve/resolved-dns-cache.c, "
			  "resolved-dns-query.h, "
			  "resolved-dns-stub.c (dns_stub_collect_answer_by_question); "
			  "tried",
		.forwards = true,
		.nxdomain_all = true,
		.cname = CNAME_ANSWERS_EVERY_TYPE,
		.mixed = MIXED_PASSED_ON,
		.any = ANY_WITH_CNAME,
		.chain = CHAIN_IN_ZONE,
		.chain_max = 16,     /* CNAME_REDIRECTS_MAX */
		.ttl_max = 2 * 3600, /* CACHE_TTL_MAX_USEC */
		.negative_max = 2 * 3600,
		.servfail_ttl = 10 /* CACHE_TTL_STRANGE_RCODE_USEC */ },
	{ .name = "dnsmasq-2.90",
		.help = "forwards; caches addresses only, so MX is asked every time",
		.source = "dnsmasq 2.90 src/rfc1035.c (extract_addresses, "
			  "answer_request); "
			  "tried",
		.forwards = true,
		.addresses_only = true,
		.whole_seconds = true,
		.cname = CNAME_ANSWERS_ADDRESSES,
		.mixed = MIXED_PASSED_ON,
		.any = ANY_ALONE,
		.chain = CHAIN_IN_ZONE,
		.chain_max = CHAIN_MAX_IDEAL,
		.ttl_max = WEEK,
		.negative_max = 3 * 3600 },
	{ .name = "bare",
		.help = "hands on the first CNAME without following it",
		.source = "RFC 1034 4.3.1 (a server may leave the CNAME to the client)",
		.model = true,
		.no_chase = true,
		.cname = CNAME_ANSWERS_SAME_TYPE,
		.mixed = MIXED_PASSED_ON,
		.any = ANY_ALONE,
		.chain = CHAIN_FIRST,
		.chain_max = CHAIN_MAX_IDEAL,
		.ttl_max = WEEK,
		.negative_max = 3 * 3600 },
};

const size_t resolver_policies_n = ARRAY_LEN(resolver_policies);

const struct resolver_policy *resolver_policy(const char *name)
{
	return lookup_row(resolver_policies, ARRAY_LEN(resolver_policies),
		sizeof(resolver_policies[0]), name);
}

/* ---- explaining ---- */

static const char *const qmin_text[QMINS] = {
	[QMIN_NONE] = "none: the full question goes to every server",
	[QMIN_A_FULL] = "asks A of each longer name, the full name included",
	[QMIN_A] = "asks A of each longer name short of the full one, and never stops "
		   "at a label that begins with \"_\"",
	[QMIN_NS] = "asks NS of each longer name short of the full one",
	[QMIN_NS_ONE] = "asks NS one label below a zone cut, and caches nothing of it",
};

static const char *const cname_text[CNAME_USES] = {
	[CNAME_ANSWERS_SAME_TYPE] = "answers the type it was asked with",
	[CNAME_ANSWERS_ADDRESSES] = "answers A and AAAA",
	[CNAME_ANSWERS_EVERY_TYPE] = "answers every type (RFC 1034 3.6.2)",
};

static const char *const prefer_text[PREFERS] = {
	[PREFER_OWN] = "the asked type counts",
	[PREFER_CNAME] = "the CNAME counts",
	[PREFER_OLDER] = "the one that was cached first counts",
};

static const char *const mixed_text[MIXEDS] = {
	[MIXED_PASSED_ON] = "handed on and cached as it came",
	[MIXED_FIRST_COUNTS] = "the one that comes first counts, the other is dropped",
	[MIXED_CNAME_IF_FIRST] = "the CNAME alone when it comes first, else both",
	[MIXED_AND_CHASED] = "both are kept, and the CNAME is followed as well",
	[MIXED_CNAME_CACHED] = "both are handed on, only the CNAME is cached",
};

static const char *const any_text[ANYS] = {
	[ANY_ALONE] = "leaves nothing for other types",
	[ANY_CNAME] = "leaves the CNAME for all types",
	[ANY_EACH] = "leaves each record set for its type",
	[ANY_WITH_CNAME] =
		"leaves each record set for its type, with the CNAME beside it",
	[ANY_REFUSED] = "never comes about: ANY is answered with SERVFAIL",
};

static const char *const chain_text[CHAINS] = {
	[CHAIN_IN_ZONE] = "inside the zone that was asked",
	[CHAIN_SIBLINGS] = "while it changes the first label only",
	[CHAIN_FIRST] = "for the first link only",
};

/* Columns of the field's name: the longest, "with CNAME and type cached", its
 * indentation, a gap. */
#define EXPLAIN_COLUMN 30

static void put_field(struct str *s, const char *field, const char *text)
{
	size_t from = s->len;

	str_puts(s, "  ");
	str_puts(s, field);
	str_pad(s, from, EXPLAIN_COLUMN);
	str_puts(s, text);
	str_putc(s, '\n');
}

static void put_seconds(struct str *s, const char *field, uint32_t seconds)
{
	char text[32];

	snprintf(text, sizeof(text), "%u s", seconds);
	put_field(s, field, text);
}

static void put_limits(struct str *s, const struct resolver_policy *p)
{
	char text[96];

	if (p->no_chase)
		snprintf(text, sizeof(text), "none: the first CNAME is the answer");
	else
		snprintf(text, sizeof(text), "up to %u%s, then SERVFAIL", p->chain_max,
			p->counts_restarts ? " replies that end in one" : "");
	put_field(s, "aliases followed", text);
	put_seconds(s, "shortest TTL", p->ttl_min);
	put_seconds(s, "longest TTL", p->ttl_max);
	put_seconds(s, "longest negative TTL", p->negative_max);
	put_seconds(s, "a failure is cached for", p->servfail_ttl);
	put_field(s, "the cache's clock",
		p->whole_seconds ? "ticks once a second" : "is exact");
}

void resolver_policy_explain(struct str *s, const struct resolver_policy *p)
{
	str_printf(s, "%s: %s\n", p->name, p->help);
	put_field(s, "recursion",
		p->forwards ? "left to an upstream that caches no answers"
			    : "its own, from the root");
	put_field(s, "QNAME minimisation", qmin_text[p->qmin]);
	put_field(s, "a cached CNAME", cname_text[p->cname]);
	put_field(s, "with CNAME and type cached", prefer_text[p->prefer]);
	put_field(s, "a CNAME beside the type", mixed_text[p->mixed]);
	put_field(s, "a reply to ANY", any_text[p->any]);
	put_field(s, "a chain is believed", chain_text[p->chain]);
	put_field(s, "a cached NXDOMAIN",
		p->nxdomain_all ? "answers every type of the name"
				: "answers the type it was asked with");
	put_field(s, "a cached DNAME",
		p->dname_below ? "answers for the names below it" : "is not reused");
	put_field(s, "caches",
		p->addresses_only ? "A and AAAA answers only"
		: p->packet_cache ? "record sets, and finished answers before them"
				  : "record sets");
	put_limits(s, p);
	str_printf(s, "  source: %s\n", p->source);
}
