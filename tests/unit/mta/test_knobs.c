#include "support/test.h"

#include <string.h>

#include "base/arena.h"
#include "base/rng.h"
#include "base/str.h"
#include "mta/profile.h"
#include "support/answers.h"

static struct arena *arena;
static struct profile_set *set;
static struct mta_setting setting;

/* ---- limits on chains: just under, at, just over ---- */

struct chain_row {
	const char *name, *client;
	const char *type; /* of the questions that meet bare CNAMEs */
	unsigned hops;
	const char *result, *rcpt; /* rcpt NULL: unchanged */
};

static const struct chain_row chains[] = {
	{ "postfix follows 8 hops", "postfix", "MX", 8, "delivered m 192.0.2.25",
		NULL },
	{ "postfix follows 9 hops", "postfix", "MX", 9, "delivered m 192.0.2.25",
		NULL },
	{ "postfix does not follow 10 hops", "postfix", "MX", 10, "bounced 5.4.4",
		NULL },
	{ "exim follows 1 hop", "exim-4.98", "MX", 1, "delivered m 192.0.2.25", NULL },
	{ "exim 4.98 bounces 2 hops", "exim-4.98", "MX", 2, "bounced -", NULL },
	{ "exim 4.96 defers 2 hops", "exim-4.96", "MX", 2, "deferred -", NULL },
	{ "dma follows 10 hops", "dma", "MX", 10, "delivered m 192.0.2.25", NULL },
	{ "dma follows 11 hops", "dma", "MX", 11, "delivered m 192.0.2.25", NULL },
	{ "dma bounces 12 hops", "dma", "MX", 12, "bounced -", NULL },
	{ "courier follows 10 hops", "courier", "MX", 10, "delivered m 192.0.2.25",
		NULL },
	{ "courier bounces 11 hops", "courier", "MX", 11, "bounced -", NULL },
	{ "sendmail rewrites over 11 hops", "sendmail", "AAAA", 11,
		"delivered m 192.0.2.25", "user@c11" },
	{ "qmail rewrites over 9 hops", "qmail-1.03", "ANY", 9, "bounced 5.1.2",
		"user@c9" },
	{ "qmail rewrites to the tenth target", "qmail-1.03", "ANY", 11,
		"bounced 5.1.2", "user@c10" },
	{ "mox follows 16 hops", "mox", "CNAME", 16, "delivered m 192.0.2.25", NULL },
	{ "mox defers 17 hops", "mox", "CNAME", 17, "deferred -", NULL },
	{ "hickory follows 8 hops", "stalwart", "MX", 8, "delivered m 192.0.2.25",
		NULL },
	{ "hmailserver follows 10 hops", "hmailserver", "CNAME", 10,
		"delivered m 192.0.2.25", NULL },
	{ "the reference client follows 16 hops", "rfc5321", "MX", 16,
		"delivered m 192.0.2.25", NULL },
	{ "the reference client bounces a longer chain", "rfc5321", "MX", 17,
		"bounced 5.4.6", NULL },
};

static struct mta *client(const char *name, const char *rcpt, uint64_t seed)
{
	return mta_new(arena, profile_find(set, name), &setting, rcpt, seed, NULL);
}

static void test_chain(void **state)
{
	const struct chain_row *row = *state;
	struct str s = STR_INIT;
	struct mta *m;

	for (unsigned i = 0; i < row->hops; i++)
		str_printf(&s, "%s c%u: c%u CNAME c%u; ", row->type, i, i, i + 1);
	str_printf(
		&s, "MX c%u: c%u MX 10 m; A m: m A 192.0.2.25", row->hops, row->hops);
	m = client(row->client, "user@c0", 1);
	answers_run(arena, m, s.data, false);
	assert_string_equal(answers_result(arena, mta_result(m)), row->result);
	assert_string_equal(mta_result(m)->rcpt, row->rcpt ? row->rcpt : "user@c0");
	str_clear(&s);
}

/* ---- knobs, one row a value ---- */

struct knob_row {
	const char *name;
	const char *inherits, *fields; /* "key=value;key=value" */
	const char *script, *questions, *result;
};

#define M "A m: m A 192.0.2.25; "
#define TWO "MX c: c MX 5 n, c MX 10 m; A n: n A 192.0.2.7; " M

