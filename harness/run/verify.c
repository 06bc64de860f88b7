#include "run/verify.h"

#include <ctype.h>
#include <string.h>

#include "base/arena.h"
#include "base/lookup.h"
#include "base/str.h"
#include "lab/program.h"
#include "mta/profile.h"
#include "run/arrange.h"
#include "run/lab.h"

/* The resolver behind which the real clients stand: nothing but the zones' data. */
#define IDEAL "ideal"

/* Programs of one kind, at most one of each emulation. */
struct row {
	const struct program **list;
	size_t n;
	const char *names; /* of the emulations, as a glob */
};

struct verify {
	struct arena *arena, *scratch; /* scratch: of the current scenario */
	const struct scenario *const *list;
	size_t n;
	const struct profile_set *profiles;
	const struct verify_options *options;
	const struct verify_sink *sink;
	struct errs *errs;

	/* The lab's run that is on. */
	enum verify_part part;
	const struct row *clients, *resolvers;
	struct run_options lab;
	enum run_end end; /* of an emulation in it */

	/* The scenario whose records come in, emulated. */
	const char *scenario;
	struct record **emulated;
	size_t n_emulated, room;
};

/* ---- who takes part ---- */

static bool is_wanted(const struct verify *v, const struct program *p)
{
	const struct run_options *o = &v->options->run;

	if (p->kind == PROGRAM_RESOLVER)
		return o->resolvers == NULL || glob_match(o->resolvers, p->emulation);
	if (o->clients == NULL || glob_match(o->clients, p->emulation))
		return true;
	/* An alias names a client, too. */
	return profile_find(v->profiles, o->clients) != NULL &&
	       profile_find(v->profiles, o->clients) ==
		       profile_find(v->profiles, p->emulation);
}

/* How many programs before it stand for the same. */
static size_t rank(const struct verify *v, size_t i)
{
	const struct program *const *list = v->options->programs;
	size_t n = 0;

	for (size_t k = 0; k < i; k++)
		n += list[k]->kind == list[i]->kind &&
		     strcmp(list[k]->emulation, list[i]->emulation) == 0;
	return n;
}

static const char *joined(struct verify *v, const struct row *r)
{
	struct str s = STR_INIT;
	const char *text;

	for (size_t i = 0; i < r->n; i++)
		str_printf(&s, "%s%s", i > 0 ? "," : "", r->list[i]->emulation);
	text = arena_strdup(v->arena, s.data);
	str_clear(&s);
	return text;
}

/* The programs of the kind that are the nth of their emulation. Empty when there are
 * none. */
static struct row row_of(struct verify *v, enum program_kind kind, size_t nth)
{
	size_t n = v->options->n_programs;
	struct row r = { .list = arena_array(v->arena, n, sizeof(*r.list)) };

	for (size_t i = 0; i < n; i++) {
		const struct program *p = v->options->programs[i];

		if (p->kind == kind && rank(v, i) == nth && is_wanted(v, p))
			r.list[r.n++] = p;
	}
	r.names = joined(v, &r);
	return r;
}

/* The next row with anybody in it. */
static bool next_row(
	struct verify *v, enum program_kind kind, size_t *nth, struct row *ret)
{
	while (*nth < v->options->n_programs) {
		*ret = row_of(v, kind, (*nth)++);
		if (ret->n > 0)
			return true;
	}
	return false;
}

static const struct program *stands_for(const struct row *r, const char *emulation)
{
	for (size_t i = 0; r != NULL && i < r->n; i++) {
		if (strcmp(r->list[i]->emulation, emulation) == 0)
			return r->list[i];
	}
	return NULL;
}

/* ---- the emulation ---- */

static void keep(void *ctx, const struct record *r)
{
	struct verify *v = ctx;

	if (v->n_emulated == v->room) {
		struct record **more;

		v->room = v->room == 0 ? 64 : v->room * 2;
		more = arena_array(v->scratch, v->room, sizeof(*more));
		if (v->n_emulated > 0)
			memcpy(more, v->emulated, v->n_emulated * sizeof(*more));
		v->emulated = more;
	}
	v->emulated[v->n_emulated++] = record_copy(v->scratch, r);
}

