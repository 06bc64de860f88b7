#include "zone/lex.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

struct lexer {
	const char *text;
	size_t len, at;
	bool in_parens;
	struct entry *entry;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static bool ends_word(char c)
{
	return is_blank(c) || c == '\n' || c == ';' || c == '(' || c == ')' || c == '"';
}

static size_t line_end(const char *text, size_t len, size_t at)
{
	const char *p = memchr(text + at, '\n', len - at);

	return p == NULL ? len : (size_t)(p - text);
}

/* Moves over blanks, parentheses, comments and, inside parentheses, newlines. False at
 * the end of the entry. */
static bool skip_gap(struct lexer *l)
{
	for (; l->at < l->len; l->at++) {
		char c = l->text[l->at];

		if (c == ';') {
			l->at = line_end(l->text, l->len, l->at);
			if (l->at == l->len)
				return false;
			c = '\n';
		}
		if (c == '(') {
			l->in_parens = true;
			l->entry->open_paren = (struct token){ l->at, l->at + 1 };
		} else if (c == ')') {
			l->in_parens = false;
			l->entry->open_paren = (struct token){ 0, 0 };
		} else if (c == '\n' ? !l->in_parens : !is_blank(c)) {
			return c != '\n';
		}
	}
	return false;
}

/* A quoted string does not reach over its line here, as in the scanner. */
static struct token quoted(struct lexer *l)
{
	struct token t = { l->at, l->at + 1 };

	for (; t.to < l->len && l->text[t.to] != '\n'; t.to++) {
		if (l->text[t.to] == '"') {
			l->at = ++t.to;
			return t;
		}
		if (l->text[t.to] == '\\' && t.to + 1 < l->len &&
			l->text[t.to + 1] != '\n')
			t.to++;
	}
	l->entry->open_quote = (struct token){ t.from, t.from + 1 };
	l->at = t.to;
	return t;
}

static struct token word(struct lexer *l)
{
	struct token t = { l->at, l->at };

	if (l->text[l->at] == '"')
		return quoted(l);
	for (; t.to < l->len && !ends_word(l->text[t.to]); t.to++) {
		if (l->text[t.to] == '\\' && t.to + 1 < l->len &&
			l->text[t.to + 1] != '\n')
			t.to++;
	}
	l->at = t.to;
	return t;
}

bool token_is(const char *text, struct token t, const char *w)
{
	return t.to - t.from == strlen(w) &&
	       strncasecmp(text + t.from, w, t.to - t.from) == 0;
}

static bool is_class(const char *text, struct token t)
{
	if (token_is(text, t, "IN") || token_is(text, t, "CH") ||
		token_is(text, t, "HS") || token_is(text, t, "CS"))
		return true;
	return t.to - t.from > 5 && strncasecmp(text + t.from, "CLASS", 5) == 0 &&
	       isdigit((unsigned char)text[t.from + 5]);
}

static void place_word(struct lexer *l, struct token t)
{
	struct entry *e = l->entry;

	e->last = t;
	if (!token_is_empty(e->type))
		return;
	if (token_is_empty(e->class) && is_class(l->text, t))
		e->class = t;
	else if (!isdigit((unsigned char)l->text[t.from]))
		e->type = t;
}

/* A line of blanks and perhaps a comment. */
static bool is_empty_line(const char *text, size_t len, size_t at)
{
	while (at < len && is_blank(text[at]))
		at++;
	return at == len || text[at] == '\n' || text[at] == ';';
}

bool lex_entry(const char *text, size_t len, size_t at, struct entry *ret)
{
	struct lexer l = { .text = text, .len = len, .entry = ret };

	*ret = (struct entry){ .skipped = 0 };
	while (at < len && is_empty_line(text, len, at)) {
		at = line_end(text, len, at) + 1;
		ret->skipped++;
	}
	if (at >= len)
		return false;
	ret->from = l.at = at;
	ret->is_directive = text[at] == '$';
	if (!is_blank(text[at]) && text[at] != '(')
		ret->owner = ret->last = word(&l);
	/* A stray character that is no word must not stop the walk. */
	if (l.at == at && text[at] == ')')
		l.at++;
	while (skip_gap(&l))
		place_word(&l, word(&l));
	ret->to = l.at < len ? l.at : len;
	return true;
}

struct token lex_word_at(const char *text, size_t len, size_t at)
{
	struct token t;

	if (at > len)
		at = len;
	while (at > 0 && (at == len || is_blank(text[at]) || text[at] == '\n'))
		at--;
	t = (struct token){ at, at };
	while (t.from > 0 && !ends_word(text[t.from - 1]))
		t.from--;
	while (t.to < len && !ends_word(text[t.to]))
		t.to++;
	if (t.from == t.to && t.to < len)
		t.to++;
	return t;
}
