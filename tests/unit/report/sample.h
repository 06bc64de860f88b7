/* sample.h - a run made by hand: every verdict once, and the names that hurt. */
#ifndef TESTS_UNIT_REPORT_SAMPLE_H
#define TESTS_UNIT_REPORT_SAMPLE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/lookup.h"
#include "report/format.h"

/* <, &, ", |, backtick, a control character, an escape sequence, non-ASCII, a newline.
 */
#define HOSTILE "<a&b>\"|`x`\x01\x1b[31m\xc3\xa9\n# y"

static const char *const sample_sources[] = { "RFC 1034 3.6.2", HOSTILE };

static const struct record_scenario sample_scenarios[] = {
	{ .id = "first",
		.title = "Everything at once",
		.group = "layouts",
		.file = "scenarios/first.conf",
		.source = sample_sources,
		.n_source = 2,
		.layout = "CNAME + MX",
		.loads = false,
		.loads_why = "scenarios/first.conf:12: CNAME and MX (RFC 1034 3.6.2)",
		.mail_cost = "new address",
		.needs = "a patched server" },
	{ .id = "second",
		.title = "All is well",
		.group = "layouts",
		.file = "scenarios/second.conf",
		.layout = "A + MX",
		.loads = true },
	{ .id = "third",
		.title = "A cache",
		.group = "cache-order",
		.file = "scenarios/third.conf",
		.loads = true },
};

static const char *const sample_clients[] = { "rfc5321", "postfix", "checker" };
static const bool sample_validates[] = { false, false, true };
static const char *const sample_resolvers[] = { "ideal", "unbound-1.17" };

static const struct record_run sample_run = {
	.tool = "harness",
	.version = "0.0.1",
	.seed = 7,
	.scenarios_sha256 = "00ff",
	.shard = "1/1",
	.network = "sim",
	.clients = sample_clients,
	.clients_validate = sample_validates,
	.n_clients = 3,
	.resolvers = sample_resolvers,
	.n_resolvers = 2,
};

static const char *const sample_ips[] = { "192.0.2.25", "2001:db8::25" };
static const struct record_host sample_hosts[] = {
	{ 10, "mail.mywebservice.com", sample_ips, 2 },
	{ 20, HOSTILE, NULL, 0 },
};
static const char *const sample_answers[] = { "x 300 MX 10 y", HOSTILE };
static const struct record_query sample_queries[] = {
	{ 0, "customer.mywebservice.com", "MX", "NOERROR", sample_answers, 2, 0 },
	{ 30000, HOSTILE, "A", "TIMEOUT", NULL, 0, 1 },
};
static const struct record_decision sample_decisions[] = {
	{ 30000, "R3", "CNAME found: " HOSTILE },
};
static const struct record_rewrite sample_rewrites[] = {
	{ "rcpt", "user@customer.mywebservice.com", "user@shop.offsite.net" },
};

/* A plain delivered case; change what the test is about. */
static inline struct record sample_record(
	const char *id, const char *scenario, const char *client, const char *resolver)
{
	return (struct record){
		.id = id,
		.scenario = scenario,
		.address = "user@customer.mywebservice.com",
		.client = client,
		.resolver = resolver,
		.network = "sim",
		.outcome = {
			.verdict = VERDICT_DELIVERED,
			.status = "2.0.0",
			.disposition = "deliver",
			.hosts = sample_hosts,
			.n_hosts = 1,
			.to_host = "mail.mywebservice.com",
			.to_address = "192.0.2.25",
			.rcpt = "user@customer.mywebservice.com",
			.mail_from = "sender@sender.example.net",
			.web = { .tried = true, .as_intended = true,
				.ends_at = "198.51.100.7", .host = "shop.offsite.net",
				.url = "customer.mywebservice.com" },
			.expected = "delivered",
			.result = RESULT_PASSED,
		},
		.result = RESULT_PASSED,
	};
}

/* The text a format makes of n records. Free it. */
/* Not inlined: gcc 12 takes what open_memstream() left behind for a dangling pointer.
 */
static __attribute__((noinline, unused)) char *sample_render(const char *name,
	const struct report_options *options, const struct record_scenario *scenarios,
	size_t n_scenarios, const struct record *records, size_t n)
{
	const struct report_format *format = report_format(name, FOR_RUN);
	struct report_options plain = { 0 };
	struct report *r;
	char *text = NULL;
	size_t len = 0;
	FILE *fp = open_memstream(&text, &len);

	if (format == NULL)
		format = report_format(name, FOR_LOOKUP);
	r = report_new(format, options == NULL ? &plain : options, fp);
	report_begin(r, &sample_run, scenarios, n_scenarios);
	for (size_t i = 0; i < n; i++)
		report_record(r, &records[i]);
	report_end(r);
	report_free(r);
	fclose(fp);
	return text;
}

/* Everything that can be in a record, and a failure in a step. */
static inline struct record sample_full(void)
{
	static struct record_outcome step;
	struct record r = sample_record(
		"first/" HOSTILE "/rfc5321/ideal", "first", "rfc5321", "ideal");

	step = r.outcome;
	step.at_us = 600000000;
	step.title = "the host " HOSTILE " moves";
	step.web.as_intended = false;
	step.result = RESULT_FAILED;
	step.difference = "expected web x, got " HOSTILE;
	r.address = HOSTILE;
	r.outcome.reason = HOSTILE;
	r.outcome.n_hosts = 2;
	r.outcome.queries = sample_queries;
	r.outcome.n_queries = 2;
	r.outcome.decisions = sample_decisions;
	r.outcome.n_decisions = 1;
	r.outcome.rewrites = sample_rewrites;
	r.outcome.n_rewrites = 1;
	r.steps = &step;
	r.n_steps = 1;
	r.result = RESULT_FAILED;
	return r;
}

#define SAMPLE_VERDICTS VERDICTS

/* Every verdict once, in scenario "first" behind both resolvers. */
static inline void sample_every_verdict(struct record records[SAMPLE_VERDICTS])
{
	static char ids[VERDICTS][64];

	for (int v = 0; v < VERDICTS; v++) {
		struct record *r = &records[v];

		snprintf(ids[v], sizeof(ids[v]), "first/u%d@c/postfix/ideal", v);
		*r = sample_record(ids[v], "first", "postfix", "ideal");
		r->address = strchr(ids[v], '/') + 1;
		r->outcome.verdict = (enum verdict)v;
		if (v > VERDICT_REJECTED) {
			r->outcome.to_host = r->outcome.to_address = NULL;
			r->outcome.disposition = "defer";
			r->outcome.status = NULL;
			r->outcome.route_status = "4.4.3";
			r->outcome.route_reason = "no answer";
			r->outcome.reason = "no answer";
		}
	}
	records[VERDICT_BOUNCED].result = RESULT_FAILED;
	records[VERDICT_BOUNCED].outcome.result = RESULT_FAILED;
	records[VERDICT_BOUNCED].outcome.difference = "expected delivered, got bounced";
	records[VERDICT_DEFERRED].result = RESULT_KNOWN;
	records[VERDICT_DEFERRED].outcome.result = RESULT_KNOWN;
	records[VERDICT_DEFERRED].known = "bug 1 | `x`";
	records[VERDICT_SKIPPED].result = RESULT_SKIPPED;
	records[VERDICT_SKIPPED].outcome.result = RESULT_SKIPPED;
}

#endif
