#include "support/test.h"

#include "unit/server/build.h"

#define ZONE                                                                           \
	APEX "www A 192.0.2.1\n"                                                       \
	     "a.sub A 192.0.2.2\n"                                                     \
	     "b.a.sub A 192.0.2.3\n"                                                   \
	     "sub A 192.0.2.4\n"                                                       \
	     "alias CNAME www\n"                                                       \
	     "tree DNAME example.org.\n"

#define WWW "www.example.net"
#define WWW_A WWW " 300 A 192.0.2.1"

/* A quirk as a scenario has it. */
struct use {
	const char *quirk, *value, *quirk_name;
	uint16_t type;
	bool udp_only;
	unsigned after, count;
};

static struct quirk build_quirk(struct arena *a, const struct use *u)
{
	struct quirk q = {
		.row = quirk_row(u->quirk),
		.type = u->type,
		.udp_only = u->udp_only,
		.after = u->after,
		.count = u->count,
	};
	struct errs errs;

	assert_non_null(q.row);
	errs_init(&errs, a);
	if (u->quirk_name != NULL)
		q.name = name_literal(a, u->quirk_name);
	if (quirk_set_value(a, &q, u->value, (struct place){ "test", 1, 1 }, &errs) !=
		0)
		errs_print(&errs, stderr, false);
	assert_int_equal(errs.n, 0);
	return q;
}

/* Up to three quirks on one server of example.net. */
static struct server *build(struct arena *a, const struct use *uses)
{
	static const struct zone_text zone = { "example.net", "strict", ZONE };
	struct quirk *quirks = arena_array(a, 3, sizeof(*quirks));
	unsigned n = 0;

	for (; n < 3 && uses[n].quirk != NULL; n++)
		quirks[n] = build_quirk(a, &uses[n]);
	return build_server(a, &zone, 1, quirks, n);
}

static const char *describe_reply(struct arena *a, const struct reply *r)
{
	const char *delay = r->delay_us == 0
				    ? ""
				    : arena_printf(a, "%lums ",
					      (unsigned long)(r->delay_us / 1000));
	struct str hex = STR_INIT;
	const char *text;

	if (r->dropped)
		return arena_printf(a, "%snothing", delay);
	if (r->raw == NULL)
		return arena_printf(a, "%s%s", delay, describe(a, &r->msg));
	for (size_t i = 0; i < r->raw_len; i++)
		str_printf(&hex, "%02x", r->raw[i]);
	text = arena_printf(a, "%s%s", delay, hex.data);
	str_clear(&hex);
	return text;
}

static const char *ask(struct arena *a, const struct server *s, struct server_state *st,
	enum proto proto, const char *question)
{
	struct msg query = build_query(a, question);
	struct reply reply;

	server_respond(a, s, st, NULL, proto, &query, &reply);
	return describe_reply(a, &reply);
}

