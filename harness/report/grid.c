#include "report/grid.h"

#include <stdarg.h>
#include <string.h>

#include "base/arena.h"
#include "base/bug.h"
#include "report/story.h"

struct cell {
	const char *text;
	const char *anchor; /* or NULL */
	enum tone tone;
	unsigned note; /* 0: none */
};

/* cells[0..columns) are the heads. */
struct grid {
	struct arena *arena;
	struct cell *cells;
	size_t n, room;
	unsigned columns;
};

/* Between two columns of a terminal table. */
#define GAP 2

static const char *clean(struct arena *a, const char *text)
{
	struct str s = STR_INIT;
	const char *kept;

	put_clean(&s, text);
	kept = arena_strndup(a, s.data, s.len);
	str_clear(&s);
	return kept;
}

static void add(struct grid *g, enum tone tone, const char *text)
{
	if (g->n == g->room) {
		size_t room = g->room == 0 ? 16 * g->columns : g->room * 2;
		struct cell *cells = arena_array(g->arena, room, sizeof(*cells));

		if (g->n > 0)
			memcpy(cells, g->cells, g->n * sizeof(*cells));
		g->cells = cells;
		g->room = room;
	}
	g->cells[g->n++] = (struct cell){ .text = clean(g->arena, text), .tone = tone };
}

struct grid *grid_new(struct arena *a, const char *const *heads, unsigned n)
{
	struct grid *g = arena_alloc(a, sizeof(*g));

	g->arena = a;
	g->columns = n;
	for (unsigned i = 0; i < n; i++)
		add(g, TONE_PLAIN, heads[i]);
	return g;
}

void grid_cell(struct grid *g, enum tone tone, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add(g, tone, arena_vprintf(g->arena, fmt, ap));
	va_end(ap);
}

void grid_note(struct grid *g, unsigned note)
{
	g->cells[g->n - 1].note = note;
}

void grid_anchor(struct grid *g, const char *id)
{
	g->cells[g->n - 1].anchor = clean(g->arena, id);
}

unsigned grid_rows(const struct grid *g)
{
	return (unsigned)(g->n / g->columns) - 1;
}

const char *tone_begin(enum tone tone)
{
	static const char *const codes[TONES] = {
		[TONE_PLAIN] = "",
		[TONE_GOOD] = "\033[32m",
		[TONE_MIXED] = "\033[33m",
		[TONE_BAD] = "\033[31m",
		[TONE_DIM] = "\033[2m",
	};

	return codes[tone];
}

static size_t longest_word(const char *text)
{
	size_t best = 0, now = 0;

	for (; *text != '\0'; text++) {
		if (*text == ' ')
			now = 0;
		else if (((unsigned char)*text & 0xc0) != 0x80 && ++now > best)
			best = now;
	}
	return best;
}

/* Takes the next line of at most `width` columns off *text; returns its octets. */
static size_t take_line(const char **text, size_t width)
{
	const char *start = *text, *p = start, *space = NULL;
	size_t columns = 0;

	for (; *p != '\0'; p++) {
		if (((unsigned char)*p & 0xc0) != 0x80)
			columns++;
		if (*p == ' ')
			space = p;
		if (columns > width)
			break;
	}
	if (*p == '\0') {
		*text = p;
		return (size_t)(p - start);
	}
	if (space == NULL) {
		*text = p;
		return (size_t)(p - start);
	}
	*text = space + strspn(space, " ");
	return (size_t)(space - start);
}

/* Heads wrap without being asked, but into this many lines only. */
#define HEAD_LINES 3

static size_t head_width(const char *head)
{
	size_t width = longest_word(head);

	for (;; width++) {
		const char *rest = head;

		for (int i = 0; i < HEAD_LINES; i++)
			take_line(&rest, width);
		if (*rest == '\0')
			return width;
	}
}

struct column {
	size_t natural, least, width;
};

static void measure(const struct grid *g, struct column *columns)
{
	for (size_t i = 0; i < g->n; i++) {
		struct column *c = &columns[i % g->columns];
		size_t whole = text_columns(g->cells[i].text);
		size_t word = longest_word(g->cells[i].text);

		if (i < g->columns)
			whole = head_width(g->cells[i].text);
		c->natural = whole > c->natural ? whole : c->natural;
		c->least = word > c->least ? word : c->least;
	}
}

/* Takes columns from the widest that can still give, one at a time; from the first,
 * which names the row, only when no other can. */
static void fit(const struct grid *g, struct column *columns, size_t width)
{
	size_t total = GAP * (g->columns - 1);

	for (unsigned i = 0; i < g->columns; i++) {
		columns[i].width = columns[i].natural;
		total += columns[i].natural;
	}
	while (total > width) {
		struct column *widest = NULL;

		for (unsigned i = 1; i <= g->columns; i++) {
			struct column *c = &columns[i % g->columns];

			if (c->width > c->least && (i < g->columns || widest == NULL) &&
				(widest == NULL || c->width > widest->width))
				widest = c;
		}
		if (widest == NULL)
			break;
		widest->width--;
		total--;
	}
}

static void trim(struct str *s, size_t from)
{
	while (s->len > from && s->data[s->len - 1] == ' ')
		s->data[--s->len] = '\0';
}

