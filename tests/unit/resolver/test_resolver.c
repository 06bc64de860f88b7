/* What every resolver does: delegations, chains, negative answers, bad servers, limits
 * - and what it never believes. */
#include "world.h"

#define APEX "$TTL 300\n@ SOA ns1 h 1 1 1 1 60\n@ NS ns1\nns1 A 198.18.0.13\n"
#define OFFSITE_APEX "$TTL 300\n@ SOA ns1 h 1 1 1 1 60\n@ NS ns1\nns1 A 198.18.0.14\n"

struct row {
	const char *name;
	const char *mywebservice, *offsite; /* records beside the apex */
	const char *type, *owner, *want;
	const char *policy; /* NULL: ideal */
};

static void test_answer(void **state)
{
	const struct row *row = *state;
	char text[2048];
	struct world w;

	world_init(&w);
	snprintf(text, sizeof(text), APEX "%s", row->mywebservice);
	world_serve(&w, "198.18.0.13", "cname-wins", "mywebservice.com", text);
	snprintf(text, sizeof(text), OFFSITE_APEX "%s",
		row->offsite != NULL ? row->offsite : "");
	world_serve(&w, "198.18.0.14", "cname-wins", "offsite.net", text);
	world_start(&w, row->policy != NULL ? row->policy : "ideal", 1);
	assert_string_equal(
		world_text(&w, world_ask(&w, row->type, row->owner)), row->want);
	world_clear(&w);
}

#define SOA                                                                            \
	"authority mywebservice.com 60 SOA ns1.mywebservice.com. "                     \
	"h.mywebservice.com. 1 1 1 1 60"
#define OFFSITE_SOA                                                                    \
	"authority offsite.net 60 SOA ns1.offsite.net. h.offsite.net. 1 1 1 1 60"