static const struct knob_row knobs[] = {
	{ "addresses a", "rfc5321", "addresses=a", "MX c: c MX 1 m; " M,
		"MX c, A m, try "
		"192.0.2.25",
		"delivered m 192.0.2.25" },
	{ "addresses aaaa-a", "rfc5321", "addresses=aaaa-a", "MX c: c MX 1 m; " M,
		"MX c, AAAA m, A m, try 192.0.2.25", "delivered m 192.0.2.25" },
	{ "lazy look-ups ask the second host only in its turn", "rfc5321",
		"addresses=a;address-lookup=lazy", TWO, "MX c, A n, try 192.0.2.7",
		"delivered n 192.0.2.7" },
	{ "eager look-ups ask all hosts first", "rfc5321", "addresses=a", TWO,
		"MX c, A n, A m, try 192.0.2.7", "delivered n 192.0.2.7" },
	{ "a refused connection leads to the next host", "rfc5321", "addresses=a",
		TWO "try n refused", "MX c, A n, A m, try 192.0.2.7, try 192.0.2.25",
		"delivered m 192.0.2.25" },
	{ "max-addresses 1 ends after one", "rfc5321", "addresses=a;max-addresses=1",
		TWO "try n refused", "MX c, A n, A m, try 192.0.2.7",
		"deferred 4.4.1" },
	{ "max-mx 1 looks at one", "rfc5321", "addresses=a;max-mx=1", TWO,
		"MX c, A n, try 192.0.2.7", "delivered n 192.0.2.7" },
	{ "max-sessions 1 ends after one session", "rfc5321",
		"addresses=a;max-sessions=1", TWO "try n r450",
		"MX c, A n, A m, try 192.0.2.7", "deferred 4.2.0" },
	{ "a 5xx to RCPT is final", "rfc5321", "addresses=a", TWO "try n r550",
		"MX c, A n, A m, try 192.0.2.7", "rejected n 192.0.2.7" },
	{ "after-greeting-5xx stop", "rfc5321", "addresses=a;after-greeting-5xx=stop",
		TWO "try n g554", "MX c, A n, A m, try 192.0.2.7", "bounced 5.3.0" },
	{ "after-greeting-5xx host", "rfc5321", "addresses=a;after-greeting-5xx=host",
		TWO "try n g554", "MX c, A n, A m, try 192.0.2.7, try 192.0.2.25",
		"delivered m 192.0.2.25" },
	{ "null-mx strict lets a mixed one pass", "rfc5321", "addresses=a",
		"MX c: c MX 0 ., c MX 10 m; " M, "MX c, A ., A m, try 192.0.2.25",
		"delivered m 192.0.2.25" },
	{ "null-mx strict lets preference 10 pass", "rfc5321", "addresses=a",
		"MX c: c MX 10 .", "MX c, A .", "bounced 5.4.4" },
	{ "null-mx any takes preference 10", "rfc5321", "null-mx=any",
		"MX c: c MX 10 .", "MX c", "bounced 5.1.10" },
	{ "null-mx zero spares preference 10", "rfc5321", "null-mx=zero;addresses=a",
		"MX c: c MX 10 .", "MX c, A .", "bounced 5.4.4" },
	{ "null-mx single takes preference 10", "rfc5321", "null-mx=single",
		"MX c: c MX 10 .", "MX c", "bounced 5.1.10" },
	{ "null-mx skip uses the rest", "rfc5321", "null-mx=skip;addresses=a",
		"MX c: c MX 0 ., c MX 10 m; " M, "MX c, A m, try 192.0.2.25",
		"delivered m 192.0.2.25" },
	{ "null-mx reached comes in its turn", "rfc5321",
		"null-mx=reached;addresses=a;address-lookup=lazy",
		"MX c: c MX 1 ., c MX 10 m; " M, "MX c", "bounced 5.1.10" },
	{ "literal-exchange reject", "rfc5321", "literal-exchange=reject",
		"MX c: c MX 1 192.0.2.9", "MX c", "bounced 5.1.2" },
	{ "literal-exchange accept", "rfc5321", "literal-exchange=accept",
		"MX c: c MX 1 192.0.2.9", "MX c, try 192.0.2.9",
		"delivered 192.0.2.9 192.0.2.9" },
	{ "mix-rule defer: soft outranks hard", "rfc5321", "addresses=a",
		"MX c: c MX 1 s, c MX 2 h; A s SERVFAIL; A h NXDOMAIN",
		"MX c, A s, A h", "deferred 4.4.3" },
	{ "mix-rule bounce: hard outranks soft", "rfc5321",
		"addresses=a;mix-rule=bounce",
		"MX c: c MX 1 s, c MX 2 h; A s SERVFAIL; A h NXDOMAIN",
		"MX c, A s, A h", "bounced 5.4.4" },
	{ "bad-host stop", "rfc5321", "addresses=a;bad-host=stop",
		"MX c: c MX 1 h, c MX 2 m; A h NXDOMAIN; " M, "MX c, A h",
		"bounced 5.4.4" },
	{ "bad-host fail", "rfc5321", "addresses=a;bad-host=fail",
		"MX c: c MX 1 m, c MX 2 h; A h NXDOMAIN; " M, "MX c, A m, A h",
		"bounced 5.4.4" },
	{ "search-list mx goes on after NXDOMAIN", "rfc5321",
		"addresses=a;search-list=mx",
		"MX c NXDOMAIN; MX c.sender.example: c.sender.example MX 1 m; " M,
		"MX c, MX c.sender.example, A m, try 192.0.2.25",
		"delivered m 192.0.2.25" },
	{ "owner-check yes ignores a foreign MX", "rfc5321", "addresses=a",
		"MX c: x MX 1 m; A c: c A 192.0.2.1; " M, "MX c, A c, try 192.0.2.1",
		"delivered c 192.0.2.1" },
	{ "owner-check no takes a foreign MX", "rfc5321", "addresses=a;owner-check=no",
		"MX c: x MX 1 m; A c: c A 192.0.2.1; " M, "MX c, A m, try 192.0.2.25",
		"delivered m 192.0.2.25" },
	{ "cname-rounds 0 leaves the CNAME alone", "rfc5321",
		"addresses=a;cname-rounds=0",
		"MX c: c CNAME t; A c: c A 192.0.2.1; MX t: t MX 1 m",
		"MX c, A c, try 192.0.2.1", "delivered c 192.0.2.1" },
};

