/* One case, emulated and real, field by field. */
#include "report/compare.h"

#include <string.h>

#include "base/arena.h"
#include "base/str.h"
#include "support/test.h"

static const struct compare_rules no_rules = { 0 };

/* Questions as text: "MX customer.example, A mail.example"; of a name in "fails." the
 * answer is SERVFAIL, in "gone." NXDOMAIN, in "silent." there is none. */
static const struct record_query *asked(struct arena *a, const char *text, unsigned *n)
{
	struct record_query *list = arena_array(a, 16, sizeof(*list));
	char *words = arena_strdup(a, text);

	*n = 0;
	for (char *word; (word = strsep(&words, ",")) != NULL;) {
		word += strspn(word, " ");
		if (*word == '\0')
			continue;
		list[*n].type = strsep(&word, " ");
		list[*n].name = word;
		list[(*n)++].rcode = strstr(word, "fails.") != NULL    ? "SERVFAIL"
				     : strstr(word, "gone.") != NULL   ? "NXDOMAIN"
				     : strstr(word, "silent.") != NULL ? "TIMEOUT"
								       : "NOERROR";
	}
	return list;
}

/* "verdict: delivered/misdelivered" and so on, joined by "; ". */
static const char *differences(struct arena *a, const struct comparison *c)
{
	struct str s = STR_INIT;
	const char *text;

	for (unsigned i = 0; i < c->n; i++) {
		str_printf(&s, "%s", i > 0 ? "; " : "");
		if (c->list[i].step > 0)
			str_printf(&s, "step %u ", c->list[i].step);
		str_printf(&s, "%s: %s/%s", c->list[i].what, c->list[i].emulated,
			c->list[i].real);
	}
	text = arena_strdup(a, s.data);
	str_clear(&s);
	return text;
}

/* A delivered message, as both sides saw it. */
#define DELIVERED                                                                      \
	.verdict = VERDICT_DELIVERED, .to_host = "mail.example",                       \
	.to_address = "192.0.2.25", .rcpt = "user@customer.example",                   \
	.mail_from = "me@sender.example", .status = "2.0.0", .disposition = "deliver"
#define BOUNCED(code)                                                                  \
	.verdict = VERDICT_BOUNCED, .disposition = "bounce", .status = (code),         \
	.route_status = (code)
#define HEADERS(to)                                                                    \
	.n_rewrites = 2, .rewrites = (const struct record_rewrite[])                   \
	{                                                                              \
		{ "rcpt", "user@customer.example", "user@elsewhere.example" },         \
		{                                                                      \
			"headers", "user@customer.example", (to)                       \
		}                                                                      \
	}

struct outcome_row {
	const char *name;
	struct record_outcome emulated, real;
	const char *differences;
	unsigned unseen; /* the questions of all are: a row has none */
};

