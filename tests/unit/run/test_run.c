/* Whole runs of small scenarios: coverage of cases, order, threads, seeds, timelines.
 */
#include "run/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/str.h"
#include "mta/profile.h"
#include "scenario/parse.h"
#include "support/test.h"

/* Head of a scenario with one zone on one server; the tests add what they need. */
#define HEAD                                                                           \
	"scenario: small\n"                                                            \
	"title: a small world\n"                                                       \
	"group: edges\n"                                                               \
	"source: RFC 5321 5.1\n"                                                       \
	"servers:\n"                                                                   \
	"  - zone: mywebservice.com\n"                                                 \
	"    at: 192.0.2.53\n"                                                         \
	"    data: |\n"                                                                \
	"      $TTL 300\n"                                                             \
	"      @ SOA ns1 hostmaster 1 3600 600 86400 60\n"                             \
	"      @ NS ns1\n"                                                             \
	"      ns1 A 192.0.2.53\n"                                                     \
	"      customer 60 A 192.0.2.80\n"                                             \
	"      customer MX 10 m1\n"                                                    \
	"      customer MX 10 m2\n"                                                    \
	"      m1 A 192.0.2.25\n"                                                      \
	"      m2 A 192.0.2.26\n"
#define HOSTS                                                                          \
	"hosts:\n"                                                                     \
	"  - { name: m1.mywebservice.com, smtp: {} }\n"                                \
	"  - { name: m2.mywebservice.com, smtp: {} }\n"                                \
	"  - { name: customer.mywebservice.com, at: 192.0.2.80, http: {} }\n"
#define ADDRESS                                                                        \
	"addresses:\n"                                                                 \
	"  - address: user@customer.mywebservice.com\n"                                \
	"    intended: [m1.mywebservice.com, m2.mywebservice.com]\n"

struct world_of_tests {
	struct arena *arena;
	struct profile_set *profiles;
	const struct scenario *list[8];
	size_t n;
	struct errs errs;
	struct str lines;   /* one for each record */
	unsigned scenarios; /* told at the beginning */
};

static struct world_of_tests *given(const char *text)
{
	struct arena *a = arena_new();
	struct world_of_tests *t = arena_alloc(a, sizeof(*t));
	struct scenario *got;
	unsigned n = 0;

	t->arena = a;
	t->lines = (struct str)STR_INIT;
	t->profiles = profile_set_new(a);
	errs_init(&t->errs, a);
	if (scenario_parse_text(a, "test.conf", text, strlen(text), t->profiles,
		    &t->errs, &got, &n) != 0)
		errs_print(&t->errs, stdout, false);
	assert_int_equal(t->errs.n, 0);
	for (unsigned i = 0; i < n; i++)
		t->list[t->n++] = &got[i];
	return t;
}

static void done(struct world_of_tests *t)
{
	str_clear(&t->lines);
	arena_free(t->arena);
}

static void note_begin(void *ctx, const struct record_run *run,
	const struct record_scenario *scenarios, size_t n)
{
	struct world_of_tests *t = ctx;

	(void)run;
	(void)scenarios;
	t->scenarios = (unsigned)n;
}

static void note(void *ctx, const struct record *r)
{
	struct world_of_tests *t = ctx;

	str_printf(&t->lines, "%s %s %s %s", r->id, verdict_name(r->outcome.verdict),
		r->outcome.to_host == NULL ? "-" : r->outcome.to_host,
		case_result_name(r->result));
	for (unsigned i = 0; i < r->n_steps; i++)
		str_printf(&t->lines, " [%s web %s]", verdict_name(r->steps[i].verdict),
			r->steps[i].web.ends_at == NULL ? "-"
							: r->steps[i].web.ends_at);
	str_putc(&t->lines, '\n');
}

static struct run_totals run(struct world_of_tests *t, const struct run_options *o)
{
	const struct run_sink sink = { note_begin, note, t };
	struct run_totals totals;

	str_reset(&t->lines);
	run_scenarios(t->list, t->n, t->profiles, o, &sink, &totals, &t->errs);
	return totals;
}

static void every_client_meets_every_resolver(void **state)
{
	struct world_of_tests *t =
		given(HEAD HOSTS ADDRESS "    expect: { verdict: delivered }\n");
	const struct run_options o = { .clients = "postfix,rfc5321",
		.resolvers = "bind*" };
	struct run_totals totals = run(t, &o);

	(void)state;
	assert_int_equal(totals.passed, 2);
	assert_int_equal(totals.failed + totals.skipped + totals.known, 0);
	assert_non_null(strstr(t->lines.data,
		"small/user@customer.mywebservice.com/postfix/bind-9.18 delivered "));
	done(t);
}

