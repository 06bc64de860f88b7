/* What `harness verify` says, to the letter. */
#include "report/agree.h"

#include <string.h>

#include "base/arena.h"
#include "support/test.h"

static const struct compare_rules no_rules = { 0 };

static const char *const mx[] = {
	"customer.example. 300 IN MX 10 mail.customer.example."
};
static const char *const mail_a[] = { "mail.customer.example. 300 IN A 192.0.2.25" };
static const char *const shop_a[] = { "shop.offsite.example. 60 IN A 198.51.100.10" };

static const struct record_query asked_by_emulation[] = {
	{ .name = "customer.example",
		.type = "MX",
		.rcode = "NOERROR",
		.answer = mx,
		.n_answer = 1 },
	{ .name = "mail.customer.example",
		.type = "A",
		.rcode = "NOERROR",
		.answer = mail_a,
		.n_answer = 1 },
	{ .name = "mail.customer.example", .type = "AAAA", .rcode = "NOERROR" },
};
static const struct record_query asked_by_program[] = {
	{ .name = "customer.example", .type = "MX", .rcode = "SERVFAIL" },
	{ .name = "shop.offsite.example",
		.type = "A",
		.rcode = "NOERROR",
		.answer = shop_a,
		.n_answer = 1 },
	{ .name = "mail.customer.example", .type = "AAAA", .rcode = "NOERROR" },
};

static const struct record emulated = {
	.id = "shop/user@customer.example/postfix/ideal",
	.outcome = { .verdict = VERDICT_DELIVERED,
		.status = "2.0.0",
		.disposition = "deliver",
		.to_host = "mail.customer.example",
		.to_address = "192.0.2.25",
		.rcpt = "user@customer.example",
		.queries = asked_by_emulation,
		.n_queries = 3 },
};
static const struct record real = {
	.id = "shop/user@customer.example/postfix/ideal",
	.client_program = "Postfix 3.7.11 (3.7.11-0+deb12u1)",
	.outcome = { .verdict = VERDICT_DEFERRED,
		.status = "4.4.3",
		.reason = "Host or domain name not found\x1b[31m",
		.queries = asked_by_program,
		.n_queries = 3 },
};

static const char difference_text[] =
	"✖ shop/user@customer.example/postfix/ideal\n"
	"  Postfix 3.7.11 (3.7.11-0+deb12u1)\n"
	"\n"
	"  differs    emulated   real\n"
	"  ──────────────────────────────\n"
	"  verdict    delivered  deferred\n"
	"  status     2.*        4.*\n"
	"  questions  -, below   +\n"
	"\n"
	"  = MX customer.example\n"
	"  - answered\n"
	"      NOERROR\n"
	"        customer.example. 300 IN MX 10 mail.customer.example.\n"
	"  + answered\n"
	"      SERVFAIL, nothing in the answer\n"
	"  - A mail.customer.example\n"
	"      NOERROR\n"
	"        mail.customer.example. 300 IN A 192.0.2.25\n"
	"  + A shop.offsite.example\n"
	"      NOERROR\n"
	"        shop.offsite.example. 60 IN A 198.51.100.10\n"
	"  = AAAA mail.customer.example\n"
	"      NOERROR, nothing in the answer\n"
	"  - delivered to mail.customer.example [192.0.2.25] as user@customer.example\n"
	"  + deferred: 4.4.3 Host or domain name not found␛[31m\n";

static void a_difference_is_told_question_by_question(void **state)
{
	struct arena *a = arena_new();
	struct str s = STR_INIT;
	struct comparison c;

	(void)state;
	compare_records(a, &emulated, &real, &no_rules, &c);
	agree_put_difference(&s, real.client_program, &emulated, &real, &c, false);
	assert_string_equal(s.data, difference_text);
	str_clear(&s);
	arena_free(a);
}

static void only_the_steps_that_differ_are_told(void **state)
{
	static const struct record_outcome before[] = {
		{ .at_us = 60000000, .verdict = VERDICT_DELIVERED },
		{ .at_us = 120000000, .web = { true, .ends_at = "192.0.2.80" } },
	};
	static const struct record_outcome after[] = {
		{ .at_us = 60000000, .verdict = VERDICT_DELIVERED },
		{ .at_us = 120000000, .web = { true, .ends_at = "192.0.2.81" } },
	};
	const struct record e = { .id = "x", .steps = before, .n_steps = 2 };
	const struct record r = { .id = "x", .steps = after, .n_steps = 2 };
	struct arena *a = arena_new();
	struct str s = STR_INIT;
	struct comparison c;

	(void)state;
	compare_records(a, &e, &r, &no_rules, &c);
	agree_put_difference(&s, "Unbound 1.17.1", &e, &r, &c, false);
	assert_string_equal(s.data, "✖ x\n"
				    "  Unbound 1.17.1\n"
				    "\n"
				    "  step 2, 120 s after the start\n"
				    "  differs  emulated    real\n"
				    "  ───────────────────────────────\n"
				    "  web      192.0.2.80  192.0.2.81\n"
				    "\n"
				    "      what the program asked was not seen\n"
				    "  - web ends at 192.0.2.80\n"
				    "  + web ends at 192.0.2.81\n");
	str_clear(&s);
	arena_free(a);
}

#define UNBOUND "Unbound 1.17.1 (1.17.1-2+deb12u3)"
#define POSTFIX "Postfix 3.7.11 (3.7.11-0+deb12u1)"

