#include "run/run.h"

#include <pthread.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/bug.h"
#include "base/lookup.h"
#include "base/rng.h"
#include "mta/profile.h"
#include "resolver/policy.h"
#include "run/case.h"
#include "run/evidence.h"
#include "run/lab-cases.h"
#include "run/live.h"
#include "run/loopback.h"

/* Scenarios that may be finished and wait for their turn to be reported: bounds memory,
 * and is more than a slow scenario lets the others get ahead. */
#define AHEAD_MAX 16

/* In the lab a scenario takes long because it waits, and those that do come together.
 */
#define AHEAD_MAX_LAB 1024

#define JOBS_MAX 64

const char *run_network_name(enum run_network network)
{
	static const char *const names[] = {
		[NETWORK_SIM] = "sim",
		[NETWORK_LOOPBACK] = "loopback",
		[NETWORK_LAB] = "lab",
		[NETWORK_LIVE] = "live",
	};

	return names[network];
}

/* ---- what is selected ---- */

static bool wanted(const char *glob, const char *name)
{
	return glob == NULL || glob_match(glob, name);
}

/* A name that is no glob may also be an alias: --client exim-4.95. */
static void choose_clients(struct arena *a, const struct profile_set *set,
	const char *glob, struct cast *cast)
{
	size_t n = profile_set_size(set);
	const struct mta_profile **list = arena_array(a, n, sizeof(*list));
	const struct mta_profile *alias;

	for (size_t i = 0; i < n; i++) {
		const struct mta_profile *p = profile_at(set, i);

		if (wanted(glob, profile_name(p)))
			list[cast->n_clients++] = p;
	}
	if (cast->n_clients == 0 && (alias = profile_find(set, glob)) != NULL)
		list[cast->n_clients++] = alias;
	cast->clients = list;
}

static void choose_resolvers(struct arena *a, const char *glob, struct cast *cast)
{
	const struct resolver_policy **list =
		arena_array(a, resolver_policies_n, sizeof(*list));

	for (size_t i = 0; i < resolver_policies_n; i++) {
		if (wanted(glob, resolver_policies[i].name))
			list[cast->n_resolvers++] = &resolver_policies[i];
	}
	cast->resolvers = list;
}

/* Nothing but its name is looked at: what it does is its own affair. */
static void choose_live(struct arena *a, const struct live *live, struct cast *cast)
{
	const struct resolver_policy **list = arena_alloc(a, sizeof(*list));
	struct resolver_policy *row =
		arena_memdup(a, resolver_policy("ideal"), sizeof(*row));

	row->name = live_name(live);
	row->model = false;
	list[0] = row;
	cast->resolvers = list;
	cast->n_resolvers = 1;
}

/* By hash of the id, so that a new scenario does not move the others to another shard.
 */
static bool in_shard(const struct run_options *o, const char *id)
{
	return o->shards <= 1 || rng_seed_from(0, id) % o->shards == o->shard - 1;
}

static bool selected(const struct run_options *o, const struct scenario *s)
{
	return (wanted(o->filter, s->id) ||
		       (s->group != NULL && wanted(o->filter, s->group))) &&
	       in_shard(o, s->id);
}

/* ---- the header ---- */

/* A strict server of the first stage refuses a zone. */
static bool is_refused(const struct scenario *s)
{
	const struct stage *stage = &s->stages[0];

	for (unsigned i = 0; i < stage->n_servers; i++) {
		const struct server *server = &stage->servers[i];

		for (unsigned k = 0; k < server->n_zones; k++) {
			if (server->refused[k])
				return true;
		}
	}
	return false;
}

static void describe(
	struct arena *a, const struct scenario *s, struct record_scenario *ret)
{
	const struct scenario_address *first = &s->addresses[0];
	const char *domain = strrchr(first->address, '@');

