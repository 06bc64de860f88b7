#include "run/judge.h"

#include <string.h>

#include "base/arena.h"
#include "support/test.h"

static struct arena *a;

/* ---- verdicts: what the words of docs/design.md section 2 mean ---- */

static const struct ip mail_ip = { 4, { 192, 0, 2, 25 } };
static const struct ip other_ip = { 4, { 192, 0, 2, 66 } };
static const struct ip nobody_ip = { 4, { 192, 0, 2, 99 } };

static const struct host host_list[] = {
	{ .name = "mail.mywebservice.com", .at = &mail_ip, .n_at = 1 },
	{ .name = "mx.offsite.net", .at = &other_ip, .n_at = 1 },
};
static const struct hosts hosts = { host_list, 2 };

static const char *const intended[] = { "mail.mywebservice.com" };
static const struct scenario_address address = {
	.address = "user@customer.mywebservice.com",
	.intended = intended,
	.n_intended = 1,
	.web = "shop.offsite.net",
};

static const struct mta_rewrite rewritten = { "rcpt", "user@customer.mywebservice.com",
	"user@shop.offsite.net" };
static const struct mta_rewrite only_case = { "rcpt", "user@Customer.mywebservice.com",
	"user@customer.mywebservice.com." };
static const struct mta_rewrite sender_only = { "mail_from", "a@alias.example",
	"a@real.example" };

struct verdict_row {
	const char *name;
	enum mta_end end;
	const char *host;
	const struct ip *ip;
	const struct mta_rewrite *rewrite;
	enum verdict verdict;
	const char *to_host;
};

static const struct verdict_row verdict_rows[] = {
	{ "the intended host with the recipient unchanged is delivered", MTA_DELIVERED,
		"mail.mywebservice.com", &mail_ip, NULL, VERDICT_DELIVERED,
		"mail.mywebservice.com" },
	{ "the intended host under another name is delivered", MTA_DELIVERED,
		"alias.mywebservice.com", &mail_ip, NULL, VERDICT_DELIVERED,
		"mail.mywebservice.com" },
	{ "the intended host with a changed recipient is rewritten", MTA_DELIVERED,
		"mail.mywebservice.com", &mail_ip, &rewritten, VERDICT_REWRITTEN,
		"mail.mywebservice.com" },
	{ "other letter case is no change", MTA_DELIVERED, "mail.mywebservice.com",
		&mail_ip, &only_case, VERDICT_DELIVERED, "mail.mywebservice.com" },
	{ "a changed sender is not a changed recipient", MTA_DELIVERED,
		"mail.mywebservice.com", &mail_ip, &sender_only, VERDICT_DELIVERED,
		"mail.mywebservice.com" },
	{ "another host is misdelivered", MTA_DELIVERED, "mx.offsite.net", &other_ip,
		NULL, VERDICT_MISDELIVERED, "mx.offsite.net" },
	{ "another host outranks a changed recipient", MTA_DELIVERED, "mx.offsite.net",
		&other_ip, &rewritten, VERDICT_MISDELIVERED, "mx.offsite.net" },
	{ "the intended name at a stranger's address is known by its name only",
		MTA_DELIVERED, "mx.elsewhere.example", &nobody_ip, NULL,
		VERDICT_MISDELIVERED, "mx.elsewhere.example" },
	{ "a validator's host is known by its name", MTA_DELIVERED,
		"mail.mywebservice.com.", NULL, NULL, VERDICT_DELIVERED,
		"mail.mywebservice.com" },
	{ "a refused recipient is rejected", MTA_REJECTED, "mx.offsite.net", &other_ip,
		&rewritten, VERDICT_REJECTED, NULL },
	{ "a deferral is deferred", MTA_DEFERRED, NULL, NULL, NULL, VERDICT_DEFERRED,
		NULL },
	{ "a bounce is bounced", MTA_BOUNCED, NULL, NULL, NULL, VERDICT_BOUNCED, NULL },
};

static struct mail mail_of(struct mta_result *r)
{
	return (struct mail){ .result = r };
}

static void verdict(void **state)
{
	const struct verdict_row *row = *state;
	struct mta_result r = {
		.end = row->end,
		.host = row->host,
		.rewrites = row->rewrite,
		.n_rewrites = row->rewrite != NULL,
	};
	struct mail mail = mail_of(&r);
	struct record_outcome o = { 0 };

	if (row->ip != NULL)
		r.ip = *row->ip;
	judge_mail(a, &address, &hosts, &mail, &o);
	assert_string_equal(verdict_name(o.verdict), verdict_name(row->verdict));
	if (row->to_host == NULL)
		assert_null(o.to_host);
	else
		assert_string_equal(o.to_host, row->to_host);
}