static const struct row rows[] = {
	{ "an address comes from the root down", "x A 192.0.2.1\n", NULL, "A",
		"x.mywebservice.com", "NOERROR; x.mywebservice.com 300 A 192.0.2.1",
		NULL },
	{ "all records of a set come", "x MX 10 a\nx MX 20 b\n", NULL, "MX",
		"x.mywebservice.com",
		"NOERROR; x.mywebservice.com 300 MX 10 a.mywebservice.com; "
		"x.mywebservice.com 300 MX 20 b.mywebservice.com",
		NULL },
	{ "no data has the SOA (RFC 2308 2.2)", "x A 192.0.2.1\n", NULL, "MX",
		"x.mywebservice.com", "NOERROR; " SOA, NULL },
	{ "no such name has the SOA (RFC 2308 2.1)", "", NULL, "MX",
		"x.mywebservice.com", "NXDOMAIN; " SOA, NULL },
	{ "a chain inside a zone comes whole", "x CNAME y\ny CNAME z\nz A 192.0.2.1\n",
		NULL, "A", "x.mywebservice.com",
		"NOERROR; x.mywebservice.com 300 CNAME y.mywebservice.com; "
		"y.mywebservice.com 300 CNAME z.mywebservice.com; "
		"z.mywebservice.com 300 A 192.0.2.1",
		NULL },
	{ "a chain inside a zone comes whole link by link",
		"x CNAME y\ny CNAME z\nz A 192.0.2.1\n", NULL, "A",
		"x.mywebservice.com",
		"NOERROR; x.mywebservice.com 300 CNAME y.mywebservice.com; "
		"y.mywebservice.com 300 CNAME z.mywebservice.com; "
		"z.mywebservice.com 300 A 192.0.2.1",
		"bind-9.18" },
	{ "a chain goes on in another zone", "x CNAME y.offsite.net.\n",
		"y CNAME z.mywebservice.com.\n", "A", "x.mywebservice.com",
		"NXDOMAIN; x.mywebservice.com 300 CNAME y.offsite.net; "
		"y.offsite.net 300 CNAME z.mywebservice.com; " SOA,
		NULL },
	{ "the rcode is of the chain's last name (RFC 6604 3)",
		"x CNAME y.offsite.net.\n", "", "MX", "x.mywebservice.com",
		"NXDOMAIN; x.mywebservice.com 300 CNAME y.offsite.net; " OFFSITE_SOA,
		NULL },
	{ "a CNAME is the answer to CNAME", "x CNAME y.offsite.net.\n", NULL, "CNAME",
		"x.mywebservice.com",
		"NOERROR; x.mywebservice.com 300 CNAME y.offsite.net", "unbound-1.17" },
	{ "a loop is SERVFAIL", "x CNAME y\ny CNAME x\n", NULL, "A",
		"x.mywebservice.com", "SERVFAIL", NULL },
	{ "a loop over two zones is SERVFAIL", "x CNAME y.offsite.net.\n",
		"y CNAME x.mywebservice.com.\n", "A", "x.mywebservice.com", "SERVFAIL",
		"unbound-1.17" },
	{ "a loop of one is SERVFAIL", "x CNAME x\n", NULL, "A", "x.mywebservice.com",
		"SERVFAIL", "unbound-noqmin" },
	{ "a DNAME comes with its CNAME (RFC 6672 3.1)", "d DNAME offsite.net.\n",
		"x A 192.0.2.1\n", "A", "x.d.mywebservice.com",
		"NOERROR; d.mywebservice.com 300 DNAME offsite.net; "
		"x.d.mywebservice.com 300 CNAME x.offsite.net; "
		"x.offsite.net 300 A 192.0.2.1",
		NULL },
	{ "a DNAME comes with its CNAME when minimising", "d DNAME offsite.net.\n",
		"x A 192.0.2.1\n", "MX", "x.d.mywebservice.com",
		"NOERROR; d.mywebservice.com 300 DNAME offsite.net; "
		"x.d.mywebservice.com 300 CNAME x.offsite.net; " OFFSITE_SOA,
		"unbound-1.17" },
	{ "bare stops at the first CNAME", "x CNAME y\ny CNAME z\nz A 192.0.2.1\n",
		NULL, "A", "x.mywebservice.com",
		"NOERROR; x.mywebservice.com 300 CNAME y.mywebservice.com", "bare" },
	{ "a TTL over the cap is cut", "x 1000000 A 192.0.2.1\n", NULL, "A",
		"x.mywebservice.com", "NOERROR; x.mywebservice.com 86400 A 192.0.2.1",
		"unbound-1.17" },
	{ "a TTL under the floor is raised", "x 1 A 192.0.2.1\n", NULL, "A",
		"x.mywebservice.com", "NOERROR; x.mywebservice.com 5 A 192.0.2.1",
		"knot-resolver-5.6" },
	{ "a TTL of 0 is answered once", "x 0 A 192.0.2.1\n", NULL, "A",
		"x.mywebservice.com", "NOERROR; x.mywebservice.com 0 A 192.0.2.1",
		"bind-9.18" },
	{ "a zone without glue is found by its server's name", "",
		"ns1 AAAA 2001:db8::1\n", "A", "x.glueless.com", "SERVFAIL", NULL },
	{ "servers that need each other are SERVFAIL", "", NULL, "A", "x.lost.com",
		"SERVFAIL", NULL },
	{ "Knot refuses ANY", "x A 192.0.2.1\n", NULL, "ANY", "x.mywebservice.com",
		"SERVFAIL", "knot-resolver-5.6" },
};

/* ---- chain limits ---- */

struct chain_row {
	const char *name;
	const char *policy;
	unsigned links;
	const char *want; /* rcode */
};

/* Links alternate between two zones, so that each is a restart. A is asked, so that no
 * link is met while minimising. */
