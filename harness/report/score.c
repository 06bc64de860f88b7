#include "report/score.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/lookup.h"
#include "report/story.h"

/* Mixed is not partial, and could-not-tell is not bad: each has a glyph of its own, and
 * the word beside it tells the rest. */
const char *verdict_glyph(enum verdict v)
{
	static const char *const glyphs[VERDICTS] = {
		[VERDICT_DELIVERED] = "✔",
		[VERDICT_REWRITTEN] = "◐",
		[VERDICT_MISDELIVERED] = "✖",
		[VERDICT_REJECTED] = "✖",
		[VERDICT_DEFERRED] = "✖",
		[VERDICT_BOUNCED] = "✖",
		[VERDICT_UNKNOWN] = "?",
		[VERDICT_SKIPPED] = "–",
	};

	return glyphs[v];
}

enum tone verdict_tone(enum verdict v)
{
	return v == VERDICT_DELIVERED	? TONE_GOOD
	       : v == VERDICT_REWRITTEN ? TONE_MIXED
	       : v >= VERDICT_UNKNOWN	? TONE_DIM
					: TONE_BAD;
}

/* Mail of one layout over the resolvers: the fewest and the most clients whose mail is
 * delivered; behind how many resolvers the web is reached. */
struct range {
	int worst, best;
	unsigned of;
	bool full; /* everybody whom any layout helps is served */
};

/* The yardsticks are not in the headline, unless nothing else was run. */
static bool in_headline(const struct tally *t, unsigned resolver)
{
	for (unsigned r = 0; r < t->n_resolvers; r++) {
		if (!t->models[r])
			return !t->models[resolver];
	}
	return true;
}

static bool is_full(
	const struct tally *t, unsigned resolver, int delivered, unsigned of)
{
	return delivered + (int)tally_hopeless(t, resolver) >= (int)of;
}

static struct range mail_range(const struct tally *t, const struct tally_scenario *s)
{
	struct range range = { .worst = INT_MAX, .of = tally_delivering(t, s) };

	range.full = true;
	for (unsigned r = 0; r < t->n_resolvers; r++) {
		int n = in_headline(t, r) ? tally_delivered(t, s, r) : -1;

		if (n < 0)
			continue;
		range.full = range.full && is_full(t, r, n, range.of);
		range.worst = n < range.worst ? n : range.worst;
		range.best = n > range.best ? n : range.best;
	}
	if (range.worst == INT_MAX)
		range.worst = 0;
	return range;
}

static enum tone range_tone(const struct range *range)
{
	return range->of == 0	  ? TONE_DIM
	       : range->best == 0 ? TONE_BAD
	       : range->full	  ? TONE_GOOD
				  : TONE_MIXED;
}

static const char *tone_glyph(enum tone tone)
{
	static const char *const glyphs[TONES] = {
		[TONE_PLAIN] = "",
		[TONE_GOOD] = "✔",
		[TONE_MIXED] = "◐",
		[TONE_BAD] = "✖",
		[TONE_DIM] = "–",
	};

	return glyphs[tone];
}

/* Resolvers behind which every visitor ended as intended. */
static struct range web_range(
	const struct tally *t, const struct tally_scenario *s, bool after_move)
{
	struct range range = { 0 };

	for (unsigned r = 0; r < t->n_resolvers; r++) {
		bool asked = false, good = true;

		if (!in_headline(t, r))
			continue;
		for (unsigned c = 0; c < t->n_clients; c++) {
			const struct tally_cell *cell = tally_cell(t, s, c, r);
			uint8_t web = after_move ? cell->moved : cell->web;

			asked |= web != WEB_NOT_ASKED;
			good &= web != WEB_ELSEWHERE;
		}
		range.of += asked;
		range.worst += asked && good;
	}
	range.best = range.worst;
	range.full = range.worst == (int)range.of;
	return range;
}

static int demands_met(const struct tally *t, const struct tally_scenario *s)
{
	struct range mail = mail_range(t, s);
	struct range web = web_range(t, s, false);
	struct range moved = web_range(t, s, true);

	return (range_tone(&mail) == TONE_GOOD) + (range_tone(&web) == TONE_GOOD) +
	       (range_tone(&moved) == TONE_GOOD) + s->loads;
}

