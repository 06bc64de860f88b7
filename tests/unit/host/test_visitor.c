#include "support/test.h"

#include <string.h>

#include "base/arena.h"
#include "base/str.h"
#include "host/visitor.h"

/* The DNS of these tests: "rcode", or addresses and aliases by spaces. A name without a
 * row does not exist. */
static const struct answer {
	const char *name, *aaaa, *a;
} answers[] = {
	{ "shop", "", "192.0.2.80" },
	{ "six", "2001:db8::80", "" },
	{ "dual", "2001:db8::80", "192.0.2.80" },
	{ "halfdead", "2001:db8::dead", "192.0.2.80" },
	{ "mailfirst", "", "192.0.2.25 192.0.2.80" },
	{ "mailonly", "", "192.0.2.25" },
	{ "nobody", "", "192.0.2.99" },
	{ "empty", "", "" },
	{ "broken", "SERVFAIL", "SERVFAIL" },
	{ "refused", "REFUSED", "REFUSED" },
	{ "timeout", "none", "none" },
	{ "halfbroken", "SERVFAIL", "192.0.2.80" },
	{ "halfempty", "", "SERVFAIL" },
	{ "brokenthengone", "SERVFAIL", "NXDOMAIN" },
	{ "gonethenempty", "NXDOMAIN", "" },
	{ "alias", "shop", "shop 192.0.2.80" },
	{ "dangling", "gone", "gone" },
	{ "picky", "", "192.0.2.81" },
	{ "www", "", "192.0.2.82" },
	{ "web", "", "192.0.2.80" },
	{ "loop", "", "192.0.2.83" },
	{ "literal", "", "192.0.2.84" },
	{ "intonothing", "", "192.0.2.85" },
	{ "xn--bcher-kva", "", "192.0.2.80" },
};

static const char *const picky_serves[] = { "customer" };

static const struct web {
	const char *name, *at, *also;
	struct http_host http;
} webs[] = {
	{ "mail.host", "192.0.2.25", NULL, { .listens = false } },
	{ "shop.host", "192.0.2.80", "2001:db8::80", { .listens = true } },
	{ "picky.host", "192.0.2.81", NULL, { true, picky_serves, 1, NULL } },
	{ "www.host", "192.0.2.82", NULL, { .listens = true, .redirect = "web" } },
	{ "loop.host", "192.0.2.83", NULL, { .listens = true, .redirect = "loop" } },
	{ "literal.host", "192.0.2.84", NULL,
		{ .listens = true, .redirect = "[2001:db8::80]" } },
	{ "intonothing.host", "192.0.2.85", NULL,
		{ .listens = true, .redirect = "gone" } },
};

#define N_WEBS (sizeof(webs) / sizeof(webs[0]))