static void set_fields(struct mta_profile *p, const char *fields)
{
	static const struct place at = { "row", 1, 1 };
	char *copy = arena_strdup(arena, fields), *one;
	struct errs errs;

	errs_init(&errs, arena);
	while ((one = strsep(&copy, ";")) != NULL) {
		char *value = strchr(one, '=');

		*value++ = '\0';
		assert_int_equal(
			profile_set_field(set, p, one, value, at, at, &errs), 0);
	}
}

static void test_knob(void **state)
{
	static const struct place at = { "row", 1, 1 };
	static unsigned serial;
	const struct knob_row *row = *state;
	const char *name = arena_printf(arena, "mine-%u", serial++);
	const char *questions;
	struct errs errs;
	struct mta *m;

	errs_init(&errs, arena);
	set_fields(profile_define(set, name, row->inherits, at, &errs), row->fields);
	m = client(name, "user@c", 1);
	questions = answers_run(arena, m, row->script, true);
	assert_string_equal(questions, row->questions);
	assert_string_equal(answers_result(arena, mta_result(m)), row->result);
}

/* ---- recipients ---- */

static void literals_and_unicode_are_understood(void **state)
{
	struct mta *m = client("postfix", "user@[192.0.2.9]", 1);

	(void)state;
	assert_string_equal(answers_run(arena, m, "", true), "try 192.0.2.9");
	m = client("exim-4.96", "user@[192.0.2.9]", 1);
	answers_run(arena, m, "", true);
	assert_string_equal(answers_result(arena, mta_result(m)), "bounced -");
	m = client("rfc5321",
		"user@b\xc3\xbc"
		"cher.example",
		1);
	assert_string_equal(
		answers_run(arena, m, "", true), "MX xn--bcher-kva.example");
	m = client("rfc5321", "user@a..b", 1);
	assert_string_equal(answers_run(arena, m, "", true), "");
	assert_string_equal(answers_result(arena, mta_result(m)), "bounced 5.1.3");
	m = client("rfc5321", "nobody", 1);
	answers_run(arena, m, "", true);
	assert_string_equal(answers_result(arena, mta_result(m)), "bounced 5.1.3");
}

/* Courier takes CNAME or MX of one owner at random (rfc1035search.c:144-150). */
static void courier_chooses_between_cname_and_mx(void **state)
{
	static const char script[] = "MX c: c CNAME t, c MX 10 n; MX t: t MX 10 m; "
				     "A m: m A 192.0.2.25; A n: n A 192.0.2.7";
	unsigned own = 0, target = 0;

	(void)state;
	for (uint64_t seed = 0; seed < 64; seed++) {
		struct mta *m = client("courier", "user@c", seed);

		answers_run(arena, m, script, false);
		own += strcmp(mta_result(m)->host, "n") == 0;
		target += strcmp(mta_result(m)->host, "m") == 0;
	}
	assert_int_equal(own + target, 64);
	assert_true(own > 8 && target > 8);
}

/* qmail-1.03 dns.c:24,55: 512 octets; notqmail 1.09 dns.c:60-76: 64 KiB. */
static void long_answers_defer_old_qmail_only(void **state)
{
	struct str s = STR_INIT;
	struct mta *m;

	(void)state;
	str_puts(&s, "MX c: ");
	for (unsigned i = 0; i < 40; i++)
		str_printf(&s, "c MX 10 host%u, ", i);
	str_puts(&s, "; A host7: host7 A 192.0.2.7");
	m = client("notqmail-1.08", "user@c", 1);
	answers_run(arena, m, s.data, false);
	assert_string_equal(answers_result(arena, mta_result(m)), "deferred 4.1.2");
	m = client("notqmail-1.09", "user@c", 1);
	answers_run(arena, m, s.data, false);
	assert_string_equal(
		answers_result(arena, mta_result(m)), "delivered host7 192.0.2.7");
	str_clear(&s);
}

