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
	{ "mox follows 15 hops", "mox", "CNAME", 15, "delivered m 192.0.2.25", NULL },
	{ "mox defers 16 hops", "mox", "CNAME", 16, "deferred -", NULL },
	{ "hickory follows 7 hops", "stalwart", "MX", 7, "delivered m 192.0.2.25",
		NULL },
	{ "hickory follows no 8 hops", "stalwart", "MX", 8, "bounced 5.4.4", NULL },
	{ "hmailserver follows 10 hops", "hmailserver", "CNAME", 10,
		"delivered m 192.0.2.25", NULL },
	{ "hmailserver defers 11 hops", "hmailserver", "CNAME", 11, "deferred -",
		NULL },
	{ "dnsjava follows 15 hops", "james", "MX", 15, "delivered m 192.0.2.25",
		NULL },
	{ "dnsjava follows no 16 hops", "james", "MX", 16, "bounced -", NULL },
	{ "sendmail keeps the name after 12 hops", "sendmail", "AAAA", 12,
		"bounced 5.1.2", NULL },
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

/* ---- the same for the name of an exchange, and inside one answer ---- */

static const struct chain_row exchanges[] = {
	{ "postfix follows 9 aliases of an exchange", "postfix", "A", 9,
		"delivered x0 192.0.2.25", NULL },
	{ "postfix does not follow 10", "postfix", "A", 10, "bounced 5.4.4", NULL },
	{ "exim follows 1 alias of an exchange", "exim-4.98", "A", 1,
		"delivered x1 192.0.2.25", NULL },
	{ "exim does not follow 2", "exim-4.98", "A", 2, "bounced -", NULL },
	{ "courier follows 10 aliases of an exchange", "courier", "A", 10,
		"delivered x0 192.0.2.25", NULL },
	{ "courier does not follow 11", "courier", "A", 11, "bounced -", NULL },
	{ "mox follows 11 aliases of an exchange", "mox", "CNAME", 11,
		"delivered x0 192.0.2.25", NULL },
	{ "mox does not follow 12", "mox", "CNAME", 12, "deferred -", NULL },
	{ "hmailserver follows 10 aliases of an exchange", "hmailserver", "CNAME", 10,
		"delivered x0 192.0.2.25", NULL },
	{ "hmailserver does not follow 11", "hmailserver", "CNAME", 11, "deferred -",
		NULL },
	{ "opensmtpd follows no alias of an exchange", "opensmtpd", "A", 1,
		"deferred -", NULL },
};

static void test_exchange(void **state)
{
	const struct chain_row *row = *state;
	struct str s = STR_INIT;
	struct mta *m;

	str_puts(&s, "MX c: c MX 10 x0; ");
	for (unsigned i = 0; i < row->hops; i++)
		str_printf(&s, "%s x%u: x%u CNAME x%u; ", row->type, i, i, i + 1);
	str_printf(&s, "A x%u: x%u A 192.0.2.25", row->hops, row->hops);
	m = client(row->client, "user@c", 1);
	answers_run(arena, m, s.data, false);
	assert_string_equal(answers_result(arena, mta_result(m)), row->result);
	str_clear(&s);
}

static const struct chain_row answers[] = {
	{ "dnspython follows 15 hops in one answer", "checkdmarc", "MX", 15,
		"delivered m 192.0.2.25", NULL },
	{ "dnspython fails at 16", "checkdmarc", "MX", 16, "deferred -", NULL },
	{ "dnsjava follows 15 hops in one answer", "james", "MX", 15,
		"delivered m 192.0.2.25", NULL },
	{ "dnsjava fails at 16", "james", "MX", 16, "bounced -", NULL },
	{ "courier follows 10 hops in one answer", "courier", "MX", 10,
		"delivered m 192.0.2.25", NULL },
	{ "courier fails at 11", "courier", "MX", 11, "bounced -", NULL },
	{ "postfix does not count hops in one answer", "postfix", "MX", 30,
		"delivered m 192.0.2.25", NULL },
	{ "ruby does not count hops in one answer", "postal", "MX", 30,
		"delivered m 192.0.2.25", NULL },
};

