#include "mta/stub.h"

#include "base/lookup.h"

static const char *const outcome_names[] = {
	[OUTCOME_SUCCESS] = "success",
	[OUTCOME_NO_DATA] = "no-data",
	[OUTCOME_HOST_NOT_FOUND] = "host-not-found",
	[OUTCOME_TRY_AGAIN] = "try-again",
	[OUTCOME_NO_RECOVERY] = "no-recovery",
};

const char *outcome_name(enum outcome o)
{
	return outcome_names[o];
}

/* Outcomes of NXDOMAIN, SERVFAIL, REFUSED, NOTIMP, FORMERR, other rcodes, a timeout. */
#define OUTCOMES(nx, serv, ref, imp, form, oth, time)                                  \
	.nxdomain = OUTCOME_##nx, .servfail = OUTCOME_##serv,                          \
	.refused = OUTCOME_##ref, .notimp = OUTCOME_##imp, .formerr = OUTCOME_##form,  \
	.other = OUTCOME_##oth, .timeout = OUTCOME_##time

/* hickory's MAX_QUERY_DEPTH is 8, and the first question has depth 1
 * (caching_client.rs:54-56,463). */
#define HICKORY_DEPTH 7
/* dnsjava: the 16th step of a Lookup is an error (Lookup.java:523-534). */
#define DNSJAVA_STEPS 15
/* dnspython: MAX_CHAIN is 16, and the look at the last name counts
 * (dns/message.py resolve_chaining). */
#define DNSPYTHON_CHAIN 15