/* One question by UDP and by TCP. */
static const struct row {
	const char *name;
	struct use uses[3];
	const char *question, *udp;
	const char *tcp; /* NULL: the same */
} rows[] = {
	{ "without quirks there is an answer", { { 0 } }, "A " WWW,
		"NOERROR aa: " WWW_A, NULL },
	{ "delay answers late", { { .quirk = "delay", .value = "500ms" } }, "A " WWW,
		"500ms NOERROR aa: " WWW_A, NULL },
	{ "drop does not answer", { { .quirk = "drop" } }, "A " WWW, "nothing", NULL },
	{ "servfail answers SERVFAIL", { { .quirk = "servfail" } }, "A " WWW,
		"SERVFAIL", NULL },
	{ "refused answers REFUSED", { { .quirk = "refused" } }, "A " WWW, "REFUSED",
		NULL },
	{ "notimp answers NOTIMP", { { .quirk = "notimp" } }, "A " WWW, "NOTIMP",
		NULL },
	{ "formerr answers FORMERR", { { .quirk = "formerr" } }, "A " WWW, "FORMERR",
		NULL },
	{ "nxdomain denies a name that is there", { { .quirk = "nxdomain" } }, "A " WWW,
		"NXDOMAIN aa; example.net 60 SOA", NULL },
	{ "nxdomain outside the zones has no SOA", { { .quirk = "nxdomain" } },
		"A www.example.org", "NXDOMAIN aa", NULL },
	{ "truncate is for UDP", { { .quirk = "truncate" } }, "A " WWW, "NOERROR aa tc",
		"NOERROR aa: " WWW_A },
	{ "bare-cname leaves the target out", { { .quirk = "bare-cname" } },
		"A alias.example.net",
		"NOERROR aa: alias.example.net 300 CNAME www.example.net", NULL },
	{ "a CNAME is chased without the quirk", { { 0 } }, "A alias.example.net",
		"NOERROR aa: alias.example.net 300 CNAME www.example.net, " WWW_A,
		NULL },
	{ "bare-cname leaves other names alone", { { .quirk = "bare-cname" } },
		"A " WWW, "NOERROR aa: " WWW_A, NULL },
	{ "no-dname-synthesis leaves the CNAME out",
		{ { .quirk = "no-dname-synthesis" } }, "A x.tree.example.net",
		"NOERROR aa: tree.example.net 300 DNAME example.org", NULL },
	{ "a CNAME is made from a DNAME without the quirk", { { 0 } },
		"A x.tree.example.net",
		"NOERROR aa: tree.example.net 300 DNAME example.org, "
		"x.tree.example.net 300 CNAME x.example.org",
		NULL },
	{ "lame has neither AA nor data", { { .quirk = "lame" } }, "A " WWW, "NOERROR",
		NULL },
	{ "wrong-id answers", { { .quirk = "wrong-id" } }, "A " WWW,
		"NOERROR aa: " WWW_A, NULL },
	{ "foreign adds records to the answer",
		{ { .quirk = "foreign",
			.value = "victim.example.net. 300 MX 10 evil.example.org.\n"
				 "evil.example.org. 60 A 192.0.2.66" } },
		"A " WWW,
		"NOERROR aa: " WWW_A ", victim.example.net 300 MX 10 evil.example.org, "
		"evil.example.org 60 A 192.0.2.66",
		NULL },
	{ "foreign adds records to an empty answer",
		{ { .quirk = "foreign",
			.value = "evil.example.org. 60 A 192.0.2.66" } },
		"MX " WWW,
		"NOERROR aa: evil.example.org 60 A 192.0.2.66; example.net 60 SOA",
		NULL },
	{ "raw sends its octets under the query's id",
		{ { .quirk = "raw", .value = "0000 8180 00 Ff" } }, "A " WWW,
		"1234818000ff", NULL },
	{ "raw of one octet has half the id", { { .quirk = "raw", .value = "ff" } },
		"A " WWW, "12", NULL },

	/* which queries */
	{ "a quirk for a name acts on it",
		{ { .quirk = "refused", .quirk_name = WWW } }, "A WWW.example.NET",
		"REFUSED", NULL },
	{ "a quirk for a name leaves others alone",
		{ { .quirk = "refused", .quirk_name = "x." WWW } }, "A " WWW,
		"NOERROR aa: " WWW_A, NULL },
	{ "a name is not the names below it",
		{ { .quirk = "refused", .quirk_name = "sub.example.net" } },
		"A a.sub.example.net", "NOERROR aa: a.sub.example.net 300 A 192.0.2.2",
		NULL },
	{ "*.x is a name below x",
		{ { .quirk = "refused", .quirk_name = "*.sub.example.net" } },
		"A a.sub.example.net", "REFUSED", NULL },
	{ "*.x is a name further below x",
		{ { .quirk = "refused", .quirk_name = "*.sub.example.net" } },
		"A b.a.sub.example.net", "REFUSED", NULL },
	{ "*.x is not x", { { .quirk = "refused", .quirk_name = "*.sub.example.net" } },
		"A sub.example.net", "NOERROR aa: sub.example.net 300 A 192.0.2.4",
		NULL },
	{ "*.x is not beside x",
		{ { .quirk = "refused", .quirk_name = "*.sub.example.net" } }, "A " WWW,
		"NOERROR aa: " WWW_A, NULL },
	{ "a quirk for a type acts on it", { { .quirk = "refused", .type = TYPE_A } },
		"A " WWW, "REFUSED", NULL },
	{ "a quirk for a type leaves others alone",
		{ { .quirk = "refused", .type = TYPE_AAAA } }, "A " WWW,
		"NOERROR aa: " WWW_A, NULL },
	{ "a quirk for name and type needs both",
		{ { .quirk = "refused",
			.quirk_name = "sub.example.net",
			.type = TYPE_A } },
		"A " WWW, "NOERROR aa: " WWW_A, NULL },
	{ "udp-only leaves TCP alone", { { .quirk = "servfail", .udp_only = true } },
		"A " WWW, "SERVFAIL", "NOERROR aa: " WWW_A },

	/* several */
	{ "the first that matches acts",
		{ { .quirk = "servfail" }, { .quirk = "refused" } }, "A " WWW,
		"SERVFAIL", NULL },
	{ "one that does not match is passed over",
		{ { .quirk = "servfail", .type = TYPE_MX }, { .quirk = "refused" } },
		"A " WWW, "REFUSED", NULL },
	{ "delay goes with the quirk after it",
		{ { .quirk = "delay", .value = "3s" }, { .quirk = "servfail" } },
		"A " WWW, "3000ms SERVFAIL", NULL },
	{ "delay does not go with the quirk before it",
		{ { .quirk = "servfail" }, { .quirk = "delay", .value = "3s" } },
		"A " WWW, "SERVFAIL", NULL },
	{ "delays add up",
		{ { .quirk = "delay", .value = "3s" },
			{ .quirk = "delay", .value = "1s" }, { .quirk = "drop" } },
		"A " WWW, "4000ms nothing", NULL },
	{ "raw may be late",
		{ { .quirk = "delay", .value = "20ms" },
			{ .quirk = "raw", .value = "0000" } },
		"A " WWW, "20ms 1234", NULL },
};