struct ranked {
	const struct tally_scenario *scenario;
	int demands;
	struct range mail;
	size_t index;
};

static int by_merit(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;

	/* Without mail the rest is worth nothing. */
	if ((x->mail.best > 0) != (y->mail.best > 0))
		return x->mail.best > 0 ? -1 : 1;
	if (x->demands != y->demands)
		return y->demands - x->demands;
	if (x->mail.worst != y->mail.worst)
		return y->mail.worst - x->mail.worst;
	if (x->mail.best != y->mail.best)
		return y->mail.best - x->mail.best;
	return x->index < y->index ? -1 : 1;
}

size_t score_layouts(const struct tally *t, const struct tally_scenario *const **ret)
{
	struct ranked *ranked = arena_array(t->arena, t->n, sizeof(*ranked));
	const struct tally_scenario **list = arena_array(t->arena, t->n, sizeof(*list));
	size_t n = 0;

	for (size_t i = 0; i < t->n; i++) {
		const struct tally_scenario *s = &t->scenarios[i];

		if (s->layout == NULL || s->cells == NULL)
			continue;
		ranked[n++] = (struct ranked){
			.scenario = s,
			.demands = demands_met(t, s),
			.mail = mail_range(t, s),
			.index = i,
		};
	}
	if (n > 0)
		qsort(ranked, n, sizeof(*ranked), by_merit);
	for (size_t i = 0; i < n; i++)
		list[i] = ranked[i].scenario;
	*ret = list;
	return n;
}

static void layout_cell(struct grid *g, const struct tally_scenario *s, bool anchor)
{
	grid_cell(g, TONE_PLAIN, "%s", s->layout);
	if (anchor) {
		char id[128];

		snprintf(id, sizeof(id), "s-%s", s->id);
		grid_anchor(g, id);
	}
}

static void mail_cell(struct grid *g, const struct range *range)
{
	enum tone tone = range_tone(range);

	if (range->of == 0)
		grid_cell(g, tone, "– not run");
	else if (range->worst == range->best)
		grid_cell(g, tone, "%s %d of %u", tone_glyph(tone), range->best,
			range->of);
	else
		grid_cell(g, tone, "%s %d–%d of %u", tone_glyph(tone), range->worst,
			range->best, range->of);
}

static void web_cell(struct grid *g, const struct range *range)
{
	enum tone tone = range_tone(range);

	if (range->of == 0)
		grid_cell(g, tone, "– not asked");
	else if (tone == TONE_MIXED)
		grid_cell(g, tone, "◐ %d of %u", range->best, range->of);
	else
		grid_cell(g, tone, tone == TONE_GOOD ? "✔ yes" : "✖ no");
}

struct grid *score_card(const struct tally *t)
{
	static const char *const heads[] = { "Layout", "Mail arrives", "Web",
		"After move", "Servers", "Cost" };
	const struct tally_scenario *const *list;
	size_t n = score_layouts(t, &list);
	struct grid *g;

	if (n == 0)
		return NULL;
	g = grid_new(t->arena, heads, ARRAY_LEN(heads));
	for (size_t i = 0; i < n; i++) {
		struct range mail = mail_range(t, list[i]);
		struct range web = web_range(t, list[i], false);
		struct range moved = web_range(t, list[i], true);

		layout_cell(g, list[i], true);
		mail_cell(g, &mail);
		web_cell(g, &web);
		web_cell(g, &moved);
		grid_cell(g, list[i]->loads ? TONE_GOOD : TONE_BAD,
			list[i]->loads ? "✔ load" : "✖ refuse");
		grid_cell(g, TONE_PLAIN, "%s", list[i]->cost);
	}
	return g;
}

struct grid *score_by_resolver(const struct tally *t, unsigned from, unsigned to)
{
	const struct tally_scenario *const *list;
	size_t n = score_layouts(t, &list);
	const char **heads = arena_array(t->arena, 1 + to - from, sizeof(*heads));
	struct grid *g;