static void test_chain(void **state)
{
	const struct chain_row *row = *state;
	struct str a = STR_INIT, b = STR_INIT;
	char rcode[RCODE_TEXT_MAX];
	struct world w;

	world_init(&w);
	str_puts(&a, APEX);
	str_puts(&b, OFFSITE_APEX);
	for (unsigned i = 0; i < row->links; i++)
		str_printf(i % 2 == 0 ? &a : &b, "c%u CNAME c%u.%s.\n", i, i + 1,
			i % 2 == 0 ? "offsite.net" : "mywebservice.com");
	str_printf(row->links % 2 == 0 ? &a : &b, "c%u A 192.0.2.1\n", row->links);
	world_serve(&w, "198.18.0.13", "strict", "mywebservice.com", a.data);
	world_serve(&w, "198.18.0.14", "strict", "offsite.net", b.data);
	world_start(&w, row->policy, 1);
	assert_string_equal(
		rcode_to_text(world_ask(&w, "A", "c0.mywebservice.com")->rcode, rcode),
		row->want);
	str_clear(&a);
	str_clear(&b);
	world_clear(&w);
}

static const struct chain_row chain_rows[] = {
	{ "ideal follows 32 aliases", "ideal", 32, "NOERROR" },
	{ "ideal does not follow 33 aliases", "ideal", 33, "SERVFAIL" },
	{ "unbound follows 11 aliases", "unbound-noqmin", 11, "NOERROR" },
	{ "unbound does not follow 12 aliases", "unbound-noqmin", 12, "SERVFAIL" },
	{ "bind follows 11 aliases", "bind-9.18", 11, "NOERROR" },
	{ "bind does not follow 12 aliases", "bind-9.18", 12, "SERVFAIL" },
	{ "knot follows 12 aliases", "knot-resolver-5.6", 12, "NOERROR" },
	{ "knot does not follow 13 aliases", "knot-resolver-5.6", 13, "SERVFAIL" },
	{ "powerdns follows 11 aliases", "powerdns-recursor-4.8", 11, "NOERROR" },
	{ "powerdns does not follow 12 aliases", "powerdns-recursor-4.8", 12,
		"SERVFAIL" },
};

/* ---- what goes over the wire ---- */

static void start(struct world *w, const char *policy, const char *records)
{
	char text[1024];

	world_init(w);
	snprintf(text, sizeof(text), APEX "%s", records);
	world_serve(w, "198.18.0.13", "exact-type", "mywebservice.com", text);
	world_serve(w, "198.18.0.14", "strict", "offsite.net",
		OFFSITE_APEX "t A 192.0.2.81\nt MX 10 mx\nmx A 192.0.2.26\n");
	world_start(w, policy, 1);
}

struct wire_row {
	const char *name;
	const char *policy, *type, *owner, *want;
};

static void test_wire(void **state)
{
	const struct wire_row *row = *state;
	struct world w;

	start(&w, row->policy,
		"customer CNAME t.offsite.net.\ncustomer MX 10 mx\nmx A 192.0.2.25\n");
	world_ask(&w, row->type, row->owner);
	assert_string_equal(w.log.data, row->want);
	world_clear(&w);
}

#define DOWN "@198.18.0.11\n"
static const struct wire_row wire_rows[] = {
	{ "ideal sends the question as it is, in its own letter case", "ideal", "MX",
		"Customer.MyWebService.com",
		"MX Customer.MyWebService.com@198.18.0.11\n"
		"MX Customer.MyWebService.com@198.18.0.12\n"
		"MX Customer.MyWebService.com@198.18.0.13\n" },
	{ "unbound asks A of each name, and follows the CNAME it gets", "unbound-1.17",
		"MX", "customer.mywebservice.com",
		"A com" DOWN "A mywebservice.com@198.18.0.12\n"
		"A customer.mywebservice.com@198.18.0.13\n"
		"A net" DOWN "A offsite.net@198.18.0.15\n"
		"A t.offsite.net@198.18.0.14\nMX t.offsite.net@198.18.0.14\n" },
	{ "bind asks NS of each shorter name", "bind-9.18", "TXT",
		"_dmarc.customer.mywebservice.com",
		"NS com" DOWN "NS mywebservice.com@198.18.0.12\n"
		"NS customer.mywebservice.com@198.18.0.13\n"
		"TXT _dmarc.customer.mywebservice.com@198.18.0.13\n" },
	{ "knot asks NS one label below the zone cut", "knot-resolver-5.6", "TXT",
		"_dmarc.customer.mywebservice.com",
		"NS com" DOWN "NS mywebservice.com@198.18.0.12\n"
		"NS customer.mywebservice.com@198.18.0.13\n"
		"TXT _dmarc.customer.mywebservice.com@198.18.0.13\n" },
	{ "powerdns does not stop before a label with an underscore",
		"powerdns-recursor-4.8", "TXT", "_dmarc.customer.mywebservice.com",
		"A com" DOWN "A mywebservice.com@198.18.0.12\n"
		"TXT _dmarc.customer.mywebservice.com@198.18.0.13\n" },
	{ "powerdns asks A of a name below the zone cut", "powerdns-recursor-4.8",
		"TXT", "x.customer.mywebservice.com",
		"A com" DOWN "A mywebservice.com@198.18.0.12\n"
		"A customer.mywebservice.com@198.18.0.13\n"
		"TXT x.customer.mywebservice.com@198.18.0.13\n" },
};

