/* Any zone, any client, any resolver: a run ends within its limits, the same seed gives
 * the same octets, and neither messages on the wire, nor real sockets, nor who else is
 * run change it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/rng.h"
#include "base/str.h"
#include "mta/profile.h"
#include "report/format.h"
#include "run/run.h"
#include "scenario/parse.h"
#include "support/test.h"

/* Enough worlds that each kind of record meets each other; seconds under a sanitizer.
 */
#define WORLDS 24

/* No client asks more for one message, whatever the zones say: MTA_QUESTIONS_MAX. */
#define QUESTIONS_MAX 4000

static const char *const names[] = { "customer", "a", "b", "c", "*", "d.a", "x.y",
	"_dmarc.customer", "mail" };
static const char *const targets[] = { "customer", "a", "b", "c", "d.a", "mail",
	"t.offsite.net.", "nowhere.offsite.net.", "gone.example.org.", ".",
	"localhost.", "x.y", "z.x.y" };
static const char *const modes[] = { "exact-type", "cname-wins", "both",
	"both-mx-first", "flatten", "alias", "strict" };
static const char *const quirks[] = { "servfail", "refused", "drop", "truncate",
	"bare-cname", "no-dname-synthesis", "lame", "wrong-id", "nxdomain", "formerr",
	"notimp" };
static const char *const quirk_types[] = { "MX", "A", "AAAA", "CNAME" };

#define PICK(r, list) ((list)[rng_below((r), sizeof(list) / sizeof((list)[0]))])

static void random_record(struct str *s, struct rng *r)
{
	const char *owner = PICK(r, names);

	switch (rng_below(r, 9)) {
	case 0:
	case 1:
		str_printf(s, "      %s MX %u %s\n", owner, rng_below(r, 3) * 10,
			PICK(r, targets));
		break;
	case 2:
	case 3:
		str_printf(s, "      %s CNAME %s\n", owner, PICK(r, targets));
		break;
	case 4:
	case 5:
		str_printf(s, "      %s A 192.0.2.%u\n", owner, 20 + rng_below(r, 8));
		break;
	case 6:
		str_printf(
			s, "      %s AAAA 2001:db8::%u\n", owner, rng_below(r, 9) + 1);
		break;
	case 7:
		str_printf(s, "      %s DNAME %s\n", owner, PICK(r, targets));
		break;
	default:
		str_printf(s, "      %s TXT \"v=spf1 -all\"\n", owner);
	}
}

static void random_zone(struct str *s, struct rng *r, const char *origin, int host)
{
	unsigned n = 4 + rng_below(r, 14);

	str_printf(s,
		"  - zone: %s\n    at: 192.0.2.%d\n    mode: %s\n    data: |\n"
		"      $TTL %u\n"
		"      @ SOA ns1 hostmaster 1 3600 600 86400 60\n"
		"      @ NS ns1\n"
		"      ns1 A 192.0.2.%d\n"
		"      t A 192.0.2.%d\n",
		origin, host, PICK(r, modes), 1 + rng_below(r, 600), host,
		20 + host % 7);
	for (unsigned i = 0; i < n; i++)
		random_record(s, r);
	if (rng_below(r, 3) == 0)
		str_printf(s, "    quirks: [ { quirk: %s, type: %s, count: %u } ]\n",
			PICK(r, quirks), PICK(r, quirk_types), rng_below(r, 3) + 1);
}

static void random_world(struct str *s, uint64_t seed)
{
	struct rng r = { seed };

	str_puts(s, "scenario: random\ntitle: any world\ngroup: edges\n"
		    "source: RFC 1034\nservers:\n");
	random_zone(s, &r, "mywebservice.com", 53);
	random_zone(s, &r, "offsite.net", 54);
	str_puts(s,
		"hosts: [ { name: mx, at: [192.0.2.20, 192.0.2.21], smtp: {} } ]\n"
		"before: [A customer.mywebservice.com, wait 2s]\n"
		"addresses:\n"
		"  - address: user@customer.mywebservice.com\n"
		"    intended: mx\n"
		"    web: mx\n"
		"    expect: { verdict: [delivered, rewritten, misdelivered, rejected, "
		"deferred, bounced, unknown] }\n");
}

struct sink {
	const struct report_format *format;
	void *state;
	struct arena *arena;
	struct str out;
	unsigned long cases;
	unsigned most_questions;
};

static void begin(void *ctx, const struct record_run *run,
	const struct record_scenario *scenarios, size_t n)
{
	static const struct report_options options = { .verbose = true };
	struct sink *s = ctx;

	s->state = s->format->begin(s->arena, &options, run, scenarios, n, &s->out);
}