	*ret = (struct record_scenario){
		.id = s->id,
		.title = s->title,
		.group = s->group,
		.file = s->file,
		.source = s->source,
		.n_source = s->n_source,
		.layout = s->layout.row,
		.loads = s->conflict == NULL,
		.refused = is_refused(s),
		.needs = s->layout.needs,
	};
	if (s->conflict != NULL)
		ret->loads_why = arena_printf(a, "%s:%d: %s (%s)",
			s->conflict->second.file, s->conflict->second.line,
			s->conflict->text, s->conflict->rule);
	if (s->layout.customer == NULL)
		return;
	if (domain != NULL && strcasecmp(domain + 1, s->layout.customer) != 0)
		ret->mail_cost = "new address";
	if (first->visit != NULL && strcasecmp(first->visit, s->layout.customer) != 0)
		ret->web_cost = ret->mail_cost != NULL ? "new web" : "new web name";
}

static void header(struct arena *a, const struct cast *cast,
	const struct run_options *o, struct record_run *ret)
{
	const char **clients = arena_array(a, cast->n_clients, sizeof(*clients));
	bool *validates = arena_array(a, cast->n_clients, sizeof(*validates));
	const char **resolvers = arena_array(a, cast->n_resolvers, sizeof(*resolvers));
	bool *models = arena_array(a, cast->n_resolvers, sizeof(*models));

	for (unsigned i = 0; i < cast->n_clients; i++) {
		clients[i] = profile_name(cast->clients[i]);
		validates[i] = profile_is_validator(cast->clients[i]);
	}
	for (unsigned i = 0; i < cast->n_resolvers; i++) {
		resolvers[i] = cast->resolvers[i]->name;
		models[i] = cast->resolvers[i]->model;
	}
	*ret = (struct record_run){
		.tool = "harness",
		.version = VERSION,
		.seed = o->seed,
		.scenarios_sha256 = o->scenarios_sha256,
		.shard = arena_printf(a, "%u/%u", o->shards > 1 ? o->shard : 1,
			o->shards > 1 ? o->shards : 1),
		.network = run_network_name(o->network),
		.clients = clients,
		.clients_validate = validates,
		.n_clients = cast->n_clients,
		.resolvers = resolvers,
		.resolvers_model = models,
		.n_resolvers = cast->n_resolvers,
	};
}

static void count(struct run_totals *t, const struct record *r)
{
	switch (r->result) {
	case RESULT_PASSED:
		t->passed++;
		break;
	case RESULT_FAILED:
		t->failed++;
		break;
	case RESULT_SKIPPED:
		t->skipped++;
		break;
	case RESULT_KNOWN:
		t->known++;
		break;
	}
}

/* ---- threads ----
 *
 * Workers take the next scenario by number and leave its records in its slot; the
 * caller takes the slots in order. Each slot has its own arena, so nothing is shared
 * but the read-only model. */

struct slot {
	struct arena *arena;
	struct case_list cases;
	struct errs errs;
	enum run_end end;
	bool done;
};

struct pool {
	pthread_mutex_t lock;
	pthread_cond_t moved; /* a slot was finished, or taken */
	const struct scenario *const *list;
	struct slot *slots;
	size_t n, next, taken;
	bool stop;
	const struct cast *cast;
	const struct run_options *options;
	struct lab *lab; /* NULL: no real programs */
};

/* The next number to work on, or false when there is none. */
static bool claim(struct pool *p, size_t *ret)
{
	size_t ahead = p->lab != NULL ? AHEAD_MAX_LAB : AHEAD_MAX;
	bool got;

	pthread_mutex_lock(&p->lock);
	while (!p->stop && p->next < p->n && p->next >= p->taken + ahead)
		pthread_cond_wait(&p->moved, &p->lock);
	got = !p->stop && p->next < p->n;
	if (got)
		*ret = p->next++;
	pthread_mutex_unlock(&p->lock);
	return got;
}