/* ---- the client's message, and the cache over time ---- */

static void test_message_is_a_resolvers(void **state)
{
	struct world w;
	const struct msg *m;
	char name[NAME_TEXT_MAX];

	(void)state;
	start(&w, "ideal", "x A 192.0.2.1\n");
	for (int again = 0; again < 3; again++) {
		m = world_ask(&w, "A",
			again == 2 ? "X.mywebservice.com" : "x.mywebservice.com");
		assert_true(m->qr && m->rd && m->ra && m->has_question);
		assert_false(m->aa || m->tc || m->ad);
		assert_string_equal(name_to_text(m->question.name, name),
			again == 2 ? "X.mywebservice.com" : "x.mywebservice.com");
	}
	assert_int_equal(w.exchanges, 3);
	world_clear(&w);
}

static void test_ttl_counts_down(void **state)
{
	const struct resolver_policy *p = *state;
	struct world w;

	start(&w, p->name, "x 10 A 192.0.2.1\n");
	world_ask(&w, "A", "x.mywebservice.com");
	for (unsigned age = 0; age <= 9; age += 3) {
		char want[64];

		snprintf(want, sizeof(want),
			"NOERROR; x.mywebservice.com %u A 192.0.2.1", 10 - age);
		for (int twice = 0; twice < 2; twice++)
			assert_string_equal(
				world_text(
					&w, world_ask(&w, "A", "x.mywebservice.com")),
				want);
		w.now_us += 3 * SECOND;
	}
	assert_int_equal(resolver_exchanges(w.resolver), 0);
	world_ask(&w, "A", "x.mywebservice.com");
	assert_int_equal(resolver_exchanges(w.resolver), 1);
	world_clear(&w);
}

static void test_negative_ttl(void **state)
{
	struct world w;

	(void)state;
	start(&w, "bind-9.18", "x A 192.0.2.1\n");
	world_ask(&w, "MX", "x.mywebservice.com");
	w.now_us += 59 * SECOND;
	assert_string_equal(world_text(&w, world_ask(&w, "MX", "x.mywebservice.com")),
		"NOERROR; authority mywebservice.com 1 SOA ns1.mywebservice.com. "
		"h.mywebservice.com. 1 1 1 1 60");
	assert_int_equal(resolver_exchanges(w.resolver), 0);
	w.now_us += 2 * SECOND;
	world_ask(&w, "MX", "x.mywebservice.com");
	assert_int_equal(resolver_exchanges(w.resolver), 1);
	world_clear(&w);
}

static void test_nxdomain_for_all_types(void **state)
{
	struct world w;

	(void)state;
	start(&w, "bind-9.18", "");
	world_ask(&w, "MX", "x.mywebservice.com");
	world_ask(&w, "A", "x.mywebservice.com");
	assert_int_equal(resolver_exchanges(w.resolver), 0);
	world_clear(&w);
	start(&w, "unbound-noqmin", "");
	world_ask(&w, "MX", "x.mywebservice.com");
	world_ask(&w, "A", "x.mywebservice.com");
	assert_int_equal(resolver_exchanges(w.resolver), 1);
	world_clear(&w);
}