const struct stub_row stubs[] = {
	{
		.name = "glibc",
		.help = "res_query, res_search, gethostbyname and getaddrinfo of the "
			"GNU C "
			"library",
		.source = "glibc resolv/res_query.c, resolv/res_send.c",
		OUTCOMES(HOST_NOT_FOUND, TRY_AGAIN, TRY_AGAIN, TRY_AGAIN, NO_RECOVERY,
			NO_RECOVERY, TRY_AGAIN),
		.cname_only = OUTCOME_SUCCESS,
	},
	{
		.name = "libasr",
		.help = "OpenBSD's asynchronous resolver: any record makes a success",
		.source = "OpenSMTPD 7.8.0 "
			  "openbsd-compat/libasr/res_send_async.c:276-303",
		OUTCOMES(HOST_NOT_FOUND, TRY_AGAIN, NO_RECOVERY, NO_RECOVERY,
			NO_RECOVERY, NO_RECOVERY, TRY_AGAIN),
		.cname_only = OUTCOME_SUCCESS,
		.any_rr_counts = true,
	},
	{
		.name = "go",
		.help = "Go's net package; REFUSED and the like are neither not-found "
			"nor "
			"temporary",
		.source = "golang/go src/net/dnsclient_unix.go @01340f00",
		OUTCOMES(HOST_NOT_FOUND, TRY_AGAIN, NO_RECOVERY, NO_RECOVERY,
			NO_RECOVERY, NO_RECOVERY, TRY_AGAIN),
		.cname_only = OUTCOME_NO_DATA,
		.last_counts = true,
	},
	{
		.name = "c-ares",
		.help = "c-ares as Node.js uses it: every rcode has its own error",
		.source = "c-ares src/lib/ares_process.c:985-995, "
			  "legacy/ares_parse_mx_reply.c:28-110",
		OUTCOMES(HOST_NOT_FOUND, TRY_AGAIN, NO_RECOVERY, NO_RECOVERY,
			NO_RECOVERY, NO_RECOVERY, TRY_AGAIN),
		.cname_only = OUTCOME_NO_DATA,
	},
	{
		.name = "hickory",
		.help = "hickory-resolver 0.26: follows CNAMEs itself",
		.source = "hickory-dns 557e87d6 caching_client.rs:54-56,255-370,463, "
			  "proto error.rs:527",
		OUTCOMES(HOST_NOT_FOUND, TRY_AGAIN, TRY_AGAIN, TRY_AGAIN, TRY_AGAIN,
			TRY_AGAIN, TRY_AGAIN),
		.cname_only = OUTCOME_NO_DATA,
		.owner_check = true,
		.view = VIEW_BOTH,
		.follow = HICKORY_DEPTH,
	},
	{
		.name = "hickory-alpha",
		.help = "hickory-resolver up to 0.26-alpha: an error rcode looks like "
			"no "
			"records",
		.source = "hickory-dns 0.26.0-alpha.1 proto error.rs:527",
		OUTCOMES(HOST_NOT_FOUND, NO_DATA, NO_DATA, NO_DATA, NO_DATA, NO_DATA,
			TRY_AGAIN),
		.cname_only = OUTCOME_NO_DATA,
		.owner_check = true,
		.view = VIEW_BOTH,
		.follow = HICKORY_DEPTH,
	},
	{
		.name = "dnsjava",
		.help = "dnsjava's Lookup: follows CNAME and DNAME itself, and an "
			"alias "
			"outranks what stands beside it",
		.source = "dnsjava d9327e83 Lookup.java:325,523-577,612-735, "
			  "Cache.java addMessage(), Message.java normalize()",
		OUTCOMES(HOST_NOT_FOUND, TRY_AGAIN, TRY_AGAIN, TRY_AGAIN, TRY_AGAIN,
			TRY_AGAIN, TRY_AGAIN),
		.cname_only = OUTCOME_NO_DATA,
		.owner_check = true,
		.view = VIEW_ALIAS,
		.follow_dname = true,
		.follow = DNSJAVA_STEPS,
		.hops_max = DNSJAVA_STEPS,
		.too_long = OUTCOME_NO_DATA,
	},
	{
		.name = "ruby",
		.help = "Ruby's Resolv: every failure but a timeout is an empty list; "
			"the name moves on where the CNAME stands",
		.source = "ruby/resolv 4956d879 lib/resolv.rb:535-635,1168-1192 "
			  "extract_resources",
		OUTCOMES(NO_DATA, NO_DATA, NO_DATA, NO_DATA, NO_DATA, NO_DATA,
			TRY_AGAIN),
		.cname_only = OUTCOME_NO_DATA,
		.owner_check = true,
		.view = VIEW_ORDER,
	},
	{
		.name = "courier",
		.help = "Courier's own resolver: owners are compared, records shuffled",
		.source = "courier-libs 2a13a234 rfc1035/rfc1035search.c:11-215",
		OUTCOMES(HOST_NOT_FOUND, TRY_AGAIN, TRY_AGAIN, TRY_AGAIN, TRY_AGAIN,
			TRY_AGAIN, TRY_AGAIN),
		.cname_only = OUTCOME_SUCCESS,
		.owner_check = true,
	},
	{
		.name = "dnspython",
		.help = "dnspython's resolver: NoAnswer, NXDOMAIN, else NoNameservers",
		.source =
			"dnspython dns/resolver.py, dns/message.py resolve_chaining()",
		OUTCOMES(HOST_NOT_FOUND, TRY_AGAIN, TRY_AGAIN, TRY_AGAIN, TRY_AGAIN,
			TRY_AGAIN, TRY_AGAIN),
		.cname_only = OUTCOME_NO_DATA,
		.owner_check = true,
		.hops_max = DNSPYTHON_CHAIN,
		.too_long = OUTCOME_TRY_AGAIN,
	},
	{
		.name = "net-dns",
		.help = "Perl's Net::DNS mx(): the MX records of the answer, or none",
		.source = "Net::DNS lib/Net/DNS.pm mx(), Resolver/Base.pm",
		OUTCOMES(NO_DATA, NO_DATA, NO_DATA, NO_DATA, NO_DATA, NO_DATA, NO_DATA),
		.cname_only = OUTCOME_NO_DATA,
	},
	{
		.name = "winapi",
		.help = "DnsQuery of Windows, with the owner compared by the caller",
		.source = "hmailserver 4d11f81d DNSResolverWinApi.cpp:136-138",
		OUTCOMES(HOST_NOT_FOUND, TRY_AGAIN, TRY_AGAIN, TRY_AGAIN, TRY_AGAIN,
			TRY_AGAIN, TRY_AGAIN),
		.cname_only = OUTCOME_NO_DATA,
		.owner_check = true,
		.view = VIEW_NAME,
	},
};
const size_t stubs_n = ARRAY_LEN(stubs);

const struct stub_row *stub_find(const char *name)
{
	return lookup_row(stubs, stubs_n, sizeof(stubs[0]), name);
}

static enum outcome rcode_outcome(const struct stub_row *s, uint16_t rcode)
{
	switch (rcode) {
	case RCODE_NXDOMAIN:
		return s->nxdomain;
	case RCODE_SERVFAIL:
		return s->servfail;
	case RCODE_REFUSED:
		return s->refused;
	case RCODE_NOTIMP:
		return s->notimp;
	case RCODE_FORMERR:
		return s->formerr;
	default:
		return s->other;
	}
}

enum outcome stub_outcome(
	const struct stub_row *s, const struct msg *answer, uint16_t type)
{
	const struct section *an;
	bool alias = false;

	if (answer == NULL)
		return s->timeout;
	an = &answer->section[ANSWER];
	if (answer->rcode != RCODE_NOERROR && !(s->any_rr_counts && an->n > 0))
		return rcode_outcome(s, answer->rcode);
	for (unsigned i = 0; i < an->n; i++) {
		if (an->rr[i].type == type || type == TYPE_ANY)
			return OUTCOME_SUCCESS;
		alias |= an->rr[i].type == TYPE_CNAME || an->rr[i].type == TYPE_DNAME;
	}
	if (!alias)
		return OUTCOME_NO_DATA;
	return s->follow > 0 ? OUTCOME_SUCCESS : s->cname_only;
}
