/* str.h - a growing string.
 *
 * Invariant: data is never NULL and always ends in a NUL that len does not count. Hold
 * it by value: struct str s = STR_INIT; str_clear() when done. */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct str {
	char *data;
	size_t len, room;
};

extern char str_empty[1];

#define STR_INIT                                                                       \
	{                                                                              \
		.data = str_empty                                                      \
	}

void str_clear(struct str *s); /* frees; s is empty and usable again */
void str_reset(struct str *s); /* empty, keeps the memory */
void str_put(struct str *s, const char *data, size_t n);
void str_puts(struct str *s, const char *text);
void str_putc(struct str *s, char c);
void str_printf(struct str *s, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void str_vprintf(struct str *s, const char *fmt, va_list ap)
	__attribute__((format(printf, 2, 0)));

/* Room for n more octets, to be written by the caller; str_took() then says how many
 * were. */
char *str_room(struct str *s, size_t n);
void str_took(struct str *s, size_t n);

/* Adds spaces until the text is `columns` wide on a terminal (UTF-8 aware). */
void str_pad(struct str *s, size_t from, size_t columns);

/* Adds text, wrapped at its spaces so that no line is wider than `width` if its words
 * allow it; further lines are indented. `line` is where the current line began. */
void str_put_wrapped(
	struct str *s, size_t line, size_t indent, size_t width, const char *text);

/* Terminal columns of UTF-8 text; bytes that are not UTF-8 count one each. */
size_t text_columns(const char *text);

/* Octets of the UTF-8 sequence at p (a NUL-terminated text), or 0 when it is none: RFC
 * 3629, overlong forms and surrogates refused. */
size_t utf8_length(const unsigned char *p);

/* Adds text as a JSON string, with its quotes; bytes that are not UTF-8 become U+FFFD.
 */
void str_put_json(struct str *s, const char *text);

/* True when text is one of the n words. */
bool text_is_one_of(const char *text, const char *const *words, size_t n);

#endif