static void *work(void *ctx)
{
	struct arena *scratch = arena_new();
	struct pool *p = ctx;
	struct loopback *loopback =
		p->options->network == NETWORK_LOOPBACK ? loopback_new() : NULL;
	size_t i;

	while (claim(p, &i)) {
		struct slot *s = &p->slots[i];

		s->arena = arena_new();
		errs_init(&s->errs, s->arena);
		s->end = p->lab != NULL
				 ? lab_cases_run(p->lab, s->arena, p->list[i], p->cast,
					   p->options, &s->cases, &s->errs)
				 : cases_run(s->arena, scratch, loopback, p->list[i],
					   p->cast, p->options, &s->cases, &s->errs);
		pthread_mutex_lock(&p->lock);
		s->done = true;
		pthread_cond_broadcast(&p->moved);
		pthread_mutex_unlock(&p->lock);
	}
	loopback_free(loopback);
	arena_free(scratch);
	return NULL;
}

static struct slot *await(struct pool *p, size_t i)
{
	pthread_mutex_lock(&p->lock);
	while (!p->slots[i].done)
		pthread_cond_wait(&p->moved, &p->lock);
	pthread_mutex_unlock(&p->lock);
	return &p->slots[i];
}

static void take(struct pool *p, struct slot *s, bool stop)
{
	arena_free(s->arena);
	s->arena = NULL;
	pthread_mutex_lock(&p->lock);
	p->taken++;
	p->stop = p->stop || stop;
	pthread_cond_broadcast(&p->moved);
	pthread_mutex_unlock(&p->lock);
}

static void copy_errs(struct errs *to, const struct errs *from)
{
	for (size_t i = 0; i < from->n; i++) {
		struct err *e =
			errs_add(to, from->list[i].at, "%s", from->list[i].text);

		if (from->list[i].hint != NULL)
			err_hint(to, e, "%s", from->list[i].hint);
	}
	to->dropped += from->dropped;
}

/* Sends a finished scenario on. True when the run should end here. */
static bool report(struct pool *p, struct slot *s, const struct run_sink *sink,
	struct run_totals *totals, struct errs *errs)
{
	unsigned long failed = totals->failed;

	if (s->end != RUN_DONE)
		copy_errs(errs, &s->errs);
	if (s->cases.evidence != NULL)
		evidence_write(s->cases.evidence, p->options->evidence);
	for (size_t i = 0; i < s->cases.n; i++) {
		count(totals, &s->cases.list[i]);
		if (sink->record != NULL)
			sink->record(sink->ctx, &s->cases.list[i]);
	}
	return s->end == RUN_BROKEN ||
	       (p->options->fail_fast &&
		       (totals->failed > failed || s->end != RUN_DONE));
}

static unsigned jobs(const struct pool *p, size_t n)
{
	long have = p->options->jobs > 0 ? (long)p->options->jobs
					 : sysconf(_SC_NPROCESSORS_ONLN);

	if (p->lab != NULL)
		have = lab_jobs(p->lab);

	if (have < 1)
		have = 1;
	if (have > JOBS_MAX)
		have = JOBS_MAX;
	return (size_t)have > n ? (unsigned)n : (unsigned)have;
}

static enum run_end run_pool(struct pool *p, const struct run_sink *sink,
	struct run_totals *ret, struct errs *errs)
{
	unsigned n_threads = jobs(p, p->n);
	pthread_t threads[JOBS_MAX];
	enum run_end end = RUN_DONE;
	bool stop = false;

	for (unsigned i = 0; i < n_threads; i++) {
		if (pthread_create(&threads[i], NULL, work, p) != 0)
			bug("cannot start a thread");
	}
	for (size_t i = 0; i < p->n && !stop; i++) {
		struct slot *s = await(p, i);

		if (s->end != RUN_DONE)
			end = s->end;
		stop = report(p, s, sink, ret, errs);
		take(p, s, stop);
	}
	for (unsigned i = 0; i < n_threads; i++)
		pthread_join(threads[i], NULL);
	for (size_t i = 0; i < p->n; i++)
		arena_free(p->slots[i].arena);
	return end;
}

/* ---- the door ---- */