/* One line of one cell, padded: escape sequences have no columns, so they are put
 * around the text before the spaces are. */
static void put_cell_line(
	struct str *s, const char *text, size_t n, size_t pad_to, const char *escape)
{
	size_t columns = 0;

	str_puts(s, n > 0 ? escape : "");
	str_put(s, text, n);
	str_puts(s, n > 0 && *escape != '\0' ? TONE_END : "");
	for (size_t i = 0; i < n; i++)
		columns += ((unsigned char)text[i] & 0xc0) != 0x80;
	for (; columns < pad_to; columns++)
		str_putc(s, ' ');
}

static void put_row(const struct grid *g, struct arena *a, const struct cell *cells,
	const struct column *columns, bool is_head, struct str *s, bool colour)
{
	const char **rest = arena_array(a, g->columns, sizeof(*rest));
	bool more = true;

	for (unsigned i = 0; i < g->columns; i++)
		rest[i] = cells[i].text;
	while (more) {
		size_t line = s->len;

		more = false;
		for (unsigned i = 0; i < g->columns; i++) {
			const char *from = rest[i];
			size_t n = take_line(&rest[i], columns[i].width);
			const char *escape = !colour   ? ""
					     : is_head ? TONE_BOLD
						       : tone_begin(cells[i].tone);
			bool last = i + 1 == g->columns;

			put_cell_line(
				s, from, n, last ? 0 : columns[i].width + GAP, escape);
			more |= *rest[i] != '\0';
		}
		trim(s, line);
		str_putc(s, '\n');
	}
}

static void put_rule(struct str *s, size_t columns)
{
	while (columns-- > 0)
		str_puts(s, "─");
	str_putc(s, '\n');
}

void grid_put_terminal(const struct grid *g, struct str *s, size_t width, bool colour)
{
	struct arena *a = arena_new();
	struct column *columns = arena_array(a, g->columns, sizeof(*columns));
	size_t total = GAP * (g->columns - 1);

	measure(g, columns);
	fit(g, columns, width);
	for (unsigned i = 0; i < g->columns; i++)
		total += columns[i].width;
	put_row(g, a, g->cells, columns, true, s, colour);
	put_rule(s, total);
	for (size_t i = g->columns; i + g->columns <= g->n; i += g->columns)
		put_row(g, a, &g->cells[i], columns, false, s, colour);
	arena_free(a);
}

void grid_put_staircase(const struct grid *g, struct str *s, bool colour)
{
	struct arena *a = arena_new();
	struct column *columns = arena_array(a, g->columns, sizeof(*columns));
	size_t total = GAP * (g->columns - 1);

	/* The heads of the narrow columns do not count: they stand above. */
	for (size_t i = g->columns; i < g->n; i++) {
		struct column *c = &columns[i % g->columns];
		size_t n = text_columns(g->cells[i].text);

		c->width = n > c->width ? n : c->width;
	}
	for (unsigned i = 0; i < g->columns; i++)
		total += columns[i].width;
	for (unsigned i = 1; i < g->columns; i++) {
		size_t from = s->len;

		if (i == 1)
			str_puts(s, g->cells[0].text);
		str_pad(s, from, columns[0].width + GAP);
		for (unsigned k = 1; k < i; k++) {
			size_t at = s->len;

			str_puts(s, "│");
			str_pad(s, at, columns[k].width + GAP);
		}
		str_puts(s, g->cells[i].text);
		str_putc(s, '\n');
	}
	put_rule(s, total);
	for (size_t i = g->columns; i + g->columns <= g->n; i += g->columns)
		put_row(g, a, &g->cells[i], columns, false, s, colour);
	arena_free(a);
}

void put_markdown(struct str *s, const char *text)
{
	for (const char *p = text; *p != '\0'; p++) {
		if (*p == '<')
			str_puts(s, "&lt;");
		else if (*p == '>')
			str_puts(s, "&gt;");
		else if (*p == '&')
			str_puts(s, "&amp;");
		else if (strchr("|`*_[]\\", *p) != NULL)
			str_printf(s, "\\%c", *p);
		else
			str_putc(s, *p);
	}
}

static void put_markdown_cell(struct str *s, const struct cell *c)
{
	if (c->anchor != NULL) {
		str_puts(s, "<a id=\"");
		/* Ids are ours: letters, digits and hyphens; a quote would end it. */
		for (const char *p = c->anchor; *p != '\0'; p++)
			str_putc(s, strchr("\"<>&|", *p) != NULL ? '-' : *p);
		str_puts(s, "\"></a>");
	}
	put_markdown(s, c->text);
	if (c->note > 0)
		str_printf(s, " [^%u]", c->note);
}

void grid_put_markdown(const struct grid *g, struct str *s)
{
	for (size_t i = 0; i < g->n; i++) {
		str_puts(s, i % g->columns == 0 ? "| " : " | ");
		put_markdown_cell(s, &g->cells[i]);
		if ((i + 1) % g->columns == 0)
			str_puts(s, " |\n");
		if (i + 1 == g->columns) {
			for (unsigned k = 0; k < g->columns; k++)
				str_puts(s, "|---");
			str_puts(s, "|\n");
		}
	}
}
