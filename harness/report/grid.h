/* grid.h - a table of short texts, for a terminal or as Markdown.
 *
 *   g = grid_new(a, heads, n);
 *   grid_cell(g, TONE_GOOD, "✔ %u of %u", n, m);	fills row after row, left to
 * right grid_put_terminal(g, &s, 100, colour);
 *
 * Texts are cleaned of control characters on the way in. */
#ifndef REPORT_GRID_H
#define REPORT_GRID_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

struct arena;
struct grid;

/* Colour only repeats what glyph and word say already. */
enum tone { TONE_PLAIN, TONE_GOOD, TONE_MIXED, TONE_BAD, TONE_DIM, TONES };

/* The grid lives in a; the heads are copied. n > 0. */
struct grid *grid_new(struct arena *a, const char *const *heads, unsigned n);

void grid_cell(struct grid *g, enum tone tone, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* For Markdown only: a footnote's number, or an anchor, in the last cell. */
void grid_note(struct grid *g, unsigned note);
void grid_anchor(struct grid *g, const char *id);

unsigned grid_rows(const struct grid *g);

/* In at most `width` columns if the longest words allow it: wide cells are wrapped at
 * spaces. */
void grid_put_terminal(const struct grid *g, struct str *s, size_t width, bool colour);

/* The same with its heads as a staircase above narrow columns, from the second on. */
void grid_put_staircase(const struct grid *g, struct str *s, bool colour);

/* A GitHub-flavoured table, each line with a newline. */
void grid_put_markdown(const struct grid *g, struct str *s);

/* Text with what Markdown would take as markup escaped. */
void put_markdown(struct str *s, const char *text);

/* The escape sequence that begins a tone, and the one that ends any. */
const char *tone_begin(enum tone tone);
#define TONE_END "\033[0m"
#define TONE_BOLD "\033[1m"

#endif