static const struct scenario *scenario_of(const struct verify *v, const char *id)
{
	for (size_t i = 0; i < v->n; i++) {
		if (strcmp(v->list[i]->id, id) == 0)
			return v->list[i];
	}
	return NULL;
}

static void emulate(struct verify *v, const char *scenario,
	const struct run_options *options,
	void (*record)(void *, const struct record *), void *ctx)
{
	const struct scenario *s = scenario_of(v, scenario);
	const struct run_sink sink = { .record = record, .ctx = ctx };
	struct run_options o = *options;
	struct run_totals totals;
	enum run_end end;

	if (s == NULL)
		return;
	o.network = NETWORK_SIM;
	o.lab = NULL;
	o.jobs = 1;
	end = run_scenarios(&s, 1, v->profiles, &o, &sink, &totals, v->errs);
	if (end != RUN_DONE)
		v->end = end;
}

/* The records of a scenario come together. */
static void emulate_scenario(struct verify *v, const char *scenario)
{
	if (v->scenario != NULL && strcmp(v->scenario, scenario) == 0)
		return;
	arena_reset(v->scratch);
	v->emulated = NULL;
	v->n_emulated = v->room = 0;
	v->scenario = arena_strdup(v->scratch, scenario);
	emulate(v, scenario, &v->lab, keep, v);
}

static const struct record *emulated(const struct verify *v, const struct record *real)
{
	for (size_t i = 0; i < v->n_emulated; i++) {
		if (strcmp(v->emulated[i]->id, real->id) == 0)
			return v->emulated[i];
	}
	return NULL;
}

/* ---- comparing ---- */

/* One case, emulated again. */
struct again {
	struct arena *arena;
	const struct record *real;
	const struct compare_rules *rules;
	bool agrees;
};

static void compare_again(void *ctx, const struct record *r)
{
	struct again *again = ctx;
	struct comparison c;

	if (again->agrees || strcmp(r->id, again->real->id) != 0)
		return;
	compare_records(again->arena, r, again->real, again->rules, &c);
	again->agrees = c.n == 0;
}

/* Does any seed bring what the real program did, when the records of each answer come
 * in the order in which it got them, and its hosts in the order in which it asked? */
static bool chance_agrees(
	struct verify *v, const struct record *real, const struct compare_rules *rules)
{
	struct again again = { arena_new(), real, rules, false };
	struct run_options o = v->lab;

	o.clients = real->client;
	o.resolvers = real->resolver;
	/* Each seed twice: who looks several hosts up at once need not try them in the
	 * order in which it asked. */
	for (unsigned i = 0;
		i < 2 * VERIFY_SEEDS && !again.agrees && v->end == RUN_DONE; i++) {
		arena_reset(again.arena);
		o.seed = v->lab.seed + i / 2;
		/* All addresses of the scenario are run, and each needs its own: the
		 * others are not looked at. */
		o.arrange = arrange_hook(arrange_new(again.arena, real), i % 2 == 0);
		emulate(v, real->scenario, &o, compare_again, &again);
	}
	arena_free(again.arena);
	return again.agrees;
}

static const char *lower(struct arena *a, const char *text)
{
	char *copy = arena_strdup(a, text);

	for (char *p = copy; *p != '\0'; p++)
		*p = (char)tolower((unsigned char)*p);
	return copy;
}

/* A sender that the scenario names is a part of the case. */
static const char *const *own_names(struct verify *v, const struct scenario *s)
{
	const char **own = arena_array(v->scratch, s->n_self_names + 2u, sizeof(*own));
	const char *at = strrchr(s->sender, '@');
	unsigned n = 0;

	for (unsigned i = 0; i < s->n_self_names; i++)
		own[n++] = lower(v->scratch, s->self_names[i]);
	if (!s->sender_given && at != NULL)
		own[n++] = lower(v->scratch, at + 1);
	own[n] = NULL;
	return own;
}

