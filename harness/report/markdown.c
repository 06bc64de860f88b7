/* The tables as GitHub-flavoured Markdown: short for a pull request (markdown), or
 * everything that is published (compatibility). */
#include "report/formats.h"

#include "base/arena.h"
#include "report/score.h"
#include "report/story.h"

/* More columns than this scroll sideways on a phone and on GitHub. */
#define MARKDOWN_COLUMNS 8

/* Slices of n columns beside the first: as few as fit, as even as possible. */
static unsigned slice_width(size_t n)
{
	size_t most = MARKDOWN_COLUMNS - 1;
	size_t slices = (n + most - 1) / most;

	return slices == 0 ? 1 : (unsigned)((n + slices - 1) / slices);
}

void *markdown_begin(struct arena *a, const struct report_options *options,
	const struct record_run *run, const struct record_scenario *scenarios, size_t n,
	struct str *out)
{
	(void)out;
	return tally_new(a, options, run, scenarios, n);
}

void markdown_record(void *state, const struct record *r, struct str *out)
{
	(void)out;
	tally_add(state, r);
}

void *compat_begin(struct arena *a, const struct report_options *options,
	const struct record_run *run, const struct record_scenario *scenarios, size_t n,
	struct str *out)
{
	return markdown_begin(a, options, run, scenarios, n, out);
}

void compat_record(void *state, const struct record *r, struct str *out)
{
	markdown_record(state, r, out);
}

static void put_text(struct str *out, const char *text)
{
	struct str clean = STR_INIT;

	put_clean(&clean, text == NULL ? "" : text);
	put_markdown(out, clean.data);
	str_clear(&clean);
}

static void put_section(
	struct str *out, const char *id, const char *head, const char *text)
{
	str_printf(out, "<a id=\"%s\"></a>\n\n## %s\n\n", id, head);
	if (text != NULL)
		str_printf(out, "%s\n\n", text);
}

static void put_grid(struct str *out, const struct grid *g)
{
	grid_put_markdown(g, out);
	str_putc(out, '\n');
}

static void put_card(struct str *out, const struct tally *t)
{
	struct grid *g = score_card(t);

	if (g == NULL)
		return;
	put_section(out, "layouts", "Which layout works",
		"*Mail arrives*: mail clients whose message reaches the intended host "
		"with its recipient unchanged,\nbehind the worst and the best "
		"real resolver. *Web*: whether a browser ends at the off-site\n"
		"host, now and *after a move* of that host to another address. "
		"*Servers*: standard ones load it, no\nzone breaks RFC 1034 3.6.2 or "
		"RFC "
		"2181 10.1. ✔ always, ◐ depends, ✖ never, – not asked.");
	put_grid(out, g);
	score_put_hopeless(out, t);
	str_putc(out, '\n');
}

static void put_by_resolver(struct str *out, const struct tally *t)
{
	unsigned width = slice_width(t->n_resolvers);

	if (score_by_resolver(t, 0, t->n_resolvers) == NULL)
		return;
	put_section(out, "resolvers", "Mail by resolver",
		"Mail clients whose message is delivered, behind each resolver.");
	for (unsigned from = 0; from < t->n_resolvers; from += width) {
		unsigned to =
			from + width < t->n_resolvers ? from + width : t->n_resolvers;

		put_grid(out, score_by_resolver(t, from, to));
	}
}

static void put_mix(struct str *out, const struct tally *t)
{
	struct grid *g = score_mix(t);

	if (g == NULL)
		return;
	put_section(out, "mix", "What becomes of the mail, by share of traffic", NULL);
	put_grid(out, g);
	if (t->options->mix->source != NULL) {
		str_puts(out, "Shares from: ");
		put_text(out, t->options->mix->source);
		str_puts(out, "\n\n");
	}
}

static void put_by_client(struct str *out, const struct tally *t)
{
	const struct tally_scenario *const *list;
	size_t n = score_layouts(t, &list);
	size_t width = slice_width(n);
	struct notes notes = { 0 };

	if (n == 0)
		return;
	put_section(out, "clients", "Every mail client",
		"The verdict behind every resolver; *by resolver* where they differ, "
		"with the details in a note.");
	for (size_t from = 0; from < n; from += width) {
		size_t to = from + width < n ? from + width : n;
		struct grid *g = score_by_client(t, &notes, from, to);

		if (g != NULL)
			put_grid(out, g);
	}
	for (size_t i = 0; i < notes.n; i++) {
		str_printf(out, "[^%zu]: ", i + 1);
		put_text(out, notes.list[i]);
		str_puts(out, ".\n");
	}
	str_puts(out, notes.n > 0 ? "\n" : "");
}