static const struct row {
	const char *name, *url_host;
	const char *asked; /* in order */
	const char *want;  /* address, host, address bar, redirects; or the reason */
} rows[] = {
	{ "a name with an IPv4 address is reached", "shop", "AAAA shop, A shop",
		"192.0.2.80 shop.host shop 0" },
	{ "a name with an IPv6 address is reached", "six", "AAAA six, A six",
		"2001:db8::80 shop.host six 0" },
	{ "IPv6 goes before IPv4", "dual", "AAAA dual, A dual",
		"2001:db8::80 shop.host dual 0" },
	{ "IPv4 is tried when IPv6 is silent", "halfdead", "AAAA halfdead, A halfdead",
		"192.0.2.80 shop.host halfdead 0" },
	{ "an address where nothing listens is skipped", "mailfirst",
		"AAAA mailfirst, A mailfirst", "192.0.2.80 shop.host mailfirst 0" },
	{ "a host with port 80 closed is not reached", "mailonly",
		"AAAA mailonly, A mailonly", "nothing listens on port 80 of mailonly" },
	{ "an address without a host is not reached", "nobody", "AAAA nobody, A nobody",
		"nothing listens on port 80 of nobody" },
	{ "NODATA is said", "empty", "AAAA empty, A empty", "empty has no address" },
	{ "NXDOMAIN is said", "gone", "AAAA gone, A gone",
		"gone does not exist (NXDOMAIN)" },
	{ "SERVFAIL is said", "broken", "AAAA broken, A broken",
		"the look-up of broken failed (SERVFAIL or no answer)" },
	{ "REFUSED is a failure, too", "refused", "AAAA refused, A refused",
		"the look-up of refused failed (SERVFAIL or no answer)" },
	{ "no answer is a failure", "timeout", "AAAA timeout, A timeout",
		"the look-up of timeout failed (SERVFAIL or no answer)" },
	{ "SERVFAIL for AAAA does not hide the A", "halfbroken",
		"AAAA halfbroken, A halfbroken", "192.0.2.80 shop.host halfbroken 0" },
	{ "a failure weighs more than NODATA", "halfempty",
		"AAAA halfempty, A halfempty",
		"the look-up of halfempty failed (SERVFAIL or no answer)" },
	{ "a failure weighs more than NXDOMAIN", "brokenthengone",
		"AAAA brokenthengone, A brokenthengone",
		"the look-up of brokenthengone failed (SERVFAIL or no answer)" },
	{ "NXDOMAIN weighs more than NODATA", "gonethenempty",
		"AAAA gonethenempty, A gonethenempty",
		"gonethenempty does not exist (NXDOMAIN)" },
	{ "addresses behind an alias count", "alias", "AAAA alias, A alias",
		"192.0.2.80 shop.host alias 0" },
	{ "an alias without addresses is NODATA", "dangling",
		"AAAA dangling, A dangling", "dangling has no address" },
	{ "a host without that site is not the end", "picky", "AAAA picky, A picky",
		"picky.host has no site for picky" },
	{ "a redirect is followed", "www", "AAAA www, A www, AAAA web, A web",
		"192.0.2.80 shop.host web 1" },
	{ "a redirect to an address needs no look-up", "literal",
		"AAAA literal, A literal", "2001:db8::80 shop.host [2001:db8::80] 1" },
	{ "a redirect to a name that is gone says which", "intonothing",
		"AAAA intonothing, A intonothing, AAAA gone, A gone",
		"gone does not exist (NXDOMAIN)" },
	{ "an IPv4 literal needs no look-up", "192.0.2.80", "",
		"192.0.2.80 shop.host 192.0.2.80 0" },
	{ "an IPv6 literal without brackets is no host", "2001:db8::80",
		"AAAA 2001:db8::80, A 2001:db8::80",
		"2001:db8::80 does not exist (NXDOMAIN)" },
	{ "a label that is empty is no host name", "shop..example", "",
		"shop..example is no host name: a label is empty" },
	{ "a name in other letters is asked for in ASCII", "b\303\274cher",
		"AAAA xn--bcher-kva, A xn--bcher-kva",
		"192.0.2.80 shop.host xn--bcher-kva 0" },
	{ "letters that no name can have are said", "\303\274\377", "",
		"\303\274\377 is no host name: it has letters that no domain name can "
		"have" },
};

static void add_data(struct arena *a, struct msg *m, const char *data, uint16_t type)
{
	char *copy = arena_strdup(a, data), *save = NULL;
	const struct name *owner = m->question.name;

	for (char *word = strtok_r(copy, " ", &save); word != NULL;
		word = strtok_r(NULL, " ", &save)) {
		struct rr rr = { .owner = owner, .type = type, .ttl = 60 };
		struct ip ip;

		if (ip_from_text(word, &ip) == 0) {
			rr.rdlen = ip.family == 4 ? 4 : 16;
			rr.rdata = arena_memdup(a, ip.bytes, rr.rdlen);
		} else {
			rr.type = TYPE_CNAME;
			rr.rdata = name_wire(name_literal(a, word));
			rr.rdlen = (uint16_t)name_len(name_at(rr.rdata));
			owner = name_at(rr.rdata);
		}
		msg_add(m, a, ANSWER, &rr);
	}
}