static struct compare_rules rules_for(struct verify *v, const struct verify_case *c)
{
	const struct scenario *s = scenario_of(v, c->real->scenario);
	struct compare_rules rules = { 0 };
	const char *dot;

	if (c->client == NULL || s == NULL)
		return rules;
	rules.parallel = c->client->parallel_questions;
	rules.own = own_names(v, s);
	dot = s->n_self_names > 0 && s->n_search == 0 ? strchr(rules.own[0], '.')
						      : NULL;
	rules.domain = dot != NULL ? dot + 1 : NULL;
	/* As run/lab-mta.c writes it. */
	rules.hosts_file = c->client->hosts_file;
	return rules;
}

static void compare(struct verify *v, struct verify_case *c)
{
	const struct compare_rules rules = rules_for(v, c);
	struct comparison *comparison = arena_alloc(v->scratch, sizeof(*comparison));

	compare_records(v->scratch, c->emulated, c->real, &rules, comparison);
	c->comparison = comparison;
	c->end = comparison->n == 0 || chance_agrees(v, c->real, &rules)
			 ? VERIFY_AGREES
			 : VERIFY_DIFFERS;
}

/* The lab ran what the emulation does not know: nothing it says can be believed. */
static void no_such_case(struct verify *v, const struct record *r)
{
	if (v->end != RUN_DONE)
		return;
	v->end = RUN_BROKEN;
	errs_add(v->errs, (struct place){ 0 }, "%s was run and is no case", r->id);
}

/* Of the case, or of the first step that was not run. */
static const char *why_skipped(const struct record *r)
{
	if (r->outcome.verdict == VERDICT_SKIPPED)
		return r->outcome.reason;
	for (unsigned i = 0; i < r->n_steps; i++) {
		if (r->steps[i].verdict == VERDICT_SKIPPED)
			return r->steps[i].reason;
	}
	return r->outcome.reason;
}

static void take(void *ctx, const struct record *r)
{
	struct verify *v = ctx;
	struct verify_case c = {
		.part = v->part,
		.client = stands_for(v->clients, r->client),
		.resolver = stands_for(v->resolvers, r->resolver),
		.end = VERIFY_SKIPPED,
		.real = r,
	};

	if (r->result != RESULT_SKIPPED && r->outcome.verdict != VERDICT_SKIPPED) {
		emulate_scenario(v, r->scenario);
		c.emulated = emulated(v, r);
		if (c.emulated != NULL)
			compare(v, &c);
		else
			no_such_case(v, r);
	} else {
		c.reason = why_skipped(r);
		/* Programs that can be had have their names in the record. */
		if (r->client_program != NULL || r->resolver_program != NULL)
			c.end = VERIFY_LOST;
	}
	v->sink->done(v->sink->ctx, &c);
}

/* ---- the parts ---- */

static const struct program **programs_of(
	struct verify *v, const struct row *x, const struct row *y, size_t *n)
{
	size_t nx = x == NULL ? 0 : x->n, ny = y == NULL ? 0 : y->n;
	const struct program **list = arena_array(v->arena, nx + ny, sizeof(*list));

	for (size_t i = 0; i < nx; i++)
		list[i] = x->list[i];
	for (size_t i = 0; i < ny; i++)
		list[nx + i] = y->list[i];
	*n = nx + ny;
	return list;
}

static void announce(struct verify *v, const struct row *r)
{
	for (size_t i = 0; r != NULL && i < r->n; i++)
		v->sink->program(v->sink->ctx, v->part, r->list[i]);
}

