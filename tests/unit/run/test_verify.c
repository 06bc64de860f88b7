/* Emulation and "real" programs side by side; the lab is a fake: the emulation in its
 * place, which a test may spoil. */
#include "run/verify.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/lookup.h"
#include "base/str.h"
#include "lab/program.h"
#include "mta/profile.h"
#include "run/lab.h"
#include "scenario/parse.h"
#include "support/test.h"

/* Two exchanges of equal preference: who takes the message is chance. */
static const char world[] = "scenario: small\n"
			    "title: a small world\n"
			    "group: edges\n"
			    "source: RFC 5321 5.1\n"
			    "servers:\n"
			    "  - zone: mywebservice.com\n"
			    "    at: 192.0.2.53\n"
			    "    data: |\n"
			    "      $TTL 300\n"
			    "      @ SOA ns1 hostmaster 1 3600 600 86400 60\n"
			    "      @ NS ns1\n"
			    "      ns1 A 192.0.2.53\n"
			    "      customer MX 10 m1\n"
			    "      customer MX 10 m2\n"
			    "      m1 A 192.0.2.25\n"
			    "      m2 A 192.0.2.26\n"
			    "hosts:\n"
			    "  - { name: m1.mywebservice.com, smtp: {} }\n"
			    "  - { name: m2.mywebservice.com, smtp: {} }\n"
			    "addresses:\n"
			    "  - address: user@customer.mywebservice.com\n"
			    "    intended: [m1.mywebservice.com, m2.mywebservice.com]\n"
			    "    expect: { verdict: delivered }\n";

static const struct program unbound = { "unbound-1.17", PROGRAM_RESOLVER,
	"unbound-1.17" };
static const struct program postfix_3_7 = { "postfix-3.7", PROGRAM_MTA, "postfix" };
static const struct program postfix_3_10 = { "postfix-3.10", PROGRAM_MTA, "postfix" };
static const struct program exim = { "exim-4.96", PROGRAM_MTA, "exim-4.96" };

/* What the fake does to a record of the lab; cmocka's tests run one after another. */
static void (*spoil)(struct record *r);
static uint64_t lab_seed;
static enum run_end lab_end;
static struct str lab_runs = STR_INIT; /* "clients behind resolvers: programs" */

struct passing {
	const struct run_sink *to;
};

static void pass_on(void *ctx, const struct record *r)
{
	const struct passing *p = ctx;
	struct record copy = *r;

	copy.client_program = "the program";
	if (spoil != NULL)
		spoil(&copy);
	p->to->record(p->to->ctx, &copy);
}

static enum run_end fake_lab(const struct scenario *const *list, size_t n,
	const struct profile_set *profiles, const struct run_options *options,
	const struct run_sink *sink, struct run_totals *ret, struct errs *errs)
{
	struct passing p = { sink };
	const struct run_sink ours = { .record = pass_on, .ctx = &p };
	struct run_options o = *options;
	enum run_end end;

	assert_int_equal(o.network, NETWORK_LAB);
	assert_true(o.details);
	str_printf(&lab_runs, "%s behind %s:", o.clients == NULL ? "all" : o.clients,
		o.resolvers);
	for (size_t i = 0; i < o.lab->n_programs; i++)
		str_printf(&lab_runs, " %s", o.lab->programs[i]->name);
	str_putc(&lab_runs, '\n');
	o.network = NETWORK_SIM;
	o.seed = lab_seed;
	end = run_scenarios(list, n, profiles, &o, &ours, ret, errs);
	return end == RUN_DONE ? lab_end : end;
}

struct seen {
	struct str cases; /* "client/resolver agrees" */
	unsigned long ends[4];
	const char *difference;
	char text[64];
};

static void on_begin(void *ctx, const struct record_run *run,
	const struct record_scenario *scenarios, size_t n)
{
	(void)ctx;
	(void)scenarios;
	assert_string_equal(run->network, "lab");
	assert_int_equal(n, 1);
}

static void on_program(void *ctx, enum verify_part part, const struct program *p)
{
	(void)ctx;
	(void)part;
	(void)p;
}

