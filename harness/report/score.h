/* score.h - the tables that the terminal, Markdown and the published matrices share.
 *
 * Each returns a grid in the tally's arena, or NULL when there is nothing to show. A
 * wide one is asked for in slices [from, to) of its columns. */
#ifndef REPORT_SCORE_H
#define REPORT_SCORE_H

#include "report/grid.h"
#include "report/tally.h"

/* The layouts of the run, the best first: those that meet the most of the four demands
 * (mail, web, web after the move, loads), then those with the most mail. Returns how
 * many; the list lives in the tally's arena. */
size_t score_layouts(const struct tally *t, const struct tally_scenario *const **ret);

/* The scorecard: a row for each layout, a column for each demand. */
struct grid *score_card(const struct tally *t);

/* Clients whose mail is delivered: layout x resolver. */
struct grid *score_by_resolver(const struct tally *t, unsigned from, unsigned to);

/* Below the scorecard: the pairs of client and resolver that no layout helps, one line;
 * nothing when there are none. */
void score_put_hopeless(struct str *s, const struct tally *t);

/* Expected shares of traffic: layout x what becomes of the mail. */
struct grid *score_mix(const struct tally *t);

/* Footnotes, each text once, numbered from 1. */
struct notes {
	const char **list;
	size_t n, room;
};

/* Verdicts: client x layout, for layouts [from, to) of score_layouts(). */
struct grid *score_by_client(
	const struct tally *t, struct notes *notes, size_t from, size_t to);

/* Where the reference client's mail went: scenario of a group x resolver. */
struct grid *score_went(
	const struct tally *t, const char *group, unsigned from, unsigned to);

/* Counts: a row for each group, or for each scenario. */
struct grid *score_counts(const struct tally *t, bool by_scenario);

/* "✔ delivered" and the tone that goes with it. */
const char *verdict_glyph(enum verdict v);
enum tone verdict_tone(enum verdict v);

#endif
