#include "base/err.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/str.h"

void errs_init(struct errs *errs, struct arena *a)
{
	*errs = (struct errs){ .arena = a };
}

static bool same(const struct err *e, struct place at, const char *text)
{
	return e->at.line == at.line && e->at.col == at.col &&
	       strcmp(e->text, text) == 0 &&
	       strcmp(e->at.file == NULL ? "" : e->at.file,
		       at.file == NULL ? "" : at.file) == 0;
}

struct err *errs_add(struct errs *errs, struct place at, const char *fmt, ...)
{
	const char *text;
	va_list ap;

	va_start(ap, fmt);
	text = arena_vprintf(errs->arena, fmt, ap);
	va_end(ap);
	for (size_t i = 0; i < errs->n; i++) {
		if (same(&errs->list[i], at, text))
			return &errs->list[i];
	}
	if (errs->n == ERRS_MAX) {
		errs->dropped++;
		return arena_alloc(errs->arena, sizeof(struct err));
	}
	if (errs->list == NULL)
		errs->list = arena_array(errs->arena, ERRS_MAX, sizeof(*errs->list));
	errs->list[errs->n] = (struct err){ .at = at, .text = text };
	return &errs->list[errs->n++];
}

void err_hint(struct errs *errs, struct err *e, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	e->hint = arena_vprintf(errs->arena, fmt, ap);
	va_end(ap);
}

/* Longer lines would only hide the message; and a hundred mistakes in a line of
 * megabytes must not cost a hundred times its length. */
#define SOURCE_SHOWN 160

void err_source(struct errs *errs, struct err *e, const char *text, size_t len)
{
	const char *end = text + len;
	const char *p = text;

	for (int line = 1; line < e->at.line && p < end; line++) {
		p = memchr(p, '\n', (size_t)(end - p));
		p = p == NULL ? end : p + 1;
	}
	if (e->at.line > 0 && p < end) {
		const char *stop = memchr(p, '\n', (size_t)(end - p));
		size_t n = stop == NULL ? (size_t)(end - p) : (size_t)(stop - p);

		e->source = arena_strndup(
			errs->arena, p, n > SOURCE_SHOWN ? SOURCE_SHOWN : n);
	}
}

static int by_place(const void *a, const void *b)
{
	const struct err *x = *(const struct err *const *)a;
	const struct err *y = *(const struct err *const *)b;
	int c = strcmp(x->at.file == NULL ? "" : x->at.file,
		y->at.file == NULL ? "" : y->at.file);

	if (c != 0)
		return c;
	if (x->at.line != y->at.line)
		return x->at.line < y->at.line ? -1 : 1;
	if (x->at.col != y->at.col)
		return x->at.col < y->at.col ? -1 : 1;
	return x < y ? -1 : 1;
}

/* Control characters of the input must not reach the terminal. */
static void put_source(struct str *s, const char *line, size_t max)
{
	for (size_t i = 0; line[i] != '\0' && i < max; i++) {
		unsigned char c = (unsigned char)line[i];

		str_putc(s, c == '\t' ? '\t' : c < 0x20 || c == 0x7f ? '?' : (char)c);
	}
}

static void print_one(const struct err *e, FILE *to, bool colour)
{
	struct str s = STR_INIT;

	if (e->at.file != NULL)
		put_source(&s, e->at.file, 4096);
	if (e->at.line > 0)
		str_printf(&s, ":%d", e->at.line);
	if (e->at.line > 0 && e->at.col > 0)
		str_printf(&s, ":%d", e->at.col);
	if (s.len > 0)
		str_puts(&s, ": ");
	str_puts(&s, colour ? "\033[1;31merror:\033[0m " : "error: ");
	put_source(&s, e->text, 4096);
	str_putc(&s, '\n');
	if (e->source != NULL) {
		str_printf(&s, "%6d | ", e->at.line);
		put_source(&s, e->source, SOURCE_SHOWN);
		str_putc(&s, '\n');
	}
	if (e->source != NULL && e->at.col > 0 && e->at.col <= SOURCE_SHOWN &&
		(size_t)e->at.col <= strlen(e->source) + 1) {
		str_puts(&s, "       | ");
		for (int i = 0; i < e->at.col - 1; i++) {
			/* One column for each UTF-8 character, not for each octet. */
			if (((unsigned char)e->source[i] & 0xc0) != 0x80)
				str_putc(&s, e->source[i] == '\t' ? '\t' : ' ');
		}
		str_puts(&s, "^\n");
	}
	if (e->hint != NULL) {
		str_puts(&s, "       = ");
		put_source(&s, e->hint, 4096);
		str_putc(&s, '\n');
	}
	fwrite(s.data, 1, s.len, to);
	str_clear(&s);
}

void errs_print(const struct errs *errs, FILE *to, bool colour)
{
	const struct err *sorted[ERRS_MAX];

	for (size_t i = 0; i < errs->n; i++)
		sorted[i] = &errs->list[i];
	qsort(sorted, errs->n, sizeof(sorted[0]), by_place);
	for (size_t i = 0; i < errs->n; i++)
		print_one(sorted[i], to, colour);
	if (errs->dropped > 0)
		fprintf(to, "error: %zu more mistakes not shown\n", errs->dropped);
}
