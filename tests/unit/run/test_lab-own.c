/* What the lab's name server for clients says itself, and what it leaves to the world.
 */
#include "run/lab-own.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/str.h"
#include "mta/profile.h"
#include "scenario/parse.h"
#include "support/test.h"
#include "support/zones.h"

#define PROVIDER                                                                       \
	"  - zone: mywebservice.com\n    at: 192.0.2.53\n    data: |\n"                \
	"      $TTL 300\n"                                                             \
	"      @ SOA ns1 hostmaster 1 3600 600 86400 60\n"                             \
	"      @ NS ns1\n"                                                             \
	"      ns1 A 192.0.2.53\n"                                                     \
	"      customer MX 10 ns1\n"

/* As in scenarios/edge-exchange-is-the-sender.conf. */
#define SENDERS                                                                        \
	"  - zone: sender.example.net\n    at: 203.0.113.53\n    data: |\n"            \
	"      $TTL 300\n"                                                             \
	"      @ SOA ns1 hostmaster 1 3600 600 86400 60\n"                             \
	"      @ NS ns1\n"                                                             \
	"      ns1 A 203.0.113.53\n"                                                   \
	"      mx A 203.0.113.10\n"

static const struct scenario *parse(
	struct arena *a, const char *header, const char *servers, const char *address)
{
	struct str text = STR_INIT;
	struct scenario *got = NULL;
	struct errs errs;
	unsigned n = 0;

	str_printf(&text,
		"scenario: one\ntitle: a world\ngroup: edges\nsource: RFC 1034\n"
		"resolvers: ideal\nclients: rfc5321\n%sservers:\n%s"
		"hosts: [ { name: mail, at: 192.0.2.25, smtp: {} } ]\n"
		"addresses:\n"
		"  - address: user@%s\n    intended: mail\n"
		"    expect: { verdict: [delivered, misdelivered, rejected, deferred, "
		"bounced, unknown] }\n",
		header, servers, address);
	errs_init(&errs, a);
	scenario_parse_text(a, "one.conf", arena_strdup(a, text.data), text.len,
		profile_set_new(a), &errs, &got, &n);
	errs_print(&errs, stdout, false);
	assert_int_equal(errs.n, 0);
	str_clear(&text);
	return got;
}

/* "NOERROR: MX 10 notify.sender.example.net", or "the world". */
static const char *say(struct arena *a, const struct lab_own *o, const char *question)
{
	char type[16], name[256], rcode[RCODE_TEXT_MAX];
	struct question q = { .class = CLASS_IN };
	struct str s = STR_INIT;
	struct msg query, m;
	const char *ret;

	assert_int_equal(sscanf(question, "%15s %255s", type, name), 2);
	q.type = rrtype_from_text(type);
	q.name = name_literal(a, name);
	msg_init_query(&query, 1, &q, true);
	msg_init_reply(&m, &query);
	if (!lab_own_answer(o, a, &q, &m))
		return "the world";
	str_puts(&s, rcode_to_text(m.rcode, rcode));
	for (unsigned i = 0; i < m.section[ANSWER].n; i++) {
		const struct rr *rr = &m.section[ANSWER].rr[i];

		assert_true(name_equal(rr->owner, q.name));
		str_printf(&s, "%s %s ", i == 0 ? ":" : ",",
			rrtype_to_text(rr->type, type));
		rr_put_rdata(&s, rr);
	}
	/* RFC 2308 2: a "no" has an SOA. */
	assert_int_equal(m.section[AUTHORITY].n, m.section[ANSWER].n == 0 ? 1 : 0);
	ret = arena_strdup(a, s.data);
	str_clear(&s);
	return ret;
}

#define NO "NXDOMAIN"
#define NODATA "NOERROR"
#define WORLD "the world"

