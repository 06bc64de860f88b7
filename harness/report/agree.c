#include "report/agree.h"

#include <string.h>

#include "base/arena.h"
#include "report/grid.h"
#include "report/reasons.h"
#include "report/story.h"

/* Of a terminal beside an editor. */
#define COLUMNS 100

struct row {
	struct agree_row seen;
	struct reasons reasons;
};

struct agreement {
	struct arena *arena;
	bool colour, verbose;
	struct row *rows;
	struct agree_row *list; /* of agreement_rows() */
	size_t n, room;
	struct str differences; /* as they will be put */
	unsigned long n_differences, n_shown;
};

static void forget(void *ptr)
{
	struct agreement *g = ptr;

	str_clear(&g->differences);
}

struct agreement *agreement_new(struct arena *a, bool colour, bool verbose)
{
	struct agreement *g = arena_alloc(a, sizeof(*g));

	*g = (struct agreement){
		.arena = a,
		.colour = colour,
		.verbose = verbose,
		.differences = STR_INIT,
	};
	arena_defer(a, forget, g);
	return g;
}

/* ---- rows ---- */

static void grow(struct agreement *g)
{
	struct row *more;

	if (g->n < g->room)
		return;
	g->room = g->room == 0 ? 32 : g->room * 2;
	more = arena_array(g->arena, g->room, sizeof(*more));
	if (g->n > 0)
		memcpy(more, g->rows, g->n * sizeof(*more));
	g->rows = more;
	g->list = arena_array(g->arena, g->room, sizeof(*g->list));
}

size_t agreement_row(
	struct agreement *g, const char *part, const char *name, const char *emulation)
{
	for (size_t i = 0; i < g->n; i++) {
		if (strcmp(g->rows[i].seen.part, part) == 0 &&
			strcmp(g->rows[i].seen.name, name) == 0)
			return i;
	}
	grow(g);
	g->rows[g->n] =
		(struct row){ .seen = {
				      .part = arena_strdup(g->arena, part),
				      .name = arena_strdup(g->arena, name),
				      .emulation = arena_strdup(g->arena, emulation),
			      } };
	return g->n++;
}

static struct row *at(struct agreement *g, size_t row, const char *program)
{
	struct row *r = &g->rows[row];

	if (r->seen.program == NULL && program != NULL)
		r->seen.program = arena_strdup(g->arena, program);
	return r;
}

void agreement_agrees(struct agreement *g, size_t row, const char *program,
	const struct comparison *c)
{
	struct row *r = at(g, row, program);

	r->seen.agree++;
	r->seen.unseen += c->unseen;
}

void agreement_differs(struct agreement *g, size_t row, const char *program,
	const struct record *emulated, const struct record *real,
	const struct comparison *c)
{
	struct row *r = at(g, row, program);

	r->seen.differ++;
	r->seen.unseen += c->unseen;
	if (++g->n_differences > AGREE_SHOWN && !g->verbose)
		return;
	g->n_shown++;
	agree_put_difference(&g->differences, program, emulated, real, c, g->colour);
	str_putc(&g->differences, '\n');
}

void agreement_skips(
	struct agreement *g, size_t row, const char *program, const char *reason)
{
	struct row *r = at(g, row, program);

	r->seen.skipped++;
	reasons_add(g->arena, &r->reasons, reason);
}

void agreement_loses(
	struct agreement *g, size_t row, const char *program, const char *reason)
{
	struct row *r = at(g, row, program);

	r->seen.lost++;
	reasons_add(g->arena, &r->reasons, reason);
}

const struct agree_row *agreement_rows(const struct agreement *g, size_t *n)
{
	for (size_t i = 0; i < g->n; i++)
		g->list[i] = g->rows[i].seen;
	*n = g->n;
	return g->list;
}

struct agree_row agreement_sum(const struct agreement *g)
{
	struct agree_row sum = { 0 };

	for (size_t i = 0; i < g->n; i++) {
		sum.agree += g->rows[i].seen.agree;
		sum.differ += g->rows[i].seen.differ;
		sum.skipped += g->rows[i].seen.skipped;
		sum.lost += g->rows[i].seen.lost;
		sum.unseen += g->rows[i].seen.unseen;
	}
	return sum;
}

/* ---- the table ---- */

static void put_agrees(struct grid *grid, const struct agree_row *r)
{
	unsigned long of = r->agree + r->differ;

	if (of == 0)
		grid_cell(grid, TONE_DIM, "–");
	else if (r->differ == 0)
		grid_cell(grid, TONE_GOOD, "✔ %lu of %lu", r->agree, of);
	else
		grid_cell(grid, TONE_BAD, "✖ %lu of %lu", r->agree, of);
}

static void put_skipped(struct grid *grid, const struct row *r)
{
	struct str s = STR_INIT;

	for (unsigned i = 0; i < r->reasons.n; i++)
		str_printf(&s, "%s%lu: %s", i > 0 ? "; " : "", r->reasons.list[i].n,
			r->reasons.list[i].text);
	grid_cell(grid,
		r->seen.lost > 0      ? TONE_BAD
		: r->seen.skipped > 0 ? TONE_MIXED
				      : TONE_PLAIN,
		"%s", s.data);
	str_clear(&s);
}

