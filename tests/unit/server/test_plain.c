#include "server/plain.h"

#include "support/test.h"

#include "base/lookup.h"
#include "unit/server/build.h"
#include "zone/sign.h"

static struct arena *a;

static const struct zone_text zones[] = {
	{ "mywebservice.com", "exact-type",
		APEX
		"@ MX 10 mail\n@ A 192.0.2.80\n"
		"mail A 192.0.2.25\nmail AAAA 2001:db8::25\n"
		"customer CNAME shop.offsite.net.\ncustomer MX 10 mail\n"
		"far CNAME elsewhere.example.\nloop CNAME loop2\nloop2 CNAME loop\n"
		"*.wild MX 10 mail\n*.wild A 192.0.2.7\n"
		"hosts DNAME offsite.net.\nlong DNAME "
		"a234567890123456789012345678901234567890123456789012345678901."
		"b234567890123456789012345678901234567890123456789012345678901."
		"c234567890123456789012345678901234567890123456789012345678901."
		"d2345678901234567890123456789012345678901234.\n"
		"sub NS ns1.sub\nsub NS ns2.sub\nns1.sub A 192.0.2.61\n"
		"ns2.sub AAAA 2001:db8::61\n"
		"srv SRV 0 0 25 mail\na.b.c TXT deep\n"
		"big TXT \"0123456789012345678901234567890123456789012345678901234567"
		"8901234567890123456789012345678901234567890123456789\"\n"
		"big A 192.0.2.1\n" },
	{ "offsite.net", "both",
		APEX
		"shop A 198.51.100.7\nshop MX 5 mx1\nshop MX 10 mx2\n"
		"mx1 A 198.51.100.25\nmx2 A 198.51.100.26\n"
		"twin CNAME shop\ntwin MX 1 mx1.twin\nmx1.twin A 198.51.100.27\n" },
	{ "refused.example", "strict", APEX "x CNAME y\nx MX 1 z\n" },
};

static const char *const names[] = { "mywebservice.com", "mail.mywebservice.com",
	"MAIL.MyWebService.com", "customer.mywebservice.com", "far.mywebservice.com",
	"loop.mywebservice.com", "a.wild.mywebservice.com", "wild.mywebservice.com",
	"*.wild.mywebservice.com", "shop.hosts.mywebservice.com",
	"hosts.mywebservice.com", "none.hosts.mywebservice.com",
	"x.y.z.long.mywebservice.com",
	"a1234567890123456789012345678901234567890.b.long.mywebservice.com",
	"sub.mywebservice.com", "a.sub.mywebservice.com", "srv.mywebservice.com",
	"b.c.mywebservice.com", "none.mywebservice.com", "big.mywebservice.com",
	"sets.mywebservice.com", "x.cut.mywebservice.com", "offsite.net",
	"shop.offsite.net", "twin.offsite.net", "x.refused.example", "refused.example",
	"example", "." };

static const uint16_t types[] = { TYPE_A, TYPE_AAAA, TYPE_MX, TYPE_NS, TYPE_SOA,
	TYPE_CNAME, TYPE_TXT, TYPE_DS, TYPE_SRV, TYPE_DNAME, TYPE_ANY, TYPE_ALIAS,
	999 };

/* A name with so many exchanges that no datagram takes them all. */
static const char *many_exchanges(void)
{
	struct str s = STR_INIT;
	const char *text;

	str_puts(&s, zones[0].text);
	for (int i = 0; i < 40; i++)
		str_printf(&s,
			"sets MX %d mx%d.sets\nmx%d.sets A 192.0.2.%d\n"
			"big MX %d other-host-%d.example.org.\n"
			"cut NS n%d.cut\nn%d.cut A 192.0.2.%d\n",
			i, i, i, i + 1, i, i, i, i, i + 1);
	text = arena_strdup(a, s.data);
	str_clear(&s);
	return text;
}

static struct server *new_server(const struct quirk *quirks, unsigned n)
{
	struct zone_text with_sets[ARRAY_LEN(zones)];

	memcpy(with_sets, zones, sizeof(zones));
	with_sets[0].text = many_exchanges();
	return build_server(a, with_sets, ARRAY_LEN(zones), quirks, n);
}

