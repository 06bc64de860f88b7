#include "base/str.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bug.h"

char str_empty[1];

static void make_room(struct str *s, size_t more)
{
	size_t want = s->len + more + 1;
	size_t room = s->room == 0 ? 64 : s->room;

	if (want <= s->room)
		return;
	while (room < want)
		room *= 2;
	s->data = realloc(s->room == 0 ? NULL : s->data, room);
	if (s->data == NULL)
		bug("out of memory (%zu bytes)", room);
	s->data[s->len] = '\0';
	s->room = room;
}

void str_clear(struct str *s)
{
	if (s->room > 0)
		free(s->data);
	*s = (struct str)STR_INIT;
}

void str_reset(struct str *s)
{
	s->len = 0;
	if (s->room > 0)
		s->data[0] = '\0';
}

void str_put(struct str *s, const char *data, size_t n)
{
	if (n == 0)
		return;
	make_room(s, n);
	memcpy(s->data + s->len, data, n);
	s->len += n;
	s->data[s->len] = '\0';
}

char *str_room(struct str *s, size_t n)
{
	make_room(s, n);
	return s->data + s->len;
}

void str_took(struct str *s, size_t n)
{
	s->len += n;
	s->data[s->len] = '\0';
}

void str_puts(struct str *s, const char *text)
{
	str_put(s, text, strlen(text));
}

void str_putc(struct str *s, char c)
{
	str_put(s, &c, 1);
}

void str_vprintf(struct str *s, const char *fmt, va_list ap)
{
	va_list again;
	int n;

	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (n < 0)
		bug("bad format \"%s\"", fmt);
	make_room(s, (size_t)n);
	vsnprintf(s->data + s->len, (size_t)n + 1, fmt, ap);
	s->len += (size_t)n;
}

void str_printf(struct str *s, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	str_vprintf(s, fmt, ap);
	va_end(ap);
}

size_t utf8_length(const unsigned char *p)
{
	size_t n;

	if (p[0] < 0x80)
		return 1;
	n = p[0] >= 0xf0 && p[0] <= 0xf4  ? 4
	    : p[0] >= 0xe0 && p[0] < 0xf0 ? 3
	    : p[0] >= 0xc2 && p[0] < 0xe0 ? 2
					  : 0;
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	}
	if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] >= 0xa0) ||
		(p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] >= 0x90))
		return 0;
	return n;
}

size_t text_columns(const char *text)
{
	size_t columns = 0;

	for (const unsigned char *p = (const unsigned char *)text; *p != '\0';) {
		size_t n = utf8_length(p);

		p += n == 0 ? 1 : n;
		columns++;
	}
	return columns;
}

void str_pad(struct str *s, size_t from, size_t columns)
{
	for (size_t have = text_columns(s->data + from); have < columns; have++)
		str_putc(s, ' ');
}

void str_put_wrapped(
	struct str *s, size_t line, size_t indent, size_t width, const char *text)
{
	bool first = true;

	while (*text != '\0') {
		size_t n = strcspn(text, " ");
		size_t before = s->len;

		str_puts(s, first ? "" : " ");
		str_put(s, text, n);
		if (!first && text_columns(s->data + line) > width) {
			s->len = before;
			str_putc(s, '\n');
			line = s->len;
			str_pad(s, line, indent);
			str_put(s, text, n);
		}
		first = false;
		text += n + strspn(text + n, " ");
	}
}

void str_put_json(struct str *s, const char *text)
{
	const unsigned char *p = (const unsigned char *)text;

	str_putc(s, '"');
	while (*p != '\0') {
		const unsigned char *from = p;
		size_t n;

		while (*p >= 0x20 && *p < 0x7f && *p != '"' && *p != '\\')
			p++;
		str_put(s, (const char *)from, (size_t)(p - from));
		if (*p == '\0')
			break;
		n = utf8_length(p);
		if (n > 1) {
			str_put(s, (const char *)p, n);
		} else if (n == 0) {
			str_puts(s, "\xef\xbf\xbd");
			n = 1;
		} else if (*p == '"' || *p == '\\') {
			str_putc(s, '\\');
			str_putc(s, (char)*p);
		} else if (*p == '\n') {
			str_puts(s, "\\n");
		} else if (*p == '\t') {
			str_puts(s, "\\t");
		} else {
			str_printf(s, "\\u%04x", *p);
		}
		p += n;
	}
	str_putc(s, '"');
}

bool text_is_one_of(const char *text, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(text, words[i]) == 0)
			return true;
	}
	return false;
}