static void test_dname_from_cache(void **state)
{
	struct world w;

	(void)state;
	start(&w, "bind-9.18", "d DNAME offsite.net.\n");
	world_ask(&w, "A", "t.d.mywebservice.com");
	w.now_us += 10 * SECOND;
	assert_string_equal(world_text(&w, world_ask(&w, "A", "mx.d.mywebservice.com")),
		"NOERROR; d.mywebservice.com 290 DNAME offsite.net; "
		"mx.d.mywebservice.com 290 CNAME mx.offsite.net; "
		"mx.offsite.net 300 A 192.0.2.26");
	assert_int_equal(resolver_exchanges(w.resolver), 1);
	world_clear(&w);
}

static void test_change_is_seen(void **state)
{
	struct world w;

	(void)state;
	start(&w, "unbound-1.17", "x 60 A 192.0.2.1\n");
	world_ask(&w, "A", "x.mywebservice.com");
	world_change(&w, &w.servers[3], APEX "x 60 A 192.0.2.2\n");
	w.now_us += 59 * SECOND;
	assert_string_equal(world_text(&w, world_ask(&w, "A", "x.mywebservice.com")),
		"NOERROR; x.mywebservice.com 1 A 192.0.2.1");
	w.now_us += SECOND;
	assert_string_equal(world_text(&w, world_ask(&w, "A", "x.mywebservice.com")),
		"NOERROR; x.mywebservice.com 60 A 192.0.2.2");
	world_clear(&w);
}

/* ---- servers that misbehave ---- */

struct quirk_test_row {
	const char *name;
	const char *quirk, *value;
	unsigned count;
	const char *want;
	unsigned exchanges; /* to the zone's server, in all; 0: not judged */
};

#define GOOD "NOERROR; x.mywebservice.com 300 MX 10 mx.mywebservice.com"

static void test_quirk(void **state)
{
	const struct quirk_test_row *row = *state;
	struct quirk q = { .row = quirk_row(row->quirk), .count = row->count };
	struct errs errs;
	struct world w;

	start(&w, "ideal", "x MX 10 mx\n");
	errs_init(&errs, w.arena);
	assert_non_null(q.row);
	if (row->value != NULL)
		assert_int_equal(quirk_set_value(w.arena, &q, row->value,
					 (struct place){ "test", 1, 1 }, &errs),
			0);
	world_quirk(&w, &w.servers[3], q);
	assert_string_equal(
		world_text(&w, world_ask(&w, "MX", "x.mywebservice.com")), row->want);
	if (row->exchanges != 0)
		assert_int_equal(w.exchanges - 2, row->exchanges);
	world_clear(&w);
}

static const struct quirk_test_row quirk_rows_of_ours[] = {
	{ "SERVFAIL of the only server is SERVFAIL", "servfail", NULL, 0, "SERVFAIL",
		1 },
	{ "REFUSED of the only server is SERVFAIL", "refused", NULL, 0, "SERVFAIL", 1 },
	{ "FORMERR is tried again without EDNS", "formerr", NULL, 1, GOOD, 2 },
	{ "FORMERR for ever is SERVFAIL", "formerr", NULL, 0, "SERVFAIL", 2 },
	{ "NOTIMP is tried again without EDNS", "notimp", NULL, 1, GOOD, 2 },
	{ "silence is tried again", "drop", NULL, 2, GOOD, 3 },
	{ "silence for ever is SERVFAIL", "drop", NULL, 0, "SERVFAIL", 3 },
	{ "a late reply is no reply", "delay", "900ms", 1, GOOD, 2 },
	{ "a reply in time is taken", "delay", "700ms", 0, GOOD, 1 },
	{ "a truncated reply is asked for over TCP", "truncate", NULL, 0, GOOD, 2 },
	{ "a lame server is not believed", "lame", NULL, 0, "SERVFAIL", 1 },
	{ "a reply with a wrong id is ignored", "wrong-id", NULL, 1, GOOD, 2 },
	{ "a stranger's MX is not believed", "foreign",
		"victim.offsite.net. 300 MX 10 evil.example.org.", 0, GOOD, 1 },
};