/* The reply by way of struct msg. */
static size_t answer_slowly(const struct server *s, enum proto proto,
	const uint8_t *wire, size_t len, uint8_t *out)
{
	struct server_state state;
	struct reply reply;
	struct msg query;

	server_state_init(a, s, &state);
	assert_int_equal(msg_decode(a, wire, len, &query), 0);
	server_respond(a, s, &state, NULL, proto, &query, &reply);
	return msg_encode(&reply.msg, out, UINT16_MAX);
}

static unsigned compare(const struct server *s, const struct msg *query)
{
	static uint8_t plain[UINT16_MAX], slow[UINT16_MAX];
	unsigned answered = 0;

	for (int proto = PROTO_UDP; proto <= PROTO_TCP; proto++) {
		uint8_t wire[512];
		size_t len = msg_encode(query, wire, sizeof(wire)), n, m;
		struct query q;

		assert_true(query_read(wire, len, &q));
		n = server_plain(a, s, (enum proto)proto, &q, plain, sizeof(plain));
		if (n == 0)
			continue;
		m = answer_slowly(s, (enum proto)proto, wire, len, slow);
		assert_int_equal(n, m);
		assert_memory_equal(plain, slow, n);
		answered++;
	}
	return answered;
}

/* All questions to all names, with datagrams of all sizes; how many were plain. */
static unsigned compare_all(const struct server *s)
{
	static const uint16_t sizes[] = { 0, 100, 512, 513, 700, 1232, 1233, 4096 };
	unsigned answered = 0;

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		for (size_t k = 0; k < ARRAY_LEN(types); k++) {
			struct question q = { name_literal(a, names[i]), types[k],
				CLASS_IN };
			struct msg query;

			msg_init_query(&query, (uint16_t)(i * k), &q, k % 2 == 0);
			query.cd = k % 3 == 0;
			query.dnssec_ok = k % 5 == 0;
			for (size_t j = 0; j < ARRAY_LEN(sizes); j++) {
				query.has_edns = sizes[j] != 0;
				query.udp_size = sizes[j];
				answered += compare(s, &query);
			}
		}
	}
	/* Of every eight sizes, over UDP and TCP. */
	assert_int_equal(answered % (2 * ARRAY_LEN(sizes)), 0);
	return answered / (2 * (unsigned)ARRAY_LEN(sizes));
}

/* All but the names of the refused zone. */
#define PLAIN ((ARRAY_LEN(names) - 2) * ARRAY_LEN(types))

static void what_is_answered_at_once_is_what_is_answered_slowly(void **state)
{
	(void)state;
	assert_int_equal(compare_all(new_server(NULL, 0)), PLAIN);
}

static void signed_zones_are_answered_alike(void **state)
{
	struct server *s = new_server(NULL, 0);
	struct server_zone *with_signatures =
		arena_memdup(a, s->zones, s->n_zones * sizeof(*s->zones));

	(void)state;
	for (unsigned i = 0; i < s->n_zones; i++)
		with_signatures[i].zone =
			zone_sign(a, s->zones[i].zone, SIGN_PERIOD, NULL);
	s->zones = with_signatures;
	server_prepare(a, s);
	assert_int_equal(compare_all(s), PLAIN);
}

/* ---- what is not plain ---- */

static const struct refusal_row {
	const char *name;
	const char *query;
	uint16_t class;
	uint8_t version;
} not_plain[] = {
	{ "an EDNS version that is not ours", "A mail.mywebservice.com", CLASS_IN, 1 },
	{ "class CH", "TXT version.bind", CLASS_CH, 0 },
	{ "class ANY", "A mail.mywebservice.com", CLASS_ANY, 0 },
	{ "a transfer", "AXFR mywebservice.com", CLASS_IN, 0 },
	{ "a type that names no data", "TYPE200 mywebservice.com", CLASS_IN, 0 },
	{ "a zone that a strict server refuses", "A x.refused.example", CLASS_IN, 0 },
};

