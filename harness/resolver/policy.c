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
		.asks_signatures = true, /* iterator.c processQueryTargets(): EDNS_DO */
		.whole_seconds = true,
		.free_minimised = true,
		.made_cname_ttl0 = true,
		.patient = true, /* iterator.c: backed off up to 120 s a try; run */
		.qmin = QMIN_A_FULL,
		.qmin_max = 10, /* MAX_MINIMISE_COUNT */
		.cname = CNAME_ANSWERS_EVERY_TYPE,
		.mixed = MIXED_CNAME_IF_FIRST,
		.any = ANY_CNAME,
		.any_cached = ANY_CACHED_COMMON, /* fill_any() */
		.lame = LAME_OR_SELF_IS_NODATA,	 /* iter_resptype.c, iter_scrub.c */
		.chain = CHAIN_FIRST,		 /* scrub_sanitize() */
		.chain_max = 11,		 /* MAX_RESTART_COUNT */
		.retries = 4,			 /* outbound-msg-retry */
		.ttl_max = DAY,			 /* cache-max-ttl */
		.negative_max = 3600,		 /* cache-max-negative-ttl */
		.servfail_ttl = 5,		 /* NORR_TTL */
		.nosoa_ttl = 5,			 /* NORR_TTL */
		.knows_localhost = true,
		.localhost_ttl = 10800 /* services/localzone.c */ },
	{ .name = "unbound-noqmin",
		.help = "Unbound with `qname-minimisation: no`: order of questions "
			"decides",
		.source = "Unbound 1.17.1 iterator/iter_scrub.c, services/cache/dns.c; "
			  "tried",
		.asks_signatures = true,
		.whole_seconds = true,
		.patient = true,
		.made_cname_ttl0 = true,
		.cname = CNAME_ANSWERS_EVERY_TYPE,
		.mixed = MIXED_CNAME_IF_FIRST,
		.any = ANY_CNAME,
		.any_cached = ANY_CACHED_COMMON,
		.lame = LAME_OR_SELF_IS_NODATA,
		.chain = CHAIN_FIRST,
		.chain_max = 11,
		.retries = 4,
		.ttl_max = DAY,
		.negative_max = 3600,
		.servfail_ttl = 5,
		.nosoa_ttl = 5,
		.knows_localhost = true,
		.localhost_ttl = 10800 },
	{ .name = "bind-9.18",
		.help = "asks NS of shorter names first; the older of CNAME and MX "
			"counts",
		.source = "BIND 9.18 lib/dns/resolver.c (fctx_minimize_qname, "
			  "rctx_answer_scan), lib/dns/rbtdb.c (cache_find), "
			  "lib/dns/view.c, "
			  "bin/named/config.c; tried",
		.asks_signatures = true, /* fctx_addopt() */
		.nxdomain_all = true,
		.nxdomain_wipes = true,
		.dname_below = true,
		.whole_seconds = true,
		.qmin = QMIN_NS,
		.qmin_max = 6, /* DNS_QMIN_MAXLABELS 7, the root among them */
		.cname = CNAME_ANSWERS_EVERY_TYPE,
		.prefer = PREFER_OLDER,
		.mixed = MIXED_FIRST_COUNTS,
		.any = ANY_EACH,
		.any_cached =
			ANY_CACHED_ALL, /* rbtdb.c cache_find: dns_rdatatype_any */
		.lame = LAME_IS_NODATA, /* rctx_answer_none() */
		.notimp_fails = true,
		/* minimal-responses no-auth-recursive; lib/ns/query.c
		 * query_additional_cb(), lib/dns/resolver.c check_related() */
		.additional = true,
		.ns_never_alias = true, /* adb.c dns_adb_createfind() */
		.chain = CHAIN_FIRST,
		.chain_max = 11, /* DEFAULT_MAX_RESTARTS; 16 before 2024 */
		.shown = SHOWN_LOOP | SHOWN_LIMIT,
		.ttl_max = WEEK,	  /* max-cache-ttl */
		.negative_max = 3 * 3600, /* max-ncache-ttl */
		.servfail_ttl = 1 },
	{ .name = "knot-resolver-5.6",
		.help = "minimises without side effects; keeps everything 5 seconds at "
			"least",
		.source = "Knot Resolver 5.6.0 lib/layer/iterate.c (unroll_cname, "
			  "process_answer, begin), lib/defines.h; tried",
		.asks_signatures = true, /* lib/resolve.c: with a trust anchor */
		.dname_below = true,
		.dname_as_it_is = true,
		.notimp_fails = true,
		.whole_seconds = true,
		.qmin = QMIN_NS_ONE,
		.qmin_max = 127, /* no limit but the name's own labels */
		.cname = CNAME_ANSWERS_EVERY_TYPE,
		.mixed = MIXED_AND_CHASED,
		.any = ANY_REFUSED,
		.chain = CHAIN_SIBLINGS,
		.chain_max = 12, /* KR_CNAME_CHAIN_LIMIT 13, the question's name among
				    them */
		.shown = SHOWN_LOOP | SHOWN_LIMIT | SHOWN_FAILURE,
		.retries = 1,	/* a third try, over TCP, comes too late */
		.ttl_min = 5,	/* KR_CACHE_DEFAULT_TTL_MIN */
		.ttl_max = DAY, /* KR_CACHE_DEFAULT_TTL_MAX */
		.negative_max = DAY,
		.knows_localhost = true,
		.localhost_ttl = 900 /* modules/policy/policy.lua */ },
	{ .name = "powerdns-recursor-4.8",
		.help = "a packet cache by name and type before a CNAME-first record "
			"cache",
		.source = "PowerDNS Recursor 4.8.8 pdns/syncres.cc (doResolve, "
			  "doCNAMECacheCheck, processRecords, handleNewTarget), "
			  "pdns/recursordist/rec-main.cc; tried",
		.asks_signatures = true, /* dnssec=process */
		.packet_cache = true,
		.any_follows = true,
		.free_cached = true, /* handleNewTarget() alone counts */
		.notimp_fails = true,
		.one_timeout = true,
		.nxdomain_all = true,
		.nxdomain_wipes = true,
		.dname_below = true,
		.whole_seconds = true,
		.qmin = QMIN_A,
		.qmin_max = 10, /* max_minimise_count (RFC 9156 2.3) */
		.cname = CNAME_ANSWERS_EVERY_TYPE,
		.prefer = PREFER_CNAME,
		.mixed = MIXED_CNAME_CACHED,
		.any = ANY_EACH,
		.any_cached = ANY_CACHED_ALL,
		.chain = CHAIN_FIRST,
		.chain_max = 11, /* handleNewTarget: depth > 10 */
		.shown = SHOWN_LIMIT | SHOWN_FAILURE,
		.ttl_max = DAY,	      /* max-cache-ttl */
		.negative_max = 3600, /* max-negative-ttl */
		.servfail_ttl = 60,   /* packetcache-servfail-ttl */
		.knows_localhost = true,
		.localhost_ttl = DAY /* reczones.cc: makeNameToIPZone */ },
	{ .name = "systemd-resolved-252",
		.help = "forwards; a cached CNAME answers every type",
		.source = "systemd 252 src/resolve/resolved-dns-cache.c, "
			  "resolved-dns-query.h, "
			  "resolved-dns-stub.c (dns_stub_collect_answer_by_question); "
			  "tried",
		.forwards = true,
		.nxdomain_all = true,
		.one_ttl = true, /* dns_cache_put_positive: dns_answer_min_ttl */
		.cuts_chains = true,
		.knows_localhost = true, /* resolved-dns-synthesize.c */
		.cname = CNAME_ANSWERS_EVERY_TYPE,
		.mixed = MIXED_PASSED_ON, /* from the cache: in an order of chance */
		.any = ANY_WITH_CNAME,
		.chain = CHAIN_IN_ZONE,
		.chain_max = 16, /* CNAME_REDIRECTS_MAX */
		.retries = 2,	 /* with fewer features each: resolved-dns-server.c */
		.ttl_max = 2 * 3600, /* CACHE_TTL_MAX_USEC */
		.negative_max = 2 * 3600,
		.servfail_ttl = 10 /* CACHE_TTL_STRANGE_RCODE_USEC */ },
	{ .name = "dnsmasq-2.90",
		.help = "forwards; caches addresses only, so MX is asked unless the "
			"name is "
			"known to be missing",
		.source = "dnsmasq 2.90 src/rfc1035.c (extract_addresses, "
			  "answer_request); "
			  "tried",
		.forwards = true,
		.addresses_only = true,
		.nxdomain_all = true,	  /* "can store NXDOMAIN reply for any qtype" */
		.nxdomain_doubted = true, /* forward.c: cache_find_non_terminal() */
		.whole_seconds = true,
		.cname = CNAME_ANSWERS_WHOLE_CHAINS,
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
	[QMIN_A] = ("asks A of each longer name short of the full one, and never stops "
		    "at a label that begins with \"_\""),
	[QMIN_NS] = "asks NS of each longer name short of the full one",
	[QMIN_NS_ONE] = "asks NS one label below a zone cut, and caches nothing of it",
};