static void test_stranger_is_not_cached(void **state)
{
	const struct resolver_policy *p = *state;
	struct quirk q = { .row = quirk_row("foreign") };
	struct errs errs;
	struct world w;

	start(&w, p->name, "x MX 10 mx\n");
	errs_init(&errs, w.arena);
	quirk_set_value(w.arena, &q,
		"t.offsite.net. 300 MX 10 evil.example.org.\n"
		"t.offsite.net. 300 CNAME evil.example.org.",
		(struct place){ "test", 1, 1 }, &errs);
	world_quirk(&w, &w.servers[3], q);
	world_ask(&w, "MX", "x.mywebservice.com");
	assert_string_equal(world_text(&w, world_ask(&w, "MX", "t.offsite.net")),
		"NOERROR; t.offsite.net 300 MX 10 mx.offsite.net");
	world_clear(&w);
}

static void test_silence_ends(void **state)
{
	const struct resolver_policy *p = *state;
	struct world w;

	start(&w, p->name, "");
	w.silent = true;
	world_ask(&w, "MX", "x.mywebservice.com");
	assert_int_equal(resolver_answer(w.resolver)->rcode, RCODE_SERVFAIL);
	/* Unbound 1.17.1, run: nothing was heard of it within a minute. */
	if (p->patient)
		assert_in_range(w.now_us, 60 * SECOND, 80 * SECOND);
	else
		assert_in_range(w.now_us, SECOND, 15 * SECOND);
	world_clear(&w);
}

static void test_glueless_zone(void **state)
{
	const struct resolver_policy *p = *state;
	struct world w;

	world_init(&w);
	world_serve(&w, "198.18.0.14", "strict", "offsite.net", OFFSITE_APEX);
	world_start(&w, p->name, 1);
	/* The server of offsite.net refuses glueless.com, which is its business; that
	 * it was asked shows that its address was found. */
	world_ask(&w, "A", "x.glueless.com");
	assert_non_null(strstr(w.log.data, "A ns1.offsite.net@198.18.0.14"));
	assert_non_null(strstr(w.log.data, "x.glueless.com@198.18.0.14"));
	world_clear(&w);
}

/* One of two servers is down: the other answers, whichever was asked first. */
static void test_other_server(void **state)
{
	bool first_down = false, first_up = false;

	(void)state;
	for (uint64_t seed = 1; seed <= 20; seed++) {
		struct world w;

		world_init(&w);
		world_serve(&w, "198.18.0.16", "strict", "two.com",
			"$TTL 300\n@ SOA ns1 h 1 1 1 1 60\n@ NS ns1\n@ NS ns2\n"
			"ns1 A 198.18.0.16\nns2 A 198.18.0.17\nx A 192.0.2.1\n");
		world_start(&w, "ideal", seed);
		assert_string_equal(world_text(&w, world_ask(&w, "A", "x.two.com")),
			"NOERROR; x.two.com 300 A 192.0.2.1");
		first_up = first_up || w.exchanges == 3;
		first_down = first_down || w.exchanges == 4;
		world_clear(&w);
	}
	assert_true(first_up && first_down);
}

/* ---- replies that lead astray ---- */

static void put_ns(struct world *w, struct msg *m, const char *owner)
{
	const struct name *ns = name_literal(w->arena, "ns.net");
	struct rr rr = { name_literal(w->arena, owner), name_wire(ns), 300, TYPE_NS,
		(uint16_t)name_len(ns) };

	m->aa = false;
	memset(m->section, 0, sizeof(m->section));
	msg_add(m, w->arena, AUTHORITY, &rr);
}

static const char *referral_owner; /* for twist_referral() */

static void twist_referral(struct world *w, const struct exchange *x, struct msg *m)
{
	if (x->to.bytes[3] == 13)
		put_ns(w, m, referral_owner);
}

struct referral_row {
	const char *name;
	const char *owner;
};