	if (n == 0 || from == to)
		return NULL;
	heads[0] = "Layout";
	for (unsigned r = from; r < to; r++)
		heads[1 + r - from] = t->resolvers[r];
	g = grid_new(t->arena, heads, 1 + to - from);
	for (size_t i = 0; i < n; i++) {
		layout_cell(g, list[i], false);
		for (unsigned r = from; r < to; r++) {
			int got = tally_delivered(t, list[i], r);
			unsigned of = tally_delivering(t, list[i]);
			struct range range = { got, got, of, is_full(t, r, got, of) };
			enum tone tone = range_tone(&range);

			if (got < 0)
				grid_cell(g, TONE_DIM, "–");
			else
				grid_cell(g, tone, "%s %d", tone_glyph(tone), got);
		}
	}
	return g;
}

void score_put_hopeless(struct str *s, const struct tally *t)
{
	bool any = false;

	for (unsigned r = 0; r < t->n_resolvers; r++) {
		for (unsigned c = 0; c < t->n_clients; c++) {
			if (!t->hopeless[c * t->n_resolvers + r])
				continue;
			str_puts(s, any ? ", "
					: "No layout helps, and none is blamed for: ");
			put_clean(s, t->clients[c]);
			str_puts(s, " behind ");
			put_clean(s, t->resolvers[r]);
			any = true;
		}
	}
	str_puts(s, any ? ".\n" : "");
}

/* Weight of each of n names: the weight of a glob is divided evenly between the names
 * it matches. Validators deliver no mail and get none (skip may be NULL). */
static double *weights_of(const struct tally *t, const struct report_share *shares,
	unsigned n_shares, const char *const *names, const bool *skip, unsigned n)
{
	double *weights = arena_array(t->arena, n, sizeof(*weights));

	for (unsigned i = 0; i < n_shares; i++) {
		unsigned matched = 0;

		for (unsigned k = 0; k < n; k++)
			matched += (skip == NULL || !skip[k]) &&
				   glob_match(shares[i].glob, names[k]);
		for (unsigned k = 0; k < n && matched > 0; k++) {
			if ((skip == NULL || !skip[k]) &&
				glob_match(shares[i].glob, names[k]))
				weights[k] += shares[i].weight / matched;
		}
	}
	for (unsigned k = 0; k < n && n_shares == 0; k++)
		weights[k] = skip == NULL || !skip[k];
	return weights;
}

static void mix_row(struct grid *g, const struct tally *t,
	const struct tally_scenario *s, const double *clients, const double *resolvers)
{
	double sums[VERDICTS] = { 0 }, all = 0;
	double shares[6];

	for (unsigned c = 0; c < t->n_clients; c++) {
		for (unsigned r = 0; r < t->n_resolvers; r++) {
			const struct tally_cell *cell = tally_cell(t, s, c, r);
			double weight = tally_ran(cell) ? clients[c] * resolvers[r] : 0;

			sums[cell->verdict] += weight;
			all += weight;
		}
	}
	shares[0] = sums[VERDICT_DELIVERED];
	shares[1] = sums[VERDICT_REWRITTEN];
	shares[2] = sums[VERDICT_MISDELIVERED];
	shares[3] = sums[VERDICT_REJECTED] + sums[VERDICT_BOUNCED];
	shares[4] = sums[VERDICT_DEFERRED];
	shares[5] = sums[VERDICT_UNKNOWN];
	layout_cell(g, s, false);
	for (size_t i = 0; i < ARRAY_LEN(shares); i++) {
		enum tone tone = shares[i] <= 0 ? TONE_DIM
				 : i == 0	? TONE_GOOD
				 : i == 1	? TONE_MIXED
						: TONE_BAD;

		if (all > 0)
			grid_cell(g, tone, "%5.1f %%", 100 * shares[i] / all);
		else
			grid_cell(g, TONE_DIM, "–");
	}
}

struct grid *score_mix(const struct tally *t)
{
	static const char *const heads[] = { "Layout", "Delivered intact", "Rewritten",
		"Misdelivered", "Rejected or bounced", "Deferred", "Unknown" };
	const struct report_mix *mix = t->options->mix;
	const struct tally_scenario *const *list;
	size_t n = score_layouts(t, &list);
	const double *clients, *resolvers;
	struct grid *g;