static const struct row {
	const char *name;
	const char *header, *servers, *address;
	const char *question, *want;
} rows[] = {
	/* The sender's domain */
	{ "the sender's mail host is the lab's", "", PROVIDER,
		"customer.mywebservice.com", "MX sender.example.net",
		"NOERROR: MX 10 notify.sender.example.net" },
	{ "the name of that host has its address", "", PROVIDER,
		"customer.mywebservice.com", "A notify.sender.example.net",
		"NOERROR: A 198.19.255.248" },
	{ "it has no other", "", PROVIDER, "customer.mywebservice.com",
		"AAAA notify.sender.example.net", NODATA },
	{ "letter case is no difference", "", PROVIDER, "customer.mywebservice.com",
		"MX SENDER.example.NET", "NOERROR: MX 10 notify.sender.example.net" },
	{ "who notifies the sender learns of no policy", "", PROVIDER,
		"customer.mywebservice.com", "TXT _mta-sts.sender.example.net",
		"NXDOMAIN" },
	{ "the sender's domain has nothing else", "", PROVIDER,
		"customer.mywebservice.com", "TXT sender.example.net", NODATA },
	{ "there is nothing else in it", "", PROVIDER, "customer.mywebservice.com",
		"TXT _dmarc.sender.example.net", NO },
	{ "what a search list would make of a name is not there", "", PROVIDER,
		"customer.mywebservice.com",
		"MX customer.mywebservice.com.sender.example.net", NO },
	{ "a sender that the file names is the world's business",
		"sender: list@shop.example.org\n", PROVIDER,
		"customer.mywebservice.com", "MX shop.example.org", WORLD },
	{ "and has no mail host of the lab", "sender: list@shop.example.org\n",
		PROVIDER, "customer.mywebservice.com", "A notify.shop.example.org",
		WORLD },
	/* The client */
	{ "the client's own name has the client's addresses", "", PROVIDER,
		"customer.mywebservice.com", "A mx.sender.example.net",
		"NOERROR: A 203.0.113.10" },
	{ "a family that the file does not name has the lab's own", "", PROVIDER,
		"customer.mywebservice.com", "AAAA mx.sender.example.net",
		"NOERROR: AAAA 2001:db8:ffff::10" },
	{ "a client without IPv6 has no AAAA", "families: [ipv4]\n", PROVIDER,
		"customer.mywebservice.com", "AAAA mx.sender.example.net", NODATA },
	{ "the client's own name has nothing else", "", PROVIDER,
		"customer.mywebservice.com", "MX mx.sender.example.net", NODATA },
	{ "names and addresses that the file gives count",
		"self: { names: [a.example.org, b.example.org], addresses: "
		"[203.0.113.7, 203.0.113.8] }\n",
		PROVIDER, "customer.mywebservice.com", "A b.example.org",
		"NOERROR: A 203.0.113.7, A 203.0.113.8" },
	{ "the client's domain has nothing else",
		"self: { names: [mx.a.example.org] }\n", PROVIDER,
		"customer.mywebservice.com",
		"A customer.mywebservice.com.a.example.org", NO },
	{ "the client's domain is there", "self: { names: [mx.a.example.org] }\n",
		PROVIDER, "customer.mywebservice.com", "MX a.example.org", NODATA },
	{ "a top-level domain is nobody's own", "self: { names: [mx.org] }\n", PROVIDER,
		"customer.mywebservice.com", "MX other.org", WORLD },
	/* The reverse tree */
	{ "addresses of the world have no names", "", PROVIDER,
		"customer.mywebservice.com", "PTR 25.2.0.192.in-addr.arpa", NO },
	{ "nor have IPv6 addresses", "", PROVIDER, "customer.mywebservice.com",
		"PTR 1.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa", NO },
	/* The world */
	{ "names of the world are the world's", "", PROVIDER,
		"customer.mywebservice.com", "A mail.mywebservice.com", WORLD },
	{ "names of nobody are the world's", "", PROVIDER, "customer.mywebservice.com",
		"MX nowhere.example.org", WORLD },
	{ "MX of the sender's domain is ours, whatever zone there is", "",
		PROVIDER SENDERS, "customer.mywebservice.com", "MX sender.example.net",
		"NOERROR: MX 10 notify.sender.example.net" },
	{ "so is its target", "", PROVIDER SENDERS, "customer.mywebservice.com",
		"A notify.sender.example.net", "NOERROR: A 198.19.255.248" },
	{ "other types of it are the zone's", "", PROVIDER SENDERS,
		"customer.mywebservice.com", "A sender.example.net", WORLD },
	{ "the client's own name is the zone's if it has it", "", PROVIDER SENDERS,
		"customer.mywebservice.com", "A mx.sender.example.net", WORLD },
	{ "the client's own name is ours if no zone has it",
		"self: { names: [me.sender.example.net] }\n", PROVIDER SENDERS,
		"customer.mywebservice.com", "A me.sender.example.net",
		"NOERROR: A 203.0.113.10" },
	{ "other names inside the zone are the zone's", "", PROVIDER SENDERS,
		"customer.mywebservice.com", "MX x.mywebservice.com.sender.example.net",
		WORLD },
	{ "a zone below the sender's domain says what is in it", "",
		PROVIDER
		"  - zone: a.b.sender.example.net\n    at: 203.0.113.53\n    data: |\n"
		"      @ 300 SOA ns1 hostmaster 1 3600 600 86400 60\n"
		"      @ 300 NS ns1\n"
		"      ns1 300 A 203.0.113.53\n",
		"customer.mywebservice.com", "MX x.a.b.sender.example.net", WORLD },
	{ "and what is above it is there (RFC 8020)", "",
		PROVIDER
		"  - zone: a.b.sender.example.net\n    at: 203.0.113.53\n    data: |\n"
		"      @ 300 SOA ns1 hostmaster 1 3600 600 86400 60\n"
		"      @ 300 NS ns1\n"
		"      ns1 300 A 203.0.113.53\n",
		"customer.mywebservice.com", "MX b.sender.example.net", NODATA },
	{ "a zone of the reverse tree says what is in it", "",
		PROVIDER
		"  - zone: 2.0.192.in-addr.arpa\n    at: 203.0.113.53\n    data: |\n"
		"      @ 300 SOA ns1.mywebservice.com. h 1 3600 600 86400 60\n"
		"      @ 300 NS ns1.mywebservice.com.\n",
		"customer.mywebservice.com", "PTR 25.2.0.192.in-addr.arpa", WORLD },
	{ "a root zone of the file has nothing to say about the sender", "",
		PROVIDER "  - zone: .\n    at: 198.41.0.4\n    data: |\n"
			 "      @ 300 SOA a.root. h. 1 3600 600 86400 60\n"
			 "      @ 300 NS a.root.\n"
			 "      a.root. 300 A 198.41.0.4\n",
		"customer.mywebservice.com", "TXT sender.example.net", NODATA },
	{ "names below a search list of the file are its subject",
		"search: [sender.example.net]\n", PROVIDER, "customer.mywebservice.com",
		"MX customer.mywebservice.com.sender.example.net", WORLD },
	{ "the client's own name is none of them", "search: [sender.example.net]\n",
		PROVIDER, "customer.mywebservice.com", "A mx.sender.example.net",
		"NOERROR: A 203.0.113.10" },
	{ "mail to the sender's own domain is the subject", "", PROVIDER SENDERS,
		"sender.example.net", "MX sender.example.net", WORLD },
	{ "mail to a name below it, too", "", PROVIDER SENDERS,
		"nowhere.sender.example.net", "MX nowhere.sender.example.net", WORLD },
};

static void is_said(void **state)
{
	const struct row *row = *state;
	struct arena *a = arena_new();
	struct world world;
	const struct lab_own *o;

	world_build(a, parse(a, row->header, row->servers, row->address), &world);
	o = lab_own_new(a, &world);
	assert_string_equal(say(a, o, row->question), row->want);
	arena_free(a);
}

int main(void)
{
	TESTS_ADD_ROWS(rows, is_said);
	return tests_run("run-lab-own");
}