static void test_referral(void **state)
{
	const struct referral_row *row = *state;
	struct world w;

	start(&w, "ideal", "x A 192.0.2.1\n");
	referral_owner = row->owner;
	w.twist = twist_referral;
	assert_string_equal(
		world_text(&w, world_ask(&w, "A", "x.mywebservice.com")), "SERVFAIL");
	assert_int_equal(w.exchanges, 3);
	w.twist = NULL;
	/* Nothing of it stays: net is still found through the root. */
	assert_string_equal(world_text(&w, world_ask(&w, "A", "t.offsite.net")),
		"NOERROR; t.offsite.net 300 A 192.0.2.81");
	world_clear(&w);
}

static const struct referral_row referral_rows[] = {
	{ "a referral to the root is not followed", "." },
	{ "a referral to the parent is not followed", "com" },
	{ "a referral to the zone itself is not followed", "mywebservice.com" },
	{ "a referral sideways is not followed", "offsite.net" },
	{ "a referral below, but not on the way, is not followed",
		"y.mywebservice.com" },
};

/* ---- any replies at all ---- */

#define GARBAGE_RUNS 300

static const struct name *random_name(struct arena *a, struct rng *rng)
{
	static const char *const names[] = { ".", "com", "net", "mywebservice.com",
		"customer.mywebservice.com", "x.customer.mywebservice.com",
		"offsite.net", "t.offsite.net", "ns1.offsite.net", "ns.com",
		"a.b.c.d.e.f.g.h.i.j" };

	return name_literal(a, names[rng_below(rng, ARRAY_LEN(names))]);
}

static struct rr random_record(struct arena *a, struct rng *rng)
{
	static const uint16_t types[] = { TYPE_A, TYPE_NS, TYPE_CNAME, TYPE_SOA,
		TYPE_MX, TYPE_AAAA, TYPE_DNAME };
	uint16_t type = types[rng_below(rng, ARRAY_LEN(types))];
	const struct name *target = random_name(a, rng);
	size_t len = name_len(target), n = 0;
	uint8_t *rdata = arena_alloc(a, 600);

	if (type == TYPE_A || type == TYPE_AAAA) {
		n = type == TYPE_A ? 4 : 16;
		rdata[0] = (uint8_t)rng_next(rng);
	} else {
		n = type == TYPE_MX ? 2 : 0;
		memcpy(rdata + n, target, len);
		n += len;
		if (type == TYPE_SOA) {
			memcpy(rdata + n, target, len);
			n += len + 20;
		}
	}
	assert_true(rr_is_well_formed(type, rdata, (uint16_t)n));
	return (struct rr){ random_name(a, rng), rdata, rng_below(rng, 400), type,
		(uint16_t)n };
}

static void random_reply(
	struct arena *a, struct rng *rng, const struct msg *query, struct msg *ret)
{
	msg_init_reply(ret, query);
	ret->aa = rng_below(rng, 2) == 0;
	ret->tc = rng_below(rng, 10) == 0;
	ret->rcode =
		rng_below(rng, 3) == 0 ? (uint16_t)rng_below(rng, 8) : RCODE_NOERROR;
	if (rng_below(rng, 20) == 0)
		ret->id++;
	if (rng_below(rng, 20) == 0)
		ret->has_question = false;
	for (int id = ANSWER; id <= ADDITIONAL; id++) {
		for (unsigned n = rng_below(rng, 6); n > 0; n--) {
			struct rr rr = random_record(a, rng);

			/* Often about the question, so that chains come about. */
			if (id == ANSWER && rng_below(rng, 2) == 0)
				rr.owner = query->question.name;
			msg_add(ret, a, (enum section_id)id, &rr);
		}
	}
}

