/* policy.h - how one resolver program differs from the next, as rows.
 *
 * What all resolvers do (RFC 1034 5.3.3, RFC 2308) is in resolver.c. A row says only
 * what is asked in which order, what a cached record may answer, and what becomes of an
 * answer that has other data beside a CNAME. */
#ifndef RESOLVER_POLICY_H
#define RESOLVER_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct str;

/* Which names and types go out before the real question (RFC 9156 2.1). */
enum qmin {
	QMIN_NONE,
	QMIN_A_FULL, /* A of each longer name, the full name included */
	QMIN_A,	     /* A of each longer name short of the full one; labels that begin
		      * with "_" are never the last (RFC 9156 2.3) */
	QMIN_NS,     /* NS of each longer name short of the full one */
	QMIN_NS_ONE, /* NS one label below a zone cut, then the full name; what comes
		      * back is used for finding zone cuts only */
	QMINS
};

/* Which later questions a cached CNAME answers. RFC 1034 3.6.2 allows every type. */
enum cname_use {
	CNAME_ANSWERS_SAME_TYPE,
	CNAME_ANSWERS_WHOLE_CHAINS, /* every type, if its target is cached as well */
	CNAME_ANSWERS_EVERY_TYPE,
	CNAME_USES
};

/* Which counts when both a CNAME and the asked type are cached for a name. */
enum prefer { PREFER_OWN, PREFER_CNAME, PREFER_OLDER, PREFERS };

/* What becomes of a reply with a CNAME and the asked type at one name. */
enum mixed {
	MIXED_PASSED_ON,    /* cached and handed on as it came */
	MIXED_FIRST_COUNTS, /* the record set that comes first; the other is dropped */
	MIXED_CNAME_IF_FIRST, /* as FIRST_COUNTS when the CNAME is first, else PASSED_ON
			       */
	MIXED_AND_CHASED,     /* both are kept, and the CNAME is followed as well */
	MIXED_CNAME_CACHED,   /* both are handed on, only the CNAME is cached */
	MIXEDS
};

/* What a reply to ANY leaves in the cache, beside the answer to ANY itself. */
enum any_use {
	ANY_ALONE,
	ANY_CNAME,	/* the CNAME, for all types */
	ANY_EACH,	/* each record set */
	ANY_WITH_CNAME, /* each record set, with the CNAME beside it */
	ANY_REFUSED,	/* the client gets SERVFAIL, no server is asked */
	ANYS
};

/* What ANY is answered with before any server is asked. */
enum any_cached {
	ANY_CACHED_NOTHING,
	ANY_CACHED_COMMON, /* a CNAME, else the common types */
	ANY_CACHED_ALL,	   /* whatever is cached of the name */
	ANY_CACHEDS
};

/* What an empty reply that is not authoritative means. */
enum lame {
	LAME_FAILS,		/* the server does not have the zone */
	LAME_IS_NODATA,		/* no data of the asked type */
	LAME_OR_SELF_IS_NODATA, /* the same if it names the servers of the asked zone */
	LAMES
};

/* Which failures (SERVFAIL) come with the aliases that led there, as bits. */
enum shown { SHOWN_LOOP = 1, SHOWN_LIMIT = 2, SHOWN_FAILURE = 4 };

/* How much of a CNAME chain in one reply is believed; the rest is asked anew. */
enum chain {
	CHAIN_IN_ZONE,	/* all links inside the zone of the asked server */
	CHAIN_SIBLINGS, /* links that change the first label only */
	CHAIN_FIRST,	/* the first link */
	CHAINS
};

struct resolver_policy {
	const char *name;
	const char *help;
	const char *source;
	bool model;	     /* a yardstick of ours, no program */
	bool forwards;	     /* an upstream without a cache of answers does the work */
	bool no_chase;	     /* the first CNAME is the answer */
	bool packet_cache;   /* finished answers are kept by name and type */
	bool addresses_only; /* caches A and AAAA answers (and their CNAMEs) only */
	bool nxdomain_all;   /* a cached NXDOMAIN answers every type of the name */
	bool nxdomain_wipes; /* ... even those that were cached before it */
	bool nxdomain_doubted; /* it is "no data" for a name with something cached */
	bool dname_below;      /* a cached DNAME answers for names below it */
	bool whole_seconds;    /* the cache's clock ticks once a second */
	bool any_follows;      /* a CNAME alone in a reply to ANY is followed */
	bool free_minimised;   /* chain_max leaves out aliases met while minimising */
	bool free_cached;      /* chain_max never ends a chain at a cached alias */
	bool cuts_chains;      /* past chain_max the chain so far is the answer */
	bool one_ttl;	       /* an answer is kept as long as its shortest record */
	bool knows_localhost;  /* RFC 6761 6.3; else it is asked as any name */
	bool notimp_fails;     /* NOTIMP is final; only FORMERR drops EDNS */
	bool one_timeout;      /* a silent server is not asked again */
	bool patient; /* it goes on asking silent servers for more than a minute */
	/* Cached addresses of an MX answer's hosts are its additional section, also
	 * those that came that way. */
	bool additional;
	bool ns_never_alias; /* RFC 2181 10.3: an NS that is an alias has no address */
	/* Sets DO in every query (RFC 3225): signed zones answer at length, which can
	 * mean TCP. Nothing is validated here. */
	bool asks_signatures;
	bool dname_as_it_is;  /* a DNAME without its CNAME is handed on as the answer */
	bool made_cname_ttl0; /* a CNAME made for a DNAME has TTL 0 */
	enum qmin qmin;
	enum cname_use cname;
	enum prefer prefer;
	enum mixed mixed;
	enum any_use any;
	enum any_cached any_cached;
	enum lame lame;
	enum chain chain;
	unsigned shown;	    /* enum shown */
	unsigned retries;   /* how often a server that fails is asked again */
	unsigned qmin_max;  /* minimised questions for one name */
	unsigned chain_max; /* aliases followed for one question */
	/* Seconds. */
	uint32_t ttl_min, ttl_max, negative_max, servfail_ttl;
	uint32_t nosoa_ttl; /* of a negative answer without a SOA */
	uint32_t localhost_ttl;
};

extern const struct resolver_policy resolver_policies[];
extern const size_t resolver_policies_n;
#define RESOLVER_POLICY_DEFAULT "ideal"

/* NULL when there is none of that name. */
const struct resolver_policy *resolver_policy(const char *name);

/* What the fields say, a line each, then the source. */
void resolver_policy_explain(struct str *s, const struct resolver_policy *p);

#endif