/* ---- which row decides ---- */

static const struct expect_row rows[] = {
	{ .clients = "*",
		.resolvers = "*",
		.has_mail = true,
		.verdict = "delivered",
		.web = "first" },
	{ .clients = "exim-*",
		.resolvers = "*",
		.has_mail = true,
		.verdict = "rewritten" },
	{ .clients = "*", .resolvers = "bare", .web = "second" },
	{ .clients = "exim-4.98",
		.resolvers = "bare",
		.has_mail = true,
		.verdict = "bounced" },
};

struct decide_row {
	const char *name;
	const char *client, *resolver;
	const char *verdict, *web;
};

static const struct decide_row decide_rows[] = {
	{ "the only row that matches decides", "postfix", "ideal", "delivered",
		"first" },
	{ "a later row decides mail and leaves the web to an earlier one", "exim-4.96",
		"ideal", "rewritten", "first" },
	{ "a row about the web leaves mail to an earlier one", "postfix", "bare",
		"delivered", "second" },
	{ "the last of three decides", "exim-4.98", "bare", "bounced", "second" },
};

/* Could not tell is never "no MX" (docs/design.md section 2). */
static void a_validator_that_would_have_to_wait_could_not_tell(void **state)
{
	struct mta_result r = { .end = MTA_DEFERRED };
	struct mail mail = mail_of(&r);
	struct record_outcome o = { 0 };

	(void)state;
	mail.validated = true;
	judge_mail(a, &address, &hosts, &mail, &o);
	assert_string_equal(verdict_name(o.verdict), "unknown");
}

static void which_row_decides(void **state)
{
	const struct decide_row *row = *state;
	struct expected e = judge_expected(rows, 4, row->client, row->resolver);

	assert_string_equal(e.mail->verdict, row->verdict);
	assert_string_equal(e.web->web, row->web);
}

static void no_row_covers_a_case(void **state)
{
	struct expected e = judge_expected(rows + 1, 1, "postfix", "ideal");

	(void)state;
	assert_null(e.mail);
	assert_null(e.web);
}

/* ---- comparing ---- */

struct compare_row {
	const char *name;
	struct expect_row expect;
	enum case_result result;
	const char *difference;
};

static const char *const want_queries[] = { "MX customer.mywebservice.com" };

static const struct compare_row compare_rows[] = {
	{ "the verdict is met", { .verdict = "delivered" }, RESULT_PASSED, NULL },
	{ "one of several verdicts is met", { .verdict = "deferred|delivered" },
		RESULT_PASSED, NULL },
	{ "a verdict that is a beginning of another is not met",
		{ .verdict = "deliver" }, RESULT_FAILED,
		"verdict: expected deliver, got delivered" },
	{ "another verdict fails", { .verdict = "bounced" }, RESULT_FAILED,
		"verdict: expected bounced, got delivered" },
	{ "a status glob is met", { .verdict = "delivered", .status = "2.*" },
		RESULT_PASSED, NULL },
	{ "another status fails", { .verdict = "delivered", .status = "4.*" },
		RESULT_FAILED, "status: expected 4.*, got 2.0.0" },
	{ "each difference is told", { .verdict = "bounced", .host = "mx.offsite.net" },
		RESULT_FAILED,
		"verdict: expected bounced, got delivered; host: expected "
		"mx.offsite.net, got mail.mywebservice.com" },
	{ "another recipient fails", { .rcpt = "user@shop.offsite.net" }, RESULT_FAILED,
		"rcpt: expected user@shop.offsite.net, got "
		"user@customer.mywebservice.com" },
	{ "missing questions fail",
		{ .has_queries = true, .queries = want_queries, .n_queries = 1 },
		RESULT_FAILED,
		"queries: expected MX customer.mywebservice.com, got nothing" },
	{ "a known defect that is met no more passes as known",
		{ .verdict = "bounced", .known = "why" }, RESULT_KNOWN,
		"verdict: expected bounced, got delivered" },
};