static void quirk_acts(void **state)
{
	const struct row *row = *state;
	struct arena *a = arena_new();
	struct server *s = build(a, row->uses);
	struct server_state st;

	server_state_init(a, s, &st);
	assert_string_equal(ask(a, s, &st, PROTO_UDP, row->question), row->udp);
	assert_string_equal(ask(a, s, &st, PROTO_TCP, row->question),
		row->tcp == NULL ? row->udp : row->tcp);
	arena_free(a);
}

/* A series of questions by UDP; one letter each: s SERVFAIL, r REFUSED, a the answer,
 * d nothing, l late. Questions: A asks A www, M asks MX www. */
static const struct series {
	const char *name;
	struct use uses[3];
	const char *asked, *want;
} series[] = {
	{ "count 0 acts for ever", { { .quirk = "servfail" } }, "AAAA", "ssss" },
	{ "count 1 acts once", { { .quirk = "servfail", .count = 1 } }, "AAA", "saa" },
	{ "count 2 acts twice", { { .quirk = "servfail", .count = 2 } }, "AAAA",
		"ssaa" },
	{ "after 1 lets one query pass", { { .quirk = "servfail", .after = 1 } }, "AAA",
		"ass" },
	{ "after 2 lets two queries pass", { { .quirk = "servfail", .after = 2 } },
		"AAAA", "aass" },
	{ "after and count make a window",
		{ { .quirk = "servfail", .after = 1, .count = 2 } }, "AAAAA", "assaa" },
	{ "only matching queries are counted for count",
		{ { .quirk = "servfail", .type = TYPE_MX, .count = 1 } }, "AMAM",
		"asaa" },
	{ "only matching queries are counted for after",
		{ { .quirk = "servfail", .type = TYPE_MX, .after = 1 } }, "AMAM",
		"aaas" },
	{ "a quirk that is used up makes way for the next",
		{ { .quirk = "servfail", .count = 2 },
			{ .quirk = "refused", .count = 1 } },
		"AAAA", "ssra" },
	{ "after counts queries that another quirk acted on",
		{ { .quirk = "servfail", .count = 2 },
			{ .quirk = "refused", .after = 2 } },
		"AAA", "ssr" },
	{ "count of a delay is its own",
		{ { .quirk = "delay", .value = "1s", .count = 2 },
			{ .quirk = "servfail", .after = 1, .count = 2 } },
		"AAAA", "llsa" },
};

static char letter_of(const struct reply *r)
{
	if (r->delay_us > 0)
		return 'l';
	if (r->dropped)
		return 'd';
	if (r->msg.rcode == RCODE_NOERROR)
		return 'a';
	return r->msg.rcode == RCODE_SERVFAIL ? 's' : 'r';
}