static void put_caches(struct str *out, const struct tally *t)
{
	unsigned width = slice_width(t->n_resolvers);

	if (t->n_resolvers == 0 ||
		score_went(t, "cache-order", 0, t->n_resolvers) == NULL)
		return;
	put_section(out, "caches", "What the resolver had in its cache", NULL);
	str_puts(out, "Where the mail of ");
	put_text(out, t->clients[t->reference]);
	str_puts(out, " went, when the cache had seen other questions before.\n\n");
	for (unsigned from = 0; from < t->n_resolvers; from += width) {
		unsigned to =
			from + width < t->n_resolvers ? from + width : t->n_resolvers;

		put_grid(out, score_went(t, "cache-order", from, to));
	}
}

static void put_counts(struct str *out, const struct tally *t, bool by_scenario)
{
	struct grid *g = score_counts(t, by_scenario);

	if (g == NULL)
		return;
	put_section(out, "counts", "Counts", NULL);
	put_grid(out, g);
}

static void put_failures(struct str *out, const struct tally *t)
{
	unsigned long failed = t->results[RESULT_FAILED];

	if (failed == 0)
		return;
	put_section(out, "failures", "Not as expected", NULL);
	for (size_t i = 0; i < t->n_failures; i++) {
		const struct tally_failure *f = &t->failures[i];

		str_puts(out, "- ✖ ");
		put_text(out, f->id);
		if (f->expected != NULL) {
			str_puts(out, ": expected ");
			put_text(out, f->expected);
		}
		str_puts(out, ", got ");
		put_text(out, f->got);
		if (f->differs != NULL) {
			str_puts(out, "; ");
			put_text(out, f->differs);
		}
		str_putc(out, '\n');
	}
	if (failed > t->n_failures)
		str_printf(out, "- ... and %lu more\n", failed - t->n_failures);
	str_putc(out, '\n');
}

static void put_last(struct str *out, const struct tally *t)
{
	unsigned long known = t->results[RESULT_KNOWN];

	if (known > 0)
		str_printf(out, "%lu known defect%s\n\n", known, known == 1 ? "" : "s");
	tally_put_skipped(out, t, "- ");
	str_puts(out, t->skipped.n > 0 ? "\n" : "");
	tally_put_last_line(out, t);
}

void markdown_end(void *state, struct str *out)
{
	struct tally *t = state;

	tally_find_hopeless(t);
	tally_put_made_of(out, t);
	str_puts(out, ".\n\n");
	put_card(out, t);
	put_by_resolver(out, t);
	put_mix(out, t);
	put_counts(out, t, t->options->verbose);
	put_failures(out, t);
	put_last(out, t);
}

/* No date and no time: the same sources make the same bytes. */
static void put_compat_head(struct str *out, const struct tally *t)
{
	str_puts(out,
		"<!-- Made by `make docs`; edit the scenarios, not this file. -->\n"
		"# Compatibility\n\n"
		"Mail and web at one name, layout by layout: what each mail server "
		"makes of it behind each resolver.\n\n");
	str_puts(out, "Made by ");
	tally_put_made_of(out, t);
	str_puts(out, ".\n");
	if (t->sha256 != NULL)
		str_printf(out, "Scenarios: sha256 `%s`.\n", t->sha256);
	str_puts(out, "\nTo make it again: `harness run --format compatibility:FILE "
		      "scenarios/*.conf`.\nTo look behind a cell: `harness explain "
		      "'SCENARIO/*/CLIENT/RESOLVER'`.\n\n");
}

void compat_end(void *state, struct str *out)
{
	struct tally *t = state;

	tally_find_hopeless(t);
	put_compat_head(out, t);
	put_card(out, t);
	put_by_resolver(out, t);
	put_mix(out, t);
	put_by_client(out, t);
	put_caches(out, t);
	put_counts(out, t, false);
	put_failures(out, t);
	put_last(out, t);
}
