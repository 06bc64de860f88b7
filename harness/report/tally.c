#include "report/tally.h"

#include <string.h>

#include "base/arena.h"
#include "report/story.h"

static const char *copy(struct arena *a, const char *text)
{
	return text == NULL ? NULL : arena_strdup(a, text);
}

static const char **copy_list(struct arena *a, const char *const *list, unsigned n)
{
	const char **to = arena_array(a, n, sizeof(*to));

	for (unsigned i = 0; i < n; i++)
		to[i] = arena_strdup(a, list[i]);
	return to;
}

/* "new address, ALIAS provider"; "none". */
static const char *cost_of(struct arena *a, const struct record_scenario *sc)
{
	struct str s = STR_INIT;
	const char *kept;

	if (sc->mail_cost != NULL)
		str_puts(&s, sc->mail_cost);
	if (sc->web_cost != NULL)
		str_printf(&s, "%s%s", s.len > 0 ? ", " : "", sc->web_cost);
	if (sc->needs != NULL)
		str_printf(&s, "%s%s", s.len > 0 ? ", " : "", sc->needs);
	kept = arena_strdup(a, s.len > 0 ? s.data : "none");
	str_clear(&s);
	return kept;
}

static void set_scenario(
	struct arena *a, struct tally_scenario *to, const struct record_scenario *from)
{
	*to = (struct tally_scenario){
		.id = arena_strdup(a, from->id),
		.title = copy(a, from->title),
		.group = arena_strdup(a, from->group == NULL ? "other" : from->group),
		.layout = copy(a, from->layout),
		.cost = cost_of(a, from),
		.loads_why = copy(a, from->loads_why),
		.file = copy(a, from->file),
		.loads = from->loads,
		.refused = from->refused,
	};
}

struct tally *tally_new(struct arena *a, const struct report_options *options,
	const struct record_run *run, const struct record_scenario *scenarios, size_t n)
{
	struct tally *t = arena_alloc(a, sizeof(*t));

	*t = (struct tally){
		.arena = a,
		.options = options,
		.tool = copy(a, run->tool),
		.version = copy(a, run->version),
		.sha256 = copy(a, run->scenarios_sha256),
		.shard = copy(a, run->shard),
		.network = copy(a, run->network),
		.seed = run->seed,
		.clients = copy_list(a, run->clients, run->n_clients),
		.resolvers = copy_list(a, run->resolvers, run->n_resolvers),
		.n_clients = run->n_clients,
		.n_resolvers = run->n_resolvers,
		.n = n,
	};
	t->validates = arena_array(a, run->n_clients, sizeof(*t->validates));
	t->models = arena_array(a, run->n_resolvers, sizeof(*t->models));
	for (unsigned i = 0; i < run->n_resolvers && run->resolvers_model != NULL; i++)
		t->models[i] = run->resolvers_model[i];
	for (unsigned i = 0; i < run->n_clients; i++) {
		t->validates[i] = run->clients_validate[i];
		if (strcmp(run->clients[i], TALLY_REFERENCE) == 0)
			t->reference = i;
	}
	t->scenarios = arena_array(a, n, sizeof(*t->scenarios));
	for (size_t i = 0; i < n; i++)
		set_scenario(a, &t->scenarios[i], &scenarios[i]);
	return t;
}

/* Index in the list, looked for from *last on, as records come in order; n when it is
 * not there. */
static size_t find(const char *const *list, size_t n, const char *name, size_t *last)
{
	for (size_t i = 0; i < n; i++) {
		size_t at = *last + i < n ? *last + i : *last + i - n;

		if (strcmp(list[at], name) == 0) {
			*last = at;
			return at;
		}
	}
	return n;
}

static struct tally_scenario *find_scenario(struct tally *t, const char *id)
{
	for (size_t i = 0; i < t->n; i++) {
		size_t at = t->last_scenario + i < t->n ? t->last_scenario + i
							: t->last_scenario + i - t->n;

		if (strcmp(t->scenarios[at].id, id) == 0) {
			t->last_scenario = at;
			return &t->scenarios[at];
		}
	}
	return NULL;
}