static void series_goes(void **state)
{
	const struct series *row = *state;
	struct arena *a = arena_new();
	struct server *s = build(a, row->uses);
	char got[8] = "";
	struct server_state st;

	server_state_init(a, s, &st);
	for (size_t i = 0; row->asked[i] != '\0'; i++) {
		struct msg query =
			build_query(a, row->asked[i] == 'A' ? "A " WWW : "MX " WWW);
		struct reply reply;

		server_respond(a, s, &st, NULL, PROTO_UDP, &query, &reply);
		got[i] = letter_of(&reply);
	}
	assert_string_equal(got, row->want);
	arena_free(a);
}

/* ---- values ---- */

static const struct value {
	const char *name, *quirk, *value;
	const char *mistake; /* NULL: none */
	const char *hint;    /* a part of it */
} values[] = {
	{ "a duration is taken", "delay", "10m", NULL, NULL },
	{ "a duration needs a unit", "delay", "500",
		"quirk \"delay\": \"500\" is no duration", "500ms, 3s" },
	{ "a delay needs a value", "delay", NULL, "quirk \"delay\" needs a value",
		"value: 500ms" },
	{ "drop takes no value", "drop", "1", "quirk \"drop\" takes no value",
		"leave the value out" },
	{ "drop needs no value", "drop", NULL, NULL, NULL },
	{ "hex may have spaces, tabs and newlines", "raw", "0 0\t12\n34", NULL, NULL },
	{ "raw needs a value", "raw", NULL, "quirk \"raw\" needs a value",
		"0000 8180" },
	{ "raw needs at least an octet", "raw", " ",
		"quirk \"raw\": the value is empty", "two hexadecimal digits" },
	{ "raw needs whole octets", "raw", "000",
		"quirk \"raw\": the value has half an octet at its end",
		"two hexadecimal digits" },
	{ "raw needs hexadecimal digits", "raw", "0x00",
		"quirk \"raw\": the value holds a character that is no hexadecimal "
		"digit",
		"two hexadecimal digits" },
	{ "records are taken", "foreign", "www.example.org. 60 A 192.0.2.1", NULL,
		NULL },
	{ "foreign needs a value", "foreign", NULL, "quirk \"foreign\" needs a value",
		"192.0.2.66" },
	{ "foreign needs a record", "foreign", "; nothing",
		"quirk \"foreign\": the value holds no record", "absolute names" },
};

static void value_is_read(void **state)
{
	const struct value *row = *state;
	struct arena *a = arena_new();
	struct quirk q = { .row = quirk_row(row->quirk) };
	struct errs errs;
	int rc;

	errs_init(&errs, a);
	rc = quirk_set_value(a, &q, row->value, (struct place){ "test", 7, 3 }, &errs);
	if (row->mistake == NULL) {
		assert_int_equal(errs.n, 0);
		assert_int_equal(rc, 0);
	} else {
		assert_int_equal(rc, -1);
		assert_int_equal(errs.n, 1);
		assert_string_equal(errs.list[0].text, row->mistake);
		assert_non_null(strstr(errs.list[0].hint, row->hint));
		assert_int_equal(errs.list[0].at.line, 7);
	}
	arena_free(a);
}

static void a_bad_record_is_a_mistake(void **state)
{
	struct arena *a = arena_new();
	struct quirk q = { .row = quirk_row("foreign") };
	struct errs errs;

	(void)state;
	errs_init(&errs, a);
	assert_int_equal(quirk_set_value(a, &q,
				 "a.example. 60 A 192.0.2.1\nb.example. 60 A 1.2\n",
				 (struct place){ "test", 7, 3 }, &errs),
		-1);
	assert_int_equal(errs.n, 1);
	assert_int_equal(errs.list[0].at.line, 8);
	arena_free(a);
}

static const struct size {
	const char *name;
	size_t octets;
	int rc;
} sizes[] = {
	{ "raw of 65534 octets is taken", 65534, 0 },
	{ "raw of 65535 octets is taken", 65535, 0 },
	{ "raw of 65536 octets is no message", 65536, -1 },
};

static void size_is_limited(void **state)
{
	const struct size *row = *state;
	struct arena *a = arena_new();
	struct quirk q = { .row = quirk_row("raw") };
	char *text = arena_alloc(a, row->octets * 2 + 1);
	struct errs errs;

	errs_init(&errs, a);
	memset(text, 'a', row->octets * 2);
	assert_int_equal(
		quirk_set_value(a, &q, text, (struct place){ "test", 1, 1 }, &errs),
		row->rc);
	if (row->rc == 0)
		assert_int_equal(q.n_bytes, row->octets);
	arena_free(a);
}