/* Asks a few questions of garbage and returns a digest of all that was sent. */
static uint64_t garbage_run(const struct resolver_policy *p, uint64_t seed)
{
	struct world w = { .arena = arena_new(), .log = STR_INIT };
	struct trace trace = { .arena = w.arena };
	struct rng rng = { seed };
	uint64_t digest = seed;
	struct exchange x;

	if (seed % 2 == 0)
		w.trace = &trace;
	world_start(&w, p->name, seed);
	for (int i = 0; i < 8; i++) {
		static const uint16_t types[] = { TYPE_A, TYPE_MX, TYPE_ANY, TYPE_TXT };
		struct question q = { random_name(w.arena, &rng),
			types[rng_below(&rng, ARRAY_LEN(types))], CLASS_IN };
		unsigned n = 0;

		resolver_ask(w.resolver, &q, w.now_us);
		while (resolver_want(w.resolver, &x) == RESOLVER_SEND) {
			struct msg reply;

			assert_true(++n <= 100);
			digest = digest * 31 + name_hash(x.query.question.name) +
				 x.query.question.type + x.query.id + x.to.bytes[0];
			random_reply(w.arena, &rng, &x.query, &reply);
			w.now_us += 1000;
			resolver_feed(w.resolver, rng_below(&rng, 9) ? &reply : NULL,
				w.now_us);
		}
		assert_non_null(resolver_answer(w.resolver));
		/* Reads every byte of it. */
		digest += msg_size(resolver_answer(w.resolver));
		w.now_us += rng_below(&rng, 100) * SECOND;
	}
	world_clear(&w);
	return digest;
}

static void test_garbage(void **state)
{
	for (uint64_t seed = 1; seed <= GARBAGE_RUNS; seed++)
		assert_true(garbage_run(*state, seed) == garbage_run(*state, seed));
}

/* Whatever was asked before, ideal answers the same. */
static void test_ideal_has_no_history(void **state)
{
	static const char *const types[] = { "A", "AAAA", "MX", "TXT", "ANY", "CNAME" };
	static const char *const names[] = { "customer.mywebservice.com",
		"x.customer.mywebservice.com", "t.offsite.net", "mx.mywebservice.com" };
	struct rng rng = { 7 };

	(void)state;
	for (int run = 0; run < 200; run++) {
		struct world w, fresh;
		const char *type = types[rng_below(&rng, ARRAY_LEN(types))];
		const char *name = names[rng_below(&rng, ARRAY_LEN(names))];
		const char *zone = "customer CNAME t.offsite.net.\ncustomer MX 10 mx\n"
				   "mx A 192.0.2.25\n";

		start(&w, "ideal", zone);
		start(&fresh, "ideal", zone);
		for (unsigned n = rng_below(&rng, 6); n > 0; n--)
			world_ask(&w, types[rng_below(&rng, ARRAY_LEN(types))],
				names[rng_below(&rng, ARRAY_LEN(names))]);
		assert_string_equal(world_text(&w, world_ask(&w, type, name)),
			world_text(&fresh, world_ask(&fresh, type, name)));
		world_clear(&w);
		world_clear(&fresh);
	}
}

/* ---- properties of every policy ---- */

struct property_row {
	const char *name;
	CMUnitTestFunction test;
};

static void test_every_policy(void **state)
{
	const struct property_row *row = *state;

	for (size_t i = 0; i < resolver_policies_n; i++) {
		void *policy = (void *)(uintptr_t)&resolver_policies[i];

		row->test(&policy);
	}
}

static const struct property_row properties[] = {
	{ "garbage ends within the limits, and the same way each time", test_garbage },
	{ "a cached TTL counts down to the end", test_ttl_counts_down },
	{ "a stranger's records never reach the cache", test_stranger_is_not_cached },
	{ "silence everywhere is SERVFAIL in the policy's time", test_silence_ends },
	{ "the address of a server without glue is found", test_glueless_zone },
};

int main(void)
{
	TESTS_ADD_ROWS(rows, test_answer);
	TESTS_ADD_ROWS(chain_rows, test_chain);
	TESTS_ADD_ROWS(wire_rows, test_wire);
	TESTS_ADD_ROWS(quirk_rows_of_ours, test_quirk);
	TESTS_ADD_ROWS(properties, test_every_policy);
	TESTS_ADD_ROWS(referral_rows, test_referral);
	TESTS_ADD(test_other_server);
	TESTS_ADD(test_message_is_a_resolvers);
	TESTS_ADD(test_negative_ttl);
	TESTS_ADD(test_nxdomain_for_all_types);
	TESTS_ADD(test_dname_from_cache);
	TESTS_ADD(test_change_is_seen);
	TESTS_ADD(test_ideal_has_no_history);
	return tests_run("resolver-resolver");
}