static enum tally_web web_of(const struct record_web *w, enum tally_web so_far)
{
	if (!w->tried)
		return so_far;
	/* A scenario may expect that the web is out of reach; that is no merit. */
	if (!w->as_intended || w->ends_at == NULL)
		return WEB_ELSEWHERE;
	return so_far == WEB_ELSEWHERE ? so_far : WEB_AS_INTENDED;
}

static void add_cell(struct tally *t, struct tally_scenario *s, const struct record *r,
	size_t client, size_t resolver)
{
	struct tally_cell *c;
	const struct record_outcome *o = &r->outcome;

	if (s->cells == NULL) {
		s->cells = arena_array(t->arena, (size_t)t->n_clients * t->n_resolvers,
			sizeof(*s->cells));
		s->went = arena_array(t->arena, t->n_resolvers, sizeof(*s->went));
	}
	c = &s->cells[client * t->n_resolvers + resolver];
	c->seen = true;
	c->verdict = (uint8_t)o->verdict;
	c->web = (uint8_t)web_of(&o->web, WEB_NOT_ASKED);
	for (unsigned i = 0; i < r->n_steps; i++)
		c->moved = (uint8_t)web_of(&r->steps[i].web, c->moved);
	if (client == t->reference && o->to_host != NULL)
		s->went[resolver] = arena_strdup(t->arena, o->to_host);
}

static void keep(struct tally *t, struct tally_failure **list, size_t *n,
	const struct record *r, const struct tally_scenario *s, enum case_result result)
{
	size_t max = t->options->verbose ? TALLY_FAILURES_MAX : TALLY_FAILURES_SHOWN;
	const struct record_outcome *o = story_outcome(r, result);
	struct str got = STR_INIT;

	if (*n >= max)
		return;
	if (*list == NULL)
		*list = arena_array(t->arena, max, sizeof(**list));
	story_put_got(&got, o);
	(*list)[(*n)++] = (struct tally_failure){
		.id = arena_strdup(t->arena, r->id),
		.expected = copy(t->arena, o->expected),
		.got = arena_strdup(t->arena, got.data),
		.differs = copy(t->arena, o->difference),
		.step = copy(t->arena, o->title),
		.known = copy(t->arena, r->known),
		.file = s == NULL ? NULL : s->file,
		.refused = s == NULL || !s->refused ? NULL : s->loads_why,
	};
	str_clear(&got);
}

void tally_add(struct tally *t, const struct record *r)
{
	struct tally_scenario *s = find_scenario(t, r->scenario);
	size_t client = find(t->clients, t->n_clients, r->client, &t->last_client);
	size_t resolver =
		find(t->resolvers, t->n_resolvers, r->resolver, &t->last_resolver);

	t->results[r->result]++;
	if (r->result == RESULT_FAILED)
		keep(t, &t->failures, &t->n_failures, r, s, RESULT_FAILED);
	if (r->result == RESULT_SKIPPED)
		reasons_add(t->arena, &t->skipped, r->outcome.reason);
	if (r->result == RESULT_KNOWN)
		keep(t, &t->known, &t->n_known, r, s, RESULT_KNOWN);
	if (s == NULL)
		return;
	s->results[r->result]++;
	if (s->first_address == NULL)
		s->first_address = arena_strdup(t->arena, r->address);
	if (client < t->n_clients && resolver < t->n_resolvers &&
		strcmp(s->first_address, r->address) == 0)
		add_cell(t, s, r, client, resolver);
}

const struct tally_cell *tally_cell(const struct tally *t,
	const struct tally_scenario *s, unsigned client, unsigned resolver)
{
	static const struct tally_cell none;

	return s->cells == NULL ? &none : &s->cells[client * t->n_resolvers + resolver];
}

unsigned long tally_cases(const struct tally *t)
{
	unsigned long sum = 0;

	for (size_t i = 0; i <= RESULT_KNOWN; i++)
		sum += t->results[i];
	return sum;
}