static const char *const cname_text[CNAME_USES] = {
	[CNAME_ANSWERS_SAME_TYPE] = "answers the type it was asked with",
	[CNAME_ANSWERS_WHOLE_CHAINS] =
		"answers every type that is cached at its target",
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

static const char *const any_cached_text[ANY_CACHEDS] = {
	[ANY_CACHED_NOTHING] = "is asked of a server",
	[ANY_CACHED_COMMON] =
		"is answered with a cached CNAME, or else the common types",
	[ANY_CACHED_ALL] = "is answered with whatever is cached of the name",
};

static const char *const lame_text[LAMES] = {
	[LAME_FAILS] = "is the failure of a server without the zone",
	[LAME_IS_NODATA] = "means no data",
	[LAME_OR_SELF_IS_NODATA] =
		"means no data, also with the NS of the asked zone in it",
};

static const char *const chain_text[CHAINS] = {
	[CHAIN_IN_ZONE] = "inside the zone that was asked",
	[CHAIN_SIBLINGS] = "while it changes the first label only",
	[CHAIN_FIRST] = "for the first link only",
};

/* The combinations that are met. */
static const char *const shown_text[] = {
	[0] = "nothing else",
	[SHOWN_LOOP | SHOWN_LIMIT] = "the aliases, if they are a loop or too many",
	[SHOWN_LIMIT | SHOWN_FAILURE] = "the aliases that led there, but for a loop",
	[SHOWN_LOOP | SHOWN_LIMIT | SHOWN_FAILURE] = "the aliases that led there",
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

static void put_chains(struct str *s, const struct resolver_policy *p)
{
	char text[96];

	if (p->no_chase)
		snprintf(text, sizeof(text), "none: the first CNAME is the answer");
	else
		snprintf(text, sizeof(text), "up to %u%s, then %s", p->chain_max,
			p->free_minimised ? ", but for those met while minimising"
			: p->free_cached  ? ", but for cached ones"
					  : "",
			p->cuts_chains ? "no more comes" : "SERVFAIL");
	put_field(s, "aliases followed", text);
	put_field(s, "SERVFAIL comes with", shown_text[p->shown]);
	put_field(s, "a chain is believed", chain_text[p->chain]);
	put_field(s, "an MX comes with addresses",
		p->additional ? "that are cached" : "never");
	put_field(s, "an NS that is an alias",
		p->ns_never_alias ? "has no address" : "is followed");
}

static void put_any(struct str *s, const struct resolver_policy *p)
{
	put_field(s, "a reply to ANY", any_text[p->any]);
	if (p->any == ANY_REFUSED)
		return;
	put_field(s, "ANY with the name cached", any_cached_text[p->any_cached]);
	put_field(s, "a CNAME answering ANY",
		p->any_follows ? "is followed" : "is handed on");
}

static void put_dname(struct str *s, const struct resolver_policy *p)
{
	put_field(s, "a cached DNAME",
		p->dname_below ? "answers for the names below it" : "is not reused");
	put_field(s, "a DNAME without its CNAME",
		p->dname_as_it_is    ? "is handed on as the answer"
		: p->made_cname_ttl0 ? "gets one with TTL 0"
				     : "gets one with its own TTL");
}

static void put_failures(struct str *s, const struct resolver_policy *p)
{
	char text[32];

	snprintf(text, sizeof(text), "%u time%s", p->retries + 1,
		p->retries == 0 ? "" : "s");
	put_field(s, "a failing server is asked", text);
	put_field(s, "a silent server is asked",
		p->one_timeout ? "once"
		: p->patient   ? "for more than a minute"
			       : "once more, and once again");
	put_field(s, "NOTIMP",
		p->notimp_fails ? "is final" : "is tried again without EDNS");
	put_field(s, "an empty reply without AA", lame_text[p->lame]);
	put_seconds(s, "a failure is cached for", p->servfail_ttl);
}

static void put_times(struct str *s, const struct resolver_policy *p)
{
	put_seconds(s, "shortest TTL", p->ttl_min);
	put_seconds(s, "longest TTL", p->ttl_max);
	put_seconds(s, "longest negative TTL", p->negative_max);
	put_seconds(s, "the same without a SOA", p->nosoa_ttl);
	put_field(s, "an answer is kept",
		p->one_ttl ? "as long as its shortest record"
			   : "each record set for itself");
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
	put_field(s, "the DO bit",
		p->asks_signatures ? "set: signed zones send their signatures"
				   : "not set");
	put_field(s, "a cached CNAME", cname_text[p->cname]);
	put_field(s, "with CNAME and type cached", prefer_text[p->prefer]);
	put_field(s, "a CNAME beside the type", mixed_text[p->mixed]);
	put_field(s, "a cached NXDOMAIN",
		p->nxdomain_doubted ? "answers every type; it is not taken for one "
				      "when the name has something cached"
		: p->nxdomain_wipes ? "answers every type of the name, cached or not"
		: p->nxdomain_all   ? "answers every type that is not cached itself"
				    : "answers the type it was asked with");
	put_field(s, "caches",
		p->addresses_only ? "A and AAAA answers only"
		: p->packet_cache ? "record sets, and finished answers before them"
				  : "record sets");
	put_field(s, "\"localhost\"",
		p->knows_localhost ? "has the loopback address, unasked"
				   : "is asked as any name");
	put_any(s, p);
	put_dname(s, p);
	put_chains(s, p);
	put_failures(s, p);
	put_times(s, p);
	str_printf(s, "  source: %s\n", p->source);
}
