/* A scenario at a glance: for each address, what each client makes of it behind each
 * resolver. */
#include "report/formats.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "report/grid.h"
#include "report/score.h"
#include "report/story.h"

/* As narrow as a table of nine resolvers needs within 100 columns. */
static const char *const short_names[VERDICTS] = {
	[VERDICT_DELIVERED] = "ok",
	[VERDICT_REWRITTEN] = "rewr",
	[VERDICT_MISDELIVERED] = "misd",
	[VERDICT_REJECTED] = "rej",
	[VERDICT_DEFERRED] = "def",
	[VERDICT_BOUNCED] = "boun",
	[VERDICT_UNKNOWN] = "?",
	[VERDICT_SKIPPED] = "skip",
};

struct cell {
	bool seen, failed;
	enum verdict verdict;
};

struct matrix {
	struct arena *arena;
	bool colour;
	const char **ids, **titles; /* of the scenarios */
	size_t n;
	const char **resolvers;
	unsigned n_resolvers;
	struct grid *grid; /* of the address; NULL: none yet */
	const char *scenario, *address, *client;
	struct cell *row; /* of the client */
	unsigned long results[RESULT_KNOWN + 1];
};

void *matrix_begin(struct arena *a, const struct report_options *options,
	const struct record_run *run, const struct record_scenario *scenarios, size_t n,
	struct str *out)
{
	struct matrix *m = arena_alloc(a, sizeof(*m));

	(void)out;
	m->arena = a;
	m->colour = options->colour;
	m->n = n;
	m->ids = arena_array(a, n, sizeof(*m->ids));
	m->titles = arena_array(a, n, sizeof(*m->titles));
	for (size_t i = 0; i < n; i++) {
		m->ids[i] = arena_strdup(a, scenarios[i].id);
		m->titles[i] = arena_strdup(
			a, scenarios[i].title == NULL ? "" : scenarios[i].title);
	}
	m->n_resolvers = run->n_resolvers;
	m->resolvers = arena_array(a, m->n_resolvers, sizeof(*m->resolvers));
	for (unsigned i = 0; i < m->n_resolvers; i++)
		m->resolvers[i] = arena_strdup(a, run->resolvers[i]);
	m->row = arena_array(a, m->n_resolvers, sizeof(*m->row));
	return m;
}

static void end_row(struct matrix *m)
{
	if (m->client == NULL)
		return;
	grid_cell(m->grid, TONE_PLAIN, "%s", m->client);
	for (unsigned i = 0; i < m->n_resolvers; i++) {
		const struct cell *c = &m->row[i];

		if (!c->seen)
			grid_cell(m->grid, TONE_DIM, "·");
		else if (c->verdict == VERDICT_UNKNOWN)
			grid_cell(m->grid, verdict_tone(c->verdict), "?%s",
				c->failed ? " !" : "");
		else
			grid_cell(m->grid, verdict_tone(c->verdict), "%s %s%s",
				verdict_glyph(c->verdict), short_names[c->verdict],
				c->failed ? "!" : "");
	}
	memset(m->row, 0, m->n_resolvers * sizeof(*m->row));
	m->client = NULL;
}

static void end_grid(struct matrix *m, struct str *out)
{
	if (m->grid == NULL)
		return;
	end_row(m);
	grid_put_staircase(m->grid, out, m->colour);
	str_putc(out, '\n');
	m->grid = NULL;
}

static void put_title(struct matrix *m, const char *id, struct str *out)
{
	str_puts(out, m->colour ? TONE_BOLD : "");
	for (size_t i = 0; i < m->n; i++) {
		if (strcmp(m->ids[i], id) == 0 && *m->titles[i] != '\0')
			put_clean(out, m->titles[i]);
	}
	str_puts(out, m->colour ? TONE_END "\n" : "\n");
}

static void begin_grid(struct matrix *m, const struct record *r, struct str *out)
{
	const char **heads = arena_array(m->arena, m->n_resolvers + 1u, sizeof(*heads));

	if (m->scenario == NULL || strcmp(m->scenario, r->scenario) != 0)
		put_title(m, r->scenario, out);
	m->scenario = arena_strdup(m->arena, r->scenario);
	m->address = arena_strdup(m->arena, r->address);
	put_clean(out, r->scenario);
	str_puts(out, ", ");
	put_clean(out, r->address);
	str_puts(out, "\n\n");
	heads[0] = "Client";
	for (unsigned i = 0; i < m->n_resolvers; i++)
		heads[i + 1] = m->resolvers[i];
	m->grid = grid_new(m->arena, heads, m->n_resolvers + 1);
}

void matrix_record(void *state, const struct record *r, struct str *out)
{
	struct matrix *m = state;

	m->results[r->result]++;
	if (m->grid != NULL && (strcmp(m->scenario, r->scenario) != 0 ||
				       strcmp(m->address, r->address) != 0))
		end_grid(m, out);
	if (m->grid == NULL)
		begin_grid(m, r, out);
	if (m->client != NULL && strcmp(m->client, r->client) != 0)
		end_row(m);
	if (m->client == NULL)
		m->client = arena_strdup(m->arena, r->client);
	for (unsigned i = 0; i < m->n_resolvers; i++) {
		if (strcmp(m->resolvers[i], r->resolver) == 0)
			m->row[i] = (struct cell){ true, r->result == RESULT_FAILED,
				r->outcome.verdict };
	}
}

void matrix_end(void *state, struct str *out)
{
	struct matrix *m = state;

	end_grid(m, out);
	str_puts(out,
		"ok delivered, rewr rewritten, misd misdelivered, rej rejected, def "
		"deferred, boun bounced,\n? could not tell, · not run, ! not as "
		"expected.\nCloser: harness explain "
		"SCENARIO/ADDRESS/CLIENT/RESOLVER\n\n");
	str_printf(out, "%lu passed, %lu failed, %lu skipped\n",
		m->results[RESULT_PASSED] + m->results[RESULT_KNOWN],
		m->results[RESULT_FAILED], m->results[RESULT_SKIPPED]);
}