bool tally_ran(const struct tally_cell *cell)
{
	return cell->seen && cell->verdict != VERDICT_SKIPPED;
}

unsigned tally_delivering(const struct tally *t, const struct tally_scenario *s)
{
	unsigned n = 0;

	for (unsigned c = 0; c < t->n_clients; c++) {
		bool seen = false;

		for (unsigned r = 0; r < t->n_resolvers; r++)
			seen |= tally_ran(tally_cell(t, s, c, r));
		n += seen && !t->validates[c];
	}
	return n;
}

int tally_delivered(
	const struct tally *t, const struct tally_scenario *s, unsigned resolver)
{
	int n = 0;
	bool any = false;

	for (unsigned c = 0; c < t->n_clients; c++) {
		const struct tally_cell *cell = tally_cell(t, s, c, resolver);

		if (t->validates[c] || !tally_ran(cell))
			continue;
		any = true;
		n += cell->verdict == VERDICT_DELIVERED;
	}
	return any ? n : -1;
}

static bool pair_is_hopeless(const struct tally *t, unsigned client, unsigned resolver)
{
	unsigned layouts = 0;

	for (size_t i = 0; i < t->n; i++) {
		const struct tally_scenario *s = &t->scenarios[i];
		const struct tally_cell *cell = tally_cell(t, s, client, resolver);

		if (s->layout == NULL || !tally_ran(cell))
			continue;
		if (cell->verdict == VERDICT_DELIVERED)
			return false;
		layouts++;
	}
	return layouts > 1;
}

/* With these, a layout that no client can use is the layout's fault after all. */
static bool resolver_is_hopeless(const struct tally *t, unsigned resolver)
{
	for (unsigned c = 0; c < t->n_clients; c++) {
		if (!t->validates[c] && !t->hopeless[c * t->n_resolvers + resolver])
			return false;
	}
	return true;
}

void tally_find_hopeless(struct tally *t)
{
	t->hopeless = arena_array(
		t->arena, (size_t)t->n_clients * t->n_resolvers, sizeof(*t->hopeless));
	for (unsigned r = 0; r < t->n_resolvers; r++) {
		for (unsigned c = 0; c < t->n_clients; c++)
			t->hopeless[c * t->n_resolvers + r] =
				!t->validates[c] && pair_is_hopeless(t, c, r);
		for (unsigned c = 0; resolver_is_hopeless(t, r) && c < t->n_clients;
			c++)
			t->hopeless[c * t->n_resolvers + r] = false;
	}
}

unsigned tally_hopeless(const struct tally *t, unsigned resolver)
{
	unsigned n = 0;

	for (unsigned c = 0; t->hopeless != NULL && c < t->n_clients; c++)
		n += t->hopeless[c * t->n_resolvers + resolver];
	return n;
}

static void put_count(struct str *s, const char *before, size_t n, const char *what)
{
	str_printf(s, "%s%zu %s%s", before, n, what, n == 1 ? "" : "s");
}

void tally_put_made_of(struct str *s, const struct tally *t)
{
	put_clean(s, t->tool);
	str_putc(s, ' ');
	put_clean(s, t->version);
	str_printf(s, ", seed %llu", (unsigned long long)t->seed);
	put_count(s, ": ", t->n, "scenario");
	put_count(s, ", ", t->n_clients, "client");
	put_count(s, ", ", t->n_resolvers, "resolver");
	put_count(s, ", ", tally_cases(t), "case");
}

void tally_put_skipped(struct str *s, const struct tally *t, const char *before)
{
	for (unsigned i = 0; i < t->skipped.n; i++) {
		str_printf(s, "%s%lu skipped: ", before, t->skipped.list[i].n);
		put_clean(s, t->skipped.list[i].text);
		str_putc(s, '\n');
	}
}

void tally_put_last_line(struct str *s, const struct tally *t)
{
	str_printf(s, "%lu passed, %lu failed, %lu skipped\n",
		t->results[RESULT_PASSED] + t->results[RESULT_KNOWN],
		t->results[RESULT_FAILED], t->results[RESULT_SKIPPED]);
}