static size_t ask(
	const struct server *s, const char *text, uint16_t class, uint8_t version)
{
	struct msg query = build_query(a, text);
	uint8_t wire[512], out[EDNS_PAYLOAD];
	struct query q;

	query.question.class = class;
	query.edns_version = version;
	assert_true(query_read(wire, msg_encode(&query, wire, sizeof(wire)), &q));
	return server_plain(a, s, PROTO_UDP, &q, out, sizeof(out));
}

static void is_left_to_the_slow_path(void **state)
{
	const struct refusal_row *r = *state;

	assert_int_equal(ask(new_server(NULL, 0), r->query, r->class, r->version), 0);
}

static void a_name_with_a_quirk_is_not_plain_and_others_are(void **state)
{
	struct quirk quirk = { .row = quirk_row("drop"),
		.name = name_literal(a, "Mail.mywebservice.com") };
	struct server *s = new_server(&quirk, 1);

	(void)state;
	assert_int_equal(ask(s, "A mail.mywebservice.com", CLASS_IN, 0), 0);
	assert_int_not_equal(ask(s, "A customer.mywebservice.com", CLASS_IN, 0), 0);
}

static void a_quirk_for_all_names_leaves_none_plain(void **state)
{
	struct quirk any = { .row = quirk_row("drop") };
	struct quirk below = { .row = quirk_row("drop"),
		.name = name_literal(a, "*.wild.mywebservice.com") };

	(void)state;
	assert_int_equal(
		ask(new_server(&any, 1), "A mail.mywebservice.com", CLASS_IN, 0), 0);
	assert_int_equal(
		ask(new_server(&below, 1), "A x.y.wild.mywebservice.com", CLASS_IN, 0),
		0);
}

static void a_server_that_flattens_has_no_plain_answers(void **state)
{
	static const struct zone_text flat = { "mywebservice.com", "flatten",
		APEX "x CNAME y\ny A 192.0.2.1\n" };

	(void)state;
	assert_int_equal(ask(build_server(a, &flat, 1, NULL, 0), "A y.mywebservice.com",
				 CLASS_IN, 0),
		0);
}

/* ---- many names ---- */

static void prefetching_changes_nothing(void **state)
{
	struct str text = STR_INIT;
	struct zone_text zone = { "mywebservice.com", "strict", NULL };
	struct query q[ZONE_PREFETCH_MAX + 1];
	static uint8_t wire[ZONE_PREFETCH_MAX + 1][128];
	struct server *s;

	(void)state;
	str_puts(&text, APEX);
	for (int i = 0; i < 20000; i++)
		str_printf(&text, "c%d CNAME web%d.offsite.net.\n", i, i % 7);
	zone.text = text.data;
	s = build_server(a, &zone, 1, NULL, 0);
	for (unsigned i = 0; i < ARRAY_LEN(q); i++) {
		struct msg m = build_query(
			a, arena_printf(a, "A c%u.mywebservice.com", i * 400));

		assert_true(query_read(
			wire[i], msg_encode(&m, wire[i], sizeof(wire[i])), &q[i]));
	}
	server_prefetch(s, q, ARRAY_LEN(q));
	for (unsigned i = 0; i < ARRAY_LEN(q); i++) {
		uint8_t out[512];
		/* Names up to c19999 are there: CNAME; the others are not. */
		bool there = i * 400 < 20000;
		size_t n = server_plain(a, s, PROTO_UDP, &q[i], out, sizeof(out));

		assert_int_not_equal(n, 0);
		assert_int_equal(out[3] & 15, there ? RCODE_NOERROR : RCODE_NXDOMAIN);
		assert_int_equal(out[7], there ? 1 : 0);
	}
	str_clear(&text);
}

int main(void)
{
	int failed;

	a = arena_new();
	TESTS_ADD(what_is_answered_at_once_is_what_is_answered_slowly);
	TESTS_ADD(signed_zones_are_answered_alike);
	TESTS_ADD_ROWS(not_plain, is_left_to_the_slow_path);
	TESTS_ADD(a_name_with_a_quirk_is_not_plain_and_others_are);
	TESTS_ADD(a_quirk_for_all_names_leaves_none_plain);
	TESTS_ADD(a_server_that_flattens_has_no_plain_answers);
	TESTS_ADD(prefetching_changes_nothing);
	failed = tests_run("server-plain");
	arena_free(a);
	return failed;
}