static void compare(void **state)
{
	const struct compare_row *row = *state;
	struct expect_row expect = row->expect;
	struct expected e = { .mail = &expect };
	struct mta_result r = { .end = MTA_DELIVERED };
	struct mail mail = mail_of(&r);
	struct record_outcome o = {
		.verdict = VERDICT_DELIVERED,
		.status = "2.0.0",
		.disposition = "deliver",
		.to_host = "mail.mywebservice.com",
		.rcpt = "user@customer.mywebservice.com",
	};

	judge_result(a, &e, &address, &mail, &o);
	assert_string_equal(case_result_name(o.result), case_result_name(row->result));
	if (row->difference == NULL)
		assert_null(o.difference);
	else
		assert_string_equal(o.difference, row->difference);
}

static void a_known_defect_that_is_gone_fails(void **state)
{
	struct expect_row expect = {
		.verdict = "delivered", .known = "misrouted", .at = { "x.conf", 7, 1 }
	};
	struct expected e = { .mail = &expect };
	struct mta_result r = { .end = MTA_DELIVERED };
	struct mail mail = mail_of(&r);
	struct record_outcome o = { .verdict = VERDICT_DELIVERED };

	(void)state;
	judge_result(a, &e, &address, &mail, &o);
	assert_string_equal(case_result_name(o.result), "failed");
	assert_non_null(strstr(o.difference, "x.conf:7"));
}

static void a_known_defect_is_none_of_the_real_program(void **state)
{
	struct expect_row expect = {
		.verdict = "delivered", .known = "misrouted", .at = { "x.conf", 7, 1 }
	};
	struct expected e = { .mail = &expect };
	struct mta_result r = { .end = MTA_DELIVERED };
	struct mail mail = mail_of(&r);
	struct record_outcome o = { .verdict = VERDICT_DELIVERED };

	(void)state;
	mail.observed = true;
	judge_result(a, &e, &address, &mail, &o);
	assert_string_equal(case_result_name(o.result), "passed");
	o = (struct record_outcome){ .verdict = VERDICT_BOUNCED };
	judge_result(a, &e, &address, &mail, &o);
	assert_string_equal(case_result_name(o.result), "failed");
}

/* ---- the web ---- */

struct web_row {
	const char *name;
	bool reached;
	const char *host;
	struct ip ip;
	const char *want; /* of the row; NULL: the address's own shop.offsite.net */
	bool as_intended;
	enum case_result result;
};

static const struct web_row web_rows[] = {
	{ "the intended host by name", true, "shop.offsite.net",
		{ 4, { 192, 0, 2, 80 } }, NULL, true, RESULT_PASSED },
	{ "the host by its address", true, "shop.offsite.net", { 4, { 192, 0, 2, 80 } },
		"192.0.2.80", true, RESULT_PASSED },
	{ "another host is not as intended", true, "old.example",
		{ 4, { 192, 0, 2, 81 } }, NULL, false, RESULT_FAILED },
	{ "nowhere is not as intended, though expected", false, NULL, { 0, { 0 } },
		"nowhere", false, RESULT_PASSED },
	{ "nowhere is a failure when a host was expected", false, NULL, { 0, { 0 } },
		NULL, false, RESULT_FAILED },
	{ "somewhere is a failure when nowhere was expected", true, "shop.offsite.net",
		{ 4, { 192, 0, 2, 80 } }, "nowhere", true, RESULT_FAILED },
};

static void web(void **state)
{
	const struct web_row *row = *state;
	struct visit visit = { .reached = row->reached,
		.host = row->host,
		.ip = row->ip,
		.url_host = "customer.mywebservice.com" };
	struct expect_row expect = { .web = row->want };
	struct expected e = { .web = row->want != NULL ? &expect : NULL };
	struct record_outcome o = { 0 };

	judge_web(a, &address, &visit, &o.web);
	judge_result(a, &e, &address, NULL, &o);
	assert_int_equal(o.web.as_intended, row->as_intended);
	assert_string_equal(case_result_name(o.result), case_result_name(row->result));
}

int main(void)
{
	int rc;

	a = arena_new();
	TESTS_ADD_ROWS(verdict_rows, verdict);
	TESTS_ADD(a_validator_that_would_have_to_wait_could_not_tell);
	TESTS_ADD_ROWS(decide_rows, which_row_decides);
	TESTS_ADD(no_row_covers_a_case);
	TESTS_ADD_ROWS(compare_rows, compare);
	TESTS_ADD(a_known_defect_that_is_gone_fails);
	TESTS_ADD(a_known_defect_is_none_of_the_real_program);
	TESTS_ADD_ROWS(web_rows, web);
	rc = tests_run("run-judge");
	arena_free(a);
	return rc;
}