static void on_case(void *ctx, const struct verify_case *c)
{
	static const char *const ends[] = { "agrees", "differs", "skipped", "lost" };
	struct seen *s = ctx;

	s->ends[c->end]++;
	str_printf(&s->cases, "%s/%s %s", c->client == NULL ? "-" : c->client->name,
		c->resolver == NULL ? "-" : c->resolver->name, ends[c->end]);
	if (c->end == VERIFY_SKIPPED || c->end == VERIFY_LOST)
		str_printf(&s->cases, ": %s", c->reason);
	if (c->end == VERIFY_DIFFERS) {
		str_printf(&s->cases, ": %s", c->comparison->list[0].what);
		assert_string_equal(c->emulated->id, c->real->id);
		assert_true(c->emulated->outcome.n_queries > 0);
	}
	str_putc(&s->cases, '\n');
}

static enum run_end verify_with(
	struct seen *s, struct verify_options *o, const struct program *const *list_of)
{
	const struct verify_sink sink = { on_begin, on_program, on_case, s };
	struct arena *a = arena_new();
	struct profile_set *profiles = profile_set_new(a);
	const struct scenario *list[1];
	struct scenario *got;
	struct errs errs;
	enum run_end end;
	unsigned n;

	errs_init(&errs, a);
	assert_int_equal(scenario_parse_text(a, "test.conf", world, sizeof(world) - 1,
				 profiles, &errs, &got, &n),
		0);
	list[0] = got;
	*s = (struct seen){ .cases = STR_INIT };
	str_reset(&lab_runs);
	o->programs = list_of;
	while (list_of[o->n_programs] != NULL)
		o->n_programs++;
	o->run.seed = 1;
	o->lab = fake_lab;
	lab_seed = 1;
	end = verify_run(list, 1, profiles, o, &sink, &errs);
	arena_free(a);
	return end;
}

static void done(struct seen *s)
{
	str_clear(&s->cases);
	str_clear(&lab_runs);
	spoil = NULL;
	lab_end = RUN_DONE;
}

static void each_part_is_a_run_of_the_lab(void **state)
{
	const struct program *const list[] = { &unbound, &postfix_3_7, &postfix_3_10,
		&exim, NULL };
	struct verify_options o = { 0 };
	struct seen s;

	(void)state;
	assert_int_equal(verify_with(&s, &o, list), RUN_DONE);
	assert_string_equal(lab_runs.data,
		"all behind unbound-1.17: unbound-1.17\n"
		"postfix,exim-4.96 behind ideal: postfix-3.7 exim-4.96\n"
		"postfix behind ideal: postfix-3.10\n");
	assert_int_equal(s.ends[VERIFY_DIFFERS] + s.ends[VERIFY_SKIPPED], 0);
	assert_true(s.ends[VERIFY_AGREES] > 20);
	done(&s);
}

static void together_adds_every_pair(void **state)
{
	const struct program *const list[] = { &unbound, &postfix_3_7, &postfix_3_10,
		NULL };
	struct verify_options o = { .together = true, .run.clients = "postfix" };
	struct seen s;

	(void)state;
	assert_int_equal(verify_with(&s, &o, list), RUN_DONE);
	assert_string_equal(lab_runs.data,
		"postfix behind unbound-1.17: unbound-1.17\n"
		"postfix behind ideal: postfix-3.7\n"
		"postfix behind ideal: postfix-3.10\n"
		"postfix behind unbound-1.17: postfix-3.7 unbound-1.17\n"
		"postfix behind unbound-1.17: postfix-3.10 unbound-1.17\n");
	assert_string_equal(s.cases.data, "-/unbound-1.17 agrees\n"
					  "postfix-3.7/- agrees\n"
					  "postfix-3.10/- agrees\n"
					  "postfix-3.7/unbound-1.17 agrees\n"
					  "postfix-3.10/unbound-1.17 agrees\n");
	done(&s);
}

struct selected_row {
	const char *name, *clients, *resolvers, *runs;
};