static void record(void *ctx, const struct record *r)
{
	struct sink *s = ctx;

	s->cases++;
	if (r->outcome.n_queries > s->most_questions)
		s->most_questions = r->outcome.n_queries;
	s->format->record(s->state, r, &s->out);
}

enum way { IN_MEMORY, AS_OCTETS, OVER_SOCKETS };

/* The name of the network is all that may differ. */
static void say_sim(char *ndjson)
{
	static const char loopback[] = "\"loopback\"", sim[] = "\"sim\"";
	char *to = ndjson;

	for (const char *from = ndjson; (*to = *from) != '\0'; to++, from++) {
		if (strncmp(from, loopback, sizeof(loopback) - 1) != 0)
			continue;
		memcpy(to, sim, sizeof(sim) - 1);
		to += sizeof(sim) - 2;
		from += sizeof(loopback) - 2;
	}
}

/* The whole run as NDJSON. */
static char *run(const char *text, enum way way, unsigned jobs, const char *clients,
	struct sink *s)
{
	const struct run_options options = { .seed = 3,
		.details = true,
		.wire = way == AS_OCTETS,
		.network = way == OVER_SOCKETS ? NETWORK_LOOPBACK : NETWORK_SIM,
		.jobs = jobs,
		.clients = clients };
	struct arena *a = arena_new();
	struct profile_set *profiles = profile_set_new(a);
	struct run_sink sink = { begin, record, s };
	struct run_totals totals;
	struct scenario *got = NULL;
	struct errs errs;
	unsigned n = 0;
	char *out;

	*s = (struct sink){
		.format = report_format("ndjson", FOR_RUN), .arena = a, .out = STR_INIT
	};
	errs_init(&errs, a);
	if (scenario_parse_text(a, "random.conf", text, strlen(text), profiles, &errs,
		    &got, &n) == 0) {
		const struct scenario *one = got;

		run_scenarios(&one, 1, profiles, &options, &sink, &totals, &errs);
	}
	errs_print(&errs, stdout, false);
	assert_int_equal(errs.n, 0);
	out = strdup(s->out.data);
	if (way == OVER_SOCKETS)
		say_sim(out);
	str_clear(&s->out);
	arena_free(a);
	return out;
}

static void any_world_gives_the_same_octets_twice_and_over_any_network(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= WORLDS; seed++) {
		struct str text = STR_INIT;
		struct sink first, again, wire, sockets;
		char *one, *two, *three, *four;

		random_world(&text, seed);
		one = run(text.data, IN_MEMORY, 1, NULL, &first);
		two = run(text.data, IN_MEMORY, 2, NULL, &again);
		three = run(text.data, AS_OCTETS, 1, NULL, &wire);
		four = run(text.data, OVER_SOCKETS, 1, NULL, &sockets);
		assert_true(first.cases > 200);
		assert_true(first.most_questions <= QUESTIONS_MAX);
		if (strcmp(one, two) != 0 || strcmp(one, three) != 0 ||
			strcmp(one, four) != 0)
			printf("world %llu:\n%s", (unsigned long long)seed, text.data);
		assert_string_equal(two, one);
		assert_true(strcmp(three, one) == 0);
		assert_true(strcmp(four, one) == 0);
		free(one);
		free(two);
		free(three);
		free(four);
		str_clear(&text);
	}
}

/* Every line of some but the header stands in all. */
static void assert_lines_in(char *some, const char *all)
{
	char *line = strchr(some, '\n'), *rest = line == NULL ? NULL : line + 1;

	assert_non_null(rest);
	while ((line = strsep(&rest, "\n")) != NULL) {
		if (strstr(all, line) == NULL)
			fail_msg("not in the whole run: %s", line);
	}
}

static void a_case_is_the_same_whichever_others_are_run(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= WORLDS; seed++) {
		struct str text = STR_INIT;
		struct sink whole, part;
		char *all, *some;

		random_world(&text, seed);
		all = run(text.data, IN_MEMORY, 1, NULL, &whole);
		some = run(text.data, IN_MEMORY, 1, "courier,exim-*", &part);
		assert_true(part.cases > 0 && part.cases < whole.cases);
		assert_lines_in(some, all);
		free(all);
		free(some);
		str_clear(&text);
	}
}

int main(void)
{
	TESTS_ADD(a_case_is_the_same_whichever_others_are_run);
	TESTS_ADD(any_world_gives_the_same_octets_twice_and_over_any_network);
	return tests_run("run-property");
}