static void test_answer(void **state)
{
	const struct chain_row *row = *state;
	struct str s = STR_INIT;
	struct mta *m;

	str_puts(&s, "MX c0: ");
	for (unsigned i = 0; i < row->hops; i++)
		str_printf(&s, "c%u CNAME c%u, ", i, i + 1);
	str_printf(&s, "c%u MX 10 m; A m: m A 192.0.2.25", row->hops);
	m = client(row->client, "user@c0", 1);
	answers_run(arena, m, s.data, false);
	assert_string_equal(answers_result(arena, mta_result(m)), row->result);
	str_clear(&s);
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
	m = client("opensmtpd",
		"user@b\xc3\xbc"
		"cher.example",
		1);
	assert_string_equal(answers_run(arena, m, "", true), "");
	assert_string_equal(answers_result(arena, mta_result(m)), "bounced 5.1.3");
	m = client("dma", "user@[192.0.2.9]", 1);
	assert_string_equal(answers_run(arena, m, "", true),
		"MX [192.0.2.9], MX [192.0.2.9].sender.example");
	m = client("qmail-1.03", "user@b\xc3\xbc", 1);
	assert_string_equal(answers_run(arena, m, "", true),
		"ANY b\\195\\188, MX b\\195\\188, A b\\195\\188");
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

/* hosts_max_try 5 counts inside a preference, then one host of each further one;
 * hosts_max_try_hardlimit is 50 (transports/smtp.c; observed with 4.96). */
static void exim_tries_five_of_one_preference_then_one_of_each(void **state)
{
	static const struct {
		unsigned first, second, third, others, attempts;
	} rows[] = { { 8, 2, 2, 0, 7 }, { 3, 3, 0, 0, 5 }, { 9, 0, 0, 0, 5 },
		{ 1, 1, 1, 6, 9 }, { 1, 1, 1, 102, 50 } };

	(void)state;
	for (unsigned k = 0; k < sizeof(rows) / sizeof(rows[0]); k++) {
		struct str mx = STR_INIT, rest = STR_INIT;
		unsigned count[] = { rows[k].first, rows[k].second, rows[k].third };
		struct mta *m;
		unsigned n = 0;

		str_puts(&mx, "MX c: ");
		for (unsigned i = 0; i < 3 + rows[k].others; i++) {
			for (unsigned j = i < 3 ? count[i] : 1; j > 0; j--, n++) {
				str_printf(&mx, "c MX %u h%u, ", 10 * (i + 1), n);
				str_printf(&rest,
					"; A h%u: h%u A 192.0.2.%u; try h%u refused", n,
					n, n + 1, n);
			}
		}
		str_puts(&mx, rest.data);
		m = client("exim-4.98", "user@c", 1);
		answers_run(arena, m, mx.data, false);
		assert_int_equal(mta_result(m)->attempts, rows[k].attempts);
		str_clear(&mx);
		str_clear(&rest);
	}
}

/* The resolver's message is its own until the next question: every answer comes in the
 * same struct here. */
static void remembered_answers_outlive_the_resolvers_message(void **state)
{
	static const char script[] =
		"MX c: c CNAME b, b CNAME t; MX t: ; AAAA t: ; MX b: b CNAME t; "
		"AAAA c: c CNAME b, b CNAME t; A c: c CNAME b, b CNAME t, t A "
		"192.0.2.1; "
		"AAAA b: b CNAME t; A b: b CNAME t, t A 192.0.2.1";
	struct mta *m = client("exim-4.98", "user@c", 1);
	struct mta_attempt attempt;
	struct question q;
	struct msg one;

	(void)state;
	while (mta_want(m, &q, &attempt) == MTA_ASK) {
		one = *answers_find(arena, script, &q);
		mta_answer(m, &one, 0);
	}
	assert_int_equal(mta_want(m, &q, &attempt), MTA_TRY);
	assert_string_equal(attempt.rcpt, "user@b");
}

/* A family that the sender's host lacks: not asked for (AI_ADDRCONFIG and the like), or
 * tried in vain (dma dns.c:60). */
static void absent_families_are_left_out_or_tried_in_vain(void **state)
{
	static const char script[] = "MX c: c MX 5 n, c MX 10 m; "
				     "AAAA n: n AAAA 2001:db8::7; A n: ; "
				     "A m: m A 192.0.2.25";
	struct mta *m;

	(void)state;
	setting.no_ipv6 = true;
	m = client("opensmtpd", "user@c", 1);
	assert_string_equal(answers_run(arena, m, script, true),
		"MX c, A n, A n.sender.example, A m, try 192.0.2.25");
	m = client("postfix", "user@c", 1);
	assert_string_equal(answers_run(arena, m, script, true),
		"MX c, A n, AAAA n, A m, AAAA m, try 192.0.2.25");
	assert_int_equal(mta_result(m)->attempts, 2);
	m = client("dma", "user@c", 1);
	assert_string_equal(answers_run(arena, m, script, true),
		"MX c, A n, AAAA n, A m, AAAA m, try 192.0.2.25");
	assert_int_equal(mta_result(m)->attempts, 2);
	m = client("dma", "user@n", 1);
	answers_run(arena, m, "AAAA n: n AAAA 2001:db8::7", true);
	assert_string_equal(answers_result(arena, mta_result(m)), "deferred -");
	setting.no_ipv6 = false;
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
	TESTS_ADD_ROWS(exchanges, test_exchange);
	TESTS_ADD_ROWS(answers, test_answer);
	TESTS_ADD(literals_and_unicode_are_understood);
	TESTS_ADD(courier_chooses_between_cname_and_mx);
	TESTS_ADD(long_answers_defer_old_qmail_only);
	TESTS_ADD(postfix_tries_five_addresses_of_both_families);
	TESTS_ADD(exim_tries_five_of_one_preference_then_one_of_each);
	TESTS_ADD(remembered_answers_outlive_the_resolvers_message);
	TESTS_ADD(absent_families_are_left_out_or_tried_in_vain);
	TESTS_ADD(every_client_ends_and_repeats_itself);
	failed = tests_run("mta-knobs");
	arena_free(arena);
	return failed;
}