	if (mix == NULL || n == 0)
		return NULL;
	clients = weights_of(t, mix->clients, mix->n_clients, t->clients, t->validates,
		t->n_clients);
	resolvers = weights_of(t, mix->resolvers, mix->n_resolvers, t->resolvers, NULL,
		t->n_resolvers);
	g = grid_new(t->arena, heads, ARRAY_LEN(heads));
	for (size_t i = 0; i < n; i++)
		mix_row(g, t, list[i], clients, resolvers);
	return g;
}

static unsigned note_number(
	const struct tally *t, struct notes *notes, const char *text)
{
	for (size_t i = 0; i < notes->n; i++) {
		if (strcmp(notes->list[i], text) == 0)
			return (unsigned)i + 1;
	}
	if (notes->n == notes->room) {
		size_t room = notes->room == 0 ? 32 : notes->room * 2;
		const char **list = arena_array(t->arena, room, sizeof(*list));

		if (notes->n > 0)
			memcpy(list, notes->list, notes->n * sizeof(*list));
		notes->list = list;
		notes->room = room;
	}
	notes->list[notes->n++] = arena_strdup(t->arena, text);
	return (unsigned)notes->n;
}

/* The verdict behind most resolvers; the better one when two are equal. */
static int usual_verdict(
	const struct tally *t, const struct tally_scenario *s, unsigned client)
{
	unsigned counts[VERDICTS] = { 0 };
	int usual = 0;

	for (unsigned r = 0; r < t->n_resolvers; r++) {
		const struct tally_cell *c = tally_cell(t, s, client, r);

		counts[c->verdict] += c->seen;
	}
	for (int v = 0; v < VERDICTS; v++) {
		if (counts[v] > counts[usual])
			usual = v;
	}
	return usual;
}

/* "bounced behind bare, bind-9.18; else delivered". */
static unsigned by_resolver_note(const struct tally *t, struct notes *notes,
	const struct tally_scenario *s, unsigned client)
{
	int usual = usual_verdict(t, s, client);
	struct str text = STR_INIT;
	unsigned number;

	for (int v = 0; v < VERDICTS; v++) {
		bool first = true;

		for (unsigned r = 0; r < t->n_resolvers; r++) {
			const struct tally_cell *c = tally_cell(t, s, client, r);

			if (!c->seen || c->verdict != v || v == usual)
				continue;
			if (first)
				str_printf(&text, "%s behind ",
					verdict_name((enum verdict)v));
			str_printf(&text, "%s%s", first ? "" : ", ", t->resolvers[r]);
			first = false;
		}
		str_puts(&text, first ? "" : "; ");
	}
	str_printf(&text, "else %s", verdict_name((enum verdict)usual));
	number = note_number(t, notes, text.data);
	str_clear(&text);
	return number;
}

static void client_cell(struct grid *g, const struct tally *t, struct notes *notes,
	const struct tally_scenario *s, unsigned client)
{
	int verdict = -1;
	bool same = true;

	for (unsigned r = 0; r < t->n_resolvers; r++) {
		const struct tally_cell *c = tally_cell(t, s, client, r);

		if (!c->seen)
			continue;
		if (verdict < 0)
			verdict = c->verdict;
		same &= verdict == c->verdict;
	}
	if (verdict < 0) {
		grid_cell(g, TONE_DIM, "· not run");
	} else if (same) {
		grid_cell(g, verdict_tone((enum verdict)verdict), "%s %s",
			verdict_glyph((enum verdict)verdict),
			verdict_name((enum verdict)verdict));
	} else {
		grid_cell(g, TONE_MIXED, "◐ by resolver");
		grid_note(g, by_resolver_note(t, notes, s, client));
	}
}

struct grid *score_by_client(
	const struct tally *t, struct notes *notes, size_t from, size_t to)
{
	const struct tally_scenario *const *list;
	size_t n = score_layouts(t, &list);
	const char **heads = arena_array(t->arena, 1 + to - from, sizeof(*heads));
	struct grid *g;

	if (n == 0 || t->n_clients == 0)
		return NULL;
	heads[0] = "Client";
	for (size_t i = from; i < to; i++)
		heads[1 + i - from] = list[i]->layout;
	g = grid_new(t->arena, heads, (unsigned)(1 + to - from));
	for (unsigned c = 0; c < t->n_clients; c++) {
		grid_cell(g, TONE_PLAIN, t->validates[c] ? "%s (validator)" : "%s",
			t->clients[c]);
		for (size_t i = from; i < to; i++)
			client_cell(g, t, notes, list[i], c);
	}
	return g;
}