static const struct selected_row selected_rows[] = {
	{ "a client's glob selects its program", "exim*", NULL,
		"exim* behind unbound-1.17: unbound-1.17\n"
		"exim-4.96 behind ideal: exim-4.96\n" },
	{ "a client without a program is behind real resolvers", "qmail-1.03", NULL,
		"qmail-1.03 behind unbound-1.17: unbound-1.17\n" },
	{ "the ideal resolver alone is for real clients", "postfix", "ideal",
		"postfix behind ideal: postfix-3.7\n" },
	{ "a real resolver alone is for emulated clients", "postfix", "unbound*",
		"postfix behind unbound-1.17: unbound-1.17\n" },
	{ "a resolver without a program brings nothing", NULL, "bind*", "" },
};

static void selection(void **state)
{
	const struct program *const list[] = { &unbound, &postfix_3_7, &exim, NULL };
	const struct selected_row *row = *state;
	struct verify_options o = { .run.clients = row->clients,
		.run.resolvers = row->resolvers };
	struct seen s;

	assert_int_equal(verify_with(&s, &o, list), RUN_DONE);
	assert_string_equal(lab_runs.data, row->runs);
	done(&s);
}

static void bounce(struct record *r)
{
	r->outcome.verdict = VERDICT_BOUNCED;
}

static void what_no_seed_brings_differs(void **state)
{
	const struct program *const list[] = { &postfix_3_7, NULL };
	struct verify_options o = { 0 };
	struct seen s;

	(void)state;
	spoil = bounce;
	assert_int_equal(verify_with(&s, &o, list), RUN_DONE);
	assert_string_equal(s.cases.data, "postfix-3.7/- differs: verdict\n");
	done(&s);
}

/* The other exchange, as another seed would choose it. */
static void choose_the_other(struct record *r)
{
	bool first = strcmp(r->outcome.to_address, "192.0.2.25") == 0;

	r->outcome.to_host = first ? "m2.mywebservice.com" : "m1.mywebservice.com";
	r->outcome.to_address = first ? "192.0.2.26" : "192.0.2.25";
	/* Their order is the same chance, and was not seen. */
	r->outcome.queries = NULL;
	r->outcome.n_queries = 0;
}

static void what_another_seed_brings_agrees(void **state)
{
	const struct program *const list[] = { &postfix_3_7, NULL };
	struct verify_options o = { 0 };
	struct seen s;

	(void)state;
	spoil = choose_the_other;
	assert_int_equal(verify_with(&s, &o, list), RUN_DONE);
	assert_string_equal(s.cases.data, "postfix-3.7/- agrees\n");
	done(&s);
}

/* The exchanges of an answer the other way round, and what dma makes of it: it tries
 * those of one preference as they come. */
static const char *turned[2];
static struct record_query answers_turned[16];
static void turn_answers(struct record *r)
{
	struct record_outcome *o = &r->outcome;
	const struct record_query *q = o->queries;

	assert_true(o->n_queries >= 5 && o->n_queries < ARRAY_LEN(answers_turned));
	assert_int_equal(q[0].n_answer, 2);
	memcpy(answers_turned, q, o->n_queries * sizeof(*q));
	turned[0] = q[0].answer[1];
	turned[1] = q[0].answer[0];
	answers_turned[0].answer = turned;
	for (unsigned i = 1; i < 3; i++) {
		answers_turned[i] = q[i + 2];
		answers_turned[i + 2] = q[i];
	}
	o->queries = answers_turned;
	o->to_host = "m2.mywebservice.com";
	o->to_address = "192.0.2.26";
}

static void what_another_order_of_records_brings_agrees(void **state)
{
	static const struct program real_bind = { "bind-9.18", PROGRAM_RESOLVER,
		"bind-9.18" };
	const struct program *const list[] = { &real_bind, NULL };
	struct verify_options o = { .run.clients = "dma" };
	struct seen s;

	(void)state;
	spoil = turn_answers;
	assert_int_equal(verify_with(&s, &o, list), RUN_DONE);
	assert_string_equal(s.cases.data, "-/bind-9.18 agrees\n");
	done(&s);
}