/* One run of the lab. NULL: that side is emulated. */
static enum run_end run_lab(struct verify *v, enum verify_part part,
	const struct row *clients, const struct row *resolvers)
{
	const struct run_sink sink = { .record = take, .ctx = v };
	const struct verify_options *o = v->options;
	run_fn *lab = o->lab == NULL ? run_scenarios : o->lab;
	struct lab_options options = {
		.build = o->build,
		.tell = o->tell,
		.progress = o->progress,
		.ctx = o->ctx,
	};
	struct run_totals totals;
	enum run_end end;

	v->part = part;
	v->clients = clients;
	v->resolvers = resolvers;
	v->scenario = NULL;
	v->end = RUN_DONE;
	options.programs = programs_of(v, clients, resolvers, &options.n_programs);
	v->lab = o->run;
	v->lab.network = NETWORK_LAB;
	v->lab.lab = &options;
	v->lab.details = true;
	if (clients != NULL)
		v->lab.clients = clients->names;
	if (resolvers != NULL)
		v->lab.resolvers = resolvers->names;
	else
		v->lab.resolvers = IDEAL;
	/* Of both together the clients' row says it all. */
	announce(v, clients != NULL ? clients : resolvers);
	end = lab(v->list, v->n, v->profiles, &v->lab, &sink, &totals, v->errs);
	return end != RUN_DONE ? end : v->end;
}

static enum run_end run_resolvers(struct verify *v)
{
	enum run_end end = RUN_DONE;
	struct row r;

	for (size_t i = 0; end == RUN_DONE && next_row(v, PROGRAM_RESOLVER, &i, &r);)
		end = run_lab(v, VERIFY_RESOLVERS, NULL, &r);
	return end;
}

static bool wants_ideal(const struct verify *v)
{
	const char *glob = v->options->run.resolvers;

	return glob == NULL || glob_match(glob, IDEAL);
}

static enum run_end run_clients(struct verify *v)
{
	enum run_end end = RUN_DONE;
	struct row c;

	for (size_t i = 0;
		end == RUN_DONE && wants_ideal(v) && next_row(v, PROGRAM_MTA, &i, &c);)
		end = run_lab(v, VERIFY_CLIENTS, &c, NULL);
	return end;
}

static enum run_end run_together(struct verify *v)
{
	enum run_end end = RUN_DONE;
	struct row c, r;

	for (size_t i = 0; end == RUN_DONE && next_row(v, PROGRAM_MTA, &i, &c);) {
		for (size_t k = 0;
			end == RUN_DONE && next_row(v, PROGRAM_RESOLVER, &k, &r);)
			end = run_lab(v, VERIFY_TOGETHER, &c, &r);
	}
	return end;
}

/* ---- the header ---- */

static bool has_kind(struct verify *v, enum program_kind kind)
{
	struct row r;
	size_t i = 0;

	return next_row(v, kind, &i, &r);
}

static const char *all_names(struct verify *v, enum program_kind kind, const char *more)
{
	struct str s = STR_INIT;
	const char *text;
	struct row r;

	str_puts(&s, more);
	for (size_t i = 0; next_row(v, kind, &i, &r);)
		str_printf(&s, "%s%s", s.len > 0 ? "," : "", r.names);
	text = arena_strdup(v->arena, s.data);
	str_clear(&s);
	return text;
}

/* Clients: all where there is a real resolver for them, else those that are real. */
static void begin(struct verify *v)
{
	const struct run_sink sink = { .begin = v->sink->begin, .ctx = v->sink->ctx };
	struct run_options o = v->options->run;
	bool ideal = wants_ideal(v) && has_kind(v, PROGRAM_MTA);

	o.network = NETWORK_LAB;
	o.resolvers = all_names(v, PROGRAM_RESOLVER, ideal ? IDEAL : "");
	if (!has_kind(v, PROGRAM_RESOLVER))
		o.clients = all_names(v, PROGRAM_MTA, "");
	run_header(v->list, v->n, v->profiles, &o, &sink);
}

enum run_end verify_run(const struct scenario *const *list, size_t n,
	const struct profile_set *profiles, const struct verify_options *options,
	const struct verify_sink *sink, struct errs *errs)
{
	struct verify v = {
		.arena = arena_new(),
		.scratch = arena_new(),
		.list = list,
		.n = n,
		.profiles = profiles,
		.options = options,
		.sink = sink,
		.errs = errs,
	};
	enum run_end end;

	begin(&v);
	end = run_resolvers(&v);
	if (end == RUN_DONE)
		end = run_clients(&v);
	if (end == RUN_DONE && options->together)
		end = run_together(&v);
	arena_free(v.scratch);
	arena_free(v.arena);
	return end;
}
