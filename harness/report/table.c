/* The report an operator reads: which layout works, where it differs, what failed. */
#include "report/formats.h"

#include "base/arena.h"
#include "report/score.h"
#include "report/story.h"

/* What a terminal beside an editor shows without wrapping. */
#define TABLE_COLUMNS 100

void *table_begin(struct arena *a, const struct report_options *options,
	const struct record_run *run, const struct record_scenario *scenarios, size_t n,
	struct str *out)
{
	(void)out;
	return tally_new(a, options, run, scenarios, n);
}

void table_record(void *state, const struct record *r, struct str *out)
{
	(void)out;
	tally_add(state, r);
}

static void put_head(struct str *out, const struct tally *t, const char *text)
{
	str_puts(out, t->options->colour ? TONE_BOLD : "");
	str_puts(out, text);
	str_puts(out, t->options->colour ? TONE_END "\n\n" : "\n\n");
}

/* A single client or resolver makes a table of ones; the range says it already. */
static void put_card(struct str *out, const struct tally *t)
{
	struct grid *card = score_card(t);
	struct grid *by_resolver = score_by_resolver(t, 0, t->n_resolvers);

	if (card == NULL)
		return;
	put_head(out, t, "Which layout works");
	grid_put_terminal(card, out, TABLE_COLUMNS, t->options->colour);
	str_puts(out,
		"\nMail: clients whose mail arrives unchanged, behind the worst–best "
		"real resolver. Web: a visitor\n"
		"ends at the off-site host, now and after it moved. Servers: standard "
		"ones load the zone.\n"
		"✔ always  ◐ depends  ✖ never  – not asked. The best layouts stand "
		"first.\n");
	score_put_hopeless(out, t);
	str_putc(out, '\n');
	if (by_resolver == NULL || t->n_resolvers < 2)
		return;
	put_head(out, t, "Clients whose mail arrives, by resolver");
	grid_put_staircase(by_resolver, out, t->options->colour);
	str_putc(out, '\n');
}

static void put_mix(struct str *out, const struct tally *t)
{
	struct grid *g = score_mix(t);

	if (g == NULL)
		return;
	put_head(out, t, "What becomes of the mail, by share of traffic");
	grid_put_terminal(g, out, TABLE_COLUMNS, t->options->colour);
	if (t->options->mix->source != NULL) {
		str_puts(out, "\nShares from: ");
		put_clean(out, t->options->mix->source);
		str_putc(out, '\n');
	}
	str_putc(out, '\n');
}

static void put_refused(struct str *out, const struct tally *t)
{
	bool any = false;

	for (size_t i = 0; i < t->n && t->options->verbose; i++) {
		const struct tally_scenario *s = &t->scenarios[i];

		if (s->loads || s->loads_why == NULL)
			continue;
		if (!any)
			put_head(out, t, "Zones that standard servers refuse");
		any = true;
		put_clean(out, s->loads_why);
		str_putc(out, '\n');
	}
	str_puts(out, any ? "\n" : "");
}

static void put_line(struct str *out, const char *label, const char *text)
{
	if (text == NULL)
		return;
	str_puts(out, label);
	put_clean(out, text);
	str_putc(out, '\n');
}

static void put_failure(
	struct str *out, const struct tally *t, const struct tally_failure *f)
{
	str_puts(out, t->options->colour ? tone_begin(TONE_BAD) : "");
	str_puts(out, "✖ ");
	put_clean(out, f->id);
	str_puts(out, t->options->colour ? TONE_END "\n" : "\n");
	put_line(out, "  step      ", f->step);
	put_line(out, "  expected  ", f->expected);
	put_line(out, "  got       ", f->got);
	put_line(out, "  differs   ", f->differs);
	put_line(out, "  refused   ", f->refused);
	str_puts(out, "  closer    harness explain '");
	put_clean(out, f->id);
	str_puts(out, "'");
	put_line(out, " ", f->file == NULL ? "" : f->file);
}

static void put_failures(struct str *out, const struct tally *t)
{
	unsigned long failed = t->results[RESULT_FAILED];

	if (failed == 0)
		return;
	put_head(out, t, "Not as expected");
	for (size_t i = 0; i < t->n_failures; i++)
		put_failure(out, t, &t->failures[i]);
	if (failed > t->n_failures)
		str_printf(out, "... and %lu more%s\n", failed - t->n_failures,
			t->options->verbose ? "" : " (-v shows them)");
	str_putc(out, '\n');
}

static void put_known(struct str *out, const struct tally *t)
{
	unsigned long known = t->results[RESULT_KNOWN];

	if (known == 0)
		return;
	for (size_t i = 0; i < t->n_known && t->options->verbose; i++) {
		str_puts(out, "known: ");
		put_clean(out, t->known[i].id);
		str_puts(out, ": ");
		put_clean(out, t->known[i].known == NULL ? t->known[i].got
							 : t->known[i].known);
		str_putc(out, '\n');
	}
	str_printf(out, "%lu known defect%s\n", known, known == 1 ? "" : "s");
}

/* Only what needs attention, and the last line. */
void brief_end(void *state, struct str *out)
{
	const struct tally *t = state;

	put_failures(out, t);
	put_known(out, t);
	tally_put_skipped(out, t, "");
	tally_put_last_line(out, t);
}

void *brief_begin(struct arena *a, const struct report_options *options,
	const struct record_run *run, const struct record_scenario *scenarios, size_t n,
	struct str *out)
{
	return table_begin(a, options, run, scenarios, n, out);
}

void brief_record(void *state, const struct record *r, struct str *out)
{
	table_record(state, r, out);
}

void table_end(void *state, struct str *out)
{
	struct tally *t = state;
	struct grid *counts = score_counts(t, t->options->verbose);

	tally_find_hopeless(t);
	tally_put_made_of(out, t);
	str_puts(out, "\n\n");
	put_card(out, t);
	put_mix(out, t);
	put_refused(out, t);
	if (counts != NULL) {
		grid_put_terminal(counts, out, TABLE_COLUMNS, t->options->colour);
		str_putc(out, '\n');
	}
	put_failures(out, t);
	put_known(out, t);
	tally_put_skipped(out, t, "");
	tally_put_last_line(out, t);
}