/* NULL when nothing comes. */
static const struct msg *resolve(struct arena *a, const struct question *q)
{
	const char *text = name_text(a, q->name), *data = "NXDOMAIN";
	struct msg query, *m = arena_alloc(a, sizeof(*m));

	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		if (strcmp(answers[i].name, text) == 0)
			data = q->type == TYPE_A ? answers[i].a : answers[i].aaaa;
	}
	msg_init_query(&query, 1, q, true);
	msg_init_reply(m, &query);
	if (strcmp(data, "none") == 0)
		return NULL;
	if (rcode_from_text(data) >= 0)
		m->rcode = (uint16_t)rcode_from_text(data);
	else
		add_data(a, m, data, q->type);
	return m;
}

static void fill_hosts(struct host list[N_WEBS], struct ip at[N_WEBS][2])
{
	for (size_t i = 0; i < N_WEBS; i++) {
		list[i] = (struct host){ .name = webs[i].name,
			.at = at[i],
			.n_at = 1,
			.http = webs[i].http };
		assert_int_equal(ip_from_text(webs[i].at, &at[i][0]), 0);
		if (webs[i].also == NULL)
			continue;
		assert_int_equal(ip_from_text(webs[i].also, &at[i][1]), 0);
		list[i].n_at = 2;
	}
}

/* Feeds it the pages of the hosts before; false at its end. */
static bool wants_question(struct arena *a, const struct hosts *hosts,
	struct visitor *v, struct question *q)
{
	struct visitor_reply reply;
	struct visitor_page page;
	enum visitor_want want;

	while ((want = visitor_want(v, q, &page)) == VISITOR_FETCH) {
		visitor_meet(a, hosts, &page, &reply);
		visitor_reply(v, &reply);
	}
	return want == VISITOR_ASK;
}

static const struct visit *visit(
	struct arena *a, const char *url_host, struct trace *t, struct str *asked)
{
	struct host *list = arena_array(a, N_WEBS, sizeof(*list));
	struct ip(*at)[2] = arena_array(a, N_WEBS, sizeof(*at));
	struct hosts *hosts = arena_alloc(a, sizeof(*hosts));
	struct visitor *v;
	struct question q;

	fill_hosts(list, at);
	*hosts = (struct hosts){ list, N_WEBS };
	v = visitor_new(a, url_host, t);
	while (wants_question(a, hosts, v, &q)) {
		char type[RRTYPE_TEXT_MAX];

		str_printf(asked, "%s%s %s", asked->len > 0 ? ", " : "",
			rrtype_to_text(q.type, type), name_text(a, q.name));
		visitor_answer(v, resolve(a, &q), 1000);
	}
	return visitor_result(v);
}

static const char *describe(struct arena *a, const struct visit *v)
{
	char ip[IP_TEXT_MAX];

	if (!v->reached) {
		assert_int_equal(v->ip.family, 0);
		assert_null(v->host);
		return v->reason;
	}
	assert_null(v->reason);
	return arena_printf(a, "%s %s %s %u", ip_to_text(&v->ip, ip), v->host,
		v->url_host, v->redirects);
}

static void ends_there(void **state)
{
	const struct row *row = *state;
	struct arena *a = arena_new();
	struct str asked = STR_INIT;
	struct trace trace = { .arena = a };
	const struct visit *v = visit(a, row->url_host, &trace, &asked);

	assert_string_equal(describe(a, v), row->want);
	assert_string_equal(asked.data, row->asked);
	assert_true(trace.n > 0);
	str_clear(&asked);
	arena_free(a);
}