static const struct outcome_row outcome_rows[] = {
	{ "equal outcomes agree", { DELIVERED }, { DELIVERED }, "", 1 },
	{ "verdicts differ", { .verdict = VERDICT_DEFERRED },
		{ .verdict = VERDICT_BOUNCED }, "verdict: deferred/bounced", 1 },
	{ "could not tell is another verdict", { .verdict = VERDICT_DEFERRED },
		{ .verdict = VERDICT_UNKNOWN }, "verdict: deferred/unknown", 1 },
	{ "another host of the same verdict differs",
		{ .verdict = VERDICT_DELIVERED,
			.to_host = "a.example",
			.to_address = "192.0.2.1" },
		{ .verdict = VERDICT_DELIVERED,
			.to_host = "b.example",
			.to_address = "192.0.2.2" },
		"host: a.example/b.example; address: 192.0.2.1/192.0.2.2", 1 },
	{ "names are equal in any case and with a final dot",
		{ .to_host = "Mail.example.", .to_address = "192.0.2.1" },
		{ .to_host = "mail.EXAMPLE", .to_address = "192.0.2.1" }, "", 1 },
	{ "a host that the real side did not see is not compared",
		{ .to_host = "mail.example", .to_address = "192.0.2.1" }, { 0 }, "",
		3 },
	{ "a host where the emulation has none differs", { 0 },
		{ .to_host = "mail.example", .to_address = "192.0.2.1" },
		"host: nothing/mail.example; address: nothing/192.0.2.1", 1 },
	{ "a validator connects to no address", { .to_host = "mail.example" },
		{ .to_host = "mail.example", .to_address = "192.0.2.1" }, "", 1 },
	{ "another recipient differs", { .rcpt = "user@a.example" },
		{ .rcpt = "user@b.example" }, "rcpt: user@a.example/user@b.example",
		1 },
	{ "a recipient that no host saw is not compared", { .rcpt = "user@a.example" },
		{ 0 }, "", 2 },
	{ "another sender differs", { .mail_from = "a@x.example" },
		{ .mail_from = "b@x.example" }, "mail_from: a@x.example/b@x.example",
		1 },
	{ "the null sender is a sender", { .mail_from = "a@x.example" },
		{ .mail_from = "" }, "mail_from: a@x.example/nothing", 1 },
	{ "headers left alone differ from headers rewritten",
		{ DELIVERED, HEADERS("user@elsewhere.example") }, { DELIVERED },
		"headers: user@elsewhere.example/nothing", 1 },
	{ "headers rewritten differ from headers left alone", { DELIVERED },
		{ DELIVERED, HEADERS("user@elsewhere.example") },
		"headers: nothing/user@elsewhere.example", 1 },
	{ "headers rewritten alike agree",
		{ DELIVERED, HEADERS("user@elsewhere.example") },
		{ DELIVERED, HEADERS("User@Elsewhere.example") }, "", 1 },
	{ "headers of a message that nobody took are not compared",
		{ BOUNCED("5.4.4"), HEADERS("user@elsewhere.example") },
		{ BOUNCED("5.4.4") }, "", 2 },
	{ "the client's own codes are compared in full", { BOUNCED("5.4.4") },
		{ BOUNCED("5.1.2") }, "status: 5.4.4/5.1.2", 1 },
	{ "an undefined code says its class only", { BOUNCED("5.4.4") },
		{ BOUNCED("5.0.0") }, "", 1 },
	{ "an undefined code of another class differs", { BOUNCED("4.4.4") },
		{ BOUNCED("5.0.0") }, "status: 4.*/5.*", 1 },
	{ "a host's code says its class only",
		{ .status = "5.1.1", .disposition = "deliver" }, { .status = "5.7.1" },
		"", 1 },
	{ "a host's code of another class differs",
		{ .status = "4.2.1", .disposition = "deliver" }, { .status = "5.7.1" },
		"status: 4.*/5.*", 1 },
	{ "a status that the program does not say is not compared",
		{ BOUNCED("5.4.4") }, { .verdict = VERDICT_BOUNCED }, "", 2 },
	{ "a status that the emulation leaves open is not compared",
		{ .verdict = VERDICT_BOUNCED },
		{ .verdict = VERDICT_BOUNCED, .status = "5.4.4" }, "", 1 },
	{ "another end of the web differs",
		{ .web = { true, .ends_at = "192.0.2.80" } },
		{ .web = { true, .ends_at = "192.0.2.81" } },
		"web: 192.0.2.80/192.0.2.81", 1 },
	{ "a visit that ended nowhere differs",
		{ .web = { true, .ends_at = "192.0.2.80" } }, { .web = { true } },
		"web: 192.0.2.80/nowhere", 1 },
	{ "a visit that was not made is not compared",
		{ .web = { true, .ends_at = "192.0.2.80" } }, { 0 }, "", 2 },
};

static void an_outcome(void **state)
{
	const struct outcome_row *row = *state;
	const struct record e = { .outcome = row->emulated };
	const struct record r = { .outcome = row->real };
	struct arena *a = arena_new();
	struct comparison c;

	compare_records(a, &e, &r, &no_rules, &c);
	assert_string_equal(differences(a, &c), row->differences);
	assert_int_equal(c.unseen, row->unseen);
	arena_free(a);
}