static void programs_are_rows_of_tables(void **state)
{
	static const struct comparison same = { .compared = 7, .unseen = 1 };
	struct arena *a = arena_new();
	struct agreement *g = agreement_new(a, false, false);
	struct str s = STR_INIT;
	struct comparison c;
	size_t row;

	(void)state;
	row = agreement_row(g, "Real resolvers", "unbound-1.17", "unbound-1.17");
	agreement_agrees(g, row, UNBOUND, &same);
	agreement_agrees(g, row, UNBOUND, &same);
	agreement_skips(g, row, NULL, "it has no clock");
	row = agreement_row(g, "Real resolvers", "knot-resolver-5.6", "knot");
	for (int i = 0; i < 3; i++)
		agreement_skips(g, row, NULL, "no namespaces here");
	agreement_row(g, "Real resolvers", "bind-9.18", "bind-9.18");
	row = agreement_row(g, "Real mail servers", "postfix-3.7", "postfix");
	compare_records(a, &emulated, &real, &no_rules, &c);
	agreement_agrees(g, row, POSTFIX, &same);
	agreement_differs(g, row, POSTFIX, &emulated, &real, &c);
	/* The same row again. */
	assert_int_equal(
		agreement_row(g, "Real mail servers", "postfix-3.7", "postfix"), row);
	agreement_put_table(g, &s);
	agreement_put_last_line(g, &s);
	assert_string_equal(s.data,
		"Real resolvers\n"
		"\n"
		"Real program                       Emulation     Agrees    Skipped\n"
		"──────────────────────────────────────────────────────────────────"
		"──────────────\n"
		"Unbound 1.17.1 (1.17.1-2+deb12u3)  unbound-1.17  ✔ 2 of 2  1: it has "
		"no "
		"clock\n"
		"knot-resolver-5.6                  knot          –         3: no "
		"namespaces here\n"
		"bind-9.18                          bind-9.18     –\n"
		"\n"
		"Real mail servers\n"
		"\n"
		"Real program                       Emulation  Agrees    Skipped\n"
		"───────────────────────────────────────────────────────────────\n"
		"Postfix 3.7.11 (3.7.11-0+deb12u1)  postfix    ✖ 1 of 2\n"
		"\n"
		"3 agree, 1 differ, 4 skipped\n");
	str_clear(&s);
	arena_free(a);
}

static void what_could_not_be_run(void **state)
{
	struct arena *a = arena_new();
	struct agreement *g = agreement_new(a, false, false);
	struct str s = STR_INIT;
	size_t row = agreement_row(g, "Part", "bind-9.18", "bind-9.18");

	(void)state;
	agreement_skips(g, row, NULL, "no root");
	agreement_loses(g, row, "BIND 9.18", "start: no such option");
	agreement_loses(g, row, "BIND 9.18", "start: no such option");
	agreement_put_table(g, &s);
	assert_non_null(strstr(s.data, "1: no root; 2: start: no such option"));
	str_reset(&s);
	agreement_put_last_line(g, &s);
	assert_string_equal(
		s.data, "0 agree, 0 differ, 1 skipped, 2 could not be run\n");
	str_clear(&s);
	arena_free(a);
}

static unsigned long told(const char *text)
{
	unsigned long n = 0;

	for (const char *p = text; (p = strstr(p, "✖ ")) != NULL; p++)
		n++;
	return n;
}

/* Just under, at and over what is shown. */
static void differences(struct arena *a, unsigned n, bool verbose, struct str *s)
{
	struct agreement *g = agreement_new(a, false, verbose);
	size_t row = agreement_row(g, "part", "postfix-3.7", "postfix");
	struct comparison c;

	compare_records(a, &emulated, &real, &no_rules, &c);
	for (unsigned i = 0; i < n; i++)
		agreement_differs(g, row, POSTFIX, &emulated, &real, &c);
	str_reset(s);
	agreement_put_differences(g, s);
}

static void the_first_differences_are_shown(void **state)
{
	struct arena *a = arena_new();
	struct str s = STR_INIT;

	(void)state;
	differences(a, 0, false, &s);
	assert_string_equal(s.data, "");
	differences(a, AGREE_SHOWN, false, &s);
	assert_int_equal(told(s.data), AGREE_SHOWN);
	assert_null(strstr(s.data, "more"));
	differences(a, AGREE_SHOWN + 13, false, &s);
	assert_int_equal(told(s.data), AGREE_SHOWN);
	assert_non_null(strstr(s.data, "\n… and 13 more: -v\n"));
	differences(a, AGREE_SHOWN + 13, true, &s);
	assert_int_equal(told(s.data), AGREE_SHOWN + 13);
	assert_null(strstr(s.data, "more"));
	str_clear(&s);
	arena_free(a);
}

static void every_reason_is_told_with_its_number(void **state)
{
	struct arena *a = arena_new();
	struct agreement *g = agreement_new(a, false, false);
	size_t row = agreement_row(g, "part", "p", "e");
	struct str s = STR_INIT;

	(void)state;
	agreement_skips(g, row, NULL, "one");
	agreement_skips(g, row, NULL, "two");
	agreement_skips(g, row, NULL, "two");
	agreement_put_table(g, &s);
	assert_non_null(strstr(s.data, "1: one; 2: two\n"));
	str_clear(&s);
	arena_free(a);
}

int main(void)
{
	TESTS_ADD(a_difference_is_told_question_by_question);
	TESTS_ADD(only_the_steps_that_differ_are_told);
	TESTS_ADD(programs_are_rows_of_tables);
	TESTS_ADD(the_first_differences_are_shown);
	TESTS_ADD(every_reason_is_told_with_its_number);
	TESTS_ADD(what_could_not_be_run);
	return tests_run("report-agree");
}