/* var_smtp_mxaddr_limit 5, and both families stay (smtp_balance_inet_proto). */
static void postfix_tries_five_addresses_of_both_families(void **state)
{
	struct str s = STR_INIT;
	struct mta *m;

	(void)state;
	str_puts(&s, "MX c: c MX 10 m; try m refused; A m: m A 192.0.2.1; AAAA m: ");
	for (unsigned i = 1; i <= 9; i++)
		str_printf(&s, "m AAAA 2001:db8::%u, ", i);
	m = client("postfix", "user@c", 1);
	assert_non_null(strstr(answers_run(arena, m, s.data, true), "try 192.0.2.1"));
	assert_int_equal(mta_result(m)->attempts, 5);
	assert_string_equal(answers_result(arena, mta_result(m)), "deferred 4.4.1");
	str_clear(&s);
}

/* ---- any answers ---- */

static const char *random_script(struct rng *r)
{
	static const char *const types[] = { "MX", "A", "AAAA", "CNAME", "ANY" };
	static const char *const rcodes[] = { "", "", "", "", " NXDOMAIN", " SERVFAIL",
		" REFUSED", " FORMERR", " timeout" };
	static const char *const data[] = { "CNAME", "MX 10", "MX 0", "MX 20" };
	static const char *const ips[] = { "A 192.0.2.1", "A 203.0.113.10",
		"A 127.0.0.1", "AAAA 2001:db8::1" };
	struct str s = STR_INIT;
	const char *text;

	for (unsigned i = 0; i < 24; i++) {
		char owner = (char)('a' + rng_below(r, 5));

		str_printf(&s, "%s %c%s: ", types[rng_below(r, 5)], owner,
			rcodes[rng_below(r, 9)]);
		for (unsigned k = rng_below(r, 4); k > 0; k--) {
			char o = rng_below(r, 4) > 0 ? owner
						     : (char)('a' + rng_below(r, 5));

			if (rng_below(r, 2) == 0)
				str_printf(&s, "%c %s, ", o, ips[rng_below(r, 4)]);
			else if (rng_below(r, 12) == 0)
				str_printf(&s, "%c MX 0 ., ", o);
			else
				str_printf(&s, "%c %s %c, ", o, data[rng_below(r, 4)],
					'a' + (char)rng_below(r, 5));
		}
		str_puts(&s, "; ");
	}
	str_puts(&s, "try a refused; try b r450; try c g421; try d r550");
	text = arena_strdup(arena, s.data);
	str_clear(&s);
	return text;
}

static const char *one_run(const char *name, const char *script, uint64_t seed)
{
	struct mta *m = client(name, "user@a", seed);
	const char *questions = answers_run(arena, m, script, true);

	return arena_printf(arena, "%s => %s; %s", questions,
		answers_result(arena, mta_result(m)),
		answers_route(arena, &mta_result(m)->route));
}

static void every_client_ends_and_repeats_itself(void **state)
{
	struct rng r = { 7 };

	(void)state;
	for (unsigned i = 0; i < 60; i++) {
		const char *script = random_script(&r);

		for (size_t k = 0; k < profile_set_size(set); k++) {
			const char *name = profile_name(profile_at(set, k));

			assert_string_equal(
				one_run(name, script, i), one_run(name, script, i));
		}
	}
}

int main(void)
{
	int failed;
	const struct name *names[1], *search[1];
	struct ip ip;

	arena = arena_new();
	set = profile_set_new(arena);
	names[0] = name_literal(arena, "mx.sender.example.net");
	search[0] = name_literal(arena, "sender.example");
	ip_from_text("203.0.113.10", &ip);
	setting = (struct mta_setting){ .self_names = names,
		.n_self_names = 1,
		.self_ips = &ip,
		.n_self_ips = 1,
		.search = search,
		.n_search = 1,
		.mail_from = "sender@sender.example.net" };
	TESTS_ADD_ROWS(chains, test_chain);
	TESTS_ADD_ROWS(knobs, test_knob);
	TESTS_ADD(literals_and_unicode_are_understood);
	TESTS_ADD(courier_chooses_between_cname_and_mx);
	TESTS_ADD(long_answers_defer_old_qmail_only);
	TESTS_ADD(postfix_tries_five_addresses_of_both_families);
	TESTS_ADD(every_client_ends_and_repeats_itself);
	failed = tests_run("mta-knobs");
	arena_free(arena);
	return failed;
}