struct questions_row {
	const char *name;
	bool parallel;
	const char *emulated, *real;
	bool agree;
	bool files; /* the program looks into its host's own */
};

static const struct questions_row questions_rows[] = {
	{ "no question on either side agrees", false, "", "", true },
	{ "the same questions agree", false, "MX c.example, A m.example",
		"MX c.example, A m.example", true },
	{ "names are compared without case and final dot", false, "MX C.example.",
		"MX c.EXAMPLE", true },
	{ "another type differs", false, "MX c.example", "A c.example", false },
	{ "another name differs", false, "MX c.example", "MX d.example", false },
	{ "a question more differs", false, "MX c.example", "MX c.example, A c.example",
		false },
	{ "a question less differs", false, "MX c.example, A c.example", "MX c.example",
		false },
	{ "asked once more than emulated is nothing new", false, "A m.example",
		"A m.example, A m.example", true },
	{ "asked once less than emulated differs", false, "A m.example, A m.example",
		"A m.example", false },
	{ "of what is asked more often the first ones count", false,
		"A m.example, A n.example, A m.example",
		"A m.example, A n.example, A m.example, A m.example", true },
	{ "and in their order", false, "A m.example, A n.example, A m.example",
		"A m.example, A m.example, A n.example", false },
	{ "a repetition after a failure counts once", false, "MX fails.example",
		"MX fails.example, MX fails.example", true },
	{ "a repetition after silence counts once", false, "MX silent.example",
		"MX silent.example, MX silent.example, MX silent.example", true },
	{ "a repetition after a failure counts once behind others, too", false,
		"A fails.example, AAAA fails.example",
		"A fails.example, AAAA fails.example, A fails.example, "
		"AAAA fails.example",
		true },
	{ "a repetition after NXDOMAIN that is emulated counts", false,
		"MX gone.example, MX gone.example", "MX gone.example", false },
	{ "another question after a failure differs", false, "MX fails.example",
		"MX fails.example, A fails.example", false },
	{ "another order differs", false, "A m.example, AAAA m.example",
		"AAAA m.example, A m.example", false },
	{ "another order of addresses agrees when it says nothing", true,
		"MX c.example, A m.example, AAAA m.example, A n.example",
		"MX c.example, A n.example, AAAA m.example, A m.example", true },
	{ "asked once less than emulated differs even then", true,
		"A m.example, A m.example, AAAA m.example",
		"A m.example, AAAA m.example", false },
	{ "an address asked before another question differs even then", true,
		"MX c.example, A m.example", "A m.example, MX c.example", false },
	{ "the order of other questions counts even then", true,
		"MX c.example, TXT c.example", "TXT c.example, MX c.example", false },
	{ "what it asks about itself is nothing new", false, "MX c.example",
		"AAAA mx.sender.example, AAAA sender.example, MX c.example", true },
	{ "nor with its own domain behind it", false, "MX c.example",
		"AAAA mx.sender.example.sender.example, A SENDER.example, MX c.example",
		true },
	{ "a name with its own domain behind it is nothing new", false,
		"MX c.example, AAAA m.example",
		"MX c.example, AAAA m.example, AAAA m.example.sender.example", true },
	{ "but what was not asked without it is", false, "MX c.example, AAAA m.example",
		"MX c.example, AAAA m.example, A m.example.sender.example", false },
	{ "where the emulation asks it, too, its order counts", false,
		"MX c.example, A mx.sender.example",
		"A mx.sender.example, MX c.example", false },
	{ "and its number", false, "MX c.example, A mx.sender.example", "MX c.example",
		false },
	{ "another name of its domain is new", false, "MX c.example",
		"MX c.example, A other.sender.example", false },
	{ "a name that only begins like it is new", false, "MX c.example",
		"MX c.example, A sender.example.org", false },
	{ "an address in the host's own files need not be asked for", false,
		"MX c.example, A mx.SENDER.example., AAAA localhost", "MX c.example",
		true, .files = true },
	{ "another question for such a name is", false,
		"MX mx.sender.example, A mx.sender.example", "A mx.sender.example",
		false, .files = true },
	{ "and an address of another name is", false, "A m.mx.sender.example", "",
		false, .files = true },
	{ "every stretch of addresses has its own order", true,
		"A b.example, A a.example, MX c.example, AAAA z.example, A z.example",
		"A a.example, A b.example, MX c.example, A z.example, AAAA z.example",
		true },
};