/* The rows of one part, from `from` on; the number after its last. */
static size_t put_part(const struct agreement *g, size_t from, struct str *s)
{
	static const char *const heads[] = { "Real program", "Emulation", "Agrees",
		"Skipped" };
	struct arena *a = arena_new();
	struct grid *grid = grid_new(a, heads, sizeof(heads) / sizeof(heads[0]));
	const char *part = g->rows[from].seen.part;
	size_t i = from;

	for (; i < g->n && strcmp(g->rows[i].seen.part, part) == 0; i++) {
		const struct row *r = &g->rows[i];

		grid_cell(grid, r->seen.program == NULL ? TONE_DIM : TONE_PLAIN, "%s",
			r->seen.program == NULL ? r->seen.name : r->seen.program);
		grid_cell(grid, TONE_PLAIN, "%s", r->seen.emulation);
		put_agrees(grid, &r->seen);
		put_skipped(grid, r);
	}
	str_printf(s, "%s%s%s\n\n", g->colour ? TONE_BOLD : "", part,
		g->colour ? TONE_END : "");
	grid_put_terminal(grid, s, COLUMNS, g->colour);
	str_putc(s, '\n');
	arena_free(a);
	return i;
}

void agreement_put_table(const struct agreement *g, struct str *s)
{
	for (size_t i = 0; i < g->n;)
		i = put_part(g, i, s);
}

void agreement_put_differences(const struct agreement *g, struct str *s)
{
	if (g->n_differences == 0)
		return;
	str_printf(s, "%sWhere they differ%s\n\n", g->colour ? TONE_BOLD : "",
		g->colour ? TONE_END : "");
	str_put(s, g->differences.data, g->differences.len);
	if (g->n_differences > g->n_shown)
		str_printf(s, "… and %lu more: -v\n\n", g->n_differences - g->n_shown);
}

void agreement_put_last_line(const struct agreement *g, struct str *s)
{
	struct agree_row sum = agreement_sum(g);

	str_printf(s, "%lu agree, %lu differ, %lu skipped", sum.agree, sum.differ,
		sum.skipped);
	if (sum.lost > 0)
		str_printf(s, ", %lu could not be run", sum.lost);
	str_putc(s, '\n');
}

/* ---- one disagreement ---- */

/* Longer sequences are not laid side by side: it takes the product of both. */
#define ALIGNED_MAX 1000

enum side { BOTH, EMULATED, REAL };

static const struct {
	const char *sign;
	enum tone tone;
} sides[] = {
	[BOTH] = { "  = ", TONE_PLAIN },
	[EMULATED] = { "  - ", TONE_BAD },
	[REAL] = { "  + ", TONE_GOOD },
};

struct telling {
	struct str *s;
	struct arena *arena;
	const struct record_outcome *emulated, *real;
	bool colour;
};

static void put_side(const struct telling *t, enum side side)
{
	str_puts(t->s, t->colour ? tone_begin(sides[side].tone) : "");
	str_puts(t->s, sides[side].sign);
}

static void end_side(const struct telling *t)
{
	str_puts(t->s, t->colour ? TONE_END "\n" : "\n");
}

static void put_answer(struct str *s, const struct record_query *q)
{
	str_puts(s, "      ");
	put_clean(s, q->rcode == NULL ? "?" : q->rcode);
	if (q->n_answer == 0)
		str_puts(s, ", nothing in the answer");
	str_putc(s, '\n');
	for (unsigned i = 0; i < q->n_answer; i++) {
		str_puts(s, "        ");
		put_clean(s, q->answer[i]);
		str_putc(s, '\n');
	}
}

static void put_question(
	const struct telling *t, enum side side, const struct record_query *q)
{
	put_side(t, side);
	put_clean(t->s, q->type);
	str_putc(t->s, ' ');
	put_clean(t->s, q->name);
	end_side(t);
}

static bool same_answer(const struct record_query *x, const struct record_query *y)
{
	if (x->n_answer != y->n_answer || (x->rcode == NULL) != (y->rcode == NULL) ||
		(x->rcode != NULL && strcmp(x->rcode, y->rcode) != 0))
		return false;
	for (unsigned i = 0; i < x->n_answer; i++) {
		if (strcmp(x->answer[i], y->answer[i]) != 0)
			return false;
	}
	return true;
}

static void put_both(const struct telling *t, const struct record_query *emulated,
	const struct record_query *real)
{
	put_question(t, BOTH, emulated);
	if (same_answer(emulated, real)) {
		put_answer(t->s, emulated);
		return;
	}
	put_side(t, EMULATED);
	str_puts(t->s, "answered");
	end_side(t);
	put_answer(t->s, emulated);
	put_side(t, REAL);
	str_puts(t->s, "answered");
	end_side(t);
	put_answer(t->s, real);
}

/* lengths[i * (m + 1) + k]: of the longest common subsequence of what follows i in x
 * and k in y. */