/* As before, and the program still goes to the first. */
static void turn_answers_alone(struct record *r)
{
	const char *host = r->outcome.to_host, *address = r->outcome.to_address;

	turn_answers(r);
	r->outcome.to_host = host;
	r->outcome.to_address = address;
}

static void what_the_order_of_records_does_not_bring_differs(void **state)
{
	static const struct program real_bind = { "bind-9.18", PROGRAM_RESOLVER,
		"bind-9.18" };
	const struct program *const list[] = { &real_bind, NULL };
	struct verify_options o = { .run.clients = "dma" };
	struct seen s;

	(void)state;
	spoil = turn_answers_alone;
	assert_int_equal(verify_with(&s, &o, list), RUN_DONE);
	assert_string_equal(s.cases.data, "-/bind-9.18 differs: questions\n");
	done(&s);
}

static void leave_out(struct record *r)
{
	r->result = RESULT_SKIPPED;
	r->outcome.verdict = VERDICT_SKIPPED;
	r->outcome.reason = "no clock";
}

static void have_none(struct record *r)
{
	leave_out(r);
	r->client_program = NULL;
}

/* As when the message was sent, and could not be sent again. */
static void stop_at_a_step(struct record *r)
{
	static const struct record_outcome steps[] = {
		{ .verdict = VERDICT_DELIVERED },
		{ .verdict = VERDICT_SKIPPED, .reason = "its box is gone" },
	};

	r->result = RESULT_SKIPPED;
	r->steps = steps;
	r->n_steps = 2;
}

static const struct not_run_row {
	const char *name;
	void (*spoil)(struct record *r);
	const char *cases;
} not_run_rows[] = {
	{ "a program that cannot be had is skipped", have_none,
		"postfix-3.7/- skipped: no clock\n" },
	{ "a program that is here and did not run is no skip", leave_out,
		"postfix-3.7/- lost: no clock\n" },
	{ "nor is one that did not run to the end", stop_at_a_step,
		"postfix-3.7/- lost: its box is gone\n" },
};

static void what_was_not_run(void **state)
{
	const struct program *const list[] = { &postfix_3_7, NULL };
	const struct not_run_row *row = *state;
	struct verify_options o = { 0 };
	struct seen s;

	spoil = row->spoil;
	assert_int_equal(verify_with(&s, &o, list), RUN_DONE);
	assert_string_equal(s.cases.data, row->cases);
	done(&s);
}

static void rename_it(struct record *r)
{
	r->id = "small/user@customer.mywebservice.com/postfix/nobody";
}

static void a_case_that_is_none_ends_it(void **state)
{
	const struct program *const list[] = { &postfix_3_7, &postfix_3_10, NULL };
	struct verify_options o = { 0 };
	struct seen s;

	(void)state;
	spoil = rename_it;
	assert_int_equal(verify_with(&s, &o, list), RUN_BROKEN);
	assert_string_equal(lab_runs.data, "postfix behind ideal: postfix-3.7\n");
	done(&s);
}

static void a_broken_lab_ends_it(void **state)
{
	const struct program *const list[] = { &postfix_3_7, &postfix_3_10, NULL };
	struct verify_options o = { 0 };
	struct seen s;

	(void)state;
	lab_end = RUN_BROKEN;
	assert_int_equal(verify_with(&s, &o, list), RUN_BROKEN);
	assert_string_equal(lab_runs.data, "postfix behind ideal: postfix-3.7\n");
	done(&s);
}

int main(void)
{
	TESTS_ADD(each_part_is_a_run_of_the_lab);
	TESTS_ADD(together_adds_every_pair);
	TESTS_ADD_ROWS(selected_rows, selection);
	TESTS_ADD(what_no_seed_brings_differs);
	TESTS_ADD(what_another_seed_brings_agrees);
	TESTS_ADD(what_another_order_of_records_brings_agrees);
	TESTS_ADD(what_the_order_of_records_does_not_bring_differs);
	TESTS_ADD_ROWS(not_run_rows, what_was_not_run);
	TESTS_ADD(a_case_that_is_none_ends_it);
	TESTS_ADD(a_broken_lab_ends_it);
	return tests_run("run-verify");
}