/* ---- what the text does not show ---- */

static void wrong_id_has_another_id(void **state)
{
	struct arena *a = arena_new();
	struct use uses[3] = { { .quirk = "wrong-id", .count = 1 } };
	struct server *s = build(a, uses);
	struct msg query = build_query(a, "A " WWW);
	struct server_state st;
	struct reply reply;

	(void)state;
	server_state_init(a, s, &st);
	server_respond(a, s, &st, NULL, PROTO_UDP, &query, &reply);
	assert_int_not_equal(reply.msg.id, query.id);
	server_respond(a, s, &st, NULL, PROTO_UDP, &query, &reply);
	assert_int_equal(reply.msg.id, query.id);
	arena_free(a);
}

static void formerr_has_no_edns_and_servfail_has(void **state)
{
	struct arena *a = arena_new();
	struct use uses[3] = { { .quirk = "formerr", .count = 1 },
		{ .quirk = "servfail" } };
	struct server *s = build(a, uses);
	struct msg query = build_query(a, "A " WWW);
	struct server_state st;
	struct reply reply;

	(void)state;
	server_state_init(a, s, &st);
	server_respond(a, s, &st, NULL, PROTO_UDP, &query, &reply);
	assert_false(reply.msg.has_edns);
	server_respond(a, s, &st, NULL, PROTO_UDP, &query, &reply);
	assert_true(reply.msg.has_edns);
	arena_free(a);
}

static void states_of_one_server_are_apart(void **state)
{
	struct arena *a = arena_new();
	struct use uses[3] = { { .quirk = "servfail", .count = 1 } };
	struct server *s = build(a, uses);
	struct server_state one, two;

	(void)state;
	server_state_init(a, s, &one);
	server_state_init(a, s, &two);
	assert_string_equal(ask(a, s, &one, PROTO_UDP, "A " WWW), "SERVFAIL");
	assert_string_equal(ask(a, s, &two, PROTO_UDP, "A " WWW), "SERVFAIL");
	assert_string_equal(ask(a, s, &one, PROTO_UDP, "A " WWW), "NOERROR aa: " WWW_A);
	arena_free(a);
}

static void a_query_without_question_meets_only_quirks_for_all(void **state)
{
	struct arena *a = arena_new();
	struct use named[3] = { { .quirk = "drop", .quirk_name = WWW },
		{ .quirk = "drop", .type = TYPE_A } };
	struct use all[3] = { { .quirk = "drop" } };
	struct server *s = build(a, named);
	struct msg query = build_query(a, "A " WWW);
	struct server_state st;
	struct reply reply;

	(void)state;
	query.has_question = false;
	server_state_init(a, s, &st);
	server_respond(a, s, &st, NULL, PROTO_UDP, &query, &reply);
	assert_string_equal(describe_reply(a, &reply), "FORMERR");
	s = build(a, all);
	server_respond(a, s, &st, NULL, PROTO_UDP, &query, &reply);
	assert_string_equal(describe_reply(a, &reply), "nothing");
	arena_free(a);
}

static void every_quirk_is_explained(void **state)
{
	(void)state;
	assert_int_equal(quirk_rows_n, 14);
	for (size_t i = 0; i < quirk_rows_n; i++) {
		assert_ptr_equal(quirk_row(quirk_rows[i].name), &quirk_rows[i]);
		assert_true(strlen(quirk_rows[i].help) > 0);
		assert_true(strlen(quirk_rows[i].source) > 0);
	}
	assert_null(quirk_row("sleep"));
}

int main(void)
{
	TESTS_ADD_ROWS(rows, quirk_acts);
	TESTS_ADD_ROWS(series, series_goes);
	TESTS_ADD_ROWS(values, value_is_read);
	TESTS_ADD_ROWS(sizes, size_is_limited);
	TESTS_ADD(a_bad_record_is_a_mistake);
	TESTS_ADD(wrong_id_has_another_id);
	TESTS_ADD(formerr_has_no_edns_and_servfail_has);
	TESTS_ADD(states_of_one_server_are_apart);
	TESTS_ADD(a_query_without_question_meets_only_quirks_for_all);
	TESTS_ADD(every_quirk_is_explained);
	return tests_run("server-quirk");
}