static unsigned *common_lengths(struct arena *a, const char *const *x, unsigned n,
	const char *const *y, unsigned m)
{
	unsigned *l = arena_array(a, ((size_t)n + 1) * (m + 1), sizeof(*l));

	for (unsigned i = n; i-- > 0;) {
		for (unsigned k = m; k-- > 0;) {
			unsigned down = l[(i + 1) * (m + 1) + k];
			unsigned right = l[i * (m + 1) + k + 1];

			if (strcmp(x[i], y[k]) == 0)
				l[i * (m + 1) + k] = l[(i + 1) * (m + 1) + k + 1] + 1;
			else
				l[i * (m + 1) + k] = down > right ? down : right;
		}
	}
	return l;
}

static void put_alone(
	const struct telling *t, enum side side, const struct record_query *q)
{
	put_question(t, side, q);
	put_answer(t->s, q);
}

static const char *const *texts_of(struct arena *a, const struct record_outcome *o)
{
	const char **list = arena_array(a, o->n_queries, sizeof(*list));

	for (unsigned i = 0; i < o->n_queries; i++)
		list[i] = compare_question(a, &o->queries[i]);
	return list;
}

static void put_questions(const struct telling *t)
{
	const struct record_outcome *e = t->emulated, *r = t->real;
	unsigned n = e->n_queries, m = r->n_queries, i = 0, k = 0;
	const char *const *x = texts_of(t->arena, e), *const *y = texts_of(t->arena, r);
	const unsigned *l = NULL;

	if (n <= ALIGNED_MAX && m <= ALIGNED_MAX)
		l = common_lengths(t->arena, x, n, y, m);
	while (i < n || k < m) {
		if (i < n && k < m && strcmp(x[i], y[k]) == 0)
			put_both(t, &e->queries[i++], &r->queries[k++]);
		else if (i < n &&
			 (k == m || l == NULL ||
				 l[(i + 1) * (m + 1) + k] >= l[i * (m + 1) + k + 1]))
			put_alone(t, EMULATED, &e->queries[i++]);
		else
			put_alone(t, REAL, &r->queries[k++]);
	}
	if (r->queries == NULL)
		str_puts(t->s, "      what the program asked was not seen\n");
}

static void put_got(
	const struct telling *t, enum side side, const struct record_outcome *o)
{
	put_side(t, side);
	story_put_got(t->s, o);
	end_side(t);
	/* The line has it when nobody took the message. */
	if (o->to_host == NULL || o->reason == NULL)
		return;
	str_puts(t->s, "      ");
	put_clean(t->s, o->reason);
	str_putc(t->s, '\n');
}

static void put_fields(
	const struct telling *t, const struct comparison *c, unsigned step)
{
	static const char *const heads[] = { "differs", "emulated", "real" };
	struct grid *g = grid_new(t->arena, heads, sizeof(heads) / sizeof(heads[0]));
	struct str lines = STR_INIT;
	const char *line;

	for (unsigned i = 0; i < c->n; i++) {
		/* These stand below, one by one. */
		bool long_list = strcmp(c->list[i].what, "questions") == 0;

		if (c->list[i].step != step)
			continue;
		grid_cell(g, TONE_PLAIN, "%s", c->list[i].what);
		grid_cell(g, TONE_PLAIN, "%s",
			long_list ? "-, below" : c->list[i].emulated);
		grid_cell(g, TONE_PLAIN, "%s", long_list ? "+" : c->list[i].real);
	}
	grid_put_terminal(g, &lines, COLUMNS - 2, t->colour);
	for (line = lines.data; *line != '\0';) {
		size_t n = strcspn(line, "\n");

		str_printf(t->s, "  %.*s\n", (int)n, line);
		line += n + (line[n] == '\n');
	}
	str_clear(&lines);
}

static void put_point(
	const struct telling *t, const struct comparison *c, unsigned step)
{
	bool any = false;

	for (unsigned i = 0; i < c->n; i++)
		any |= c->list[i].step == step;
	if (!any)
		return;
	str_putc(t->s, '\n');
	if (step > 0)
		str_printf(t->s, "  step %u, %llu s after the start\n", step,
			(unsigned long long)(t->emulated->at_us / 1000000));
	put_fields(t, c, step);
	str_putc(t->s, '\n');
	put_questions(t);
	put_got(t, EMULATED, t->emulated);
	put_got(t, REAL, t->real);
}

void agree_put_difference(struct str *s, const char *program,
	const struct record *emulated, const struct record *real,
	const struct comparison *c, bool colour)
{
	struct arena *a = arena_new();
	struct telling t = { s, a, &emulated->outcome, &real->outcome, colour };

	str_puts(s, colour ? tone_begin(TONE_BAD) : "");
	str_puts(s, "✖ ");
	put_clean(s, real->id);
	str_puts(s, colour ? TONE_END "\n  " : "\n  ");
	put_clean(s, program == NULL ? "?" : program);
	str_putc(s, '\n');
	put_point(&t, c, 0);
	for (unsigned i = 0; i < emulated->n_steps && i < real->n_steps; i++) {
		t.emulated = &emulated->steps[i];
		t.real = &real->steps[i];
		put_point(&t, c, i + 1);
	}
	arena_free(a);
}