static void went_cell(struct grid *g, const struct tally *t,
	const struct tally_scenario *s, unsigned resolver)
{
	const struct tally_cell *c = tally_cell(t, s, t->reference, resolver);
	enum verdict v = (enum verdict)c->verdict;

	if (!c->seen)
		grid_cell(g, TONE_DIM, "· not run");
	else
		grid_cell(g, verdict_tone(v), "%s %s", verdict_glyph(v),
			s->went[resolver] != NULL ? s->went[resolver]
						  : verdict_name(v));
}

struct grid *score_went(
	const struct tally *t, const char *group, unsigned from, unsigned to)
{
	const char **heads = arena_array(t->arena, 1 + to - from, sizeof(*heads));
	struct grid *g;

	if (t->n_clients == 0)
		return NULL;
	heads[0] = "Scenario";
	for (unsigned r = from; r < to; r++)
		heads[1 + r - from] = t->resolvers[r];
	g = grid_new(t->arena, heads, 1 + to - from);
	for (size_t i = 0; i < t->n; i++) {
		const struct tally_scenario *s = &t->scenarios[i];

		if (strcmp(s->group, group) != 0 || s->cells == NULL)
			continue;
		grid_cell(g, TONE_PLAIN, "%s", s->id);
		for (unsigned r = from; r < to; r++)
			went_cell(g, t, s, r);
	}
	return grid_rows(g) == 0 ? NULL : g;
}

static unsigned long count_cases(const unsigned long *results)
{
	return results[RESULT_PASSED] + results[RESULT_FAILED] +
	       results[RESULT_SKIPPED] + results[RESULT_KNOWN];
}

static void count_cells(struct grid *g, const unsigned long *results)
{
	grid_cell(g, TONE_PLAIN, "%lu", count_cases(results));
	grid_cell(g, TONE_PLAIN, "%lu", results[RESULT_PASSED] + results[RESULT_KNOWN]);
	if (results[RESULT_FAILED] > 0)
		grid_cell(g, TONE_BAD, "✖ %lu", results[RESULT_FAILED]);
	else
		grid_cell(g, TONE_GOOD, "✔ none");
	grid_cell(g, TONE_PLAIN, "%lu", results[RESULT_SKIPPED]);
}

/* Group i's scenarios are summed where the group is met first. */
static void group_row(struct grid *g, const struct tally *t, size_t i)
{
	const char *group = t->scenarios[i].group;
	unsigned long results[RESULT_KNOWN + 1] = { 0 };
	size_t scenarios = 0;

	for (size_t k = 0; k < t->n; k++) {
		if (strcmp(t->scenarios[k].group, group) != 0)
			continue;
		if (k < i)
			return;
		scenarios++;
		for (int r = 0; r <= RESULT_KNOWN; r++)
			results[r] += t->scenarios[k].results[r];
	}
	grid_cell(g, TONE_PLAIN, "%s", group);
	grid_cell(g, TONE_PLAIN, "%zu", scenarios);
	count_cells(g, results);
}

struct grid *score_counts(const struct tally *t, bool by_scenario)
{
	static const char *const groups[] = { "Group", "Scenarios", "Cases", "Passed",
		"Failed", "Skipped" };
	static const char *const each[] = { "Scenario", "Group", "Cases", "Passed",
		"Failed", "Skipped" };
	struct grid *g =
		grid_new(t->arena, by_scenario ? each : groups, ARRAY_LEN(groups));

	if (t->n == 0)
		return NULL;
	for (size_t i = 0; i < t->n; i++) {
		const struct tally_scenario *s = &t->scenarios[i];

		if (!by_scenario) {
			group_row(g, t, i);
			continue;
		}
		grid_cell(g, TONE_PLAIN, "%s", s->id);
		grid_cell(g, TONE_PLAIN, "%s", s->group);
		count_cells(g, s->results);
	}
	return g;
}