static void the_trace_may_be_left_out(void **state)
{
	struct arena *a = arena_new();
	struct str asked = STR_INIT;

	(void)state;
	assert_string_equal(describe(a, visit(a, "www", NULL, &asked)),
		"192.0.2.80 shop.host web 1");
	str_clear(&asked);
	arena_free(a);
}

static void a_redirect_loop_ends(void **state)
{
	struct arena *a = arena_new();
	struct str asked = STR_INIT;
	const struct visit *v = visit(a, "loop", NULL, &asked);

	(void)state;
	assert_string_equal(describe(a, v), "too many redirects");
	assert_int_equal(v->redirects, VISITOR_REDIRECTS_MAX);
	str_clear(&asked);
	arena_free(a);
}

/* A chain of n hosts, each redirecting to the next by address, the last serving. */
static const struct visit *visit_chain(struct arena *a, unsigned n)
{
	struct host *list = arena_array(a, n + 1, sizeof(*list));
	struct ip *at = arena_array(a, n + 1, sizeof(*at));
	struct hosts *hosts = arena_alloc(a, sizeof(*hosts));
	struct question q;
	struct visitor *v;

	for (unsigned i = 0; i <= n; i++) {
		const char *text = arena_printf(a, "198.51.100.%u", i);

		assert_int_equal(ip_from_text(text, &at[i]), 0);
		list[i] = (struct host){ .name = text, .at = &at[i], .n_at = 1 };
		list[i].http.listens = true;
		if (i > 0)
			list[i - 1].http.redirect = text;
	}
	*hosts = (struct hosts){ list, n + 1 };
	v = visitor_new(a, "198.51.100.0", NULL);
	assert_false(wants_question(a, hosts, v, &q));
	return visitor_result(v);
}

static const struct chain {
	const char *name;
	unsigned redirects;
	const char *want;
} chains[] = {
	{ "19 redirects are followed", 19,
		"198.51.100.19 198.51.100.19 198.51.100.19 19" },
	{ "20 redirects are followed", 20,
		"198.51.100.20 198.51.100.20 198.51.100.20 20" },
	{ "21 redirects are too many", 21, "too many redirects" },
};

static void chain_ends(void **state)
{
	const struct chain *row = *state;
	struct arena *a = arena_new();

	assert_string_equal(describe(a, visit_chain(a, row->redirects)), row->want);
	arena_free(a);
}

/* One IPv6 answer of n addresses where nobody listens, then the A of a web host. */
static const struct flood {
	const char *name;
	unsigned n;
	const char *want;
} floods[] = {
	{ "the address after 63 others is tried", 63, "192.0.2.80 shop.host flood 0" },
	{ "the address after 64 others is not", 64,
		"nothing listens on port 80 of flood" },
};

static void flood_is_cut(void **state)
{
	const struct flood *row = *state;
	struct arena *a = arena_new();
	struct ip at;
	struct host host = {
		.name = "shop.host", .at = &at, .n_at = 1, .http = { .listens = true }
	};
	struct hosts hosts = { &host, 1 };
	struct msg query, m;
	struct question q;
	struct visitor *v = visitor_new(a, "flood", NULL);

	assert_int_equal(ip_from_text("192.0.2.80", &at), 0);
	assert_true(wants_question(a, &hosts, v, &q));
	msg_init_query(&query, 1, &q, true);
	msg_init_reply(&m, &query);
	for (unsigned i = 0; i < row->n; i++)
		add_data(a, &m, arena_printf(a, "2001:db8::%x", i + 1), TYPE_AAAA);
	visitor_answer(v, &m, 1);
	assert_true(wants_question(a, &hosts, v, &q));
	msg_init_reply(&m, &query);
	add_data(a, &m, "192.0.2.80", TYPE_A);
	visitor_answer(v, &m, 2);
	assert_false(wants_question(a, &hosts, v, &q));
	assert_string_equal(describe(a, visitor_result(v)), row->want);
	arena_free(a);
}