static void questions(void **state)
{
	static const char *const own[] = { "mx.sender.example", "sender.example",
		NULL };
	const struct questions_row *row = *state;
	const struct compare_rules rules = { row->parallel, own, "sender.example",
		row->files };
	struct arena *a = arena_new();
	struct record e = { 0 }, r = { 0 };
	struct comparison c;

	e.outcome.queries = asked(a, row->emulated, &e.outcome.n_queries);
	r.outcome.queries = asked(a, row->real, &r.outcome.n_queries);
	compare_records(a, &e, &r, &rules, &c);
	assert_int_equal(c.unseen, 0);
	assert_string_equal(
		c.n == 0 ? "agree" : "differ", row->agree ? "agree" : "differ");
	if (c.n > 0)
		assert_string_equal(c.list[0].what, "questions");
	arena_free(a);
}

static void questions_that_nobody_heard_are_not_compared(void **state)
{
	struct arena *a = arena_new();
	struct record e = { 0 }, r = { 0 };
	struct comparison c;

	(void)state;
	e.outcome.queries = asked(a, "MX c.example", &e.outcome.n_queries);
	compare_records(a, &e, &r, &no_rules, &c);
	assert_int_equal(c.n, 0);
	assert_int_equal(c.unseen, 1);
	arena_free(a);
}

static void the_questions_themselves_are_told(void **state)
{
	struct arena *a = arena_new();
	struct record e = { 0 }, r = { 0 };
	struct comparison c;

	(void)state;
	e.outcome.queries = asked(a, "MX c.example, A m.example", &e.outcome.n_queries);
	r.outcome.queries = asked(a, "", &r.outcome.n_queries);
	compare_records(a, &e, &r, &no_rules, &c);
	assert_string_equal(
		differences(a, &c), "questions: MX c.example, A m.example/nothing");
	arena_free(a);
}

static void steps_are_compared_one_by_one(void **state)
{
	static const struct record_outcome emulated[] = {
		{ .at_us = 60, .verdict = VERDICT_DELIVERED },
		{ .at_us = 120, .verdict = VERDICT_DELIVERED },
	};
	static const struct record_outcome real[] = {
		{ .at_us = 60, .verdict = VERDICT_DELIVERED },
		{ .at_us = 120, .verdict = VERDICT_MISDELIVERED },
	};
	const struct record e = { .steps = emulated, .n_steps = 2 };
	const struct record r = { .steps = real, .n_steps = 2 };
	struct arena *a = arena_new();
	struct comparison c;

	(void)state;
	compare_records(a, &e, &r, &no_rules, &c);
	assert_string_equal(
		differences(a, &c), "step 2 verdict: delivered/misdelivered");
	arena_free(a);
}

static void steps_that_were_not_run_are_not_compared(void **state)
{
	static const struct record_outcome emulated[] = { { .at_us = 60,
		.verdict = VERDICT_DELIVERED } };
	const struct record e = { .steps = emulated, .n_steps = 1 }, r = { 0 };
	struct arena *a = arena_new();
	struct comparison c;

	(void)state;
	compare_records(a, &e, &r, &no_rules, &c);
	assert_int_equal(c.n, 0);
	assert_true(c.unseen > 1);
	arena_free(a);
}

int main(void)
{
	TESTS_ADD_ROWS(outcome_rows, an_outcome);
	TESTS_ADD_ROWS(questions_rows, questions);
	TESTS_ADD(questions_that_nobody_heard_are_not_compared);
	TESTS_ADD(the_questions_themselves_are_told);
	TESTS_ADD(steps_are_compared_one_by_one);
	TESTS_ADD(steps_that_were_not_run_are_not_compared);
	return tests_run("report-compare");
}