static void begin(struct arena *a, const struct scenario *const *list, size_t n,
	const struct cast *cast, const struct run_options *options,
	const struct run_sink *sink)
{
	struct record_scenario *scenarios = arena_array(a, n, sizeof(*scenarios));
	struct record_run run;

	if (sink->begin == NULL)
		return;
	for (size_t i = 0; i < n; i++)
		describe(a, list[i], &scenarios[i]);
	header(a, cast, options, &run);
	sink->begin(sink->ctx, &run, scenarios, n);
}

static struct cast choose(struct arena *a, const struct profile_set *profiles,
	const struct run_options *options)
{
	struct cast cast = { 0 };

	choose_clients(a, profiles, options->clients, &cast);
	if (options->network == NETWORK_LIVE)
		choose_live(a, options->live, &cast);
	else
		choose_resolvers(a, options->resolvers, &cast);
	return cast;
}

static size_t choose_scenarios(const struct scenario *const *list, size_t n,
	const struct run_options *options, const struct scenario **ret)
{
	size_t n_chosen = 0;

	for (size_t i = 0; i < n; i++) {
		if (selected(options, list[i]))
			ret[n_chosen++] = list[i];
	}
	return n_chosen;
}

void run_header(const struct scenario *const *list, size_t n,
	const struct profile_set *profiles, const struct run_options *options,
	const struct run_sink *sink)
{
	struct arena *a = arena_new();
	const struct scenario **chosen = arena_array(a, n, sizeof(*chosen));
	struct cast cast = choose(a, profiles, options);
	size_t n_chosen = choose_scenarios(list, n, options, chosen);

	begin(a, chosen, n_chosen, &cast, options, sink);
	arena_free(a);
}

enum run_end run_scenarios(const struct scenario *const *list, size_t n,
	const struct profile_set *profiles, const struct run_options *options,
	const struct run_sink *sink, struct run_totals *ret, struct errs *errs)
{
	struct arena *a = arena_new();
	const struct scenario **chosen = arena_array(a, n, sizeof(*chosen));
	struct cast cast = choose(a, profiles, options);
	struct pool p = {
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.moved = PTHREAD_COND_INITIALIZER,
		.list = chosen,
		.cast = &cast,
		.options = options,
	};
	enum run_end end;

	*ret = (struct run_totals){ 0 };
	p.n = choose_scenarios(list, n, options, chosen);
	p.slots = arena_array(a, p.n, sizeof(*p.slots));
	if (options->network == NETWORK_LAB && p.n > 0) {
		size_t n_cases = 0;

		for (size_t i = 0; i < p.n; i++)
			n_cases += cases_count(chosen[i], &cast);
		p.lab = lab_new(options, n_cases, errs);
		if (p.lab == NULL) {
			arena_free(a);
			return RUN_BROKEN;
		}
	}
	begin(a, chosen, p.n, &cast, options, sink);
	end = run_pool(&p, sink, ret, errs);
	lab_free(p.lab);
	arena_free(a);
	return end;
}

/* Not everything that follows from one failure is worth a line. */
static enum run_end check_heard(const struct live *live, struct errs *errs)
{
	if (live == NULL || !live_is_silent(live))
		return RUN_DONE;
	errs_add(errs, (struct place){ 0 },
		"no resolver answers at %s, over UDP or TCP", live_name(live));
	return RUN_BROKEN;
}

enum run_end run_lookup(const struct scenario *world,
	const struct profile_set *profiles, const struct run_options *options,
	const struct run_sink *sink, struct run_totals *ret, struct errs *errs)
{
	struct arena *a = arena_new(), *scratch = arena_new();
	struct cast cast = choose(a, profiles, options);
	struct case_list cases;
	enum run_end end;

	*ret = (struct run_totals){ 0 };
	begin(a, &world, 1, &cast, options, sink);
	cases_lookup(a, scratch, world, &cast, profile_find(profiles, "rfc5321"),
		options, &cases);
	end = check_heard(options->live, errs);
	for (size_t i = 0; end == RUN_DONE && i < cases.n; i++) {
		count(ret, &cases.list[i]);
		sink->record(sink->ctx, &cases.list[i]);
	}
	arena_free(scratch);
	arena_free(a);
	return end;
}