static void only_the_asked_type_is_taken(void **state)
{
	struct arena *a = arena_new();
	struct hosts hosts = { 0 };
	struct question q;
	struct msg query, m;
	struct visitor *v = visitor_new(a, "shop", NULL);

	(void)state;
	for (int i = 0; i < 2; i++) {
		assert_true(wants_question(a, &hosts, v, &q));
		msg_init_query(&query, 1, &q, true);
		msg_init_reply(&m, &query);
		if (i == 0)
			add_data(a, &m, "192.0.2.80", TYPE_A);
		visitor_answer(v, &m, 1);
	}
	assert_string_equal(describe(a, visitor_result(v)), "shop has no address");
	arena_free(a);
}

/* What is not a host of ours may say. */
static const struct reply_row {
	const char *name;
	struct visitor_reply reply;
	const char *want; /* the reason, or the next name that is asked for */
} replies[] = {
#define TO(status, location)                                                           \
	{                                                                              \
		true, status, location, NULL                                           \
	}
	{ "302 is a redirect", TO(302, "http://web/"), "web" },
	{ "308 is a redirect", TO(308, "http://web/"), "web" },
	{ "300 is none", TO(300, "http://web/"), "somebody answers shop with 300" },
	{ "a redirect to nowhere is none", TO(301, NULL),
		"somebody answers shop with 301" },
	{ "200 with a Location is a page", TO(200, "http://web/"), "" },
	{ "a URL may end after its host", TO(301, "http://web"), "web" },
	{ "a scheme ignores letter case", TO(301, "HTTP://web/x?y"), "web" },
	{ "a query may follow the host", TO(301, "http://web?x"), "web" },
	{ "a port is not part of the host", TO(301, "http://web:8080/"), "web" },
	{ "a user is not part of the host", TO(301, "http://a:b@web/"), "web" },
	{ "another scheme is no site of the world", TO(301, "https://web/"),
		"shop redirects to https://web/, which is no site" },
	{ "a URL without a host is no site", TO(301, "http:///x"),
		"shop redirects to http:///x, which is no site" },
	{ "a bracket that is not closed is no host", TO(301, "http://[::1/"),
		"shop redirects to http://[::1/, which is no site" },
	{ "an error of the host's ends it", TO(503, NULL),
		"somebody answers shop with 503" },
	{ "no reply ends it", TO(0, NULL), "somebody answers shop with 0" },
	{ "404 is a site that it has not", TO(404, NULL),
		"somebody has no site for shop" },
};

static void is_replied(void **state)
{
	const struct reply_row *row = *state;
	struct arena *a = arena_new();
	struct visitor *v = visitor_new(a, "shop", NULL);
	struct visitor_page page;
	struct question q;
	const char *got;

	while (visitor_want(v, &q, &page) == VISITOR_ASK)
		visitor_answer(v, resolve(a, &q), 1);
	assert_string_equal(page.host, "shop");
	visitor_reply(v, &row->reply);
	if (visitor_want(v, &q, &page) == VISITOR_ASK)
		got = name_text(a, q.name);
	else
		got = visitor_result(v)->reason;
	if (got == NULL)
		got = "";
	if (strncmp(got, row->want, strlen(row->want)) != 0 ||
		(row->want[0] == '\0' && got[0] != '\0'))
		fail_msg("%s, not %s", got, row->want);
	arena_free(a);
}

int main(void)
{
	TESTS_ADD_ROWS(rows, ends_there);
	TESTS_ADD_ROWS(chains, chain_ends);
	TESTS_ADD_ROWS(floods, flood_is_cut);
	TESTS_ADD(the_trace_may_be_left_out);
	TESTS_ADD(a_redirect_loop_ends);
	TESTS_ADD(only_the_asked_type_is_taken);
	TESTS_ADD_ROWS(replies, is_replied);
	return tests_run("host-visitor");
}