static void a_case_that_no_row_covers_is_a_mistake(void **state)
{
	struct world_of_tests *t = given(HEAD HOSTS ADDRESS
		"    expect: [ { clients: postfix, verdict: delivered } ]\n");
	const struct run_options o = { .clients = "postfix,rfc5321",
		.resolvers = "ideal" };
	struct run_totals totals = run(t, &o);

	(void)state;
	assert_int_equal(totals.passed, 0);
	assert_int_equal(t->errs.n, 1);
	assert_non_null(strstr(t->errs.list[0].text, "rfc5321 behind ideal"));
	assert_int_equal(t->errs.list[0].at.line, 23);
	done(t);
}

static void threads_do_not_change_the_order_or_the_outcome(void **state)
{
	static const char text[] = HEAD HOSTS ADDRESS
		"    expect: { verdict: delivered }\n"
		"---\n" HEAD HOSTS ADDRESS "    expect: { verdict: delivered }\n";
	struct str copy = STR_INIT;
	struct world_of_tests *t;
	struct run_options o = { .jobs = 1, .resolvers = "ideal,unbound*", .seed = 5 };
	char *one;

	(void)state;
	/* Two scenarios may not have one id. */
	str_puts(&copy, text);
	memcpy(strstr(copy.data + 20, "scenario: small") + 10, "again", 5);
	t = given(copy.data);
	run(t, &o);
	one = strdup(t->lines.data);
	o.jobs = 4;
	run(t, &o);
	assert_string_equal(t->lines.data, one);
	assert_int_equal(t->scenarios, 2);
	free(one);
	str_clear(&copy);
	done(t);
}

/* RFC 5321 5.1: equal preferences are tried in random order; which one is first depends
 * on the seed and on nothing else. */
static void the_seed_decides_between_equal_preferences(void **state)
{
	struct world_of_tests *t =
		given(HEAD HOSTS ADDRESS "    expect: { verdict: delivered }\n");
	int m1 = 0, m2 = 0;

	(void)state;
	for (uint64_t seed = 0; seed < 32; seed++) {
		const struct run_options o = {
			.clients = "rfc5321", .resolvers = "ideal", .seed = seed
		};
		char *first;

		run(t, &o);
		first = strdup(t->lines.data);
		run(t, &o);
		assert_string_equal(t->lines.data, first);
		if (strstr(first, " m1.mywebservice.com ") != NULL)
			m1++;
		else
			m2++;
		free(first);
	}
	assert_true(m1 > 0);
	assert_true(m2 > 0);
	done(t);
}

static void a_step_changes_the_world_and_caches_run_out(void **state)
{
	/* The A record has a TTL of 60 s: at 30 s the old address is still cached, at
	 * 2 min it is not (RFC 1035 3.2.1). */
	struct world_of_tests *t = given(
		HEAD HOSTS "  - { name: moved, at: 192.0.2.81, http: {} }\n" ADDRESS
			   "    visit: customer.mywebservice.com\n"
			   "    web: 192.0.2.80\n"
			   "    expect: { verdict: delivered }\n"
			   "steps:\n"
			   "  - at: 30s\n"
			   "    change: { zone: mywebservice.com, set: \"customer 60 A "
			   "192.0.2.81\" }\n"
			   "    expect: { web: 192.0.2.80 }\n"
			   "  - at: 2m\n"
			   "    expect: { web: 192.0.2.81 }\n");
	const struct run_options o = { .clients = "postfix", .resolvers = "bind-9.18" };
	struct run_totals totals = run(t, &o);

	(void)state;
	assert_int_equal(totals.passed, 1);
	assert_non_null(strstr(t->lines.data,
		"[delivered web 192.0.2.80] [delivered web 192.0.2.81]"));
	done(t);
}

static void shards_share_the_scenarios_out(void **state)
{
	static const char *const ids[] = { "alpha", "bravo", "charl", "delta",
		"echoo" };
	struct str all = STR_INIT;
	struct world_of_tests *t;
	unsigned long sum = 0;

	(void)state;
	for (size_t i = 0; i < 5; i++) {
		size_t at = all.len + (i > 0 ? 4 : 0);

		str_puts(&all, i > 0 ? "---\n" : "");
		str_puts(&all,
			HEAD HOSTS ADDRESS "    expect: { verdict: delivered }\n");
		memcpy(all.data + at + 10, ids[i], 5);
	}
	t = given(all.data);
	for (unsigned shard = 1; shard <= 3; shard++) {
		const struct run_options o = { .clients = "postfix",
			.resolvers = "ideal",
			.shard = shard,
			.shards = 3 };

		sum += run(t, &o).passed;
	}
	assert_int_equal(sum, 5);
	str_clear(&all);
	done(t);
}

int main(void)
{
	TESTS_ADD(every_client_meets_every_resolver);
	TESTS_ADD(a_case_that_no_row_covers_is_a_mistake);
	TESTS_ADD(threads_do_not_change_the_order_or_the_outcome);
	TESTS_ADD(the_seed_decides_between_equal_preferences);
	TESTS_ADD(a_step_changes_the_world_and_caches_run_out);
	TESTS_ADD(shards_share_the_scenarios_out);
	return tests_run("run-run");
}
